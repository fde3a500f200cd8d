// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/cpu/sparse_layout.hpp"
#include "host/execution/idle.hpp"

/// Scores of sparse rows: the arithmetic that training and prediction share. Plain loops: what they wait for is memory.
namespace glissade::cpu {

/// The entries of one row. Without initial values: a step has many of them on its stack.
template <class Real>
struct SparseRow {
    const std::uint32_t* indices;
    const Real* values;
    std::int64_t count;
};
template <class Real>
SparseRow<Real> row_of(const SparseView<const Real>& x, std::int64_t row) {
    const std::int64_t begin = x.offsets[row];
    return {x.indices + begin, x.values + begin, x.offsets[row + 1] - begin};
}

/// Asks for the cache lines of `count` numbers, those at the front of a long row: the processor finds the rest by itself.
template <class T>
void fetch_lines(const T* numbers, std::int64_t count) {
    constexpr std::int64_t a_line = 64 / static_cast<std::int64_t>(sizeof(T)), most = 8 * a_line;
    for (std::int64_t k = 0; k < count && k < most; k += a_line) __builtin_prefetch(numbers + k);
    if (count > 0) __builtin_prefetch(numbers + (count < most ? count : most) - 1);
}

/// x' of an entry. `scale` may be null.
template <class Real>
Real scaled(Real value, const Real* scale, std::uint32_t column) {
    return scale ? value * scale[column] : value;
}

/// Adds term(k, lane) of entries 0 ... count - 1 with lane = k % 4, in order.
template <class Term>
inline __attribute__((always_inline)) void in_lanes(std::int64_t count, const Term& term) {
    std::int64_t k = 0;
    for (; k + 4 <= count; k += 4) {
        term(k, 0);
        term(k + 1, 1);
        term(k + 2, 2);
        term(k + 3, 3);
    }
    for (int lane = 0; k < count; ++k, ++lane) term(k, lane);
}

/// The sum of the lanes of one model; they lie `apart` from each other.
template <class Real>
Real sum_of_lanes(const Real* lanes, std::int64_t apart) {
    return (lanes[0] + lanes[2 * apart]) + (lanes[apart] + lanes[3 * apart]);
}

}  // namespace glissade::cpu
