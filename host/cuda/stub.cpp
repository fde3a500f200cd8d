// SPDX-License-Identifier: Apache-2.0
// Stands in for the CUDA backend in builds without CUDA.
#include "glissade/device.hpp"
#include "glissade/error.hpp"
#include "host/data/device_memory.hpp"
#include "host/execution/backend.hpp"
#include "host/execution/card_probe.hpp"

namespace glissade {

namespace {

constexpr const char* missing = "this build has no CUDA: install the CUDA toolkit (12.4 or newer) and build with -DGLISSADE_CUDA=ON";

/// Built by appending: GCC 12 reports the concatenation falsely (its bug 105651).
std::string refusal() {
    std::string text = "CUDA cannot be used: ";
    text += missing;
    return text;
}

[[noreturn]] void refuse() {
    fail(ErrorKind::device, refusal());
}

}  // namespace

CudaAvailability cuda_availability() {
    return {{}, missing};
}

std::unique_ptr<Backend<float>> make_cuda_backend(const Problem<float>&, const BackendLimits&) {
    refuse();
}

std::string cuda_refusal(const Problem<float>&, const BackendLimits&) {
    return refusal();
}

CardProbe probe_card(int, std::int64_t, const CardProbeLimits&) {
    refuse();
}

std::unique_ptr<CardScorer> make_card_scorer(const ScoreTask<float>&, int) {
    refuse();
}

JudgedSums judge_on_cuda(const ScoreTask<float>&, const JudgedRows<float>&, int) {
    refuse();
}

namespace device_memory {

bool holds(const void*, const DevicePlace&, const std::string&) {
    refuse();
}

void download(float*, const float*, std::int64_t, const DevicePlace&) {
    refuse();
}

void visit_blocks(MatrixView<const float>, const DevicePlace&, const std::function<void(MatrixView<const float>)>&) {
    refuse();
}

std::int64_t first_not_finite(MatrixView<const float>, const DevicePlace&) {
    refuse();
}

}  // namespace device_memory

}  // namespace glissade
