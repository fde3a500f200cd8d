// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <xxhash.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace glissade {

/// Feature hashing (Weinberger et al. 2009): a feature is a name in a space, a word in a column, say, and its column in the matrix is a few
/// bits of a hash of both. Another bit gives its sign, so that features that meet in a column do not add up on average.
constexpr int default_hash_bits = 18;

/// What names of a space (a column of a table, a namespace) are hashed with.
inline std::uint64_t space_seed(std::string_view space) {
    return XXH3_64bits(space.data(), space.size());
}

inline std::uint64_t feature_key(std::uint64_t seed, std::string_view name) {
    return XXH3_64bits_withSeed(name.data(), name.size(), seed);
}

inline std::uint32_t hashed_column(std::uint64_t key, int bits) {
    return static_cast<std::uint32_t>(key & ((std::uint64_t{1} << bits) - 1));
}

inline double hashed_sign(std::uint64_t key) {
    return (key >> 63) != 0 ? -1 : 1;
}

/// How many features there are and how many columns they fill.
struct KeyCounts {
    std::int64_t features = 0, columns = 0;
};

/// The different keys among those put in.
class KeySet {
public:
    KeySet();
    void insert(std::uint64_t key) {
        if (key == 0) {
            has_zero_ = true;
            return;
        }
        std::size_t at = key & mask_;
        while (slots_[at] != 0 && slots_[at] != key) at = (at + 1) & mask_;
        if (slots_[at] == key) return;
        slots_[at] = key;
        if (2 * ++used_ > slots_.size()) grow();
    }
    /// Them, in no particular order.
    std::vector<std::uint64_t> keys() const;

private:
    void grow();

    std::vector<std::uint64_t> slots_;  ///< 0: free
    std::size_t mask_, used_ = 0;
    bool has_zero_ = false;
};

KeyCounts count_keys(std::span<const std::uint64_t> different_keys, int bits);

/// "105 text features in 99 of 1024 hashed columns, 6 of them share one".
std::string collisions_text(const KeyCounts& counts, int bits);

}  // namespace glissade
