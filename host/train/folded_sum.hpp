// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace glissade {

/// A sum in the order that rules::folded_terms describes. Its rounding error grows with the logarithm of the number of terms.
class FoldedSum {
public:
    void add(double term) { add_to(0, term); }
    /// Of the terms so far. To be asked once.
    double total();

private:
    struct Level {
        std::array<double, 256> terms;
        std::size_t count = 0;
    };
    void add_to(std::size_t level, double term);
    void carry(std::size_t level);
    std::vector<Level> levels_;
};

/// Replaces every value by the sum of those before it. Blocks of rules::folded_terms: within one, value i += value i - 1, then i - 2, 4 ...
/// 128, all at a time; the blocks' sums are scanned likewise and added to what lies behind them.
void scan_before(std::vector<double>& values);

}  // namespace glissade
