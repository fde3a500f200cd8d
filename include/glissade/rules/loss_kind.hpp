// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace glissade {

/// What the targets of a loss are, and how many scores it reads.
enum class LossKind {
    regression,  ///< one score and one real target an output; outputs of a row are summed. Declares `degree`: the loss of errors s times as
                 ///< large, its own lengths (delta) s times as large too, is s^degree times the loss
    binary,      ///< one score a row, targets 0 or 1
    grouped,     ///< one score a class, the target is the index of the class
};

inline constexpr int max_loss_constants = 2;

}  // namespace glissade
