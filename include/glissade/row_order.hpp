// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "glissade/random.hpp"

namespace glissade {

enum class Shuffle {
    full,         ///< a new permutation of all rows each epoch
    none,         ///< file order
    replacement,  ///< each position draws any row
};

/// The row order of one epoch: position -> row. A few words, passed by value to kernels.
///
/// `full` is a keyed bijection over [0, rows): an eight-round Feistel network over the next power of two (at least 2^8), walked along its
/// cycle until it lands inside (Black and Rogaway 2002). Nothing is stored; any position is had directly.
struct EpochOrder {
    static constexpr int rounds = 8;

    std::uint64_t rows = 0;
    std::uint32_t keys[rounds] = {};
    std::uint32_t left_bits = 4, right_bits = 4;
    Shuffle shuffle = Shuffle::none;

    GLISSADE_RULE std::int64_t operator()(std::int64_t position) const {
        std::uint64_t x = static_cast<std::uint64_t>(position);
        if (shuffle == Shuffle::none) return position;
        if (shuffle == Shuffle::replacement) return draw(x);
        do x = permute(x);
        while (x >= rows);
        return static_cast<std::int64_t>(x);
    }

    /// One pass of the network over [0, 2^(left_bits + right_bits)).
    GLISSADE_RULE std::uint64_t permute(std::uint64_t x) const {
        const std::uint32_t left_mask = mask(left_bits), right_mask = mask(right_bits);
        std::uint32_t left = static_cast<std::uint32_t>(x >> right_bits), right = static_cast<std::uint32_t>(x) & right_mask;
        for (int round = 0; round < rounds; round += 2) {
            left ^= mix(right ^ keys[round]) & left_mask;
            right ^= mix(left ^ keys[round + 1]) & right_mask;
        }
        return (static_cast<std::uint64_t>(left) << right_bits) | right;
    }

    static GLISSADE_RULE std::uint32_t mask(std::uint32_t bits) { return bits >= 32 ? 0xFFFFFFFFu : (1u << bits) - 1u; }

    /// A bijective scramble of 32 bits whose low bits depend on all of the input: xor-shift and odd multiply, twice.
    static GLISSADE_RULE std::uint32_t mix(std::uint32_t h) {
        h ^= h >> 16;
        h *= 0x7feb352du;
        h ^= h >> 15;
        h *= 0x846ca68bu;
        h ^= h >> 16;
        return h;
    }

    GLISSADE_RULE std::int64_t draw(std::uint64_t position) const {
        const std::uint64_t key = (static_cast<std::uint64_t>(keys[1]) << 32) | keys[0];
        const std::uint64_t word = Philox::word64(key, static_cast<std::uint64_t>(RandomStream::row_order), position);
        // The high 64 bits of word * rows, from 32-bit halves: uniform up to rows / 2^64.
        const std::uint64_t wl = word & 0xFFFFFFFFu, wh = word >> 32, rl = rows & 0xFFFFFFFFu, rh = rows >> 32;
        const std::uint64_t middle = wh * rl + ((wl * rl) >> 32);
        const std::uint64_t carry = (middle & 0xFFFFFFFFu) + wl * rh;
        return static_cast<std::int64_t>(wh * rh + (middle >> 32) + (carry >> 32));
    }
};

/// A pure value: (order_seed, epoch, position) -> row, the same on any machine and backend. Resuming needs nothing but the three numbers.
struct RowOrder {
    std::int64_t rows = 0;
    std::uint64_t order_seed = 0;
    Shuffle shuffle = Shuffle::full;

    GLISSADE_RULE EpochOrder epoch(std::int64_t e) const {
        EpochOrder order;
        order.rows = static_cast<std::uint64_t>(rows);
        order.shuffle = shuffle;
        if (shuffle == Shuffle::none) return order;
        std::uint32_t bits = 8;
        while (bits < 63 && (1ull << bits) < order.rows) ++bits;
        order.left_bits = bits / 2;
        order.right_bits = bits - bits / 2;
        for (int i = 0; i < EpochOrder::rounds; i += 4) {
            const auto block =
                Philox::generate(order_seed, static_cast<std::uint64_t>(RandomStream::row_order) + (static_cast<std::uint64_t>(i) << 32),
                                 static_cast<std::uint64_t>(e));
            for (int j = 0; j < 4; ++j) order.keys[i + j] = block.word[j];
        }
        return order;
    }
};

}  // namespace glissade
