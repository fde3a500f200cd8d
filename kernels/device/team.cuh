// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cooperative_groups.h>
#include <cuda_runtime.h>

#include "kernels/launch.hpp"

namespace glissade::kernels {

/// The blocks of a cluster, an aligned run of the grid's that reach into each other's shared memory.
struct Cluster {
#ifdef _CG_HAS_CLUSTER_GROUP
    static __device__ __forceinline__ void sync() {
        cooperative_groups::this_cluster().sync();
    }
    /// Where block `rank` of the cluster has what this block has at `own`, both in shared memory.
    static __device__ __forceinline__ const float* other(float* own, int rank) {
        return cooperative_groups::this_cluster().map_shared_rank(own, rank);
    }
#else
    // Before compute capability 9.0 there are none, and no plan has one.
    static __device__ __forceinline__ void sync() {
        __trap();
    }
    static __device__ __forceinline__ const float* other(float* own, int) {
        return own;
    }
#endif
};

/// The blocks that work on a step: one alone, those of one cluster, or every block of a cooperative grid. Which it is is asked while the
/// kernel runs, once a step and by every thread alike: a kernel of each kind would double its code and the time to compile it.
struct Blocks {
    static __device__ __forceinline__ int rank() { return static_cast<int>(blockIdx.x); }
    static __device__ __forceinline__ int count() { return static_cast<int>(gridDim.x); }
    static __device__ __forceinline__ void sync(Team team) {
        if (team == Team::grid)
            cooperative_groups::this_grid().sync();
        else if (team == Team::cluster)
            Cluster::sync();
        else
            __syncthreads();
    }
};

}  // namespace glissade::kernels
