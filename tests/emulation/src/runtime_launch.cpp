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

// Reads the launch attributes; clusters are not played.
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
            case cudaLaunchAttributeClusterDimension:
                return cudaErrorNotSupported;
            default:
                return cudaErrorInvalidValue;
        }
    }
    return cudaSuccess;
}

}  // namespace

cudaError_t launch(const cudaLaunchConfig_t& config, const void* kernel, std::function<void()> thread) {
    return runtime_call("cudaLaunchKernelEx", CallKind::device, config.dynamicSmemBytes, [&](Machine& all) {
        CUstream_st* const queue = all.streams.find(config.stream);
        if (queue == nullptr) return cudaErrorInvalidResourceHandle;
        if (!is_shape_valid(config.gridDim, config.blockDim)) return cudaErrorInvalidConfiguration;
        if (config.dynamicSmemBytes > all.max_dynamic_shared_bytes(kernel)) return cudaErrorInvalidValue;
        LaunchRequest request;
        if (const cudaError_t error = read_attributes(config, request); error != cudaSuccess) return error;
        request.grid = config.gridDim;
        request.block = config.blockDim;
        request.shared_bytes = config.dynamicSmemBytes;
        request.number = static_cast<std::int64_t>(all.calls.size());
        request.thread = std::move(thread);

        const dim3& block = config.blockDim;
        const int per_multiprocessor =
            all.resident_blocks_per_multiprocessor(static_cast<int>(block.x * block.y * block.z), request.shared_bytes);
        if (per_multiprocessor == 0) return cudaErrorLaunchOutOfResources;
        const auto resident = static_cast<std::uint64_t>(per_multiprocessor * all.card.multiprocessors);
        const std::uint64_t blocks = std::uint64_t{config.gridDim.x} * config.gridDim.y * config.gridDim.z;
        if (request.cooperative && !all.card.cooperative_launch) return cudaErrorNotSupported;
        if (request.cooperative && blocks > resident) return cudaErrorCooperativeLaunchTooLarge;
        all.streams.push(*queue, [&all, request, resident] { all.play(request, resident); });
        return cudaSuccess;
    });
}

}  // namespace glissade::emulation

using glissade::emulation::CallKind;
using glissade::emulation::Machine;
using glissade::emulation::runtime_call;

cudaError_t cudaFuncSetAttribute(const void* kernel, cudaFuncAttribute attribute, int value) {
    return runtime_call("cudaFuncSetAttribute", CallKind::device, 0, [&](Machine& all) {
        if (attribute == cudaFuncAttributePreferredSharedMemoryCarveout) return cudaSuccess;
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
