// SPDX-License-Identifier: Apache-2.0
#include "host/cuda/cuda_backend.hpp"

#include <algorithm>
#include <cstdio>

#include "glissade/error.hpp"
#include "host/cuda/card_rates.hpp"
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
                       ", tiles of " + std::to_string(plan_.tile.partials) + " x " + std::to_string(plan_.tile.rows) + " rows, rows in " +
                       where(places.records) + ", parameters in " + where(places.parameters) + ", sums in " + where(places.sums) +
                       ", state in " + where(places.state) + " memory; " + in_bytes(plan_.layout.bytes) + " of shared memory a block, " +
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
            cuda::plan_segments(cuda::shape_of(problem), cuda::RunFacts::of(problem), card, cuda::rates_of(card, limits.calibration), {});
        cuda::check_budget(cuda::run_budget(problem, choice.taken, card, limits, {}).memory, card, limits);
        return "";
    } catch (const Error& error) {
        return error.what();
    }
}

}  // namespace glissade
