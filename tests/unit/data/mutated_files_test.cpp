// SPDX-License-Identifier: Apache-2.0
// Damaged files of every format: read or refused with a typed error, never anything else. Worth most under the sanitizers.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "data_files.hpp"

namespace glissade {
namespace {

using testing::bytes_of;
using testing::DataFiles;

/// One to four random changes: a byte flipped, replaced by a telling one, some left out, doubled, or the end cut.
std::string damaged(std::string bytes, std::mt19937_64& random) {
    using namespace std::string_view_literals;
    constexpr std::string_view telling = "\0\n\r\",;\t :.-+eE019#'\xff\x80naif({[)}]x"sv;
    for (std::uint64_t i = 0, changes = 1 + random() % 4; i < changes && !bytes.empty(); ++i) {
        const std::size_t at = random() % bytes.size(), length = std::min<std::size_t>(random() % 8, bytes.size() - at);
        switch (random() % 6) {
            case 0:
                bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
                break;
            case 1:
                bytes[at] = telling[random() % telling.size()];
                break;
            case 2:
                bytes.insert(at, 1, telling[random() % telling.size()]);
                break;
            case 3:
                bytes.erase(at, length);
                break;
            case 4:
                bytes.insert(at, bytes.substr(at, length));
                break;
            default:
                bytes.resize(at);
                break;
        }
    }
    return bytes;
}

TEST(MutatedFiles, AreReadOrRefusedWithATypedError) {
    const DataFiles files;
    const std::string table = "\"na, me\",b,c,y\n1,2.5,p,0\n-3e2,,q,1\n\"4\",+7,\"p\"\"x\",1\n5,6,q,0\n8,9,p,1\n";
    const std::string sparse = "+1 1:0.5 3:-2 # note\r\n-1 2:1e1\n+1\n-1 1:3 2:4 3:5\n";
    const std::string npy = testing::npy_of("<f4", "(4, 2)", bytes_of<float>({1, 2, 3, 4, 5, 6, 7, 8}));
    const std::string idx = testing::idx_of<std::int16_t>('\x0b', {4, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
    const std::string labels = files.write("labels.csv", "0\n1\n0\n1\n");
    struct Kind {
        std::string format, bytes;
        bool own_targets;
    };
    std::mt19937_64 random(11);
    const std::string vw = "1 |a b:2 c\n-1 0.5 'tag |a:2 b c:1e1 |d e\r\n1 2 0|\n-1 | x y:-3\n";
    for (const Kind& kind :
         {Kind{"csv", table, true}, Kind{"libsvm", sparse, true}, Kind{"vw", vw, true}, Kind{"npy", npy, false}, Kind{"idx", idx, false}}) {
        for (int round = 0; round < 1500; ++round) {
            std::string bytes = damaged(kind.bytes, random);
            if (round % 4 == 0) bytes = round % 8 == 0 ? testing::gzip_of(bytes) : damaged(testing::gzip_of(kind.bytes), random);
            LoadOptions options;
            options.format = round % 3 == 0 ? "" : kind.format;
            options.threads = 1 + round % 2;
            options.memory_limit_bytes = std::int64_t{64} << 20;
            if (kind.format == "csv") options.target = "-1";
            if (kind.format == "csv" || kind.format == "vw") options.hash_bits = round % 5;
            if (!kind.own_targets) options.target_file = labels;
            const auto policies = {MissingPolicy::error, MissingPolicy::drop, MissingPolicy::mean, MissingPolicy::indicator};
            options.missing = policies.begin()[round % 4];
            try {
                const PreparedData data = load_training(files.write("damaged", bytes), options);
                for (const float value : testing::values_of(data.train))
                    ASSERT_TRUE(std::isfinite(value)) << ::testing::PrintToString(bytes);
            } catch (const Error& error) {
                EXPECT_NE(error.kind(), ErrorKind::internal) << error.what();
                EXPECT_NE(error.kind(), ErrorKind::io) << error.what();
            }
        }
    }
}

}  // namespace
}  // namespace glissade
