// SPDX-License-Identifier: Apache-2.0
#include "host/data/libsvm.hpp"

#include <gtest/gtest.h>

#include <random>
#include <sstream>

#include "data_files.hpp"

namespace glissade {
namespace {

using testing::DataFiles;
using testing::row_of;
using testing::targets_of;

LoadOptions plain() {
    LoadOptions options;
    options.standardize_target = Toggle::off;
    return options;
}

TEST(Libsvm, ReadsRowsAndLabels) {
    const DataFiles files;
    const auto data = load_training(files.write("a.libsvm", "+1 1:0.5 3:-2\n-1 2:1e1\n+1\n"), plain());
    EXPECT_EQ(data.contract.class_labels, (std::vector<std::string>{"-1", "+1"}));
    EXPECT_EQ(targets_of(data.train), (std::vector<float>{1, 0, 1}));
    EXPECT_EQ(row_of(data.train, 0), (std::vector<float>{0.5, 0, -2}));
    EXPECT_EQ(row_of(data.train, 1), (std::vector<float>{0, 10, 0}));
    EXPECT_EQ(row_of(data.train, 2), (std::vector<float>{0, 0, 0}));
    EXPECT_TRUE(data.contract.input.empty());
}

TEST(Libsvm, TakesCommentsBlanksAndLineEndsOfAllKinds) {
    const DataFiles files;
    const auto expected = load_training(files.write("a.libsvm", "1 1:1 2:2\n0 2:3\n"), plain());
    for (const char* text : {"1 1:1 2:2\r\n0 2:3\r\n", "1 1:1 2:2 \n0 2:3",
                             "\xef\xbb\xbf"
                             "1 1:1 2:2\n0 2:3\n\n \n",
                             " 1\t1:1  2:2\n0 2:3 # note\n", "# made by hand\n1 1:1 2:2\n#\n0 2:3\n"}) {
        EXPECT_EQ(load_training(files.write("b.libsvm", text), plain()).fingerprint, expected.fingerprint) << text;
    }
}

TEST(Libsvm, IsKnownByItsContent) {
    const DataFiles files;
    for (const char* name : {"data", "data.txt", "data.t"}) {
        const auto data = load_training(files.write(name, "1\n0 1:1\n"), plain());
        EXPECT_EQ(data.contract.preparation.format, "libsvm") << name;
    }
    EXPECT_FALSE(looks_like_libsvm("1 2 3\n4 5 6\n"));
    EXPECT_FALSE(looks_like_libsvm("1\n2\n3\n"));
    EXPECT_FALSE(looks_like_libsvm("time 12:30\n"));
}

TEST(Libsvm, AgreesWithAnIndependentParserOnAnyNumberOfThreads) {
    const DataFiles files;
    std::mt19937_64 random(3);
    std::ostringstream text;
    constexpr std::size_t rows = 60000, columns = 40;
    std::vector<float> expected(rows * columns);
    for (std::size_t r = 0; r < rows; ++r) {
        text << r % 3;
        for (std::size_t c = 0; c < columns; ++c) {
            if (random() % 4 != 0 || (r == 0 && c + 1 == columns)) continue;
            const float value = static_cast<float>(random() % 2000) / 8 - 125;
            expected[r * columns + c] = value;
            text << ' ' << c + 1 << ':' << value;
        }
        if (r == 0) text << " 40:1";  // all columns are there
        text << '\n';
    }
    expected[columns - 1] = 1;
    std::string content = text.str();
    const std::string path = files.write("random.libsvm", content);
    ASSERT_GT(content.size(), std::size_t{3} << 20);  // several pieces
    std::string fingerprint;
    for (const int threads : {1, 2, 5}) {
        LoadOptions options = plain();
        options.threads = threads;
        const auto data = load_training(path, options);
        ASSERT_EQ(data.train.rows(), static_cast<std::int64_t>(rows));
        if (fingerprint.empty()) fingerprint = data.fingerprint;
        EXPECT_EQ(data.fingerprint, fingerprint);
        for (std::size_t i = 0; i < expected.size(); ++i) {
            ASSERT_EQ(data.train.features<float>().row(static_cast<std::int64_t>(i / columns))[i % columns], expected[i]) << i;
        }
    }
    content += "1 3:1 2:1\n";
    for (const int threads : {1, 5}) {
        LoadOptions options = plain();
        options.threads = threads;
        EXPECT_ERROR(ErrorKind::data, "line 60001, column 7", load_training(files.write("bad.libsvm", content), options));
    }
}

TEST(Libsvm, DoesNotAdviseFlagsThatItHasNoUseFor) {
    const DataFiles files;
    for (const char* text : {"1 1:nan\n0 2:1\n", "1 1:?\n0 2:1\n", "nan 1:1\n0 2:1\n", "1 1:1e999\n0 2:1\n"}) {
        const std::string path = files.write("a.libsvm", text);
        const auto error = testing::error_of([&] { load_training(path, plain()); });
        ASSERT_TRUE(error.has_value()) << text;
        EXPECT_EQ(std::string(error->what()).find("--na"), std::string::npos) << error->what();
    }
    EXPECT_ERROR(ErrorKind::data, "line 1, column 5: \"nan\" is not a number that can be used; libsvm has no missing cells",
                 load_training(files.write("a.libsvm", "1 1:nan\n0 2:1\n"), plain()));
}

TEST(Libsvm, SaysWhereSeveralLabelsOfARowBelong) {
    const DataFiles files;
    for (const char* name : {"a.libsvm", "a.data"})  // known by its extension, and by its content
        EXPECT_ERROR(ErrorKind::data, "line 2, column 1: label \"1,3\" is not a number",
                     load_training(files.write(name, "2 1:1\n1,3 1:0.5\n"), plain()));
    EXPECT_ERROR(ErrorKind::data, "line 1, column 2: label \"1,3,12\" is not a number",
                 load_training(files.write("b.data", " 1,3,12 1:0.5 7:-2e1\n2 1:1\n"), plain()));
    const auto error = testing::error_of([&] { load_training(files.write("c.data", "1,3 1:0.5\n"), plain()); });
    ASSERT_TRUE(error.has_value());
    EXPECT_NE(std::string(error->what()).find("--target-file"), std::string::npos) << error->what();
    for (const char* text : {"1,3 1\n", "1,3 1:x\n", "1,3 1:2,4\n", "1,a 1:2\n", "1,3 12:30:59\n", "1,3 1:\n", "1,3 :1\n"})
        EXPECT_FALSE(looks_like_libsvm(text)) << text;
    EXPECT_TRUE(looks_like_libsvm("1,3 1:0.5\n"));
    LoadOptions apart = plain();
    apart.target_file = files.write("labels.csv", "p,q\n1,0\n1,1\n");
    const auto data = load_training(files.write("d.data", "0 1:1\n0 1:0.5\n"), apart);
    EXPECT_EQ(targets_of(data.train), (std::vector<float>{1, 0, 1, 1})) << "which is what the message tells to do";
}

TEST(Libsvm, RefusesFlagsForColumns) {
    const DataFiles files;
    const std::string path = files.write("a.libsvm", "1 1:1\n0 2:1\n");
    LoadOptions options = plain();
    options.drop_columns = {"0"};
    EXPECT_ERROR(ErrorKind::usage, "--drop-columns", load_training(path, options));
    options = plain();
    options.target = "0";
    EXPECT_ERROR(ErrorKind::usage, "carries its own targets", load_training(path, options));
}

TEST(Libsvm, ForAModelTakesFewerFeaturesButNotMore) {
    const DataFiles files;
    const auto trained = load_training(files.write("a.libsvm", "1 1:1 5:1\n0 2:1\n"), plain());
    const auto fewer = load_for_model(files.write("b.libsvm", "1 2:7\n"), {}, trained.contract, true);
    EXPECT_EQ(row_of(fewer.data, 0), (std::vector<float>{0, 7, 0, 0, 0}));
    const std::string more = files.write("c.libsvm", "1 2:7\n0 3:1 6:1\n");
    EXPECT_ERROR(ErrorKind::data, "line 2, column 7: feature index 6, but the model has 5 features",
                 load_for_model(more, {}, trained.contract, true));
    EXPECT_ERROR(ErrorKind::data, "6 features, the model has 0", load_for_model(more, {}, ModelContract(), false));
}

}  // namespace
}  // namespace glissade
