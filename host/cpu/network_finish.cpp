// SPDX-License-Identifier: Apache-2.0
// Phases two and three of a step: from the sums of the slots to updated parameters.
#include <algorithm>

#include "glissade/rules/portable.hpp"
#include "glissade/rules/update.hpp"
#include "host/cpu/network_runner.hpp"

namespace glissade::cpu {

namespace {

struct Slice {
    std::int64_t begin = 0, end = 0;
};

/// A part of `count` numbers in whole padded blocks, so that threads rarely write to one cache line. Parts beyond the last are empty.
Slice slice_of(std::int64_t count, int part, int parts) {
    if (part >= parts) return {};
    const std::int64_t blocks = padded(count) / padding;
    return {blocks * part / parts * padding, std::min(blocks * (part + 1) / parts * padding, count)};
}

}  // namespace

/// The tree above the slots, for elements begin ... end - 1 of the sums, into slot 0.
template <class Real>
void NetworkRunner<Real>::add_slots(const NetworkPlan& plan, std::int64_t begin, std::int64_t end) {
    constexpr std::int64_t block = 1024;
    if (plan.slots == 1) return;
    for (std::int64_t at = begin; at < end; at += block)
        for (std::int64_t apart = 1; apart < plan.slots; apart *= 2)
            for (std::int64_t slot = 0; slot < plan.slots; slot += 2 * apart)
                loops_.add(slot_sums(slot) + at, slot_sums(slot + apart) + at, std::min(block, end - at));
}

/// A thread's slice of the gradients of the mean loss.
template <class Real>
void NetworkRunner<Real>::mean_slice(const NetworkPlan& plan, int thread) {
    for (std::int64_t m = 0; m < problem_.members; ++m) {
        const Slice slice = slice_of(sizes_.parameter_count, thread, full_.threads);
        if (slice.begin >= slice.end) continue;
        const std::int64_t begin = m * sizes_.member_stride + slice.begin, count = slice.end - slice.begin;
        add_slots(plan, begin, begin + count);
        if (!loops_.mean(slot_sums(0) + begin, static_cast<Real>(plan.rows), problem_.clip_value, count, gradient_.data() + begin))
            not_finite_[m].store(true, std::memory_order_relaxed);
    }
}

/// What needs all sums: losses, whether all is finite, the norms. Records the step, or freezes.
template <class Real>
void NetworkRunner<Real>::decide(std::int64_t step, const NetworkPlan& plan) {
    add_slots(plan, sizes_.gradient, sizes_.sum_size);
    for (std::int64_t m = 0; m < problem_.members; ++m) {
        const Real loss = slot_sums(0)[sizes_.gradient + m];
        losses_[step * problem_.members + m] = static_cast<double>(loss);
        if (not_finite_[m].exchange(false, std::memory_order_relaxed) || !rules::is_finite(loss)) freeze(m);
    }
    if (frozen_) return;
    steps_done_ = step + 1;
    if (problem_.penalty_in_loss > Real(0)) add_penalties(step, plan);
    if (!(problem_.clip_norm > Real(0))) return;
    for (std::int64_t m = 0; m < problem_.members; ++m) {
        Real* g = gradient_.data() + m * sizes_.member_stride;
        const Real norm = rules::root(loops_.square(g, sizes_.parameter_count));
        if (norm > problem_.clip_norm) loops_.scale(g, problem_.clip_norm / (norm + Real(1e-6)), sizes_.parameter_count);
    }
}

/// l2/2 * |weights|^2 of each member, for each row of the batch.
template <class Real>
void NetworkRunner<Real>::add_penalties(std::int64_t step, const NetworkPlan& plan) {
    const auto times = static_cast<double>(problem_.penalty_in_loss) * static_cast<double>(plan.rows) / 2;
    for (std::int64_t m = 0; m < problem_.members; ++m) {
        const std::int64_t place = step * problem_.members + m;
        const Real l2 = segment_->scalars[place * rules::scalars_a_member + rules::ScalarRow::coupled_decay];
        double squares = 0;
        for (const DenseLayer& layer : pass_.layers())
            squares += static_cast<double>(loops_.square(live_ + m * sizes_.member_stride + layer.weights_at, layer.weight_count()));
        losses_[place] += times * static_cast<double>(l2) * squares;
    }
}

template <class Real>
void NetworkRunner<Real>::freeze(std::int64_t member) {
    if (frozen_) return;
    frozen_ = true;
    frozen_member_ = member;
}

/// A thread's slice of every member's parameters, range by range: weights and biases of a layer have scalars of their own.
template <class Real>
void NetworkRunner<Real>::update_slice(std::int64_t step, int thread, int threads) {
    const Slice slice = slice_of(sizes_.parameter_count, thread, threads);
    for (std::int64_t m = 0; m < problem_.members; ++m) {
        const Real* scalars = segment_->scalars + (step * problem_.members + m) * rules::scalars_a_member;
        const auto update_range = [&](std::int64_t from, std::int64_t to, const Real* row) {
            const std::int64_t begin = std::max(from, slice.begin), end = std::min(to, slice.end);
            if (begin < end) update(row, m * sizes_.member_stride + begin, m * sizes_.member_stride + end);
        };
        for (const DenseLayer& layer : pass_.layers()) {
            update_range(layer.weights_at, layer.biases_at(), scalars);
            update_range(layer.biases_at(), layer.end(), scalars + rules::ScalarRow::size);
        }
    }
}

template <class Real>
void NetworkRunner<Real>::update(const Real* scalars, std::int64_t begin, std::int64_t end) {
    const std::int64_t vector_size = problem_.members * sizes_.member_stride;
    UpdateTask<Real> task;
    task.scalars = scalars;
    task.gradient = gradient_.data() + begin;
    task.theta = live_ + begin;
    for (int i = 0; i < problem_.state_vectors(); ++i) task.state[i] = live_ + (1 + i) * vector_size + begin;
    task.count = end - begin;
    update_(task);
}

template class NetworkRunner<float>;
template class NetworkRunner<double>;

}  // namespace glissade::cpu
