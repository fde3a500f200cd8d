// SPDX-License-Identifier: Apache-2.0
#include <cuda_runtime.h>

#include <cstdio>

#include "runtime_call.hpp"

namespace {

using glissade::emulation::CallKind;
using glissade::emulation::Card;
using glissade::emulation::Machine;
using glissade::emulation::runtime_call;

bool is_ordinal(const Machine& all, int device) {
    return device >= 0 && device < all.device_count;
}

cudaDeviceProp properties_of(const Card& card) {
    cudaDeviceProp result{};
    std::snprintf(result.name, sizeof(result.name), "%s", card.name.c_str());
    result.totalGlobalMem = card.memory_bytes;
    result.sharedMemPerBlock = card.shared_bytes_per_block;
    result.regsPerBlock = 65536;
    result.warpSize = warpSize;
    result.maxThreadsPerBlock = 1024;
    result.maxThreadsDim[0] = result.maxThreadsDim[1] = 1024;
    result.maxThreadsDim[2] = 64;
    result.maxGridSize[0] = 2147483647;
    result.maxGridSize[1] = result.maxGridSize[2] = 65535;
    result.totalConstMem = 65536;
    result.major = card.compute_major;
    result.minor = card.compute_minor;
    result.multiProcessorCount = card.multiprocessors;
    result.canMapHostMemory = 1;
    result.concurrentKernels = 1;
    result.asyncEngineCount = 2;
    result.unifiedAddressing = 1;
    result.memoryBusWidth = 256;
    result.l2CacheSize = 4 << 20;
    result.maxThreadsPerMultiProcessor = card.max_threads_per_multiprocessor;
    result.sharedMemPerMultiprocessor = card.shared_bytes_per_multiprocessor;
    result.regsPerMultiprocessor = 65536;
    result.cooperativeLaunch = card.cooperative_launch ? 1 : 0;
    result.sharedMemPerBlockOptin = card.shared_bytes_per_block_optin;
    result.maxBlocksPerMultiProcessor = card.max_blocks_per_multiprocessor;
    result.reservedSharedMemPerBlock = card.reserved_shared_bytes_per_block;
    result.clusterLaunch = card.max_cluster_blocks > 1 ? 1 : 0;
    return result;
}

// The value of an attribute; -1 for one that this stand-in does not know.
int attribute_of(const cudaDeviceProp& card, cudaDeviceAttr attribute) {
    switch (attribute) {
        case cudaDevAttrMaxThreadsPerBlock:
            return card.maxThreadsPerBlock;
        case cudaDevAttrMaxBlockDimX:
            return card.maxThreadsDim[0];
        case cudaDevAttrMaxBlockDimY:
            return card.maxThreadsDim[1];
        case cudaDevAttrMaxBlockDimZ:
            return card.maxThreadsDim[2];
        case cudaDevAttrMaxGridDimX:
            return card.maxGridSize[0];
        case cudaDevAttrMaxGridDimY:
            return card.maxGridSize[1];
        case cudaDevAttrMaxGridDimZ:
            return card.maxGridSize[2];
        case cudaDevAttrMaxSharedMemoryPerBlock:
            return static_cast<int>(card.sharedMemPerBlock);
        case cudaDevAttrTotalConstantMemory:
            return static_cast<int>(card.totalConstMem);
        case cudaDevAttrWarpSize:
            return card.warpSize;
        case cudaDevAttrMaxRegistersPerBlock:
            return card.regsPerBlock;
        case cudaDevAttrClockRate:
            return 1500000;
        case cudaDevAttrMultiProcessorCount:
            return card.multiProcessorCount;
        case cudaDevAttrIntegrated:
            return card.integrated;
        case cudaDevAttrCanMapHostMemory:
            return card.canMapHostMemory;
        case cudaDevAttrConcurrentKernels:
            return card.concurrentKernels;
        case cudaDevAttrEccEnabled:
            return card.ECCEnabled;
        case cudaDevAttrMemoryClockRate:
            return 2000000;
        case cudaDevAttrGlobalMemoryBusWidth:
            return card.memoryBusWidth;
        case cudaDevAttrL2CacheSize:
            return card.l2CacheSize;
        case cudaDevAttrMaxThreadsPerMultiProcessor:
            return card.maxThreadsPerMultiProcessor;
        case cudaDevAttrAsyncEngineCount:
            return card.asyncEngineCount;
        case cudaDevAttrUnifiedAddressing:
            return card.unifiedAddressing;
        case cudaDevAttrComputeCapabilityMajor:
            return card.major;
        case cudaDevAttrComputeCapabilityMinor:
            return card.minor;
        case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
            return static_cast<int>(card.sharedMemPerMultiprocessor);
        case cudaDevAttrMaxRegistersPerMultiprocessor:
            return card.regsPerMultiprocessor;
        case cudaDevAttrManagedMemory:
            return card.managedMemory;
        case cudaDevAttrCooperativeLaunch:
            return card.cooperativeLaunch;
        case cudaDevAttrMaxSharedMemoryPerBlockOptin:
            return static_cast<int>(card.sharedMemPerBlockOptin);
        case cudaDevAttrMaxBlocksPerMultiprocessor:
            return card.maxBlocksPerMultiProcessor;
        case cudaDevAttrReservedSharedMemoryPerBlock:
            return static_cast<int>(card.reservedSharedMemPerBlock);
        case cudaDevAttrMemoryPoolsSupported:
            return 1;
        case cudaDevAttrClusterLaunch:
            return card.clusterLaunch;
    }
    return -1;
}

}  // namespace

cudaError_t cudaGetDeviceCount(int* count) {
    *count = 0;
    return runtime_call("cudaGetDeviceCount", CallKind::device, 0, [&](Machine& all) {
        *count = all.device_count;
        return cudaSuccess;
    });
}

cudaError_t cudaSetDevice(int device) {
    return runtime_call("cudaSetDevice", CallKind::device, 0, [&](Machine& all) {
        if (!is_ordinal(all, device)) return cudaErrorInvalidDevice;
        glissade::emulation::current_device() = device;
        return cudaSuccess;
    });
}

cudaError_t cudaGetDevice(int* device) {
    return runtime_call("cudaGetDevice", CallKind::device, 0, [&](Machine&) {
        *device = glissade::emulation::current_device();
        return cudaSuccess;
    });
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
    return runtime_call("cudaGetDeviceProperties", CallKind::device, 0, [&](Machine& all) {
        if (!is_ordinal(all, device)) return cudaErrorInvalidDevice;
        *properties = properties_of(all.card);
        return cudaSuccess;
    });
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
    return runtime_call("cudaDeviceGetAttribute", CallKind::device, 0, [&](Machine& all) {
        if (!is_ordinal(all, device)) return cudaErrorInvalidDevice;
        const int found = attribute_of(properties_of(all.card), attribute);
        if (found < 0) return cudaErrorInvalidValue;
        *value = found;
        return cudaSuccess;
    });
}

cudaError_t cudaDriverGetVersion(int* version) {
    return runtime_call("cudaDriverGetVersion", CallKind::query, 0, [&](Machine& all) {
        *version = all.card.driver_version;
        return cudaSuccess;
    });
}

cudaError_t cudaRuntimeGetVersion(int* version) {
    return runtime_call("cudaRuntimeGetVersion", CallKind::query, 0, [&](Machine&) {
        *version = CUDART_VERSION;
        return cudaSuccess;
    });
}
