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

/// EpochOrder::permute over arrays of halves, round by round, so that no position waits for its own rounds.
HWY_NOINLINE void permute(const EpochOrder& order, std::uint32_t* HWY_RESTRICT left, std::uint32_t* HWY_RESTRICT right, int count) {
    const std::uint32_t left_mask = EpochOrder::mask(order.left_bits), right_mask = EpochOrder::mask(order.right_bits);
    for (int round = 0; round < EpochOrder::rounds; round += 2) {
        const std::uint32_t left_key = order.keys[round], right_key = order.keys[round + 1];
        for (int i = 0; i < count; ++i) left[i] ^= EpochOrder::mix(right[i] ^ left_key) & left_mask;
        for (int i = 0; i < count; ++i) right[i] ^= EpochOrder::mix(left[i] ^ right_key) & right_mask;
    }
}

/// Walks every position once, then those that fell outside again, packed together, until all are inside.
void fill_shuffled(const EpochOrder& order, std::int64_t first, int count, std::int64_t* HWY_RESTRICT rows_out) {
    HWY_ALIGN std::uint32_t left[block + 1], right[block + 1];
    int place[block + 1];
    const std::uint32_t bits = order.right_bits, right_mask = EpochOrder::mask(bits);
    for (int i = 0; i < count; ++i) {
        left[i] = static_cast<std::uint32_t>((first + i) >> bits);
        right[i] = static_cast<std::uint32_t>(first + i) & right_mask;
        place[i] = i;
    }
    for (int walking = count; walking > 0;) {
        permute(order, left, right, walking);
        int outside = 0;
        for (int i = 0; i < walking; ++i) {
            const std::uint32_t high = left[i], low = right[i];
            const std::uint64_t row = (static_cast<std::uint64_t>(high) << bits) | low;
            const int at = place[i];
            rows_out[at] = static_cast<std::int64_t>(row);
            left[outside] = high;
            right[outside] = low;
            place[outside] = at;
            outside += row >= order.rows ? 1 : 0;
        }
        walking = outside;
    }
}

void fill_rows(const EpochOrder& order, std::int64_t first, std::int64_t count, std::int64_t* rows_out) {
    if (order.shuffle != Shuffle::full) {
        for (std::int64_t i = 0; i < count; ++i) rows_out[i] = order(first + i);
        return;
    }
    for (std::int64_t i = 0; i < count; i += block)
        fill_shuffled(order, first + i, static_cast<int>(count - i < block ? count - i : block), rows_out + i);
}
FillRows pick_fill_rows() {
    return fill_rows;
}

}  // namespace glissade::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace glissade::cpu {
HWY_EXPORT(pick_fill_rows);
FillRows fill_rows_loop() {
    return HWY_DYNAMIC_DISPATCH(pick_fill_rows)();
}
}  // namespace glissade::cpu
#endif
