// SPDX-License-Identifier: Apache-2.0
#include "host/data/input_file.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <thread>

#include "data_files.hpp"

#include <sys/stat.h>

namespace glissade {
namespace {

using testing::DataFiles;
using testing::gzip_of;

std::string content_of(const std::string& path, std::int64_t limit = std::numeric_limits<std::int64_t>::max()) {
    MemoryBudget budget(limit);
    return std::string(InputFile::open(path, budget)->bytes());
}

std::string some_text(std::size_t bytes) {
    std::string text;
    for (std::size_t i = 0; text.size() < bytes; ++i) text += std::to_string(i * i) + ",";
    return text;
}

TEST(InputFile, ReadsPlainAndGzipFilesAlike) {
    const DataFiles files;
    for (const std::size_t bytes : {1, 2, 100, 4096, 1000000}) {
        const std::string text = some_text(bytes);
        EXPECT_EQ(content_of(files.write("plain", text)), text);
        EXPECT_EQ(content_of(files.write("packed", gzip_of(text))), text);
    }
}

TEST(InputFile, JoinsTheMembersOfAGzipFile) {
    const DataFiles files;
    const std::string first = some_text(70000), second = some_text(300);
    EXPECT_EQ(content_of(files.write("two.gz", gzip_of(first) + gzip_of(second))), first + second);
}

TEST(InputFile, ReadsAPipeToItsEnd) {
    const DataFiles files;
    const std::string path = files.path("pipe"), text = some_text(200000);
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
    const std::jthread writer([&] { std::ofstream(path, std::ios::binary) << text; });
    EXPECT_EQ(content_of(path), text);
}

TEST(InputFile, RefusesEveryCutAndEveryFlippedByteOfAGzipFile) {
    const DataFiles files;
    const std::string text = some_text(300), packed = gzip_of(text);
    for (std::size_t length = 2; length < packed.size(); ++length) {
        EXPECT_ERROR(ErrorKind::data, "gzip", content_of(files.write("cut.gz", packed.substr(0, length))));
    }
    for (std::size_t i = 2; i < packed.size(); ++i) {
        std::string flipped = packed;
        flipped[i] = static_cast<char>(flipped[i] ^ 0x40);
        const std::string path = files.write("flipped.gz", flipped);
        // Some header bytes (time stamp, system) carry no data: then the text must come out right.
        if (!testing::error_of([&] { EXPECT_EQ(content_of(path), text) << "byte " << i; })) continue;
        EXPECT_ERROR(ErrorKind::data, "gzip", content_of(path));
    }
}

TEST(InputFile, RefusesJunkAfterAGzipStream) {
    const DataFiles files;
    EXPECT_ERROR(ErrorKind::data, "5 bytes of junk", content_of(files.write("junk.gz", gzip_of("1,2\n") + "hello")));
}

TEST(InputFile, StopsInflatingAtTheMemoryLimit) {
    const DataFiles files;
    const std::string path = files.write("bomb.gz", gzip_of(std::string(50000000, '0')));
    EXPECT_ERROR(ErrorKind::memory, "--memory-limit", content_of(path, 1000000));
}

TEST(InputFile, NamesWhatIsWrongWithTheFile) {
    const DataFiles files;
    EXPECT_ERROR(ErrorKind::io, "No such file", content_of(files.path("absent.csv")));
    EXPECT_ERROR(ErrorKind::io, "is a directory", content_of(files.path("")));
    EXPECT_ERROR(ErrorKind::data, "is empty", content_of(files.write("empty.csv", "")));
    EXPECT_ERROR(ErrorKind::data, "is empty", content_of(files.write("empty.gz", gzip_of(""))));
}

}  // namespace
}  // namespace glissade
