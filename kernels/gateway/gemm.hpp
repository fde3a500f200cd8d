// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/launch.hpp"

/// Matrix products by cuBLASLt. Only plain products: its epilogues (bias, ReLU, GELU) are not those of this project's rules, which have
/// polynomials of their own and also give the slope, so that bias, activation, slope and dropout are one pass of a kernel of ours.
namespace glissade::kernels {

/// What products are made of: sums are float32 in any case.
enum class GemmPrecision {
    float32,
    tf32,      ///< factors rounded to 11 bits on their way to the tensor cores
    bfloat16,  ///< to 8 bits
};

/// A row-major matrix, or its transpose: one a member, all alike.
struct GemmFactor {
    std::int64_t stride = 0;  ///< from row to row as it lies in memory
    bool transposed = false;
    std::int64_t member_stride = 0;  ///< 0: all members share it
};

/// c[rows][columns] = a[rows][depth] * b[depth][columns] for every member. All counts at least 1 and below 2^31.
struct GemmShape {
    std::int64_t rows = 0, columns = 0, depth = 0, members = 1;
    GemmFactor a, b;
    std::int64_t c_stride = 0, c_member_stride = 0;
    GemmPrecision precision = GemmPrecision::float32;
    std::int64_t alignment = 4;  ///< that every factor and result has, in bytes: a power of two
};

/// A handle of the library and, for a shape, the algorithm that it is multiplied by: chosen once, kept, so that a product has the same bits
/// whenever it runs on this type of card with this version of the library. Opaque; made on the device that is current. Functions return a
/// cudaError_t as an int.
struct GemmLibrary;
struct GemmPlan;
int make_gemm_library(GemmLibrary** library_out);
void release_gemm_library(GemmLibrary* library);
/// Where the library was looked for in vain, and why each was of no use.
const char* gemm_library_tried();
int make_gemm_plan(GemmLibrary* library, const GemmShape& shape, GemmPlan** plan_out);
void release_gemm_plan(GemmPlan* plan);

/// Device memory that products work in: any product of one stream at a time.
std::int64_t gemm_workspace_bytes();

struct GemmCall {
    const float *a = nullptr, *b = nullptr;
    float* c = nullptr;
    void* workspace = nullptr;  ///< gemm_workspace_bytes()
};
int launch_gemm(const GemmPlan* plan, const GemmCall& call, StreamHandle stream);

}  // namespace glissade::kernels
