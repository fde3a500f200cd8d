// SPDX-License-Identifier: Apache-2.0
// Sparse or dense: what becomes of libsvm rows.
#include "host/data/data_form.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "data_files.hpp"

namespace glissade {
namespace {

using testing::DataFiles;
using testing::row_of;
using testing::targets_of;

LoadOptions kept(Toggle sparse) {
    LoadOptions options;
    options.standardize_target = Toggle::off;
    options.sparse = sparse;
    return options;
}

/// Rows of `columns` features with some nonzeros each, the last column among them.
std::string libsvm_text(int rows, int columns, int nonzeros) {
    std::mt19937_64 random(7);
    std::string text;
    for (int r = 0; r < rows; ++r) {
        text += std::to_string(r % 2);
        for (int k = 0; k < nonzeros; ++k) {
            const int width = columns / nonzeros;
            const int index =
                k + 1 == nonzeros && r == 0 ? columns : 1 + k * width + static_cast<int>(random() % static_cast<unsigned>(width));
            text += " " + std::to_string(index) + ":" + std::to_string(static_cast<double>(random() % 1000) / 16 - 20);
        }
        text += "\n";
    }
    return text;
}

TEST(DataForm, IsDenseUnlessThatTakesEightTimesTheMemory) {
    const DataFiles files;
    // A row of 16 columns: 64 bytes dense; 8 bytes and 8 for each nonzero sparse. Of 128: 512 bytes.
    EXPECT_FALSE(load_training(files.write("a.libsvm", libsvm_text(100, 16, 1)), kept(Toggle::automatic)).train.is_sparse());
    EXPECT_FALSE(load_training(files.write("a.libsvm", libsvm_text(100, 128, 7)), kept(Toggle::automatic)).train.is_sparse());
    EXPECT_TRUE(load_training(files.write("a.libsvm", libsvm_text(100, 128, 6)), kept(Toggle::automatic)).train.is_sparse());
    EXPECT_TRUE(load_training(files.write("a.libsvm", libsvm_text(100, 16, 8)), kept(Toggle::on)).train.is_sparse());
    EXPECT_FALSE(load_training(files.write("a.libsvm", libsvm_text(100, 5000, 2)), kept(Toggle::off)).train.is_sparse());
}

TEST(DataForm, SaysWhatWasChosenAndWhy) {
    const DataFiles files;
    const std::string path = files.write("a.libsvm", "1 1:1\n0 5000000:1\n");
    EXPECT_EQ(
        load_training(path, kept(Toggle::automatic)).notes[1],
        path +
            ": 2 rows by 5000000 columns take 38.1 MiB as a dense matrix, 40 bytes as sparse rows: kept sparse (--sparse off makes them "
            "dense)");
    EXPECT_NE(load_training(path, kept(Toggle::off)).notes[1].find("dense, as asked"), std::string::npos);
    EXPECT_NE(load_training(path, kept(Toggle::on)).notes[1].find("sparse, as asked"), std::string::npos);
}

TEST(DataForm, HoldsTheSameNumbersEitherWay) {
    const DataFiles files;
    const std::string path = files.write("a.libsvm", libsvm_text(500, 60, 5)), more = files.write("b.libsvm", "1 3:2.5\n0\n1 60:-1 # x\n");
    LoadOptions options = kept(Toggle::on);
    options.validation_fraction = .25;
    const auto sparse = load_training(path, options);
    options.sparse = Toggle::off;
    const auto dense = load_training(path, options);
    ASSERT_TRUE(sparse.train.is_sparse() && sparse.validation->is_sparse());
    ASSERT_FALSE(dense.train.is_sparse() || dense.validation->is_sparse());
    EXPECT_EQ(targets_of(sparse.train), targets_of(dense.train));
    for (std::int64_t r = 0; r < dense.train.rows(); ++r) ASSERT_EQ(row_of(sparse.train, r), row_of(dense.train, r));
    for (std::int64_t r = 0; r < dense.validation->rows(); ++r) ASSERT_EQ(row_of(*sparse.validation, r), row_of(*dense.validation, r));
    EXPECT_NE(sparse.fingerprint, dense.fingerprint);
    const auto sparse_more = load_for_model(more, {}, sparse.contract, true), dense_more = load_for_model(more, {}, dense.contract, true);
    EXPECT_TRUE(sparse_more.data.is_sparse()) << "as in training";
    EXPECT_FALSE(dense_more.data.is_sparse());
    for (std::int64_t r = 0; r < 3; ++r) EXPECT_EQ(row_of(sparse_more.data, r), row_of(dense_more.data, r));
}

TEST(DataForm, DoesNotStoreZeros) {
    const DataFiles files;
    const auto data = load_training(files.write("a.libsvm", "1 1:0 2:3 4:-0\n0 3:1e-60 4:1\n"), kept(Toggle::on));
    EXPECT_EQ(data.train.nonzeros(), 3) << "what rounds to 0 is kept";
    EXPECT_EQ(row_of(data.train, 0), (std::vector<float>{0, 3, 0, 0}));
}

TEST(DataForm, OfAModelThatKnowsOfNoFileIsTheSmallerOne) {
    const DataFiles files;
    ModelContract contract;
    contract.task = Task::classification;
    contract.class_labels = {"0", "1"};
    contract.preparation.file_columns = 100000;
    const std::string path = files.write("a.libsvm", "1 1:1\n0 7:2\n");
    EXPECT_TRUE(load_for_model(path, {}, contract, true).data.is_sparse());
    contract.preparation.file_columns = 7;
    EXPECT_FALSE(load_for_model(path, {}, contract, true).data.is_sparse());
}

TEST(DataForm, ScalesSparseColumnsByTheirDeviationWithoutMovingZero) {
    const DataFiles files;
    LoadOptions options = kept(Toggle::on);
    EXPECT_TRUE(load_training(files.write("a.libsvm", libsvm_text(40, 6, 3)), options).contract.input.empty()) << "not if not asked for";
    options.standardize = Toggle::on;
    // Column 1: 4, 0, 0, 0 has mean 1 and deviation sqrt(3); column 2: 1, 1, 1, 1 has none; column 3: 2, -2, 2, -2 has 2.
    const auto data = load_training(files.write("b.libsvm", "1 1:4 2:1 3:2\n0 2:1 3:-2\n1 2:1 3:2\n0 2:1 3:-2\n"), options);
    EXPECT_EQ(data.contract.input.scale, (std::vector<double>{1 / std::sqrt(3.0), 1, .5}));
    EXPECT_EQ(data.contract.input.shift, std::vector<double>(3));
    EXPECT_EQ(row_of(data.train, 0), (std::vector<float>{static_cast<float>(4 * (1 / std::sqrt(3.0))), 1, 1}));
    EXPECT_EQ(row_of(data.train, 1), (std::vector<float>{0, 1, -1}));
    EXPECT_EQ(row_of(load_for_model(files.write("c.libsvm", "1 3:6\n"), {}, data.contract, true).data, 0), (std::vector<float>{0, 0, 3}));
    EXPECT_EQ(data.train.input.scale, data.contract.input.scale);
}

TEST(DataForm, IsDenseOnlyWithinTheMemoryLimit) {
    const DataFiles files;
    const std::string path = files.write("wide.libsvm", "1 1:1\n0 5000000:1\n");
    LoadOptions options = kept(Toggle::off);
    options.memory_limit_bytes = std::int64_t{10} << 20;
    EXPECT_ERROR(ErrorKind::memory, "2 rows by 5000000 columns as a dense matrix needs 38.1 MiB", load_training(path, options));
    EXPECT_ERROR(ErrorKind::memory, "--memory-limit", load_training(path, options));
    options.memory_limit_bytes = std::int64_t{100} << 20;
    EXPECT_EQ(load_training(path, options).train.columns(), 5000000);
    // 128 bytes a row dense, 16 sparse: preferred, but with the 36 bytes a row of the table beyond what is there.
    constexpr std::int64_t rows = 4096;
    std::string text;
    for (std::int64_t r = 0; r < rows; ++r) text += std::to_string(r % 2) + " " + std::to_string(1 + r % 32) + ":1\n";
    const std::string tight = files.write("tight.libsvm", text);
    options = kept(Toggle::automatic);
    EXPECT_FALSE(load_training(tight, options).train.is_sparse());
    options.memory_limit_bytes = rows * 100;
    EXPECT_TRUE(load_training(tight, options).train.is_sparse());
}

TEST(DataForm, IsNotMadeDenseWhereThatTakesFarMoreThanTheFile) {
    const DataFiles files;
    // 2 rows of 2^29 float32: 4 GiB, allowed by the memory limit, but not asked for.
    const std::string path = files.write("a.libsvm", "1 1:1\n# a comment\n0 536870912:1\n");
    LoadOptions options = kept(Toggle::off);
    EXPECT_ERROR(ErrorKind::memory, "a.libsvm, line 3: feature index 536870912", load_training(path, options));
    EXPECT_ERROR(ErrorKind::memory, "4.0 GiB as a dense matrix, of a file of 32 bytes; --sparse auto", load_training(path, options));
    options.memory_limit_is_asked_for = true;
    options.memory_limit_bytes = std::int64_t{100} << 20;
    EXPECT_ERROR(ErrorKind::memory, "the memory limit is 100.0 MiB",
                 load_training(files.write("b.libsvm", "1 1:1\n0 33554432:1\n"), options));
}

TEST(DataForm, IsNotSparseWhereTheModelWouldTakeFarMoreThanTheFile) {
    const DataFiles files;
    const std::string path = files.write("a.libsvm", "1 1:1\n# a comment\n0 536870912:1\n"),
                      fits = files.write("b.libsvm", "1 1:1\n0 67108864:1\n");
    LoadOptions options = kept(Toggle::automatic);
    EXPECT_ERROR(ErrorKind::memory, "a.libsvm, line 3: feature index 536870912 makes the model so wide that it takes 8.0 GiB",
                 load_training(path, options));
    EXPECT_EQ(load_training(fits, options).train.nonzeros(), 2) << "1 GiB";
    options.memory_limit_is_asked_for = true;
    options.memory_limit_bytes = std::int64_t{1} << 30;
    EXPECT_ERROR(ErrorKind::memory, "a.libsvm, line 3", load_training(path, options));
    EXPECT_ERROR(ErrorKind::memory, "b.libsvm, line 2", load_training(fits, options));
    options.memory_limit_bytes = std::int64_t{9} << 30;
    EXPECT_EQ(load_training(path, options).train.nonzeros(), 2);
}

TEST(DataForm, MayGrowSixtyFourfoldAsADenseMatrix) {
    EXPECT_EQ(most_dense_bytes(0), std::int64_t{1} << 30);
    EXPECT_EQ(most_dense_bytes(std::int64_t{1} << 24), std::int64_t{1} << 30);
    EXPECT_EQ(most_dense_bytes((std::int64_t{1} << 24) + 1), (std::int64_t{1} << 30) + 64);
}

}  // namespace
}  // namespace glissade
