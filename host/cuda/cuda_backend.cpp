// SPDX-License-Identifier: Apache-2.0
#include "host/cuda/cuda_backend.hpp"

#include <algorithm>
#include <cstdio>

#include "glissade/error.hpp"
#include "kernels/tuning.hpp"

namespace glissade {

namespace cuda {

using kernels::Divider;
using kernels::SegmentLinearParams;

CudaBackend::CudaBackend(const Problem<float>& problem, const BackendLimits& limits, const PlanWishes& wishes)
    : card_(usable_card(limits.cuda_ordinal)),
      problem_(problem),
      shape_(shape_of(problem)),
      choice_(plan_segments(shape_, RunFacts::of(problem), card_, kernels::tuning::expected, wishes)),
      plan_(choice_.taken),
      run_budget_(run_budget(problem, plan_, card_, limits, wishes)),
      budget_(run_budget_.memory),
      slot_floats_((1 + shape_.state_vectors) * shape_.parameters()) {
    check_budget(budget_, card_, limits);
    int resident = 0;
    check_launch(kernels::resident_segment_blocks(plan_.launch, plan_.layout.bytes, &resident), "segment_linear",
                 "asking how many blocks fit");
    if (resident * card_.facts.multiprocessors < plan_.launch.blocks)
        fail(ErrorKind::device, std::to_string(plan_.launch.blocks) + " blocks of the training kernel do not fit CUDA device " +
                                    std::to_string(card_.facts.ordinal) + " at once; train on the CPU");
    const std::int64_t steps = budget_.table_steps;
    const WorkBuffers work = buffers_of(shape_, plan_, problem.clip_norm > 0);
    records_ = {problem.features.rows * shape_.record_floats(), "the training rows"};
    state_ = {slots * slot_floats_, "parameters and state"};
    exchange_ = {work.exchange, "the exchange of sums"};
    stack_ = {work.stack, "partial sums"};
    block_state_ = {work.block_state, "the blocks' state"};
    block_sums_ = {work.block_sums, "the blocks' sums"};
    gradients_ = {work.gradients, "gradients"};
    signals_ = {1, "signals between blocks"};
    scalars_ = {steps * shape_.members * rules::scalars_a_member, "scalars of the steps"};
    losses_ = {steps * shape_.members, "losses of the steps"};
    orders_ = {budget_.table_epochs, "row orders of the epochs"};
    outcome_ = {1, "the outcome of a segment"};
    host_state_ = {slot_floats_, "parameters and state"};
    for (HostTable& table : tables_) {
        table.scalars = {scalars_.count(), "scalars of the steps"};
        table.losses = {losses_.count(), "losses of the steps"};
        table.orders = {orders_.count(), "row orders of the epochs"};
        table.outcome = {1, "the outcome of a segment"};
    }
    scorer_ = std::make_unique<Scorer>(scorer_shape(problem, budget_, card_), problem.affine, side_);
    upload_rows();
    if (problem_.held_out.features.rows > 0) judge_ = std::make_unique<Judge>(problem_.held_out, *scorer_, run_budget_.keeps_held_out);
}

/// Every row once: features, targets and weights of a chunk lie one after another in a staging buffer, a kernel makes records of them.
/// Features that are on the device already are read where they are.
void CudaBackend::upload_rows() {
    const MatrixView<const float>& x = problem_.features;
    const bool there = problem_.place.has_value();
    if (there) side_.wait_for(problem_.place->stream);
    for (std::int64_t first = 0; first < x.rows; first += budget_.chunk_rows) {
        const std::int64_t count = std::min(budget_.chunk_rows, x.rows - first);
        StagingRing::Slot& slot = scorer_->ring().next();
        const std::int64_t targets_at = there ? 0 : count * x.columns, weights_at = targets_at + count * shape_.target_count;
        if (!there) copy_rows(x, first, count, slot.host.data());
        std::copy_n(problem_.targets + first * shape_.target_count, count * shape_.target_count, slot.host.data() + targets_at);
        if (shape_.weighted) std::copy_n(problem_.weights + first, count, slot.host.data() + weights_at);
        const std::int64_t floats = weights_at + (shape_.weighted ? count : 0);
        side_.copy(slot.device.data(), slot.host.data(), floats, cudaMemcpyHostToDevice, "training rows");
        kernels::PackRowsParams params;
        params.shape = shape_;
        params.rows = count;
        params.stride = there ? x.stride : x.columns;
        params.features = there ? x.row(first) : slot.device.data();
        params.targets = slot.device.data() + targets_at;
        params.weights = slot.device.data() + weights_at;
        params.scale = scorer_->scale();
        params.shift = scorer_->shift();
        params.records = records_.data() + first * shape_.record_floats();
        check_launch(kernels::launch_pack_rows(params, row_blocks(count, card_.facts.multiprocessors), side_.get()), "pack_rows",
                     std::to_string(count) + " rows");
        StagingRing::release(slot, side_);
    }
    side_.synchronize("training rows");
}

void CudaBackend::set_state(const TrainingState<float>& state) {
    const DeviceScope scope(card_.facts.ordinal);
    const std::int64_t parameters = shape_.parameters();
    bool fits = static_cast<std::int64_t>(state.parameters.size()) == parameters &&
                static_cast<std::int64_t>(state.state.size()) == shape_.state_vectors;
    for (const std::vector<float>& vector : state.state) fits = fits && static_cast<std::int64_t>(vector.size()) == parameters;
    if (!fits) fail(ErrorKind::internal, "set_state: the state does not have the shape of the problem");
    float* out = std::copy(state.parameters.begin(), state.parameters.end(), host_state_.data());
    for (const std::vector<float>& vector : state.state) out = std::copy(vector.begin(), vector.end(), out);
    if (!under_way_.empty()) fail(ErrorKind::internal, "set_state: a segment is under way");
    side_.copy(slot_parameters(live_), host_state_.data(), slot_floats_, cudaMemcpyHostToDevice, "parameters and state");
    side_.synchronize("parameters and state");
    can_roll_back_ = false;
}

TrainingState<float> CudaBackend::get_state() {
    const DeviceScope scope(card_.facts.ordinal);
    side_.copy(host_state_.data(), slot_parameters(live_), slot_floats_, cudaMemcpyDeviceToHost, "parameters and state");
    side_.synchronize("parameters and state");
    const std::int64_t parameters = shape_.parameters();
    TrainingState<float> state;
    state.parameters.assign(host_state_.data(), host_state_.data() + parameters);
    for (std::int64_t k = 1; k <= shape_.state_vectors; ++k)
        state.state.emplace_back(host_state_.data() + k * parameters, host_state_.data() + (k + 1) * parameters);
    return state;
}

SegmentLinearParams CudaBackend::segment_params() const {
    SegmentLinearParams params;
    params.shape = shape_;
    params.tile = plan_.tile;
    params.layout = plan_.layout;
    params.launch = plan_.launch;
    params.by_sum_items = Divider::by(shape_.sum_items());
    params.by_member_parameters = Divider::by(shape_.member_parameters());
    params.by_outputs = Divider::by(shape_.outputs);
    params.by_row_factors = Divider::by(shape_.features + shape_.bias);
    params.by_record_chunks = Divider::by(shape_.record_floats() / 4);
    params.records = records_.data();
    params.loss = problem_.loss;
    std::copy_n(problem_.loss_constants, max_loss_constants, params.loss_constants);
    params.rule = problem_.rule;
    params.variant = problem_.variant;
    params.averaging = problem_.averaging;
    params.clip_norm = problem_.clip_norm;
    params.clip_value = problem_.clip_value;
    const BatchPlan& batches = problem_.batches;
    params.batch_size = batches.batch_size;
    params.steps_per_epoch = batches.steps_per_epoch;
    params.division = kernels::BatchDivision::of(batches.rows(0), plan_.launch.blocks, plan_.tile);
    params.last_division = kernels::BatchDivision::of(batches.rows(batches.steps_per_epoch - 1), plan_.launch.blocks, plan_.tile);
    params.orders = orders_.data();
    params.scalars = scalars_.data();
    params.loss_sums = losses_.data();
    params.outcome = outcome_.data();
    params.exchange = exchange_.data();
    params.stack = stack_.data();
    params.stack_levels = plan_.stack_levels;
    params.block_state = block_state_.data();
    params.block_sums = block_sums_.data();
    params.gradients = gradients_.data();
    params.signals = signals_.data();
    return params;
}

void CudaBackend::score(MatrixView<const float> x, const float* parameters, std::span<float> scores_out) {
    const DeviceScope scope(card_.facts.ordinal);
    scorer_->score(x, false, parameters, scores_out);
}

bool CudaBackend::judge(const float* parameters, JudgedSums& out) {
    if (!judge_) return false;
    const DeviceScope scope(card_.facts.ordinal);
    out = judge_->judge(parameters);
    return true;
}

std::string CudaBackend::description() const {
    const auto microseconds = [](double seconds) {
        char text[32];
        std::snprintf(text, sizeof text, "%.3g us", seconds * 1e6);
        return std::string(text);
    };
    const auto time = [&microseconds](const SegmentPlan& plan) {
        return microseconds(plan.step_seconds) + " a step, mostly " + plan.bound_by;
    };
    const auto where = [](bool shared) { return shared ? "shared" : "device"; };
    const kernels::SegmentPlaces& places = plan_.launch.places;
    std::string text = "CUDA device " + std::to_string(card_.facts.ordinal) + " (" + card_.facts.name + "), " + words_for(plan_.launch) +
                       ", tiles of " + std::to_string(plan_.tile.partials) + " x " + std::to_string(plan_.tile.rows) +
                       " rows, parameters in " + where(places.parameters) + ", sums in " + where(places.sums) + ", state in " +
                       where(places.state) + " memory; " + in_bytes(plan_.layout.bytes) + " of shared memory a block, " +
                       in_bytes(budget_.total()) + " of device memory; expected " + time(plan_);
    if (choice_.runner_up) text += "; " + words_for(choice_.runner_up->launch) + " would take " + time(*choice_.runner_up);
    if (judge_)
        text += "; of it " + in_bytes(run_budget_.held_out.total()) + " for validation, whose rows " +
                (problem_.held_out.place      ? "are read where they lie"
                 : run_budget_.keeps_held_out ? "stay on the card"
                                              : "do not fit and come again for each evaluation");
    return text + ".";
}

std::unique_ptr<CudaBackend> make_cuda_backend_with(const Problem<float>& problem, const BackendLimits& limits, const PlanWishes& wishes) {
    (void)usable_card(limits.cuda_ordinal);  // says what is missing before the device is chosen
    const DeviceScope scope(limits.cuda_ordinal);
    return std::make_unique<CudaBackend>(problem, limits, wishes);
}

}  // namespace cuda

std::unique_ptr<Backend<float>> make_cuda_backend(const Problem<float>& problem, const BackendLimits& limits) {
    if (problem.is_sparse()) fail(ErrorKind::internal, "sparse rows were given to the GPU");
    return cuda::make_cuda_backend_with(problem, limits, {});
}

std::string cuda_refusal(const Problem<float>& problem, const BackendLimits& limits) {
    try {
        const cuda::Card card = cuda::usable_card(limits.cuda_ordinal);
        const cuda::PlanChoice choice =
            cuda::plan_segments(cuda::shape_of(problem), cuda::RunFacts::of(problem), card, kernels::tuning::expected, {});
        cuda::check_budget(cuda::run_budget(problem, choice.taken, card, limits, {}).memory, card, limits);
        return "";
    } catch (const Error& error) {
        return error.what();
    }
}

}  // namespace glissade
