// SPDX-License-Identifier: Apache-2.0
#include "host/train/folded_sum.hpp"

#include <algorithm>

#include "glissade/rules/judge.hpp"

namespace glissade {

namespace {
constexpr std::size_t fold = rules::folded_terms;
}

void FoldedSum::add_to(std::size_t level, double term) {
    if (level == levels_.size()) levels_.emplace_back();
    Level& to = levels_[level];
    to.terms[to.count++] = term;
    if (to.count == fold) carry(level);
}

void FoldedSum::carry(std::size_t level) {
    Level& from = levels_[level];
    std::fill(from.terms.begin() + static_cast<std::ptrdiff_t>(from.count), from.terms.end(), 0.0);
    for (std::size_t half = fold / 2; half > 0; half /= 2)
        for (std::size_t i = 0; i < half; ++i) from.terms[i] = from.terms[i] + from.terms[i + half];
    from.count = 0;
    add_to(level + 1, from.terms[0]);
}

double FoldedSum::total() {
    for (std::size_t level = 0; level < levels_.size(); ++level) {
        if (level > 0 && level + 1 == levels_.size() && levels_[level].count == 1) return levels_[level].terms[0];
        if (levels_[level].count > 0) carry(level);
    }
    return 0;
}

void scan_before(std::vector<double>& values) {
    const std::size_t count = values.size(), blocks = (count + fold - 1) / fold;
    std::vector<double> sums(blocks);
    std::array<double, fold> block{};
    for (std::size_t b = 0; b < blocks; ++b) {
        const std::size_t first = b * fold, in_block = std::min(fold, count - first);
        block.fill(0.0);
        std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(first), in_block, block.begin());
        for (std::size_t reach = 1; reach < fold; reach *= 2)
            for (std::size_t i = fold - 1; i >= reach; --i) block[i] = block[i - reach] + block[i];
        sums[b] = block[fold - 1];
        values[first] = 0;
        for (std::size_t i = 1; i < in_block; ++i) values[first + i] = block[i - 1];
    }
    if (blocks < 2) return;
    scan_before(sums);
    for (std::size_t i = 0; i < count; ++i) values[i] = sums[i / fold] + values[i];
}

}  // namespace glissade
