// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "glissade/rules/judge.hpp"
#include "kernels/tuning.hpp"

namespace glissade::kernels {

/// The shared memory of a block of rules::folded_terms threads that folds or scans.
struct FoldStorage {
    double values[rules::folded_terms];
};

/// The folded sum of one value of each thread; thread 0 gets it. Every thread of the block must call.
__device__ __forceinline__ double block_fold(FoldStorage& storage, double value) {
    const int t = static_cast<int>(threadIdx.x);
    storage.values[t] = value;
    for (int half = rules::folded_terms / 2; half >= tuning::warp; half /= 2) {
        __syncthreads();
        if (t < half) storage.values[t] = storage.values[t] + storage.values[t + half];
    }
    double sum = 0;
    if (t < tuning::warp) {
        sum = storage.values[t];
        for (int half = tuning::warp / 2; half > 0; half /= 2) sum = sum + __shfl_xor_sync(0xFFFFFFFFu, sum, half);
    }
    __syncthreads();
    return sum;
}

/// The sum of the values of the threads before this one and its own, in the order of scan_before. Every thread of the block must call.
__device__ __forceinline__ double block_scan(FoldStorage& storage, double value) {
    const int t = static_cast<int>(threadIdx.x);
    for (int reach = 1; reach < rules::folded_terms; reach *= 2) {
        storage.values[t] = value;
        __syncthreads();
        if (t >= reach) value = storage.values[t - reach] + value;
        __syncthreads();
    }
    return value;
}

}  // namespace glissade::kernels
