// SPDX-License-Identifier: Apache-2.0
// Tables whose text is hashed.
#include <gtest/gtest.h>

#include <cmath>

#include "host/data/feature_hash.hpp"
#include "trained.hpp"

namespace glissade {
namespace {

using testing::DataFiles;
using testing::raw_options;
using testing::row_of;
using testing::Trained;

LoadOptions hashed(const std::string& target, int bits) {
    LoadOptions options = raw_options(target);
    options.hash_bits = bits;
    return options;
}

/// Numbers in front, then 2^bits hashed columns with some cells of text.
std::vector<float> row_with(std::vector<float> numbers, int bits, const std::vector<std::pair<std::string, std::string>>& cells) {
    const std::size_t first = numbers.size();
    numbers.resize(first + (std::size_t{1} << bits));
    for (const auto& [column, text] : cells) {
        const std::uint64_t key = XXH3_64bits_withSeed(text.data(), text.size(), XXH3_64bits(column.data(), column.size()));
        numbers[first + key % (std::uint64_t{1} << bits)] += key >> 63 != 0 ? -1.0F : 1.0F;
    }
    return numbers;
}

TEST(HashedTable, HasNumbersInFrontAndTextHashedBehind) {
    const Trained model("color,size,shape,y\nred,1.5,round,0\nblue,0,flat,1\nred,3,flat,1\n", hashed("y", 8));
    ASSERT_TRUE(model.data.train.is_sparse());
    EXPECT_EQ(model.data.train.columns(), 257);
    EXPECT_EQ(row_of(model.data.train, 0), row_with({1.5F}, 8, {{"color", "red"}, {"shape", "round"}}));
    EXPECT_EQ(row_of(model.data.train, 1), row_with({0}, 8, {{"color", "blue"}, {"shape", "flat"}}));
    EXPECT_TRUE(model.data.train.feature_names.empty());
    EXPECT_TRUE(model.data.contract.input.empty());
    EXPECT_EQ(model.data.contract.preparation.hash_bits, 8);
    EXPECT_TRUE(model.data.contract.preparation.sparse);
    EXPECT_EQ(model.data.contract.preparation.matrix_columns(), 257);
}

TEST(HashedTable, HashesAlikeForAModelWhateverTheOrderAndTheCategories) {
    const Trained model("color,size,y\nred,1.5,0\nblue,0,1\n", hashed("y", 10));
    const auto loaded = model.load("y,size,color\n1,2,never seen\n0,3,red\n", true);
    EXPECT_EQ(row_of(loaded.data, 0), row_with({2}, 10, {{"color", "never seen"}}));
    EXPECT_EQ(row_of(loaded.data, 1), row_with({3}, 10, {{"color", "red"}}));
    EXPECT_TRUE(loaded.notes.empty()) << loaded.notes[0];
    LoadOptions options = hashed("0", 10);
    const Trained positions("p,1,0\nq,2,1\n", hashed("2", 10));
    EXPECT_EQ(row_of(positions.load("z,5\n", false).data, 0), row_with({5}, 10, {{"0", "z"}}));
}

TEST(HashedTable, TakesAMissingTextAsATextOfItsOwnUnderEveryPolicy) {
    const std::string text = "color,size,y\nred,1,0\n,2,1\n?,3,1\n";
    for (const MissingPolicy policy : {MissingPolicy::error, MissingPolicy::drop, MissingPolicy::mean, MissingPolicy::indicator}) {
        LoadOptions options = hashed("y", 9);
        options.na_values = {"?"};
        options.missing = policy;
        const Trained model(text, options);
        ASSERT_EQ(model.data.train.rows(), 3);
        EXPECT_EQ(row_of(model.data.train, 1), row_with({2}, 9, {{"color", ""}}));
        EXPECT_EQ(row_of(model.data.train, 2), row_with({3}, 9, {{"color", ""}}));
    }
}

TEST(HashedTable, KeepsTheMeaningOfThePoliciesForMissingNumbers) {
    const std::string text = "color,size,y\nred,1,0\nblue,,1\nred,5,1\n";
    LoadOptions options = hashed("y", 9);
    EXPECT_ERROR(ErrorKind::data, "line 3, column 2 (\"size\"): a missing cell", Trained(text, options));
    options.missing = MissingPolicy::drop;
    EXPECT_EQ(Trained(text, options).data.train.rows(), 2);
    options.missing = MissingPolicy::mean;
    EXPECT_EQ(row_of(Trained(text, options).data.train, 1), row_with({3}, 9, {{"color", "blue"}}));
    options.missing = MissingPolicy::indicator;
    EXPECT_EQ(row_of(Trained(text, options).data.train, 1), row_with({3, 1}, 9, {{"color", "blue"}}));
    EXPECT_EQ(row_of(Trained(text, options).data.train, 2), row_with({5, 0}, 9, {{"color", "red"}}));
}

TEST(HashedTable, StandardisesNumbersAsADenseTableDoes) {
    LoadOptions options = hashed("y", 6), dense = raw_options("y");
    for (const Toggle mode : {Toggle::off, Toggle::automatic, Toggle::on}) {
        options.standardize = dense.standardize = mode;
        const std::string text = "color,size,flag,y\nred,1,0,0\nblue,2,1,1\nred,6,1,1\n";
        const Trained model(text, options), other(text, dense);
        for (std::int64_t r = 0; r < 3; ++r) {
            const auto row = row_of(model.data.train, r), wanted = row_of(other.data.train, r);
            EXPECT_EQ(row[0], wanted[2]) << "behind the two categories";
            EXPECT_EQ(row[1], wanted[3]);
        }
        const std::string more = "color,size,flag,y\ngreen,11,0,0\n";
        EXPECT_EQ(row_of(model.load(more, true).data, 0)[0], row_of(other.load(more, true).data, 0)[2]);
    }
    options.standardize = Toggle::automatic;
    EXPECT_ERROR(ErrorKind::data, "line 2, column 2 (\"size\"): 1e+39 does not fit float32",
                 Trained("color,size,y\nred,1e39,0\nblue,2,1\n", options));
    const Trained close("color,size,y\nred,1e-9,0\nblue,2e-9,1\n", options);
    EXPECT_ERROR(ErrorKind::data, "3e+38 lies too far from the values trained on", close.load("color,size,y\nred,3e38,0\n", true));
}

TEST(HashedTable, HasNoLimitOfCategoriesAndCountsCollisions) {
    std::string text = "id,y\n";
    for (int i = 0; i < 1500; ++i) text += "user" + std::to_string(i) + "," + std::to_string(i % 2) + "\n";
    EXPECT_ERROR(ErrorKind::data, "--hash-bits 18 hashes text into columns", Trained(text, raw_options("y")));
    const Trained model(text, hashed("y", 10));
    EXPECT_EQ(model.data.train.nonzeros(), 1500);
    const std::string note = model.data.notes.back();
    EXPECT_NE(note.find("1500 features in "), std::string::npos) << note;
    EXPECT_NE(note.find(" of 1024 hashed columns: "), std::string::npos) << note;
}

TEST(HashedTable, RefusesFlagsThatDoNotFit) {
    const DataFiles files;
    const std::string numbers = files.write("n.csv", "a,y\n1,0\n2,1\n"), libsvm = files.write("a.libsvm", "1 1:1\n0 2:1\n"),
                      words = files.write("w.csv", "a,y\np,0\nq,1\n");
    EXPECT_ERROR(ErrorKind::usage, "has no feature column of text", load_training(numbers, hashed("y", 4)));
    EXPECT_ERROR(ErrorKind::usage, "has no feature column of text",
                 load_training(files.write("t.csv", "a,y\n1,no\n2,yes\n"), hashed("y", 4)));
    LoadOptions options;
    options.hash_bits = 4;
    EXPECT_ERROR(ErrorKind::usage, "is libsvm, whose columns are numbered", load_training(libsvm, options));
    options = hashed("y", 4);
    options.sparse = Toggle::off;
    EXPECT_ERROR(ErrorKind::usage, "hashed columns are sparse", load_training(words, options));
    options = raw_options("y");
    options.sparse = Toggle::on;
    EXPECT_ERROR(ErrorKind::usage, "is a dense table", load_training(words, options));
    options.target.reset();
    options.target_file = files.write("t.csv", "0\n1\n");
    options.sparse = Toggle::automatic;
    options.hash_bits = 4;
    const std::string array = files.write("x.npy", testing::npy_of("<f4", "(2, 1)", testing::bytes_of<float>({1, 2})));
    EXPECT_ERROR(ErrorKind::usage, "holds numbers only", load_training(array, options));
}

TEST(HashedTable, NeedsItsColumns) {
    const DataFiles files;
    const Trained model("color,size,y\nred,1.5,0\nblue,0,1\n", hashed("y", 10));
    EXPECT_ERROR(ErrorKind::data, "no column \"color\"", model.load("size,y\n1,0\n", true));
    const std::string libsvm = files.write("a.libsvm", "1 1:1\n");
    EXPECT_ERROR(ErrorKind::data, "the model was trained on a table", load_for_model(libsvm, {}, model.data.contract, true));
}

}  // namespace
}  // namespace glissade
