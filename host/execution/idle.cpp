// SPDX-License-Identifier: Apache-2.0
#include "host/execution/idle.hpp"

#include "glissade/error.hpp"

namespace glissade {

template <class Real>
bool advance_waiting(const IdlePlan& idle, std::int64_t step, const Real* scalars, double* numbers) {
    using rules::ScalarRow;
    double &product = numbers[0], &sum = numbers[1];
    if (idle.kind == Idle::follows) product = static_cast<double>(scalars[ScalarRow::rule]);
    if (!idle.by_product()) return !idle.lazy() && !idle.skips;
    const double rate = idle.kind == Idle::decays ? static_cast<double>(scalars[ScalarRow::rule]) : 0.0;
    const double factor = 1.0 - rate * static_cast<double>(scalars[ScalarRow::coupled_decay]);
    const bool sums_end = idle.shrinks && (step + 1) % steps_a_sum == 0;
    const bool all = !(factor >= least_factor) || product * factor < least_product || sums_end;
    product = all ? 1.0 : product * factor;
    sum = all ? 0.0 : sum + static_cast<double>(scalars[ScalarRow::shrink]) / product;
    return all;
}

std::vector<double> waiting_at_start(std::int64_t members) {
    std::vector<double> waiting;
    for (std::int64_t m = 0; m < members; ++m) waiting.insert(waiting.end(), {1.0, 0.0});
    return waiting;
}

namespace {

struct RuleIdle {
    Idle kind = Idle::moves;
    const char* name = "";
    template <class Rule, int Variant>
    void operator()() {
        kind = idle_of<Rule>(Variant);
        name = Rule::name.data();
    }
};

}  // namespace

IdlePlan plan_idle(int rule, int variant, bool decays, bool shrinks, bool averaging) {
    RuleIdle found;
    visit_update(rule, variant, found);
    IdlePlan plan;
    plan.skips = found.kind == Idle::skips;
    const bool state_waits = found.kind == Idle::fades || found.kind == Idle::follows;
    if (found.kind == Idle::moves)
        plan.why_all = std::string(found.name) + " moves parameters that have no gradient";
    else if (averaging)
        plan.why_all = "the running average follows every parameter";
    else if (decays && (state_waits || found.kind == Idle::rests))
        plan.why_all = "weight decay changes the state of " + std::string(found.name) + " in every step";
    else if (shrinks && state_waits)
        plan.why_all = "l1 and the state of " + std::string(found.name) + " change in every step";
    if (!plan.why_all.empty()) return plan;
    plan.kind = found.kind == Idle::decays && !decays ? Idle::rests : found.kind;
    plan.shrinks = shrinks && !plan.skips;
    return plan;
}

template <class Real>
std::vector<Real> settled_parameters(const Problem<Real>& problem, const TrainingState<Real>& state, std::int64_t member) {
    const std::int64_t count = problem.parameter_count();
    const Real* stored = state.parameters.data() + member * count;
    std::vector<Real> out(stored, stored + count);
    if (!problem.is_sparse() || (problem.idle.kind != Idle::decays && problem.idle.kind != Idle::rests)) return out;
    const double* numbers = state.waiting.data() + member * idle_numbers;
    const Waiting<Real> waiting{static_cast<Real>(numbers[0]), static_cast<Real>(numbers[1]), problem.idle.shrinks};
    const Real* marks = waiting.shrinks ? state.state.back().data() + member * count : nullptr;
    for (std::int64_t j = 0; j < problem.weight_count(); ++j) out[j] = waiting.settle(out[j], marks ? marks[j] : Real(0));
    return out;
}

template bool advance_waiting(const IdlePlan&, std::int64_t, const float*, double*);
template bool advance_waiting(const IdlePlan&, std::int64_t, const double*, double*);
template std::vector<float> settled_parameters(const Problem<float>&, const TrainingState<float>&, std::int64_t);
template std::vector<double> settled_parameters(const Problem<double>&, const TrainingState<double>&, std::int64_t);

}  // namespace glissade
