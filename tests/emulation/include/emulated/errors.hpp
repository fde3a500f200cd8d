// SPDX-License-Identifier: Apache-2.0
#pragma once

// The errors that this stand-in returns itself or that a test may inject: name, CUDA's number, CUDA's text.
// clang-format off
#define GLISSADE_EMULATED_ERRORS(entry) \
    entry(cudaSuccess, 0, "no error") \
    entry(cudaErrorInvalidValue, 1, "invalid argument") \
    entry(cudaErrorMemoryAllocation, 2, "out of memory") \
    entry(cudaErrorInitializationError, 3, "initialization error") \
    entry(cudaErrorInvalidConfiguration, 9, "invalid configuration argument") \
    entry(cudaErrorInvalidMemcpyDirection, 21, "invalid copy direction for memcpy") \
    entry(cudaErrorInsufficientDriver, 35, "CUDA driver version is insufficient for CUDA runtime version") \
    entry(cudaErrorDevicesUnavailable, 46, "CUDA-capable device(s) is/are busy or unavailable") \
    entry(cudaErrorInvalidDeviceFunction, 98, "invalid device function") \
    entry(cudaErrorNoDevice, 100, "no CUDA-capable device is detected") \
    entry(cudaErrorInvalidDevice, 101, "invalid device ordinal") \
    entry(cudaErrorNoKernelImageForDevice, 209, "no kernel image is available for execution on the device") \
    entry(cudaErrorECCUncorrectable, 214, "uncorrectable ECC error encountered") \
    entry(cudaErrorSharedObjectInitFailed, 303, "shared object initialization failed") \
    entry(cudaErrorOperatingSystem, 304, "OS call failed or operation not supported on this OS") \
    entry(cudaErrorInvalidResourceHandle, 400, "invalid resource handle") \
    entry(cudaErrorIllegalState, 401, "the operation cannot be performed in the present state") \
    entry(cudaErrorNotReady, 600, "device not ready") \
    entry(cudaErrorIllegalAddress, 700, "an illegal memory access was encountered") \
    entry(cudaErrorLaunchOutOfResources, 701, "too many resources requested for launch") \
    entry(cudaErrorLaunchTimeout, 702, "the launch timed out and was terminated") \
    entry(cudaErrorAssert, 710, "device-side assert triggered") \
    entry(cudaErrorHostMemoryAlreadyRegistered, 712, "part or all of the requested memory range is already mapped") \
    entry(cudaErrorHostMemoryNotRegistered, 713, "pointer does not correspond to a registered memory region") \
    entry(cudaErrorMisalignedAddress, 716, "misaligned address") \
    entry(cudaErrorLaunchFailure, 719, "unspecified launch failure") \
    entry(cudaErrorCooperativeLaunchTooLarge, 720, "too many blocks in cooperative launch") \
    entry(cudaErrorNotPermitted, 800, "operation not permitted") \
    entry(cudaErrorNotSupported, 801, "operation not supported") \
    entry(cudaErrorSystemNotReady, 802, "system not yet initialized") \
    entry(cudaErrorStreamCaptureUnsupported, 900, "operation not permitted when stream is capturing") \
    entry(cudaErrorStreamCaptureInvalidated, 901, "operation failed due to a previous error during capture") \
    entry(cudaErrorStreamCaptureMerge, 902, "operation would result in a merge of separate capture sequences") \
    entry(cudaErrorStreamCaptureUnmatched, 903, "capture was not ended in the same stream as it began") \
    entry(cudaErrorStreamCaptureUnjoined, 904, "capturing stream has unjoined work") \
    entry(cudaErrorStreamCaptureIsolation, 905, "dependency created on uncaptured work in another stream") \
    entry(cudaErrorStreamCaptureImplicit, 906, "operation would make the legacy stream depend on a capturing blocking stream") \
    entry(cudaErrorCapturedEvent, 907, "operation not permitted on an event last recorded in a capturing stream") \
    entry(cudaErrorStreamCaptureWrongThread, 908, "attempt to terminate a thread-local capture sequence from another thread") \
    entry(cudaErrorGraphExecUpdateFailure, 910, "the graph update was not performed because it included changes which violated constraints specific to instantiated graph update") \
    entry(cudaErrorInvalidClusterSize, 912, "cluster misconfiguration") \
    entry(cudaErrorUnknown, 999, "unknown error")
// clang-format on

#define GLISSADE_EMULATED_ENUMERATOR(name, number, text) name = number,
enum cudaError { GLISSADE_EMULATED_ERRORS(GLISSADE_EMULATED_ENUMERATOR) };
#undef GLISSADE_EMULATED_ENUMERATOR
using cudaError_t = cudaError;
