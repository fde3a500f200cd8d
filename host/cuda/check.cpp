// SPDX-License-Identifier: Apache-2.0
#include "host/cuda/check.hpp"

#include <cstdio>

#include "glissade/error.hpp"
#include "kernels/gateway/gemm.hpp"

namespace glissade::cuda {

namespace {

const char* remedy_of(cudaError_t status) {
    switch (status) {
        case cudaErrorMemoryAllocation:
            return "free memory on the device, set a smaller device memory limit, or train on the CPU";
        case cudaErrorNoDevice:
            return "no card is visible: check nvidia-smi and CUDA_VISIBLE_DEVICES";
        case cudaErrorInsufficientDriver:
            return "update the NVIDIA driver";
        case cudaErrorDevicesUnavailable:
            return "another process holds the card: wait for it or choose another one";
        case cudaErrorNoKernelImageForDevice:
            return "this build has no code for the card: rebuild with -DCMAKE_CUDA_ARCHITECTURES set to its compute capability";
        case cudaErrorCooperativeLaunchTooLarge:
            return "another program takes part of the card: stop it, or train on the CPU";
        case cudaErrorECCUncorrectable:
            return "the card's memory is damaged or was disturbed: reset the card";
        case cudaErrorIllegalAddress:
        case cudaErrorMisalignedAddress:
        case cudaErrorLaunchFailure:
        case cudaErrorInvalidConfiguration:
        case cudaErrorInvalidValue:
            return "this is a defect of the library: please report it with the settings of the run";
        default:
            return "check the card with nvidia-smi; the run can go on from its last checkpoint";
    }
}

/// As kernels/gateway/gemm.cu names cuBLASLt's own errors.
std::string remedy_of_product(cudaError_t status) {
    switch (status) {
        case cudaErrorSharedObjectInitFailed:
            return std::string("cuBLASLt, of which networks take their matrix products, was not found (") + kernels::gemm_library_tried() +
                   "): install the CUDA toolkit's cuBLAS or put its folder on LD_LIBRARY_PATH, or take the CPU";
        case cudaErrorInitializationError:
            return "cuBLASLt does not start: free memory on the device, see that the driver is not older than the library, or take the CPU";
        case cudaErrorNotSupported:
            return "cuBLASLt has no algorithm for this product on this card: take other widths of layers or batches, precision float32, "
                   "or the CPU";
        case cudaErrorNoKernelImageForDevice:
            return "this cuBLASLt has no code for the card: install a newer one of the same major version, or take the CPU";
        case cudaErrorLaunchFailure:
            return "the product failed on the card: check it with nvidia-smi; the run can go on from its last checkpoint";
        default:
            return remedy_of(status);
    }
}

[[noreturn]] void fail_call(cudaError_t status, const char* call, const std::string& subject, const std::string& remedy) {
    (void)cudaGetLastError();  // so that a later call does not report this error again
    fail(status == cudaErrorMemoryAllocation ? ErrorKind::memory : ErrorKind::device,
         std::string(call) + " (" + subject + ") failed: " + cudaGetErrorString(status) + " (" + cudaGetErrorName(status) + "); " + remedy);
}

}  // namespace

void check(cudaError_t status, const char* call, const std::string& subject) {
    if (status != cudaSuccess) fail_call(status, call, subject, remedy_of(status));
}

void check_launch(int status, const char* kernel, const std::string& subject) {
    if (status == 0) return;
    check(static_cast<cudaError_t>(status), (std::string("launch of ") + kernel).c_str(), subject);
}

void check_product(int status, const char* call, const std::string& subject) {
    const auto error = static_cast<cudaError_t>(status);
    if (error != cudaSuccess) fail_call(error, call, subject, remedy_of_product(error));
}

std::string in_bytes(std::int64_t bytes) {
    char text[32];
    if (bytes < 1000)
        std::snprintf(text, sizeof text, "%lld bytes", static_cast<long long>(bytes));
    else if (bytes < 1000000)
        std::snprintf(text, sizeof text, "%.1f KB", static_cast<double>(bytes) / 1e3);
    else if (bytes < 1000000000)
        std::snprintf(text, sizeof text, "%.1f MB", static_cast<double>(bytes) / 1e6);
    else
        std::snprintf(text, sizeof text, "%.2f GB", static_cast<double>(bytes) / 1e9);
    return text;
}

}  // namespace glissade::cuda
