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
    params.shape = plan_.launch.of_a_team(shape_);
    params.all_members = shape_.members;
    params.tile = plan_.tile;
    params.layout = plan_.layout;
    params.launch = plan_.launch;
    params.by_sum_items = Divider::by(params.shape.sum_items());
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
    params.division = kernels::BatchDivision::of(batches.rows(0), blocks_of_team(plan_.launch), plan_.tile);
    params.last_division = kernels::BatchDivision::of(batches.rows(batches.steps_per_epoch - 1), blocks_of_team(plan_.launch), plan_.tile);
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
    stream_.copy(host_outcome_.data(), outcome_.data(), outcome_.count(), cudaMemcpyDeviceToHost, "the outcome of a segment");
    stream_.copy(host_losses_.data(), losses_.data(), steps * shape_.members, cudaMemcpyDeviceToHost, "losses of the steps");
    stream_.synchronize("steps " + std::to_string(step + 1) + " to " + std::to_string(step + steps));
}

/// Where the last launch ended: at the first step that a team froze before, of several such teams the first.
kernels::SegmentOutcome CudaBackend::first_end() const {
    kernels::SegmentOutcome first = *host_outcome_.data();
    for (std::int64_t team = 1; team < host_outcome_.count(); ++team) {
        const kernels::SegmentOutcome& other = host_outcome_.data()[team];
        if (other.steps_done < first.steps_done) first = {other.steps_done, other.frozen_member < 0 ? -1 : team + other.frozen_member};
    }
    return first;
}

/// Teams of their own went on beyond the step that one froze before: the segment's first `steps` steps once more, from the slot before it.
void CudaBackend::run_again(const Segment<float>& segment, std::int64_t steps) {
    if (steps == 0) live_ = before_;
    for (std::int64_t first = 0; first < steps; first += budget_.table_steps)
        launch(segment, first, std::min(budget_.table_steps, steps - first), first == 0);
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
            const kernels::SegmentOutcome outcome = first_end();
            report.steps_done += outcome.steps_done;
            loss_sums_.insert(loss_sums_.end(), host_losses_.data(), host_losses_.data() + outcome.steps_done * shape_.members);
            report.frozen = outcome.frozen_member >= 0;
            report.frozen_member = std::max<std::int64_t>(0, outcome.frozen_member);
        }
        if (report.frozen && teams_of(plan_.launch) > 1) run_again(segment, report.steps_done);
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
                       ", tiles of " + std::to_string(plan_.tile.partials) + " x " + std::to_string(plan_.tile.rows) + " rows, rows in " +
                       where(places.records) + ", parameters in " + where(places.parameters) + ", sums in " + where(places.sums) +
                       ", state in " + where(places.state) + " memory; " + in_bytes(plan_.layout.bytes) + " of shared memory a block, " +
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
