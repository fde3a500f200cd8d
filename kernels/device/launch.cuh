// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "kernels/launch.hpp"

namespace glissade::kernels {

struct GridShape {
    int blocks = 1, threads = 1;
    std::int64_t shared_bytes = 0;
    bool cooperative = false;
    int cluster = 1;  ///< blocks that reach into each other's shared memory; divides `blocks`. More than 1 needs cudaDevAttrClusterLaunch.
};

/// Shared memory beyond 48 KB must be asked for, kernel by kernel.
template <class Params>
cudaError_t allow_shared_bytes(void (*kernel)(Params), std::int64_t bytes) {
    constexpr std::int64_t always_allowed = 48 << 10;
    if (bytes <= always_allowed) return cudaSuccess;
    return cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes));
}

/// So must clusters of more than 8 blocks, which not every card with clusters runs.
template <class Params>
cudaError_t allow_cluster(void (*kernel)(Params), int blocks) {
    constexpr int always_allowed = 8;
    if (blocks <= always_allowed) return cudaSuccess;
    return cudaFuncSetAttribute(kernel, cudaFuncAttributeNonPortableClusterSizeAllowed, 1);
}

/// A launch as CUDA wants it told. Its address is kept in itself: it stays where it was made.
class LaunchConfig {
public:
    LaunchConfig(const GridShape& shape, StreamHandle stream) {
        if (shape.cooperative) {
            cudaLaunchAttribute& cooperative = attributes_[config_.numAttrs++];
            cooperative.id = cudaLaunchAttributeCooperative;
            cooperative.val.cooperative = 1;
        }
        if (shape.cluster > 1) {
            cudaLaunchAttribute& cluster = attributes_[config_.numAttrs++];
            cluster.id = cudaLaunchAttributeClusterDimension;
            cluster.val.clusterDim.x = static_cast<unsigned>(shape.cluster);
            cluster.val.clusterDim.y = cluster.val.clusterDim.z = 1;
        }
        config_.gridDim = dim3(static_cast<unsigned>(shape.blocks));
        config_.blockDim = dim3(static_cast<unsigned>(shape.threads));
        config_.dynamicSmemBytes = static_cast<std::size_t>(shape.shared_bytes);
        config_.stream = stream;
        config_.attrs = attributes_;
    }
    LaunchConfig(const LaunchConfig&) = delete;
    LaunchConfig& operator=(const LaunchConfig&) = delete;

    const cudaLaunchConfig_t* get() const { return &config_; }

private:
    cudaLaunchAttribute attributes_[2] = {};
    cudaLaunchConfig_t config_ = {};
};

/// What a shape needs beyond what every kernel may have.
template <class Params>
cudaError_t allow_shape(void (*kernel)(Params), const GridShape& shape) {
    const cudaError_t allowed = allow_shared_bytes(kernel, shape.shared_bytes);
    return allowed != cudaSuccess ? allowed : allow_cluster(kernel, shape.cluster);
}

/// The only way in which this project launches a kernel: one parameter struct, a stream that is never the null stream.
template <class Params>
int launch(void (*kernel)(Params), const Params& params, const GridShape& shape, StreamHandle stream) {
    const cudaError_t allowed = allow_shape(kernel, shape);
    if (allowed != cudaSuccess) return static_cast<int>(allowed);
    const LaunchConfig config(shape, stream);
    return static_cast<int>(cudaLaunchKernelEx(config.get(), kernel, params));
}

/// How many clusters of the shape the device holds at a time; a cooperative grid may have no more. `shape.blocks` is not looked at beyond
/// being a multiple of the cluster.
template <class Params>
int resident_clusters(void (*kernel)(Params), const GridShape& shape, int* clusters_out) {
    const cudaError_t allowed = allow_shape(kernel, shape);
    if (allowed != cudaSuccess) return static_cast<int>(allowed);
    const LaunchConfig config(shape, nullptr);
    return static_cast<int>(cudaOccupancyMaxActiveClusters(clusters_out, kernel, config.get()));
}

}  // namespace glissade::kernels
