// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "glissade/optimizer.hpp"

namespace glissade {

/// What one model of a population has of its own. All members share the loss, the kind of update rule, the batch size and the row order,
/// and each row that is read. A member of a population is bit for bit the model that a run of its own gives on the CPU.
struct Member {
    Optimizer optimizer;
    double l1 = 0;                   ///< adds l1 * sum |w| to the mean loss (as a proximal step: exact zeros)
    double l2 = 0;                   ///< adds l2 / 2 * sum w^2 to the mean loss
    std::uint64_t init_seed = 0;     ///< of random initial parameters; a linear model begins at 0 unless it is told otherwise
    std::uint64_t dropout_seed = 0;  ///< of the units that dropout leaves out
};

}  // namespace glissade
