// SPDX-License-Identifier: Apache-2.0
#include <cuda_runtime.h>

#include <utility>

#include "runtime_call.hpp"

namespace glissade::emulation {
namespace {

bool is_shape_valid(const dim3& grid, const dim3& block) {
    const std::uint64_t threads = std::uint64_t{block.x} * block.y * block.z;
    return threads >= 1 && threads <= 1024 && block.z <= 64 && grid.x >= 1 && grid.x <= 2147483647U && grid.y >= 1 && grid.y <= 65535 &&
           grid.z >= 1 && grid.z <= 65535;
}

cudaError_t read_attributes(const cudaLaunchConfig_t& config, LaunchRequest& request) {
    for (unsigned i = 0; i < config.numAttrs; ++i) {
        const cudaLaunchAttribute& attribute = config.attrs[i];
        switch (attribute.id) {
            case cudaLaunchAttributeIgnore:
            case cudaLaunchAttributePriority:
                break;
            case cudaLaunchAttributeCooperative:
                request.cooperative = attribute.val.cooperative != 0;
                break;
            case cudaLaunchAttributeClusterDimension: {
                const auto& shape = attribute.val.clusterDim;
                if (shape.x == 0 || shape.y == 0 || shape.z == 0) return cudaErrorInvalidValue;
                request.cluster = dim3(shape.x, shape.y, shape.z);
                break;
            }
            default:
                return cudaErrorInvalidValue;
        }
    }
    return cudaSuccess;
}

cudaError_t check_cluster(const Machine& all, const LaunchRequest& request, const void* kernel) {
    const std::uint64_t blocks = volume(request.cluster);
    if (blocks == 1) return cudaSuccess;
    if (all.card.max_cluster_blocks <= 1) return cudaErrorNotSupported;
    const dim3& grid = request.grid;
    const dim3& cluster = request.cluster;
    const bool is_divided = grid.x % cluster.x == 0 && grid.y % cluster.y == 0 && grid.z % cluster.z == 0;
    return is_divided && blocks <= static_cast<std::uint64_t>(all.max_cluster_blocks(kernel)) ? cudaSuccess : cudaErrorInvalidClusterSize;
}

// What a launch or a question about its occupancy asks for.
cudaError_t read_config(const Machine& all, const cudaLaunchConfig_t& config, const void* kernel, LaunchRequest& request) {
    if (!is_shape_valid(config.gridDim, config.blockDim)) return cudaErrorInvalidConfiguration;
    if (config.dynamicSmemBytes > all.max_dynamic_shared_bytes(kernel)) return cudaErrorInvalidValue;
    if (const cudaError_t error = read_attributes(config, request); error != cudaSuccess) return error;
    request.grid = config.gridDim;
    request.block = config.blockDim;
    request.shared_bytes = config.dynamicSmemBytes;
    return check_cluster(all, request, kernel);
}

int resident_clusters(const Machine& all, const LaunchRequest& request) {
    return all.resident_clusters(static_cast<int>(volume(request.block)), request.shared_bytes, static_cast<int>(volume(request.cluster)));
}

}  // namespace

cudaError_t launch(const cudaLaunchConfig_t& config, const void* kernel, std::function<void()> thread) {
    return runtime_call("cudaLaunchKernelEx", CallKind::device, config.dynamicSmemBytes, [&](Machine& all) {
        CUstream_st* const queue = all.streams.find(config.stream);
        if (queue == nullptr) return cudaErrorInvalidResourceHandle;
        if (const cudaError_t error = may_ask(all, *queue); error != cudaSuccess) return error;
        LaunchRequest request;
        if (const cudaError_t error = read_config(all, config, kernel, request); error != cudaSuccess) return error;
        request.number = static_cast<std::int64_t>(all.calls.size());
        request.thread = std::move(thread);

        const auto resident = static_cast<std::uint64_t>(resident_clusters(all, request));
        if (resident == 0) return volume(request.cluster) > 1 ? cudaErrorInvalidClusterSize : cudaErrorLaunchOutOfResources;
        if (request.cooperative && !all.card.cooperative_launch) return cudaErrorNotSupported;
        if (request.cooperative && volume(request.grid) > resident * volume(request.cluster)) return cudaErrorCooperativeLaunchTooLarge;
        ask(all, *queue, {NodeKind::kernel, kernel, [&all, request, resident] { all.play(request, resident); }, {}});
        return cudaSuccess;
    });
}

}  // namespace glissade::emulation

