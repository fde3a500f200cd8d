// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/device/segment_block.cuh"

namespace glissade::kernels {

/// The sum of element e over blocks 0 ... count - 1 of the cluster (a power of two up to 16), in tree order.
template <int Count>
__device__ __forceinline__ float cluster_tree(float* own, int e) {
    float sum[Count];
#pragma unroll
    for (int k = 0; k < Count; ++k) sum[k] = Cluster::other(own, k)[e];
#pragma unroll
    for (int reach = 1; reach < Count; reach *= 2)
#pragma unroll
        for (int k = 0; k < Count; k += 2 * reach) sum[k] = sum[k] + sum[k + reach];
    return sum[0];
}
__device__ __forceinline__ float cluster_tree_sum(float* own, int e, int count) {
    switch (count) {
        case 1:
            return cluster_tree<1>(own, e);
        case 2:
            return cluster_tree<2>(own, e);
        case 4:
            return cluster_tree<4>(own, e);
        case 8:
            return cluster_tree<8>(own, e);
        default:
            return cluster_tree<16>(own, e);
    }
}

/// Hands the block's sums, or, with `cluster` > 1, the part of its cluster's that falls to it, to `give(element, sources, source, sum)`,
/// and returns how many sources there are: a power of two. A cluster is an aligned run of blocks, so its sum is a node of SumShape's tree.
template <class Block, class Give>
__device__ __forceinline__ int publish(const Block& b, float* sums, int cluster, int active_blocks, const Give& give) {
    if (cluster == 1) {
        if (Blocks::rank() < active_blocks)
            for (int e = b.thread(); e < b.sum_count; e += b.threads()) give(e, active_blocks, Blocks::rank(), sums[e]);
        return active_blocks;
    }
    const int members = cluster < active_blocks ? cluster : active_blocks, sources = active_blocks / members;
    const int source = Blocks::rank() / cluster, place = Blocks::rank() - source * cluster;
    Cluster::sync();
    if (source < sources)
        for (int e = b.thread() + place * b.threads(); e < b.sum_count; e += cluster * b.threads())
            give(e, sources, source, cluster_tree_sum(sums, e, members));
    return sources;
}

}  // namespace glissade::kernels
