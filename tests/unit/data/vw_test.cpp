// SPDX-License-Identifier: Apache-2.0
#include "host/data/vw.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "data_files.hpp"
#include "host/data/feature_hash.hpp"

namespace glissade {
namespace {

using testing::DataFiles;
using testing::row_of;
using testing::targets_of;

LoadOptions with_bits(int bits) {
    LoadOptions options;
    options.hash_bits = bits;
    options.standardize_target = Toggle::off;
    return options;
}

/// Adds a feature to a row of 2^bits columns as it is documented.
void add(std::vector<float>& row, const std::string& space, const std::string& name, float value) {
    const std::uint64_t key = XXH3_64bits_withSeed(name.data(), name.size(), XXH3_64bits(space.data(), space.size()));
    row[key % row.size()] += key >> 63 != 0 ? -value : value;
}

TEST(Vw, ReadsLabelsNamespacesScalesAndValues) {
    const DataFiles files;
    const auto data = load_training(files.write("a.vw", "1 |f a b:2.5 |g:3 a c:-1e1\n-1 | x y:0.5\n+1 |f\n"), with_bits(12));
    EXPECT_TRUE(data.train.is_sparse());
    EXPECT_EQ(data.train.columns(), 4096);
    EXPECT_EQ(data.contract.class_labels, (std::vector<std::string>{"-1", "1"}));
    EXPECT_EQ(targets_of(data.train), (std::vector<float>{1, 0, 1}));
    std::vector<float> first(4096), second(4096);
    add(first, "f", "a", 1);
    add(first, "f", "b", 2.5F);
    add(first, "g", "a", 3);
    add(first, "g", "c", -30);
    add(second, "", "x", 1);
    add(second, "", "y", .5F);
    EXPECT_EQ(row_of(data.train, 0), first);
    EXPECT_EQ(row_of(data.train, 1), second);
    EXPECT_EQ(row_of(data.train, 2), std::vector<float>(4096));
    EXPECT_EQ(data.train.nonzeros(), 6);
    EXPECT_EQ(data.contract.preparation.hash_bits, 12);
    EXPECT_EQ(data.contract.preparation.format, "vw");
    EXPECT_EQ(data.contract.preparation.matrix_columns(), 4096);
}

TEST(Vw, HashesIntoEighteenBitsIfNotTold) {
    const DataFiles files;
    EXPECT_EQ(load_training(files.write("a.vw", "1 |f a\n0 |f b\n"), {}).train.columns(), std::int64_t{1} << 18);
}

TEST(Vw, TakesImportancesAsRowWeights) {
    const DataFiles files;
    const std::string path = files.write("a.vw", "1 |f a\n0 2.5 |f b\n1 0 |f a\n0 1 0 'tag |f c\n1 |f d\n");
    const auto data = load_training(path, with_bits(8));
    const auto weights = data.train.weights<float>();
    EXPECT_EQ(std::vector<float>(weights.begin(), weights.end()), (std::vector<float>{1, 2.5F, 0, 1, 1}));
    EXPECT_FALSE(load_training(files.write("b.vw", "1 |f a\n0 |f b\n"), with_bits(8)).train.has_weights());
    LoadOptions options = with_bits(8);
    options.weight_file = files.write("w.csv", "1\n1\n1\n1\n1\n");
    EXPECT_ERROR(ErrorKind::usage, "has weights of its own", load_training(path, options));
}

TEST(Vw, TakesTagsLineEndsAndBlanksOfAllKinds) {
    const DataFiles files;
    const auto expected = load_training(files.write("a.vw", "1 |f a b\n0 |f c\n"), with_bits(10));
    for (const char* text :
         {"1 'first|f a b\n0 second|f c\n", "1 '|f a b\r\n0 'x |f c\r\n", " 1\t|f  a\tb \n0 |f c",
          "\xef\xbb\xbf"
          "1 |f b a\n0 |f c\n\n \n",
          "1 |f a |f b\n0 |f c |g\n", "1 |f a:1 b:0.5 b:0.5\n0 |f:2 c:.5\n", "1 |f a |g x:2 y:3 x:-2 y:-3 |f b\n0 |f c\n"}) {
        EXPECT_EQ(load_training(files.write("b.vw", text), with_bits(10)).fingerprint, expected.fingerprint) << text;
    }
    EXPECT_EQ(load_training(files.write("c.vw", testing::gzip_of("1 |f a b\n0 |f c\n")), with_bits(10)).fingerprint, expected.fingerprint);
}

TEST(Vw, LearnsClassesAndNumbersAsOtherFormatsDo) {
    const DataFiles files;
    const auto classes = load_training(files.write("a.vw", "3 |f a\n1 |f b\n2 |f c\n"), with_bits(8));
    EXPECT_EQ(classes.contract.class_labels, (std::vector<std::string>{"1", "2", "3"}));
    EXPECT_EQ(targets_of(classes.train), (std::vector<float>{2, 0, 1}));
    const auto numbers = load_training(files.write("b.vw", "0.5 |f a\n-2e1 |f b\n"), with_bits(8));
    EXPECT_EQ(numbers.contract.task, Task::regression);
    EXPECT_EQ(targets_of(numbers.train), (std::vector<float>{.5F, -20}));
}

TEST(Vw, MayLackLabelsWherePredictionsAreWanted) {
    const DataFiles files;
    const auto trained = load_training(files.write("a.vw", "1 |f a\n0 |f b\n"), with_bits(10));
    const std::string unlabelled = files.write("b.vw", "|f b a\n |f c\n'tag |f a\n");
    const auto loaded = load_for_model(unlabelled, {}, trained.contract, false);
    std::vector<float> wanted(1024);
    add(wanted, "f", "a", 1);
    add(wanted, "f", "b", 1);
    EXPECT_EQ(row_of(loaded.data, 0), wanted);
    EXPECT_FALSE(loaded.data.has_targets());
    EXPECT_ERROR(ErrorKind::data, "line 1, column 1: the target is missing", load_for_model(unlabelled, {}, trained.contract, true));
    EXPECT_ERROR(ErrorKind::data, "the target is missing", load_training(unlabelled, with_bits(10)));
}

TEST(Vw, IsReadForItsModelsAlone) {
    const DataFiles files;
    const auto vw = load_training(files.write("a.vw", "1 |f a\n0 |f b\n"), with_bits(2));
    const auto libsvm = load_training(files.write("a.libsvm", "1 1:1\n0 4:1\n"), {});
    const std::string words = files.write("b.vw", "1 |f a\n"), numbers = files.write("b.libsvm", "1 1:1\n");
    EXPECT_ERROR(ErrorKind::data, "b.libsvm is libsvm; the model was trained on vw text", load_for_model(numbers, {}, vw.contract, true));
    EXPECT_ERROR(ErrorKind::data, "is csv; the model was trained on vw text",
                 load_for_model(files.write("c.csv", "1,2,3,4\n"), {}, vw.contract, false));
    EXPECT_ERROR(ErrorKind::data, "b.vw is vw, whose features are hashed names", load_for_model(words, {}, libsvm.contract, true));
}

TEST(Vw, IsKnownByItsContentWhereThatIsClear) {
    for (const char* text :
         {"1 |f a\n", "-1 0.5 |f a b:2\n0 |f\n", "|f a\n", "1 'tag |f a\n", "1 | price:.23 sqft:.25\n", "1 |f\n0 |f a\n"})
        EXPECT_TRUE(looks_like_vw(text)) << text;
    for (const char* text : {"1 | 2 | 3\n4 | 5 | 6\n", "a|b|c\n", "1|2|3\n", "|1x3 Cross validator\n25, Private, 7, x\n", "1 1:2\n",
                             "1,2\n", "name |f a\n", "1 |\n"})
        EXPECT_FALSE(looks_like_vw(text)) << text;
    const DataFiles files;
    EXPECT_EQ(load_training(files.write("data.txt", "1 |f a\n0 |f b\n"), {}).contract.preparation.format, "vw");
}

TEST(Vw, GivesTheSameOnAnyNumberOfThreads) {
    const DataFiles files;
    std::mt19937_64 random(3);
    std::string text;
    std::vector<std::map<std::string, int>> rows;
    while (text.size() < std::size_t{3} << 20) {  // several pieces
        rows.emplace_back();
        text += std::to_string(rows.size() % 2) + " |words";
        for (int i = 0; i < 20; ++i) {
            const std::string word = "w" + std::to_string(random() % 500);
            ++rows.back()[word];
            text += " " + word;
        }
        text += "\n";
    }
    const std::string path = files.write("a.vw", text);
    std::string fingerprint, collisions;
    for (const int threads : {1, 2, 5}) {
        LoadOptions options = with_bits(10);
        options.threads = threads;
        const auto data = load_training(path, options);
        if (threads == 1) {
            fingerprint = data.fingerprint;
            collisions = data.notes.back();
            ASSERT_EQ(data.train.rows(), static_cast<std::int64_t>(rows.size()));
            for (std::size_t r = 0; r < rows.size(); r += 97) {
                std::vector<float> wanted(1024);
                for (const auto& [word, count] : rows[r]) add(wanted, "words", word, static_cast<float>(count));
                ASSERT_EQ(row_of(data.train, static_cast<std::int64_t>(r)), wanted) << r;
            }
            EXPECT_NE(collisions.find(": 500 features in "), std::string::npos) << collisions;
        }
        EXPECT_EQ(data.fingerprint, fingerprint);
        EXPECT_EQ(data.notes.back(), collisions);
        options.threads = threads;
        EXPECT_ERROR(ErrorKind::data,
                     "line " + std::to_string(rows.size() + 1) + ", column 6: \":2\": a value without the name of a feature",
                     load_training(files.write("bad.vw", text + "1 |f :2\n"), options));
    }
}

TEST(Vw, AddsUpWhatMeetsInAColumnAndCountsIt) {
    const DataFiles files;
    const auto data = load_training(files.write("a.vw", "1 |f a b c d e\n0 |f a\n"), with_bits(1));
    std::vector<float> wanted(2);
    for (const char* name : {"a", "b", "c", "d", "e"}) add(wanted, "f", name, 1);
    EXPECT_EQ(row_of(data.train, 0), wanted);
    EXPECT_NE(data.notes.back().find("5 features in 2 of 2 hashed columns: 3 collisions"), std::string::npos) << data.notes.back();
}

}  // namespace
}  // namespace glissade
