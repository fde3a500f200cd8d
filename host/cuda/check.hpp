// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <string>

namespace glissade::cuda {

/// Throws unless `status` is cudaSuccess: Error(memory) if an allocation failed, else Error(device). `call` names the CUDA call and
/// `subject` what it was for, with sizes; the message adds CUDA's own words and what to do.
void check(cudaError_t status, const char* call, const std::string& subject);

/// The same for what a launcher of kernels/launch.hpp returned.
void check_launch(int status, const char* kernel, const std::string& subject);

/// The same for what the gateway of cuBLASLt returned: `call` is the library's, and what to do its own.
void check_product(int status, const char* call, const std::string& subject);

/// "3.42 GB", "17 KB", "12 bytes".
std::string in_bytes(std::int64_t bytes);

}  // namespace glissade::cuda