using glissade::emulation::CallKind;
using glissade::emulation::LaunchRequest;
using glissade::emulation::Machine;
using glissade::emulation::read_config;
using glissade::emulation::resident_clusters;
using glissade::emulation::runtime_call;
using glissade::emulation::volume;

cudaError_t cudaFuncSetAttribute(const void* kernel, cudaFuncAttribute attribute, int value) {
    return runtime_call("cudaFuncSetAttribute", CallKind::device, 0, [&](Machine& all) {
        if (attribute == cudaFuncAttributePreferredSharedMemoryCarveout) return cudaSuccess;
        if (attribute == cudaFuncAttributeNonPortableClusterSizeAllowed) {
            if (all.card.max_cluster_blocks <= 1) return cudaErrorNotSupported;
            if (value == 0)
                all.allow_non_portable_clusters.erase(kernel);
            else
                all.allow_non_portable_clusters.insert(kernel);
            return cudaSuccess;
        }
        const bool fits = value >= 0 && static_cast<std::size_t>(value) <= all.card.shared_bytes_per_block_optin;
        if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize || !fits) return cudaErrorInvalidValue;
        all.dynamic_shared_limits[kernel] = static_cast<std::size_t>(value);
        return cudaSuccess;
    });
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void* kernel) {
    return runtime_call("cudaFuncGetAttributes", CallKind::device, 0, [&](Machine& all) {
        *attributes = {};
        attributes->maxThreadsPerBlock = 1024;
        attributes->numRegs = all.card.registers_per_thread;
        attributes->ptxVersion = attributes->binaryVersion = 10 * all.card.compute_major + all.card.compute_minor;
        attributes->maxDynamicSharedSizeBytes = static_cast<int>(all.max_dynamic_shared_bytes(kernel));
        return cudaSuccess;
    });
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, const void*, int block_threads, std::size_t dynamic_shared_bytes) {
    return runtime_call("cudaOccupancyMaxActiveBlocksPerMultiprocessor", CallKind::device, dynamic_shared_bytes, [&](Machine& all) {
        *blocks = all.resident_blocks_per_multiprocessor(block_threads, dynamic_shared_bytes);
        return cudaSuccess;
    });
}

cudaError_t cudaOccupancyMaxActiveClusters(int* clusters, const void* kernel, const cudaLaunchConfig_t* config) {
    return runtime_call("cudaOccupancyMaxActiveClusters", CallKind::device, config->dynamicSmemBytes, [&](Machine& all) {
        LaunchRequest request;
        if (const cudaError_t error = read_config(all, *config, kernel, request); error != cudaSuccess) return error;
        *clusters = resident_clusters(all, request);
        return cudaSuccess;
    });
}

cudaError_t cudaOccupancyMaxPotentialClusterSize(int* cluster_blocks, const void* kernel, const cudaLaunchConfig_t* config) {
    return runtime_call("cudaOccupancyMaxPotentialClusterSize", CallKind::device, config->dynamicSmemBytes, [&](Machine& all) {
        if (all.card.max_cluster_blocks <= 1) return cudaErrorNotSupported;
        const auto threads = static_cast<int>(volume(config->blockDim));
        int blocks = all.max_cluster_blocks(kernel);
        while (blocks > 1 && all.resident_clusters(threads, config->dynamicSmemBytes, blocks) == 0) --blocks;
        *cluster_blocks = blocks;
        return cudaSuccess;
    });
}
