// SPDX-License-Identifier: Apache-2.0
#include "host/cuda/cuda_backend.hpp"

#include <algorithm>

#include "glissade/error.hpp"
#include "host/cuda/sparse_backend.hpp"

namespace glissade {

namespace cuda {

void CudaBackend::set_state(const TrainingState<float>& state) {
    const DeviceScope scope(card_.facts.ordinal);
    const std::int64_t parameters = this->parameters();
    bool fits = static_cast<std::int64_t>(state.parameters.size()) == parameters &&
                static_cast<std::int64_t>(state.state.size()) == problem_.state_vectors();
    for (const std::vector<float>& vector : state.state) fits = fits && static_cast<std::int64_t>(vector.size()) == parameters;
    if (!fits) fail(ErrorKind::internal, "set_state: the state does not have the shape of the problem");
    float* out = std::copy(state.parameters.begin(), state.parameters.end(), host_state_.data());
    for (const std::vector<float>& vector : state.state) out = std::copy(vector.begin(), vector.end(), out);
    if (!under_way_.empty()) fail(ErrorKind::internal, "set_state: a segment is under way");
    side_.copy(slot_parameters(live_), host_state_.data(), slot_floats(), cudaMemcpyHostToDevice, "parameters and state");
    side_.synchronize("parameters and state");
    can_roll_back_ = false;
}

TrainingState<float> CudaBackend::get_state() {
    const DeviceScope scope(card_.facts.ordinal);
    side_.copy(host_state_.data(), slot_parameters(live_), slot_floats(), cudaMemcpyDeviceToHost, "parameters and state");
    side_.synchronize("parameters and state");
    const std::int64_t parameters = this->parameters();
    TrainingState<float> state;
    state.parameters.assign(host_state_.data(), host_state_.data() + parameters);
    for (std::int64_t k = 1; k <= problem_.state_vectors(); ++k)
        state.state.emplace_back(host_state_.data() + k * parameters, host_state_.data() + (k + 1) * parameters);
    return state;
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
    std::string text = "CUDA device " + std::to_string(card_.facts.ordinal) + " (" + card_.facts.name + "), " + runner_->description() +
                       (runner_->other_family().empty() ? "" : "; " + runner_->other_family()) + "; " + in_bytes(budget_.total()) +
                       " of device memory";
    if (judge_)
        text += ", of it " + in_bytes(run_budget_.held_out.total()) + " for validation, whose rows " +
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

namespace {

/// A network that goes on wishes for the family that it began with. What does not fit then says why it has to.
template <class Make>
auto with_family(const BackendLimits& limits, const Make& make) {
    cuda::PlanWishes wishes;
    wishes.network = limits.network;
    (void)cuda::usable_card(limits.cuda_ordinal);  // a card that is not there is no matter of families
    try {
        return make(wishes);
    } catch (const Error& error) {
        if (limits.network == NetworkFamily::faster || (error.kind() != ErrorKind::device && error.kind() != ErrorKind::memory)) throw;
        fail(error.kind(), std::string("the run began with ") +
                               (limits.network == NetworkFamily::segments ? "a segment kernel" : "a graph of matrix products") +
                               " for its network and has the same bits only with that, but: " + error.what() +
                               "; resume it on a card that takes it, or, with other roundings, on the CPU");
    }
}

}  // namespace

std::unique_ptr<Backend<float>> make_cuda_backend(const Problem<float>& problem, const BackendLimits& limits) {
    if (problem.is_sparse()) return cuda::make_sparse_backend(problem, limits);
    return with_family(limits, [&](const cuda::PlanWishes& wishes) { return cuda::make_cuda_backend_with(problem, limits, wishes); });
}

std::string cuda_refusal(const Problem<float>& problem, const BackendLimits& limits) {
    try {
        if (problem.is_sparse()) {
            cuda::check_sparse(problem, limits);
            return "";
        }
        const cuda::Card card = cuda::usable_card(limits.cuda_ordinal);
        const cuda::DeviceScope scope(limits.cuda_ordinal);
        return with_family(limits, [&](const cuda::PlanWishes& wishes) {
            const auto runner = cuda::plan_steps(problem, card, limits, wishes);
            cuda::check_budget(cuda::run_budget(problem, *runner, card, limits, wishes).memory, card, limits);
            return std::string();
        });
    } catch (const Error& error) {
        return error.what();
    }
}

}  // namespace glissade
