// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

namespace glissade::kernels {

/// The sum of `Count` neighbouring values in tree order, read past the L1 cache: other multiprocessors wrote them during this launch.
template <int Count>
__device__ __forceinline__ float fresh_tree_sum(const float* values) {
    static_assert(Count == 1 || Count == 2 || Count == 4);
    if constexpr (Count == 1) return __ldcg(values);
    if constexpr (Count == 2) {
        const float2 v = __ldcg(reinterpret_cast<const float2*>(values));
        return v.x + v.y;
    }
    if constexpr (Count == 4) {
        const float4 v = __ldcg(reinterpret_cast<const float4*>(values));
        return (v.x + v.y) + (v.z + v.w);
    }
}

/// The sum of `count` neighbouring values (a power of two, at most 128; aligned to 16 bytes from 4 on) in tree order, by the min(count, 32) lanes of a
/// group; `rank` is the lane's place in it. Every lane of the warp must call, with the same count.
__device__ __forceinline__ float group_tree_sum(const float* values, int count, int rank) {
    float sum;
    if (count <= 32)
        sum = fresh_tree_sum<1>(values + rank);
    else if (count == 64)
        sum = fresh_tree_sum<2>(values + 2 * rank);
    else
        sum = fresh_tree_sum<4>(values + 4 * rank);
    const int lanes = count < 32 ? count : 32;
    for (int reach = 1; reach < lanes; reach *= 2) sum = sum + __shfl_xor_sync(0xFFFFFFFFu, sum, reach);
    return sum;
}

}  // namespace glissade::kernels
