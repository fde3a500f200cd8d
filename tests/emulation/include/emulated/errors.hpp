// SPDX-License-Identifier: Apache-2.0
#pragma once

// The errors that this stand-in returns itself or that a test may inject: name, CUDA's number, CUDA's text.
#define GLISSADE_EMULATED_ERRORS(entry)                                                                                                   \
    entry(cudaSuccess, 0, "no error") entry(cudaErrorInvalidValue, 1, "invalid argument")                                                 \
        entry(cudaErrorMemoryAllocation, 2, "out of memory") entry(cudaErrorInitializationError, 3, "initialization error")               \
            entry(cudaErrorInvalidConfiguration, 9, "invalid configuration argument")                                                     \
                entry(cudaErrorInvalidMemcpyDirection, 21, "invalid copy direction for memcpy") entry(                                    \
                    cudaErrorInsufficientDriver, 35, "CUDA driver version is insufficient for CUDA runtime version")                      \
                    entry(cudaErrorDevicesUnavailable, 46, "CUDA-capable device(s) is/are busy or unavailable") entry(                    \
                        cudaErrorInvalidDeviceFunction, 98, "invalid device function") entry(cudaErrorNoDevice, 100,                      \
                                                                                             "no CUDA-capable device is detected")        \
                        entry(cudaErrorInvalidDevice, 101, "invalid device ordinal") entry(                                               \
                            cudaErrorNoKernelImageForDevice, 209, "no kernel image is available for execution on the device")             \
                            entry(cudaErrorECCUncorrectable, 214, "uncorrectable ECC error encountered") entry(                           \
                                cudaErrorOperatingSystem, 304, "OS call failed or operation not supported on this OS")                    \
                                entry(cudaErrorInvalidResourceHandle, 400, "invalid resource handle") entry(                              \
                                    cudaErrorNotReady, 600, "device not ready") entry(cudaErrorIllegalAddress, 700,                       \
                                                                                      "an illegal memory access was encountered")         \
                                    entry(cudaErrorLaunchOutOfResources, 701, "too many resources requested for launch") entry(           \
                                        cudaErrorLaunchTimeout, 702, "the launch timed out and was terminated")                           \
                                        entry(cudaErrorAssert, 710, "device-side assert triggered") entry(                                \
                                            cudaErrorHostMemoryAlreadyRegistered, 712,                                                    \
                                            "part or all of the requested memory range is already mapped")                                \
                                            entry(cudaErrorHostMemoryNotRegistered, 713,                                                  \
                                                  "pointer does not correspond to a registered memory region")                            \
                                                entry(cudaErrorMisalignedAddress, 716, "misaligned address")                              \
                                                    entry(cudaErrorLaunchFailure, 719, "unspecified launch failure") entry(               \
                                                        cudaErrorCooperativeLaunchTooLarge, 720, "too many blocks in cooperative launch") \
                                                        entry(cudaErrorNotPermitted, 800, "operation not permitted")                      \
                                                            entry(cudaErrorNotSupported, 801, "operation not supported")                  \
                                                                entry(cudaErrorSystemNotReady, 802, "system not yet initialized")         \
                                                                    entry(cudaErrorInvalidClusterSize, 912, "cluster misconfiguration")   \
                                                                        entry(cudaErrorUnknown, 999, "unknown error")

#define GLISSADE_EMULATED_ENUMERATOR(name, number, text) name = number,
enum cudaError { GLISSADE_EMULATED_ERRORS(GLISSADE_EMULATED_ENUMERATOR) };
#undef GLISSADE_EMULATED_ENUMERATOR
using cudaError_t = cudaError;
