// SPDX-License-Identifier: Apache-2.0
#include "host/data/split.hpp"

#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "glissade/error.hpp"

namespace glissade {

RowSplit split_rows_by_seed(std::span<const std::int64_t> rows, double fraction, std::uint64_t seed) {
    const auto held_out = static_cast<std::size_t>(std::llround(fraction * static_cast<double>(rows.size())));
    if (!(fraction > 0 && fraction < 1) || held_out == 0 || held_out >= rows.size()) {
        fail(ErrorKind::usage, "--validation-fraction " + std::to_string(fraction) + " of " + std::to_string(rows.size()) +
                                   " rows leaves no rows on one side");
    }
    std::vector<std::pair<std::uint64_t, std::int64_t>> keys;
    keys.reserve(rows.size());
    for (const std::int64_t row : rows) keys.emplace_back(XXH3_64bits_withSeed(&row, sizeof row, seed), row);
    const auto last_in = keys.begin() + static_cast<std::ptrdiff_t>(held_out) - 1;
    std::nth_element(keys.begin(), last_in, keys.end());
    const auto bound = *last_in;
    RowSplit split;
    for (const std::int64_t row : rows) {
        const std::pair key(XXH3_64bits_withSeed(&row, sizeof row, seed), row);
        (key <= bound ? split.validation : split.train).push_back(row);
    }
    return split;
}

}  // namespace glissade
