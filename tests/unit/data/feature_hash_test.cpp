// SPDX-License-Identifier: Apache-2.0
#include "host/data/feature_hash.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace glissade {
namespace {

TEST(FeatureHash, IsXxh3OfTheNameSeededByXxh3OfTheSpace) {
    // Of nothing, as published with the algorithm.
    EXPECT_EQ(space_seed(""), 0x2d06800538d394c2u);
    EXPECT_EQ(feature_key(0, ""), 0x2d06800538d394c2u);
    EXPECT_EQ(feature_key(space_seed("ns"), "name"), XXH3_64bits_withSeed("name", 4, XXH3_64bits("ns", 2)));
    EXPECT_NE(feature_key(space_seed("a"), "x"), feature_key(space_seed("b"), "x"));
}

TEST(FeatureHash, TakesTheColumnFromTheLowBitsAndTheSignFromTheHighest) {
    EXPECT_EQ(hashed_column(0xffffffffffffffffu, 1), 1u);
    EXPECT_EQ(hashed_column(0x123456789abcdef0u, 12), 0xef0u);
    EXPECT_EQ(hashed_column(0x00000000ffffffffu, 30), (std::uint32_t{1} << 30) - 1);
    EXPECT_EQ(hashed_sign(0x8000000000000000u), -1);
    EXPECT_EQ(hashed_sign(0x7fffffffffffffffu), 1);
}

TEST(FeatureHash, CountsDifferentKeysAndTheColumnsThatTheyFill) {
    std::mt19937_64 random(5);
    for (const int bits : {1, 3, 6, 7, 12, 30}) {
        for (const std::size_t count : {0u, 1u, 2u, 100u, 5000u}) {
            KeySet set;
            std::set<std::uint64_t> wanted;
            std::set<std::uint32_t> columns;
            for (std::size_t i = 0; i < count; ++i) {
                const std::uint64_t key = random() % 4 == 0 ? random() % 3 : random();
                set.insert(key);
                set.insert(key);
                wanted.insert(key);
                columns.insert(hashed_column(key, bits));
            }
            const std::vector<std::uint64_t> keys = set.keys();
            EXPECT_EQ(std::set<std::uint64_t>(keys.begin(), keys.end()), wanted);
            EXPECT_EQ(keys.size(), wanted.size()) << "none twice";
            const KeyCounts counts = count_keys(keys, bits);
            EXPECT_EQ(counts.features, static_cast<std::int64_t>(wanted.size()));
            EXPECT_EQ(counts.columns, static_cast<std::int64_t>(columns.size())) << bits << " bits";
        }
    }
}

}  // namespace
}  // namespace glissade
