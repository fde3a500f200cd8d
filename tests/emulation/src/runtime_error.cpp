// SPDX-License-Identifier: Apache-2.0
#include <cuda_runtime_api.h>

#include <utility>

#include "machine.hpp"

using glissade::emulation::last_error;

cudaError_t cudaGetLastError() {
    return std::exchange(last_error(), cudaSuccess);
}

cudaError_t cudaPeekAtLastError() {
    return last_error();
}

#define GLISSADE_EMULATED_NAME(name, number, text) \
    case name:                                     \
        return #name;
#define GLISSADE_EMULATED_TEXT(name, number, text) \
    case name:                                     \
        return text;

const char* cudaGetErrorName(cudaError_t error) {
    switch (error) { GLISSADE_EMULATED_ERRORS(GLISSADE_EMULATED_NAME) }
    return "unrecognized error code";
}

const char* cudaGetErrorString(cudaError_t error) {
    switch (error) { GLISSADE_EMULATED_ERRORS(GLISSADE_EMULATED_TEXT) }
    return "unrecognized error code";
}
