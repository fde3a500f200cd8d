// SPDX-License-Identifier: Apache-2.0
#pragma once

// CUDA's words that a C++ compiler does not know. __shared__, __constant__ and __managed__ are missing on purpose: kernels take
// shared memory as one named struct and everything else as one parameter struct.
#define GLISSADE_EMULATED_CUDA 1
#define __global__
#define __device__
#define __host__
#define __grid_constant__
#define __launch_bounds__(...)
#define __forceinline__ inline
#define __align__(n) __attribute__((aligned(n)))
#define CUDART_CB
#define CUDART_VERSION 13000
