// SPDX-License-Identifier: Apache-2.0
#include "host/scheduler/scheduler.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "glissade/error.hpp"
#include "host/scheduler/rule_fields.hpp"
#include "host/scheduler/schedule.hpp"

namespace glissade {

BatchPlan plan_batches(std::int64_t rows, std::int64_t batch_size, bool drop_last, std::uint64_t order_seed, Shuffle shuffle) {
    if (rows < 1) fail(ErrorKind::data, "there are no rows to train on");
    if (batch_size < 0) fail(ErrorKind::usage, "batch size " + std::to_string(batch_size) + " is negative");
    BatchPlan plan;
    plan.order = {rows, order_seed, shuffle};
    plan.batch_size = batch_size == 0 ? rows : std::min(batch_size, rows);
    plan.steps_per_epoch = drop_last ? rows / plan.batch_size : (rows + plan.batch_size - 1) / plan.batch_size;
    return plan;
}

double AveragePlan::weight(std::int64_t t) const {
    if (!begun(t)) return 0;
    if (kind == AverageKind::exponential) return t == first_step ? 1.0 : 1.0 - decay;
    return 1.0 / static_cast<double>(t - first_step + 1);
}

AveragePlan plan_averaging(const Averaging& averaging, const BatchPlan& batches, std::int64_t total_steps) {
    const ScheduleClock clock{0, batches.steps_per_epoch, total_steps, batches.batch_size};
    const double steps = averaging.start_unit == ScheduleUnit::sample
                             ? std::ceil(averaging.start / static_cast<double>(batches.batch_size))
                             : std::round(averaging.start * scheduling::steps_in(averaging.start_unit, clock));
    constexpr double most = 1e15;
    return {averaging.kind, averaging.decay, std::max<std::int64_t>(1, static_cast<std::int64_t>(std::min(steps, most)))};
}

namespace {

/// The coefficient of L2 in a step: with decay_to_zero at most 1/lr, which takes a weight to 0. The roundings of 1/lr, of the rate and of
/// the step may leave a few unit roundoffs of the weight, of either sign.
template <class Rule>
double limited_decay(const Rule& rule, double decay, double lr) {
    if constexpr (requires { rule.decay_to_zero; })
        if (rule.decay_to_zero && decay * lr > 1) return 1 / lr;
    return decay;
}

}  // namespace

template <class Real>
Scheduler<Real>::Scheduler(SchedulerSettings settings) : settings_(std::move(settings)) {
    memory.assign(settings_.members.size() * 2 * max_rule_memory, 0.0);
    watched_rates_.assign(settings_.members.size(), 0.0);
}

template <class Real>
ScheduleClock Scheduler<Real>::clock(std::int64_t step, std::int64_t member) const {
    return {step, settings_.batches.steps_per_epoch, settings_.total_steps, settings_.batches.batch_size,
            watched_rates_[static_cast<std::size_t>(member)]};
}

template <class Real>
double Scheduler<Real>::lr(std::int64_t step, std::int64_t member) const {
    return settings_.schedule.at(clock(step, member), settings_.members[static_cast<std::size_t>(member)].optimizer.get("lr")).lr;
}

template <class Real>
std::int64_t Scheduler<Real>::longest_segment() const {
    constexpr std::int64_t table_bytes = 4 << 20;
    const std::int64_t step_bytes =
        static_cast<std::int64_t>(settings_.members.size()) * rules::scalars_a_member * static_cast<std::int64_t>(sizeof(Real));
    return std::max<std::int64_t>(1, table_bytes / step_bytes);
}

template <class Real>
Segment<Real> Scheduler<Real>::next(std::int64_t step, std::int64_t wanted, bool at_epochs) {
    std::int64_t steps = std::min({wanted, longest_segment(), settings_.total_steps - step});
    if (at_epochs) steps = std::min(steps, settings_.batches.steps_per_epoch - step % settings_.batches.steps_per_epoch);
    const std::int64_t member_count = static_cast<std::int64_t>(settings_.members.size());
    table_.assign(static_cast<std::size_t>(steps * member_count * rules::scalars_a_member), Real(0));
    for (std::int64_t m = 0; m < member_count; ++m) {
        const Member& member = settings_.members[static_cast<std::size_t>(m)];
        const double base_lr = member.optimizer.get("lr");
        double* member_memory = memory.data() + m * 2 * max_rule_memory;
        for (std::int64_t s = 0; s < steps; ++s)
            fill_row(member, settings_.schedule.at(clock(step + s, m), base_lr), step + s, member_memory,
                     table_.data() + (s * member_count + m) * rules::scalars_a_member);
    }
    return {step, steps, table_.data()};
}

template <class Real>
void Scheduler<Real>::fill_row(const Member& member, const ScheduleValue& value, std::int64_t step, double* member_memory,
                               Real* out) const {
    using rules::ScalarRow;
    const StepInfo info{steps_before_ + step + 1, value.lr, value.momentum.value_or(0.0), value.momentum.has_value()};
    const double l2 = step_l2_.empty() ? member.l2 : step_l2_[static_cast<std::size_t>(step % settings_.batches.steps_per_epoch)];
    visit_held(member.optimizer.rule(), [&](const auto& rule) {
        for (int range = 0; range < 2; ++range) {  // weights, then biases
            const bool decays = range == 0 || settings_.decay_bias;
            const auto ranged = decays ? rule : rules::without_penalties(rule);
            double k[max_rule_scalars] = {};
            ranged.prepare(info, member_memory + range * max_rule_memory, k);
            Real* row = out + range * ScalarRow::size;
            const double coupled = rules::decays_apart(rule) ? 0.0 : ranged.weight_decay;
            row[ScalarRow::coupled_decay] = static_cast<Real>(limited_decay(rule, coupled + (decays ? l2 : 0.0), value.lr));
            row[ScalarRow::shrink] = static_cast<Real>(decays ? value.lr * member.l1 : 0.0);
            row[ScalarRow::average] = static_cast<Real>(settings_.average.weight(step + 1));
            for (int i = 0; i < max_rule_scalars; ++i) row[ScalarRow::rule + i] = static_cast<Real>(k[i]);
        }
    });
}

template <class Real>
void Scheduler<Real>::drop(std::int64_t member) {
    settings_.members.erase(settings_.members.begin() + member);
    const auto first = memory.begin() + member * 2 * max_rule_memory;
    memory.erase(first, first + 2 * max_rule_memory);
    watched_rates_.erase(watched_rates_.begin() + member);
}

template class Scheduler<float>;
template class Scheduler<double>;

}  // namespace glissade
