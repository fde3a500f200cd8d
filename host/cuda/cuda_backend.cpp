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
      budget_(budget_of(problem, plan_, wishes)),
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
    state_ = {2 * slot_floats_, "parameters and state"};
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
    host_scalars_ = {scalars_.count(), "scalars of the steps"};
    host_losses_ = {losses_.count(), "losses of the steps"};
    host_orders_ = {orders_.count(), "row orders of the epochs"};
    host_outcome_ = {1, "the outcome of a segment"};
    scorer_ = std::make_unique<Scorer>(scorer_shape(), problem.affine, stream_);
    upload_rows();
}

Scorer::Shape CudaBackend::scorer_shape() const {
    Scorer::Shape shape;
    shape.features = shape_.features;
    shape.outputs = shape_.outputs;
    shape.bias = shape_.bias;
    shape.chunk_rows = budget_.chunk_rows;
    shape.extra_floats = shape_.target_count + 1;
    shape.multiprocessors = card_.facts.multiprocessors;
    return shape;
}

/// Every row once: features, targets and weights of a chunk lie one after another in a staging buffer, a kernel makes records of them.
void CudaBackend::upload_rows() {
    const MatrixView<const float>& x = problem_.features;
    for (std::int64_t first = 0; first < x.rows; first += budget_.chunk_rows) {
        const std::int64_t count = std::min(budget_.chunk_rows, x.rows - first);
        StagingRing::Slot& slot = scorer_->ring().next();
        const std::int64_t targets_at = count * x.columns, weights_at = targets_at + count * shape_.target_count;
        copy_rows(x, first, count, slot.host.data());
        std::copy_n(problem_.targets + first * shape_.target_count, count * shape_.target_count, slot.host.data() + targets_at);
        if (shape_.weighted) std::copy_n(problem_.weights + first, count, slot.host.data() + weights_at);
        const std::int64_t floats = weights_at + (shape_.weighted ? count : 0);
        stream_.copy(slot.device.data(), slot.host.data(), floats, cudaMemcpyHostToDevice, "training rows");
        kernels::PackRowsParams params;
        params.shape = shape_;
        params.rows = count;
        params.features = slot.device.data();
        params.targets = slot.device.data() + targets_at;
        params.weights = slot.device.data() + weights_at;
        params.scale = scorer_->scale();
        params.shift = scorer_->shift();
        params.records = records_.data() + first * shape_.record_floats();
        check_launch(kernels::launch_pack_rows(params, row_blocks(count, card_.facts.multiprocessors), stream_.get()), "pack_rows",
                     std::to_string(count) + " rows");
        StagingRing::release(slot, stream_);
    }
    stream_.synchronize("training rows");
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
    stream_.copy(slot_parameters(live_), host_state_.data(), slot_floats_, cudaMemcpyHostToDevice, "parameters and state");
    stream_.synchronize("parameters and state");
    can_roll_back_ = false;
}

TrainingState<float> CudaBackend::get_state() {
    const DeviceScope scope(card_.facts.ordinal);
    stream_.copy(host_state_.data(), slot_parameters(live_), slot_floats_, cudaMemcpyDeviceToHost, "parameters and state");
    stream_.synchronize("parameters and state");
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

/// Steps [first, first + steps) of the segment as one launch, from the slot before it (`begins`) or the one that its first launch wrote.
void CudaBackend::launch(const Segment<float>& segment, std::int64_t first, std::int64_t steps, bool begins) {
    const std::int64_t step = segment.first_step + first, steps_per_epoch = problem_.batches.steps_per_epoch;
    const std::int64_t epoch = step / steps_per_epoch, batch = step % steps_per_epoch;
    const std::int64_t epochs = (batch + steps - 1) / steps_per_epoch + 1, step_scalars = shape_.members * rules::scalars_a_member;
    for (std::int64_t e = 0; e < epochs; ++e) host_orders_.data()[e] = problem_.batches.order.epoch(epoch + e);
    std::copy_n(segment.scalars + first * step_scalars, steps * step_scalars, host_scalars_.data());
    stream_.copy(orders_.data(), host_orders_.data(), epochs, cudaMemcpyHostToDevice, "row orders of the epochs");
    stream_.copy(scalars_.data(), host_scalars_.data(), steps * step_scalars, cudaMemcpyHostToDevice, "scalars of the steps");
    const int from = begins ? before_ : live_;
    SegmentLinearParams params = segment_params();
    params.steps = steps;
    params.first_batch = batch;
    params.parameters_in = slot_parameters(from);
    params.state_in = slot_state(from);
    params.parameters_out = slot_parameters(live_);
    params.state_out = slot_state(live_);
    check_launch(kernels::launch_segment_linear(params, stream_.get()), "segment_linear",
                 "steps " + std::to_string(step + 1) + " to " + std::to_string(step + steps));
    stream_.copy(host_outcome_.data(), outcome_.data(), 1, cudaMemcpyDeviceToHost, "the outcome of a segment");
    stream_.copy(host_losses_.data(), losses_.data(), steps * shape_.members, cudaMemcpyDeviceToHost, "losses of the steps");
    stream_.synchronize("steps " + std::to_string(step + 1) + " to " + std::to_string(step + steps));
}

SegmentReport CudaBackend::run(const Segment<float>& segment) {
    const DeviceScope scope(card_.facts.ordinal);
    SegmentReport report;
    loss_sums_.clear();
    before_ = live_;
    can_roll_back_ = true;
    if (segment.steps > 0) live_ = 1 - before_;
    try {
        for (std::int64_t first = 0; first < segment.steps && !report.frozen; first += budget_.table_steps) {
            launch(segment, first, std::min(budget_.table_steps, segment.steps - first), first == 0);
            const kernels::SegmentOutcome outcome = *host_outcome_.data();
            report.steps_done += outcome.steps_done;
            loss_sums_.insert(loss_sums_.end(), host_losses_.data(), host_losses_.data() + outcome.steps_done * shape_.members);
            report.frozen = outcome.frozen_member >= 0;
            report.frozen_member = std::max<std::int64_t>(0, outcome.frozen_member);
        }
    } catch (...) {
        live_ = before_;  // the slot before the segment was only read
        can_roll_back_ = false;
        throw;
    }
    report.loss_sums = loss_sums_;
    return report;
}

void CudaBackend::roll_back() {
    if (!can_roll_back_) fail(ErrorKind::internal, "there is no segment to roll back");
    live_ = before_;
    can_roll_back_ = false;
}

void CudaBackend::score(MatrixView<const float> x, const float* parameters, std::span<float> scores_out) {
    const DeviceScope scope(card_.facts.ordinal);
    scorer_->score(x, parameters, scores_out);
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
        cuda::check_budget(cuda::budget_of(problem, choice.taken, {}), card, limits);
        return "";
    } catch (const Error& error) {
        return error.what();
    }
}

}  // namespace glissade
