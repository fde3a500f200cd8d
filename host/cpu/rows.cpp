// SPDX-License-Identifier: Apache-2.0
// The row order over arrays of positions.
#include "host/cpu/simd_targets.hpp"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "host/cpu/rows.cpp"
#include "hwy/foreach_target.h"
//
#include "host/cpu/kernels.hpp"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace glissade::cpu::HWY_NAMESPACE {

/// A permutation walks every position, then those that fell outside again, packed together, until all are inside.
void fill_shuffled(const EpochOrder& shared_order, std::int64_t first, int count, std::int64_t* HWY_RESTRICT rows_out) {
    const EpochOrder order = shared_order;
    constexpr int block = 64;
    std::uint64_t x[block];
    int place[block];
    for (int i = 0; i < count; ++i) {
        rows_out[i] = static_cast<std::int64_t>(order.permute(static_cast<std::uint64_t>(first + i)));
    }
    int outside = 0;
    for (int i = 0; i < count; ++i) {
        place[outside] = i;
        x[outside] = static_cast<std::uint64_t>(rows_out[i]);
        outside += x[outside] >= order.rows ? 1 : 0;
    }
    while (outside > 0) {
        for (int i = 0; i < outside; ++i) x[i] = order.permute(x[i]);
        int left = 0;
        for (int i = 0; i < outside; ++i) {
            const std::uint64_t row = x[i];
            const int at = place[i];
            rows_out[at] = static_cast<std::int64_t>(row);
            place[left] = at;
            x[left] = row;
            left += row >= order.rows ? 1 : 0;
        }
        outside = left;
    }
}

void fill_rows(const EpochOrder& order, std::int64_t first, std::int64_t count, std::int64_t* rows_out) {
    if (order.shuffle != Shuffle::full) {
        for (std::int64_t i = 0; i < count; ++i) rows_out[i] = order(first + i);
        return;
    }
    for (std::int64_t i = 0; i < count; i += 64) fill_shuffled(order, first + i, static_cast<int>(count - i < 64 ? count - i : 64), rows_out + i);
}
FillRows pick_fill_rows() { return fill_rows; }

}  // namespace glissade::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace glissade::cpu {
HWY_EXPORT(pick_fill_rows);
FillRows fill_rows_loop() { return HWY_DYNAMIC_DISPATCH(pick_fill_rows)(); }
}  // namespace glissade::cpu
#endif
