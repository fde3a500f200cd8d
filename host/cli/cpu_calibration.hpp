// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/execution/cost_model.hpp"

namespace glissade::cli {

/// The constants of the cost model as this machine has them, from short training runs: some five seconds, a quarter of a GB of memory.
/// What sparse rows cost is left as it is.
CpuRates calibrate_cpu(int threads);

}  // namespace glissade::cli
