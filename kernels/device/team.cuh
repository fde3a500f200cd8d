// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cooperative_groups.h>
#include <cuda_runtime.h>

namespace glissade::kernels {

/// The blocks that work on a step: one alone, or every block of a cooperative grid. Which it is is asked while the kernel runs, once a
/// step and by every thread alike: a kernel of each kind would double its code and the time to compile it.
struct Blocks {
    static __device__ __forceinline__ int rank() { return static_cast<int>(blockIdx.x); }
    static __device__ __forceinline__ int count() { return static_cast<int>(gridDim.x); }
    static __device__ __forceinline__ void sync() { cooperative_groups::this_grid().sync(); }
};

}  // namespace glissade::kernels
