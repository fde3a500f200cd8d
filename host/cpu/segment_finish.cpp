// SPDX-License-Identifier: Apache-2.0
// Phases two and three of a step: from the sums of the slots to updated parameters.
#include <algorithm>

#include "glissade/rules/portable.hpp"
#include "glissade/rules/update.hpp"
#include "host/cpu/segment_runner.hpp"

namespace glissade::cpu {

template <class Real>
bool SegmentRunner<Real>::finish_alone(std::int64_t step, const StepPlan& plan) {
    add_slots(plan, 0, layout_.bias_at);
    mean_weights(plan, 0, layout_.bias_at);
    if (!decide(step, plan)) return false;
    update_weights(step, 0, 1);
    update_biases(step);
    return true;
}

template <class Real>
bool SegmentRunner<Real>::finish_together(int thread, std::int64_t step, const StepPlan& plan) {
    team_.barrier();
    // Slices of whole padded blocks, so that threads rarely write to one cache line.
    const std::int64_t blocks = layout_.bias_at / padding;
    const std::int64_t begin = blocks * thread / plan.threads * padding, end = blocks * (thread + 1) / plan.threads * padding;
    add_slots(plan, begin, end);
    mean_weights(plan, begin, end);
    team_.barrier([&] {
        if (decide(step, plan)) update_biases(step);
    });
    if (frozen_) return false;
    update_weights(step, thread, plan.threads);
    team_.barrier();
    return true;
}

/// The tree above the slots, for elements begin ... end - 1 of the sums, into slot 0.
template <class Real>
void SegmentRunner<Real>::add_slots(const StepPlan& plan, std::int64_t begin, std::int64_t end) {
    constexpr std::int64_t block = 1024;
    if (plan.slots == 1) return;
    for (std::int64_t at = begin; at < end; at += block)
        for (std::int64_t apart = 1; apart < plan.slots; apart *= 2)
            for (std::int64_t slot = 0; slot < plan.slots; slot += 2 * apart)
                loops_.add(slot_sums(slot) + at, slot_sums(slot + apart) + at, std::min(block, end - at));
}

/// Gradients of the mean loss for the weights whose sums are elements begin ... end - 1.
template <class Real>
void SegmentRunner<Real>::mean_weights(const StepPlan& plan, std::int64_t begin, std::int64_t end) {
    const Real rows = static_cast<Real>(plan.shape.rows);
    const Real* sums = slot_sums(0);
    for (std::int64_t k = begin / layout_.row_stride; k * layout_.row_stride < end; ++k) {
        const std::int64_t row_begin = k * layout_.row_stride;
        const std::int64_t from = std::max(begin, row_begin), to = std::min(end, row_begin + layout_.columns);
        if (from >= to) continue;
        Real* out = gradient_.data() + layout_.weights_at(k) + (from - row_begin);
        if (!loops_.mean(sums + from, rows, problem_.clip_value, to - from, out))
            not_finite_[k / layout_.outputs].store(true, std::memory_order_relaxed);
    }
}

/// What needs all sums: biases and losses, whether all is finite, the norms. Records the step, or freezes.
template <class Real>
bool SegmentRunner<Real>::decide(std::int64_t step, const StepPlan& plan) {
    const Real rows = static_cast<Real>(plan.shape.rows);
    add_slots(plan, layout_.bias_at, layout_.sum_size);
    const Real* sums = slot_sums(0);
    for (std::int64_t m = 0; m < layout_.members; ++m) {
        bool finite = !not_finite_[m].load(std::memory_order_relaxed);
        not_finite_[m].store(false, std::memory_order_relaxed);
        if (layout_.bias) {
            Real* out = gradient_.data() + m * layout_.member_stride + layout_.outputs * layout_.columns;
            finite &= loops_.mean(sums + layout_.bias_at + m * layout_.outputs, rows, problem_.clip_value, layout_.outputs, out);
        }
        const Real loss = sums[layout_.loss_at + m];
        finite &= rules::is_finite(loss);
        losses_[step * layout_.members + m] = static_cast<double>(loss);
        if (!finite) freeze(m);
    }
    if (frozen_) return false;
    if (problem_.clip_norm > Real(0)) clip_norms();
    steps_done_ = step + 1;
    return true;
}

template <class Real>
void SegmentRunner<Real>::freeze(std::int64_t member) {
    if (frozen_) return;
    frozen_ = true;
    frozen_member_ = member;
}

template <class Real>
void SegmentRunner<Real>::clip_norms() {
    for (std::int64_t m = 0; m < layout_.members; ++m) {
        Real* g = gradient_.data() + m * layout_.member_stride;
        const Real norm = rules::root(loops_.square(g, layout_.parameter_count));
        if (norm > problem_.clip_norm) loops_.scale(g, problem_.clip_norm / (norm + Real(1e-6)), layout_.parameter_count);
    }
}

template <class Real>
void SegmentRunner<Real>::update_weights(std::int64_t step, int part, int parts) {
    const std::int64_t count = layout_.outputs * layout_.columns;
    const std::int64_t blocks = padded(count) / padding;
    const std::int64_t begin = blocks * part / parts * padding, end = std::min(blocks * (part + 1) / parts * padding, count);
    for (std::int64_t m = 0; m < layout_.members; ++m)
        update(segment_->scalars + (step * layout_.members + m) * rules::scalars_a_member, m * layout_.member_stride + begin,
               m * layout_.member_stride + end);
}

template <class Real>
void SegmentRunner<Real>::update_biases(std::int64_t step) {
    if (!layout_.bias) return;
    const std::int64_t weights = layout_.outputs * layout_.columns;
    for (std::int64_t m = 0; m < layout_.members; ++m)
        update(segment_->scalars + (step * layout_.members + m) * rules::scalars_a_member + rules::ScalarRow::size,
               m * layout_.member_stride + weights, m * layout_.member_stride + layout_.parameter_count);
}

template <class Real>
void SegmentRunner<Real>::update(const Real* scalars, std::int64_t begin, std::int64_t end) {
    const std::int64_t vector_size = layout_.members * layout_.member_stride;
    UpdateTask<Real> task;
    task.scalars = scalars;
    task.gradient = gradient_.data() + begin;
    task.theta = live_ + begin;
    for (int i = 0; i < problem_.state_vectors(); ++i) task.state[i] = live_ + (1 + i) * vector_size + begin;
    task.count = end - begin;
    update_(task);
}

template class SegmentRunner<float>;
template class SegmentRunner<double>;

}  // namespace glissade::cpu
