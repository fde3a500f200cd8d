// SPDX-License-Identifier: Apache-2.0
#pragma once

// A stand-in for CUDA's header of the same name: runtime calls, launches and everything a kernel may use, played on the CPU.
#include "cuda_runtime_api.h"
#include "emulated/atomics.hpp"
#include "emulated/intrinsics.hpp"
#include "emulated/launch.hpp"
#include "emulated/thread.hpp"
#include "emulated/warp.hpp"
