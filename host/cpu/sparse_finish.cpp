// SPDX-License-Identifier: Apache-2.0
// What a step on sparse rows does once for all threads, and the state as the host keeps it.
#include <algorithm>
#include <string>

#include "glissade/error.hpp"
#include "host/cpu/sparse_runner.hpp"

namespace glissade::cpu {

/// Losses, biases, whether all is finite, the norms, and how parameters that wait go on. Records the step, or freezes.
template <class Real>
void SparseRunner<Real>::decide(std::int64_t step, const StepPlan& plan) {
    const std::int64_t width = layout_.members + layout_.models;
    for (std::int64_t apart = 1; apart < plan.shape.partials; apart *= 2)
        for (std::int64_t v = 0; v < plan.shape.partials; v += 2 * apart)
            for (std::int64_t i = 0; i < width; ++i)
                partials_[v * width + i] = partials_[v * width + i] + partials_[(v + apart) * width + i];
    rows_ = static_cast<Real>(plan.shape.rows);
    for (std::int64_t m = 0; m < layout_.members; ++m) {
        const Real loss = partials_[m];
        bool finite = rules::is_finite(loss);
        for (const auto& worker : workers_) finite &= worker->not_finite[static_cast<std::size_t>(m)] == 0;
        for (std::int64_t k = m * layout_.outputs; problem_.bias && k < (m + 1) * layout_.outputs; ++k) {
            const Real sum = partials_[layout_.members + k];
            finite &= rules::is_finite(sum);
            bias_gradient_[k] = mean_of(sum, rows_);
        }
        losses_[step * layout_.members + m] = static_cast<double>(loss);
        if (!finite) freeze(m);
    }
    if (problem_.clip_norm > Real(0)) clip_norms();
    if (frozen_) return;
    advance_waiting(step);
    update_biases(step);
    steps_done_ = step + 1;
}

template <class Real>
void SparseRunner<Real>::freeze(std::int64_t member) {
    if (frozen_) return;
    frozen_ = true;
    frozen_member_ = member;
}

template <class Real>
void SparseRunner<Real>::clip_norms() {
    for (std::int64_t m = 0; m < layout_.members; ++m) {
        const auto square_of = [&](int group) -> Real& { return group_squares_[static_cast<std::size_t>(group * layout_.members + m)]; };
        for (int apart = 1; apart < column_groups; apart *= 2)
            for (int g = 0; g < column_groups; g += 2 * apart) square_of(g) = square_of(g) + square_of(g + apart);
        Real sum = square_of(0);
        for (std::int64_t k = m * layout_.outputs; problem_.bias && k < (m + 1) * layout_.outputs; ++k)
            sum = sum + bias_gradient_[k] * bias_gradient_[k];
        const Real norm = rules::root(sum);
        factors_[static_cast<std::size_t>(m)] = norm > problem_.clip_norm ? problem_.clip_norm / (norm + Real(1e-6)) : Real(1);
        for (std::int64_t k = m * layout_.outputs; problem_.bias && k < (m + 1) * layout_.outputs; ++k)
            bias_gradient_[k] = bias_gradient_[k] * factors_[static_cast<std::size_t>(m)];
    }
    std::fill(group_squares_.begin(), group_squares_.end(), Real(0));
}

/// Which members' steps run over all parameters, and what waiting parameters are multiplied with and lowered by after this step.
template <class Real>
void SparseRunner<Real>::advance_waiting(std::int64_t step) {
    bool any_all = false;
    for (std::int64_t m = 0; m < layout_.members; ++m) {
        const auto at = static_cast<std::size_t>(m);
        double* numbers = slow_.numbers.data() + m * idle_numbers;
        all_[at] = glissade::advance_waiting(problem_.idle, segment_->first_step + step, scalars(step, m), numbers) ? 1 : 0;
        if (!waits_by_product()) continue;
        next_waiting_[at] = {static_cast<Real>(numbers[0]), static_cast<Real>(numbers[1]), problem_.idle.shrinks};
        any_all = any_all || all_[at];
    }
    if (any_all && !saved_all_) save_all();
}

template <class Real>
void SparseRunner<Real>::update_biases(std::int64_t step) {
    if (!problem_.bias) return;
    for (std::int64_t m = 0; m < layout_.members; ++m) {
        UpdateTask<Real> task;
        task.scalars = scalars(step, m) + rules::ScalarRow::size;
        task.gradient = bias_gradient_.data() + m * layout_.outputs;
        task.theta = slow_.biases.data() + m * layout_.outputs;
        for (int i = 0; i < layout_.state_vectors; ++i)
            task.state[i] = slow_.biases.data() + (1 + i) * layout_.models + m * layout_.outputs;
        task.count = layout_.outputs;
        update_(task);
    }
}

template <class Real>
void SparseRunner<Real>::end_step() {
    if (waits_by_product()) waiting_ = next_waiting_;
    if (problem_.idle.kind != Idle::follows) return;
    for (std::size_t m = 0; m < waiting_.size(); ++m) waiting_[m].product = static_cast<Real>(slow_.numbers[m * idle_numbers]);
}

/// Keeps a column as it was before the segment; `stamp` is the one that it had then. Its owner is the worker.
template <class Real>
void SparseRunner<Real>::save(SparseWorker<Real>& worker, std::uint32_t column, std::uint32_t stamp) {
    Real* saved = worker.undo_end;
    set_stamp(saved, column);
    std::copy_n(record(column), layout_.gradient_at(), saved + 1);
    set_stamp(saved + 1, stamp);
    worker.undo_end += saved_size();
}

template <class Real>
void SparseRunner<Real>::save_all() {
    for (const auto& worker : workers_)
        for (std::int64_t i = 0; i < worker->touched_count; ++i)
            if (worker->touched[i].stamp <= slow_.clock) save(*worker, worker->touched[i].column, worker->touched[i].stamp);
    for (std::int64_t j = 0; j < layout_.columns; ++j) {
        const auto column = static_cast<std::uint32_t>(j);
        if (stamp_of(record(j)) <= slow_.clock) save(owner_of(column), column, stamp_of(record(j)));
    }
    saved_all_ = true;
}

template <class Real>
void SparseRunner<Real>::roll_back() {
    if (!can_roll_back_) fail(ErrorKind::internal, "there is no segment to roll back");
    for (const auto& worker : workers_)
        for (const Real* saved = worker->undo_begin; saved != worker->undo_end; saved += saved_size())
            std::copy_n(saved + 1, layout_.gradient_at(), record(stamp_of(saved)));
    slow_ = slow_before_;
    read_waiting();
    can_roll_back_ = false;
}

/// Stamps count steps in 32 bits: before they run out they are moved down, and ages beyond what a mark can hold become that.
template <class Real>
void SparseRunner<Real>::renew_clock() {
    if (slow_.clock < plan_.latest_clock) return;
    const std::uint32_t shift = slow_.clock - SparsePlan::most_age;
    for (std::int64_t j = 0; j < layout_.columns; ++j) set_stamp(record(j), std::max(stamp_of(record(j)), shift) - shift);
    slow_.clock -= shift;
}

template <class Real>
void SparseRunner<Real>::read_waiting() {
    for (std::size_t m = 0; m < waiting_.size(); ++m)
        waiting_[m] = {static_cast<Real>(slow_.numbers[m * idle_numbers]), static_cast<Real>(slow_.numbers[m * idle_numbers + 1]),
                       problem_.idle.shrinks};
    next_waiting_ = waiting_;
}

template <class Real>
void SparseRunner<Real>::set_state(const TrainingState<Real>& state) {
    const std::int64_t count = problem_.parameter_count(), weights = problem_.weight_count();
    const auto check = [&](std::size_t size, std::int64_t wanted) {
        if (static_cast<std::int64_t>(size) != wanted)
            fail(ErrorKind::internal,
                 "a state of " + std::to_string(size) + " values was given where " + std::to_string(wanted) + " are needed");
    };
    check(state.state.size(), layout_.state_vectors);
    check(state.waiting.size(), layout_.members * idle_numbers);
    slow_.clock = SparsePlan::most_age;
    slow_.numbers = state.waiting;
    slow_.biases.assign(static_cast<std::size_t>((1 + layout_.state_vectors) * layout_.models), Real(0));
    for (std::int64_t j = 0; j < layout_.columns; ++j) set_stamp(record(j), slow_.clock);
    for (int f = 0; f <= layout_.state_vectors; ++f) {
        const std::vector<Real>& from = f == 0 ? state.parameters : state.state[static_cast<std::size_t>(f - 1)];
        check(from.size(), layout_.members * count);
        const std::int64_t at = layout_.theta_at + f * layout_.models;
        for (std::int64_t k = 0; k < layout_.models; ++k) {
            const Real* own = from.data() + k / layout_.outputs * count;
            const Real* row = own + k % layout_.outputs * layout_.columns;
            for (std::int64_t j = 0; j < layout_.columns; ++j) record(j)[at + k] = row[j];
            if (problem_.bias) slow_.biases[static_cast<std::size_t>(f * layout_.models + k)] = own[weights + k % layout_.outputs];
        }
    }
    if (problem_.idle.kind == Idle::fades)
        for (std::int64_t j = 0; j < layout_.columns; ++j)
            set_stamp(record(j), slow_.clock - static_cast<std::uint32_t>(record(j)[layout_.state_at(layout_.state_vectors - 1)]));
    read_waiting();
    can_roll_back_ = false;
}

template <class Real>
TrainingState<Real> SparseRunner<Real>::get_state() const {
    const std::int64_t count = problem_.parameter_count(), weights = problem_.weight_count();
    TrainingState<Real> state;
    state.waiting = slow_.numbers;
    state.state.resize(static_cast<std::size_t>(layout_.state_vectors));
    for (int f = 0; f <= layout_.state_vectors; ++f) {
        std::vector<Real>& to = f == 0 ? state.parameters : state.state[static_cast<std::size_t>(f - 1)];
        to.resize(static_cast<std::size_t>(layout_.members * count));
        const std::int64_t at = layout_.theta_at + f * layout_.models;
        const bool ages = problem_.idle.kind == Idle::fades && f == layout_.state_vectors;
        for (std::int64_t k = 0; k < layout_.models; ++k) {
            Real* own = to.data() + k / layout_.outputs * count;
            Real* row = own + k % layout_.outputs * layout_.columns;
            for (std::int64_t j = 0; j < layout_.columns; ++j)
                row[j] = ages ? static_cast<Real>(std::min(slow_.clock - stamp_of(record(j)), SparsePlan::most_age)) : record(j)[at + k];
            if (problem_.bias) own[weights + k % layout_.outputs] = slow_.biases[static_cast<std::size_t>(f * layout_.models + k)];
        }
    }
    return state;
}

template class SparseRunner<float>;
template class SparseRunner<double>;

}  // namespace glissade::cpu
