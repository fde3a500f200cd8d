// SPDX-License-Identifier: Apache-2.0
#include "host/data/feature_hash.hpp"

#include <algorithm>

#include "glissade/preparation.hpp"

namespace glissade {

KeySet::KeySet() : slots_(1024), mask_(1023) {}

void KeySet::grow() {
    const std::vector<std::uint64_t> before = std::move(slots_);
    slots_.assign(4 * before.size(), 0);
    mask_ = slots_.size() - 1;
    used_ = 0;
    for (const std::uint64_t key : before) {
        if (key != 0) insert(key);
    }
}

std::vector<std::uint64_t> KeySet::keys() const {
    std::vector<std::uint64_t> all;
    all.reserve(used_ + 1);
    if (has_zero_) all.push_back(0);
    for (const std::uint64_t key : slots_) {
        if (key != 0) all.push_back(key);
    }
    return all;
}

KeyCounts count_keys(std::span<const std::uint64_t> different_keys, int bits) {
    std::vector<std::uint64_t> taken((std::size_t{1} << bits) / 64 + 1);
    KeyCounts counts{static_cast<std::int64_t>(different_keys.size()), 0};
    for (const std::uint64_t key : different_keys) {
        const std::uint32_t column = hashed_column(key, bits);
        std::uint64_t& word = taken[column / 64];
        const std::uint64_t bit = std::uint64_t{1} << column % 64;
        if ((word & bit) == 0) ++counts.columns;
        word |= bit;
    }
    return counts;
}

std::string collisions_text(const KeyCounts& counts, int bits) {
    const std::int64_t shared = counts.features - counts.columns;
    const std::string there_are = std::to_string(std::int64_t{1} << bits) + " hashed columns";
    return std::to_string(counts.features) + " features in " + std::to_string(counts.columns) + " of " + there_are + ": " +
           (shared == 0 ? "no collisions"
                        : std::to_string(shared) + " collisions (--hash-bits " + std::to_string(std::min(bits + 2, most_hash_bits)) +
                              " makes fewer)");
}

}  // namespace glissade
