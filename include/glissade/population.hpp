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
    double l1 = 0;                ///< adds l1 * sum |w| to the mean loss (as a proximal step: exact zeros)
    double l2 = 0;                ///< adds l2 / 2 * sum w^2 to the mean loss
    std::uint64_t init_seed = 0;  ///< of random initial parameters; linear models begin at 0 and have none
};

}  // namespace glissade
