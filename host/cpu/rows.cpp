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

inline constexpr int block = 256;

/// Walks every position once, then those that fell outside again, packed together, until all are inside. `Word` holds any position of the network.
template <class Word>
void fill_shuffled(const EpochOrder& shared_order, std::int64_t first, int count, std::int64_t* HWY_RESTRICT rows_out) {
    const EpochOrder order = shared_order;
    HWY_ALIGN Word x[block + 8];
    int place[block];
    const Word start = static_cast<Word>(first);
    for (int i = 0; i < count; ++i) x[i] = static_cast<Word>(order.permute(static_cast<Word>(start + static_cast<Word>(i))));
    int outside = 0;
    for (int i = 0; i < count; ++i) {
        const Word row = x[i];
        rows_out[i] = static_cast<std::int64_t>(row);
        place[outside] = i;
        x[outside] = row;
        outside += row >= order.rows ? 1 : 0;
    }
    while (outside > 0) {
        // Whole vectors of eight: what lies beyond is walked too and forgotten.
        const int padded_count = (outside + 7) & ~7;
        for (int i = 0; i < padded_count; ++i) x[i] = static_cast<Word>(order.permute(x[i]));
        int left = 0;
        for (int i = 0; i < outside; ++i) {
            const Word row = x[i];
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
    const bool narrow = order.left_bits + order.right_bits <= 32;
    for (std::int64_t i = 0; i < count; i += block) {
        const int here = static_cast<int>(count - i < block ? count - i : block);
        if (narrow)
            fill_shuffled<std::uint32_t>(order, first + i, here, rows_out + i);
        else
            fill_shuffled<std::uint64_t>(order, first + i, here, rows_out + i);
    }
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
