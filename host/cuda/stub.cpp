// SPDX-License-Identifier: Apache-2.0
// Stands in for the CUDA backend in builds without CUDA.
#include "glissade/device.hpp"
#include "glissade/error.hpp"
#include "host/execution/backend.hpp"

namespace glissade {

namespace {

constexpr const char* missing = "this build has no CUDA: install the CUDA toolkit (12.4 or newer) and build with -DGLISSADE_CUDA=ON";

[[noreturn]] void refuse() {
    fail(ErrorKind::device, std::string("CUDA cannot be used: ") + missing);
}

}  // namespace

CudaAvailability cuda_availability() {
    return {{}, missing};
}

std::unique_ptr<Backend<float>> make_cuda_backend(const Problem<float>&, const BackendLimits&) {
    refuse();
}

std::string cuda_refusal(const Problem<float>&, const BackendLimits&) {
    std::string text = "CUDA cannot be used: ";
    return text += missing;  // with +, GCC 12 sees a copy out of bounds that is not there
}

void score_on_cuda(const ScoreTask<float>&, int, std::span<float>) {
    refuse();
}

}  // namespace glissade
