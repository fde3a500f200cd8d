// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "glissade/rules/portable.hpp"

namespace glissade {

/// Counter-based random numbers, the one source of randomness: Philox4x32-10 (Salmon, Moraes, Dror and Shaw, SC'11). Pure functions of
/// (seed, stream, counter): the same on every machine and backend, and any element can be had without the ones before it.
struct Philox {
    struct Block {
        std::uint32_t word[4];
    };

    static GLISSADE_RULE Block generate(std::uint64_t seed, std::uint64_t stream, std::uint64_t counter) {
        std::uint32_t c0 = static_cast<std::uint32_t>(counter), c1 = static_cast<std::uint32_t>(counter >> 32);
        std::uint32_t c2 = static_cast<std::uint32_t>(stream), c3 = static_cast<std::uint32_t>(stream >> 32);
        std::uint32_t k0 = static_cast<std::uint32_t>(seed), k1 = static_cast<std::uint32_t>(seed >> 32);
        for (int round = 0; round < 10; ++round) {
            const std::uint64_t p0 = 0xD2511F53ull * c0, p1 = 0xCD9E8D57ull * c2;
            const std::uint32_t n0 = static_cast<std::uint32_t>(p1 >> 32) ^ c1 ^ k0, n2 = static_cast<std::uint32_t>(p0 >> 32) ^ c3 ^ k1;
            c1 = static_cast<std::uint32_t>(p1);
            c3 = static_cast<std::uint32_t>(p0);
            c0 = n0;
            c2 = n2;
            k0 += 0x9E3779B9u;
            k1 += 0xBB67AE85u;
        }
        return {{c0, c1, c2, c3}};
    }
    static GLISSADE_RULE std::uint64_t word64(std::uint64_t seed, std::uint64_t stream, std::uint64_t counter) {
        const Block b = generate(seed, stream, counter);
        return (static_cast<std::uint64_t>(b.word[1]) << 32) | b.word[0];
    }
    /// Uniform in [0, 1), a multiple of 2^-53.
    static GLISSADE_RULE double uniform(std::uint64_t seed, std::uint64_t stream, std::uint64_t counter) {
        return static_cast<double>(word64(seed, stream, counter) >> 11) * 0x1p-53;
    }
};

/// Streams in use, so that no two purposes share numbers.
enum class RandomStream : std::uint64_t { row_order = 1, split = 2, init = 3, dropout = 4, data = 5, folds = 6 };

/// Dropout of a hidden layer (the first is 0) in a step of the run has a stream of its own. Unit u of row r of the batch is left out where
/// word u % 4 of generate(seed, stream, r * ceil(width/4) + u/4) is below the threshold; the others are multiplied with `kept`.
GLISSADE_RULE std::uint64_t dropout_stream(std::uint64_t layer, std::int64_t step) {
    return static_cast<std::uint64_t>(RandomStream::dropout) | (layer << 8) | (static_cast<std::uint64_t>(step) << 16);
}
/// `share`: of the units that are left out, below 1.
constexpr std::uint32_t dropout_threshold(double share) {
    return static_cast<std::uint32_t>(share * 0x1p32);
}
template <class Real>
constexpr Real dropout_kept(double share) {
    return static_cast<Real>(1.0 / (1.0 - share));
}

}  // namespace glissade
