// SPDX-License-Identifier: Apache-2.0
#include "glissade/dataset.hpp"

#include <gtest/gtest.h>

#include "data_files.hpp"

namespace glissade {
namespace {

using testing::error_of;

TEST(Dataset, BorrowsWithoutCopying) {
    const std::vector<double> x = {1, 2, 3, 4, 5, 6}, y = {7, 8};
    const Dataset data = Dataset::borrow(MatrixView<const double>(x.data(), 2, 3), y);
    EXPECT_EQ(data.features<double>().row(1), x.data() + 3);
    EXPECT_EQ(data.targets<double>().data(), y.data());
    EXPECT_EQ(data.target_count(), 1);
    EXPECT_FALSE(data.has_weights());
    const std::vector<double> two_a_row = {1, 2, 3, 4};
    EXPECT_EQ(Dataset::borrow(MatrixView<const double>(x.data(), 2, 3), two_a_row).target_count(), 2);
}

TEST(Dataset, RefusesSizesThatDisagree) {
    const std::vector<float> x(6), three(3);
    const MatrixView<const float> matrix(x.data(), 2, 3);
    EXPECT_ERROR(ErrorKind::data, "3 targets for 2 rows", Dataset::borrow(matrix, three));
    EXPECT_ERROR(ErrorKind::data, "3 weights for 2 rows", Dataset::borrow(matrix, std::span(three).first(2), three));
    EXPECT_ERROR(ErrorKind::data, "stride 2", Dataset::borrow(MatrixView<const float>(x.data(), 2, 3, 2), std::span(three).first(2)));
}

TEST(Dataset, RefusesTheWrongTypeAndWritesToBorrowedMemory) {
    const std::vector<float> x(2), y(2);
    Dataset data = Dataset::borrow(MatrixView<const float>(x.data(), 2, 1), y);
    EXPECT_ERROR(ErrorKind::internal, "another real type", data.features<double>());
    EXPECT_ERROR(ErrorKind::internal, "borrowed", data.mutable_features<float>());
}

TEST(Dataset, AllocatesZeroedAlignedRowsThatDoNotOverlap) {
    for (const std::int64_t columns : {0, 1, 2, 3, 15, 16, 17, 28, 31, 32, 33, 100000}) {
        for (const RealType type : {RealType::float32, RealType::float64}) {
            Dataset data = Dataset::allocate(type, 5, columns, 2, true);
            EXPECT_GE(data.stride(), columns);
            EXPECT_EQ(data.stride(), padded_stride(columns, type));
            EXPECT_EQ(reinterpret_cast<std::uintptr_t>(type == RealType::float32 ? static_cast<void*>(data.mutable_features<float>())
                                                                                 : static_cast<void*>(data.mutable_features<double>())) %
                          64,
                      0u);
        }
        Dataset data = Dataset::allocate(RealType::float32, 5, columns, 2, true);
        for (std::int64_t i = 0; i < 5 * data.stride(); ++i) ASSERT_EQ(data.mutable_features<float>()[i], 0.0f);
        std::fill_n(data.mutable_features<float>(), 5 * data.stride(), 1.0f);
        std::fill_n(data.mutable_targets<float>(), 10, 2.0f);
        std::fill_n(data.mutable_weights<float>(), 5, 3.0f);
        for (std::int64_t i = 0; i < 5 * data.stride(); ++i) ASSERT_EQ(data.mutable_features<float>()[i], 1.0f);
        for (const float target : data.targets<float>()) EXPECT_EQ(target, 2.0f);
    }
}

TEST(Dataset, PadsRowsAsDocumented) {
    EXPECT_EQ(padded_stride(1, RealType::float32), 1);
    EXPECT_EQ(padded_stride(3, RealType::float32), 4);
    EXPECT_EQ(padded_stride(16, RealType::float32), 16);
    EXPECT_EQ(padded_stride(17, RealType::float32), 20);  // a whole line more would waste most of it
    EXPECT_EQ(padded_stride(28, RealType::float32), 32);  // 16 of 112 bytes: a seventh
    EXPECT_EQ(padded_stride(784, RealType::float32), 784);
    EXPECT_EQ(padded_stride(5, RealType::float64), 8);
    EXPECT_EQ(padded_stride(9, RealType::float64), 10);
}

TEST(Dataset, RefusesSizesThatOverflow) {
    const std::int64_t huge = std::int64_t{1} << 40;
    EXPECT_ERROR(ErrorKind::memory, "does not fit any memory", Dataset::allocate(RealType::float64, huge, huge, 1, false));
    EXPECT_ERROR(ErrorKind::memory, "", Dataset::allocate(RealType::float64, std::int64_t{1} << 50, 64, 1, false));
}

TEST(Dataset, SelectsRowsWithTargetsAndWeights) {
    const std::vector<float> x = {1, 2, 3, 4, 5, 6}, y = {10, 20, 30}, w = {1, 0, 2};
    Dataset data = Dataset::borrow(MatrixView<const float>(x.data(), 3, 2), y, w);
    data.class_labels = {"a", "b"};
    const std::vector<std::int64_t> rows = {2, 0, 2};
    const Dataset chosen = data.select(rows);
    EXPECT_EQ(testing::row_of(chosen, 0), (std::vector<float>{5, 6}));
    EXPECT_EQ(testing::row_of(chosen, 1), (std::vector<float>{1, 2}));
    EXPECT_EQ(testing::targets_of(chosen), (std::vector<float>{30, 10, 30}));
    EXPECT_EQ(chosen.weights<float>()[2], 2.0f);
    EXPECT_EQ(chosen.class_labels, data.class_labels);
    EXPECT_ERROR(ErrorKind::internal, "row 3", data.select(std::vector<std::int64_t>{3}));
}

TEST(Dataset, ASelectionKnowsWhatWasDoneToItsNumbers) {
    const testing::DataFiles files;
    LoadOptions options;
    options.target = "y";
    const PreparedData loaded = load_training(files.write("t.csv", "a,c,y\n1,p,10.5\n2,q,20.5\n6,p,30.5\n"), options);
    const Dataset chosen = loaded.train.select(std::vector<std::int64_t>{2, 0});
    ASSERT_FALSE(chosen.input.empty());
    EXPECT_EQ(chosen.input.scale, loaded.train.input.scale);
    EXPECT_EQ(chosen.input.shift, loaded.train.input.shift);
    EXPECT_EQ(chosen.target_scale, loaded.train.target_scale);
    EXPECT_EQ(chosen.target_shift, loaded.train.target_shift);
    EXPECT_EQ(chosen.preparation, loaded.train.preparation);
    EXPECT_EQ(chosen.feature_names, loaded.train.feature_names);
    EXPECT_EQ(chosen.task, loaded.train.task);
}

TEST(Dataset, CopiesShareStorage) {
    Dataset data = Dataset::allocate(RealType::float32, 1, 1, 1, false);
    const Dataset copy = data;
    data.mutable_features<float>()[0] = 4;
    EXPECT_EQ(copy.features<float>().row(0)[0], 4.0f);
}

}  // namespace
}  // namespace glissade
