// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cooperative_groups.h>
#include <cuda_runtime.h>

namespace glissade::kernels {

/// One block works alone.
struct BlockTeam {
    static constexpr bool exchanges = false;
    static __device__ __forceinline__ int rank() { return 0; }
    static __device__ __forceinline__ int blocks() { return 1; }
    static __device__ __forceinline__ void sync() { __syncthreads(); }
};

/// Every block of a cooperative grid.
struct GridTeam {
    static constexpr bool exchanges = true;
    static __device__ __forceinline__ int rank() { return static_cast<int>(blockIdx.x); }
    static __device__ __forceinline__ int blocks() { return static_cast<int>(gridDim.x); }
    static __device__ __forceinline__ void sync() { cooperative_groups::this_grid().sync(); }
};

}  // namespace glissade::kernels
