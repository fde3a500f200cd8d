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
};

/// Shared memory beyond 48 KB must be asked for, kernel by kernel.
template <class Params>
cudaError_t allow_shared_bytes(void (*kernel)(Params), std::int64_t bytes) {
    constexpr std::int64_t always_allowed = 48 << 10;
    if (bytes <= always_allowed) return cudaSuccess;
    return cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes));
}

/// The only way in which this project launches a kernel: one parameter struct, a stream that is never the null stream.
template <class Params>
int launch(void (*kernel)(Params), const Params& params, const GridShape& shape, StreamHandle stream) {
    const cudaError_t allowed = allow_shared_bytes(kernel, shape.shared_bytes);
    if (allowed != cudaSuccess) return static_cast<int>(allowed);
    cudaLaunchAttribute cooperative = {};
    cooperative.id = cudaLaunchAttributeCooperative;
    cooperative.val.cooperative = 1;
    cudaLaunchConfig_t config = {};
    config.gridDim = dim3(static_cast<unsigned>(shape.blocks));
    config.blockDim = dim3(static_cast<unsigned>(shape.threads));
    config.dynamicSmemBytes = static_cast<std::size_t>(shape.shared_bytes);
    config.stream = stream;
    config.attrs = &cooperative;
    config.numAttrs = shape.cooperative ? 1 : 0;
    return static_cast<int>(cudaLaunchKernelEx(&config, kernel, params));
}

}  // namespace glissade::kernels
