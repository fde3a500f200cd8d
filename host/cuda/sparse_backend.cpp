// SPDX-License-Identifier: Apache-2.0
#include "host/cuda/sparse_backend.hpp"

#include <algorithm>
#include <cstdio>

#include "glissade/error.hpp"

namespace glissade::cuda {

using kernels::SparseStepParams;

/// Everything that a step in a store reads and writes.
SparseStepParams SparseBackend::params(int store) const {
    const Store& place = stores_[static_cast<std::size_t>(store)];
    SparseStepParams p;
    p.shape = plan_.shape;
    p.idle = static_cast<int>(problem_.idle.kind);
    p.by_product = problem_.idle.by_product();
    p.shrinks = problem_.idle.shrinks;
    p.skips = problem_.idle.skips;
    p.offsets = offsets_.data();
    p.indices = indices_.data();
    p.values = values_.data();
    p.scale = scale_.data();
    p.targets = targets_.data();
    p.weights = weights_.data();
    p.member_sets = member_sets_.data();
    p.loss = problem_.loss;
    std::copy_n(problem_.loss_constants, max_loss_constants, p.loss_constants);
    p.label_smoothing = problem_.label_smoothing;
    p.rule = problem_.rule;
    p.variant = problem_.variant;
    p.clip_norm = problem_.clip_norm;
    p.clip_value = problem_.clip_value;
    p.rows = problem_.batches.order.rows;
    p.batch_size = problem_.batches.batch_size;
    p.steps_per_epoch = problem_.batches.steps_per_epoch;
    p.orders = orders_.data();
    p.scalars = scalars_.data();
    p.waiting = waiting_.data();
    p.loss_sums = losses_.data();
    p.control = control_.data();
    p.by_atomics = plan_.by_atomics;
    p.tile_rows = plan_.threads;
    p.places = places_.data();
    p.tile_entries = tile_entries_.data();
    p.slopes = slopes_.data();
    p.losses = row_losses_.data();
    p.partials = partials_.data();
    p.capacity = plan_.capacity;
    p.by_slot = plan_.by_slot;
    p.keys_in = keys_in_.data();
    p.keys_out = keys_out_.data();
    p.terms_in = terms_in_.data();
    p.terms_out = terms_out_.data();
    p.slot_rows = slot_rows_.data();
    p.slot_values = slot_values_.data();
    p.groups_in = groups_in_.data();
    p.groups_out = groups_out_.data();
    p.columns_in = columns_in_.data();
    p.columns_out = columns_out_.data();
    p.group_squares = group_squares_.data();
    p.factors = factors_.data();
    p.bad = bad_.data();
    p.records = place.records.data();
    p.biases = place.biases.data();
    p.bias_gradient = bias_gradient_.data();
    return p;
}

void SparseBackend::score(MatrixView<const float>, const float*, std::span<float>) {
    fail(ErrorKind::internal, "a run on sparse rows was asked to score dense ones");
}

void SparseBackend::score(SparseView<const float> x, const float* parameters, std::span<float> scores_out) {
    const DeviceScope scope(card_.facts.ordinal);
    scorer_->score(x, parameters, scores_out);
}

bool SparseBackend::judge(const float* parameters, JudgedSums& out) {
    if (!judge_) return false;
    const DeviceScope scope(card_.facts.ordinal);
    out = judge_->judge(parameters);
    return true;
}

std::string SparseBackend::description() const {
    char numbers[96];
    std::snprintf(numbers, sizeof numbers, "some %.0f bytes a nonzero; expected %.3g us a step, mostly ", plan_.bytes_a_nonzero,
                  plan_.prediction.seconds * 1e6);
    std::string text = "CUDA device " + std::to_string(card_.facts.ordinal) + " (" + card_.facts.name +
                       "), sparse rows, batches of up to " + std::to_string(plan_.capacity) + " nonzeros, " + numbers +
                       plan_.prediction.bound_by + "; " + in_bytes(plan_.budget.total()) + " of device memory";
    if (judge_)
        text += ", of it " + in_bytes(plan_.held_out.total()) + " for validation, whose rows " +
                (plan_.keeps_held_out ? "stay on the card" : "do not fit and come again for each evaluation");
    if (plan_.by_atomics) text += "; gradients by atomics, not the same bits every time";
    if (problem_.nondeterministic && !plan_.by_atomics)
        text += "; gradients after a sort, the same bits every time, since a limit on the norm goes by the batch's columns";
    if (plan_.runs_over_all)
        text += "; every step reads and writes all parameters, " + in_bytes(plan_.bytes_of_all()) + ", since " + problem_.idle.why_all +
                " (lazy_adam, adagrad and ftrl without penalties and average touch only the batch's columns)";
    return text + ".";
}

std::unique_ptr<SparseBackend> make_sparse_backend_with(const Problem<float>& problem, const BackendLimits& limits,
                                                        const SparseWishes& wishes) {
    (void)usable_card(limits.cuda_ordinal);  // says what is missing before the device is chosen
    const DeviceScope scope(limits.cuda_ordinal);
    return std::make_unique<SparseBackend>(problem, limits, wishes);
}

std::unique_ptr<Backend<float>> make_sparse_backend(const Problem<float>& problem, const BackendLimits& limits) {
    return make_sparse_backend_with(problem, limits, {});
}

}  // namespace glissade::cuda
