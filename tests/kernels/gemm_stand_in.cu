// SPDX-License-Identifier: Apache-2.0
// Stands in for kernels/gateway/gemm.cu where CUDA is emulated: every element of a product by one thread, in order.
#include "kernels/gateway/gemm.hpp"

#include <cuda_runtime.h>

#include "glissade/rules/bfloat16.hpp"
#include "kernels/device/launch.cuh"
#include "tests/kernels/gemm_stand_in.hpp"

namespace glissade::testing {
namespace {
bool gemm_library_missing = false;
}

MissingGemmLibrary::MissingGemmLibrary() {
    gemm_library_missing = true;
}
MissingGemmLibrary::~MissingGemmLibrary() {
    gemm_library_missing = false;
}
}  // namespace glissade::testing

namespace glissade::kernels {

struct GemmLibrary {
    int device = 0;
};
struct GemmPlan {
    GemmShape shape;
};

namespace {

constexpr int gemm_blocks = 2, gemm_threads = 8;

struct GemmStandInParams {
    GemmShape shape;
    GemmCall call;
};

float rounded(float value, GemmPrecision precision) {
    if (precision == GemmPrecision::bfloat16) return rules::rounded_to_bfloat16(value);
    if (precision == GemmPrecision::float32) return value;
    const auto bits = __builtin_bit_cast(std::uint32_t, value);
    return __builtin_bit_cast(float, (bits + 0xFFFu + ((bits >> 13) & 1u)) & ~0x1FFFu);
}

__global__ void gemm_stand_in_kernel(const __grid_constant__ GemmStandInParams params) {
    const GemmShape& s = params.shape;
    const auto at = [](const GemmFactor& factor, std::int64_t member, std::int64_t row, std::int64_t column) {
        return member * factor.member_stride + (factor.transposed ? column * factor.stride + row : row * factor.stride + column);
    };
    const std::int64_t thread = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x, of_a_member = s.rows * s.columns;
    for (std::int64_t i = thread; i < s.members * of_a_member; i += gemm_blocks * gemm_threads) {
        const std::int64_t member = i / of_a_member, row = i % of_a_member / s.columns, column = i % s.columns;
        float* out = params.call.c + member * s.c_member_stride + row * s.c_stride + column;
        float sum = 0.0f;
        for (std::int64_t k = 0; k < s.depth; ++k)
            sum = fmaf(rounded(params.call.a[at(s.a, member, row, k)], s.precision),
                       rounded(params.call.b[at(s.b, member, k, column)], s.precision), sum);
        *out = sum;
    }
}

}  // namespace

/// So that the workspace's memory is really there.
std::int64_t gemm_workspace_bytes() {
    return 512;
}

/// Asks the runtime something, which tests can make fail.
int make_gemm_library(GemmLibrary** library_out) {
    if (testing::gemm_library_missing) return cudaErrorSharedObjectInitFailed;
    GemmLibrary library;
    const cudaError_t status = cudaGetDevice(&library.device);
    if (status == cudaSuccess) *library_out = new GemmLibrary(library);
    return status;
}

const char* gemm_library_tried() {
    return "the stand-in: nothing";
}

void release_gemm_library(GemmLibrary* library) {
    delete library;
}

int make_gemm_plan(GemmLibrary*, const GemmShape& shape, GemmPlan** plan_out) {
    int device = 0;
    const cudaError_t status = cudaGetDevice(&device);
    if (status == cudaSuccess) *plan_out = new GemmPlan{shape};
    return status;
}

void release_gemm_plan(GemmPlan* plan) {
    delete plan;
}

int launch_gemm(const GemmPlan* plan, const GemmCall& call, StreamHandle stream) {
    return launch(gemm_stand_in_kernel, GemmStandInParams{plan->shape, call}, {gemm_blocks, gemm_threads, 0, false}, stream);
}

}  // namespace glissade::kernels
