// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "data_files.hpp"
#include "glissade/dataset.hpp"

namespace glissade {
namespace {

/// Three rows of five columns: {1: 10, 4: 20}, {}, {0: 30}.
struct SparseRows {
    std::vector<std::int64_t> offsets = {0, 2, 2, 3};
    std::vector<std::uint32_t> indices = {1, 4, 0};
    std::vector<double> values = {10, 20, 30}, targets = {1, 2, 3}, weights = {1, 0, 2};
    SparseView<const double> view() const { return {offsets.data(), indices.data(), values.data(), 3, 5}; }
};

TEST(SparseDataset, BorrowsWithoutCopying) {
    const SparseRows rows;
    const Dataset data = Dataset::borrow(rows.view(), rows.targets, rows.weights);
    EXPECT_TRUE(data.is_sparse());
    EXPECT_EQ(data.rows(), 3);
    EXPECT_EQ(data.columns(), 5);
    EXPECT_EQ(data.nonzeros(), 3);
    EXPECT_EQ(data.sparse<double>().values, rows.values.data());
    EXPECT_EQ(data.sparse<double>().offsets, rows.offsets.data());
    EXPECT_EQ(data.targets<double>().data(), rows.targets.data());
}

TEST(SparseDataset, TakesSomeRowsOfALargerMatrix) {
    const SparseRows rows;
    const Dataset data = Dataset::borrow(rows.view().part(1, 2), std::span(rows.targets).subspan(1));
    EXPECT_EQ(data.rows(), 2);
    EXPECT_EQ(data.nonzeros(), 1);
    EXPECT_EQ(data.sparse<double>().offsets[1], 2);
}

TEST(SparseDataset, TakesNoRowsAtAll) {
    const Dataset data = Dataset::borrow(SparseView<const float>{nullptr, nullptr, nullptr, 0, 4}, std::span<const float>{});
    EXPECT_TRUE(data.is_sparse());
    EXPECT_EQ(data.nonzeros(), 0);
}

TEST(SparseDataset, RefusesRowsThatAreNotInOrder) {
    SparseRows rows;
    rows.indices = {4, 1, 0};
    EXPECT_ERROR(ErrorKind::data, "row 1: column 2 follows column 5", Dataset::borrow(rows.view(), rows.targets));
    rows.indices = {1, 1, 0};
    EXPECT_ERROR(ErrorKind::data, "row 1: column 2 follows column 2", Dataset::borrow(rows.view(), rows.targets));
    rows.indices = {1, 4, 5};
    EXPECT_ERROR(ErrorKind::data, "row 3: column 6, but there are 5", Dataset::borrow(rows.view(), rows.targets));
    rows.indices = {1, 4, 0};
    rows.offsets = {0, 2, 1, 3};
    EXPECT_ERROR(ErrorKind::data, "row 2: its offsets fall", Dataset::borrow(rows.view(), rows.targets));
}

TEST(SparseDataset, RefusesSizesThatDisagree) {
    const SparseRows rows;
    EXPECT_ERROR(ErrorKind::data, "2 targets for 3 rows", Dataset::borrow(rows.view(), std::span(rows.targets).first(2)));
    EXPECT_ERROR(ErrorKind::data, "2 weights for 3 rows", Dataset::borrow(rows.view(), rows.targets, std::span(rows.weights).first(2)));
    EXPECT_ERROR(ErrorKind::data, "2^32",
                 Dataset::borrow(SparseView<const float>{nullptr, nullptr, nullptr, 0, std::int64_t{1} << 33}, {}));
    EXPECT_ERROR(ErrorKind::data, "without offsets", Dataset::borrow(SparseView<const float>{nullptr, nullptr, nullptr, 1, 1}, {}));
    SparseView<const double> none = rows.view();
    none.values = nullptr;
    EXPECT_ERROR(ErrorKind::data, "no indices or values", Dataset::borrow(none, rows.targets));
}

TEST(SparseDataset, KeepsDenseAndSparseAccessApart) {
    const SparseRows rows;
    Dataset sparse = Dataset::borrow(rows.view(), rows.targets);
    EXPECT_ERROR(ErrorKind::internal, "as a dense one", sparse.features<double>());
    EXPECT_ERROR(ErrorKind::internal, "another real type", sparse.sparse<float>());
    EXPECT_ERROR(ErrorKind::internal, "borrowed", sparse.mutable_values<double>());
    EXPECT_ERROR(ErrorKind::internal, "borrowed", sparse.mutable_offsets());
    Dataset dense = Dataset::allocate(RealType::float32, 1, 1, 1, false);
    EXPECT_FALSE(dense.is_sparse());
    EXPECT_ERROR(ErrorKind::internal, "as a sparse one", dense.sparse<float>());
    EXPECT_ERROR(ErrorKind::internal, "dense", dense.nonzeros());
    EXPECT_ERROR(ErrorKind::internal, "dense", dense.mutable_indices());
}

TEST(SparseDataset, AllocatesRoomThatDoesNotOverlap) {
    Dataset data = Dataset::allocate_sparse(RealType::float32, 3, 100, 7, 2, true);
    EXPECT_EQ(data.nonzeros(), 0);
    std::fill_n(data.mutable_offsets(), 4, std::int64_t{-1});
    std::fill_n(data.mutable_indices(), 7, 77u);
    std::fill_n(data.mutable_values<float>(), 7, 1.0f);
    std::fill_n(data.mutable_targets<float>(), 6, 2.0f);
    std::fill_n(data.mutable_weights<float>(), 3, 3.0f);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(data.mutable_offsets()[i], -1);
    for (int i = 0; i < 7; ++i) EXPECT_EQ(data.mutable_indices()[i], 77u);
    for (int i = 0; i < 7; ++i) EXPECT_EQ(data.mutable_values<float>()[i], 1.0f);
    for (const float target : data.targets<float>()) EXPECT_EQ(target, 2.0f);
    EXPECT_ERROR(ErrorKind::memory, "", Dataset::allocate_sparse(RealType::float64, 1, 1, std::int64_t{1} << 61, 1, false));
}

TEST(SparseDataset, SelectsRowsWithTargetsAndWeights) {
    const SparseRows rows;
    Dataset data = Dataset::borrow(rows.view(), rows.targets, rows.weights);
    data.input.scale = {1, 2, 3, 4, 5};
    const Dataset chosen = data.select(std::vector<std::int64_t>{2, 1, 0, 0});
    const auto view = chosen.sparse<double>();
    EXPECT_EQ(std::vector(view.offsets, view.offsets + 5), (std::vector<std::int64_t>{0, 1, 1, 3, 5}));
    EXPECT_EQ(std::vector(view.indices, view.indices + 5), (std::vector<std::uint32_t>{0, 1, 4, 1, 4}));
    EXPECT_EQ(std::vector(view.values, view.values + 5), (std::vector<double>{30, 10, 20, 10, 20}));
    EXPECT_EQ(chosen.targets<double>()[0], 3);
    EXPECT_EQ(chosen.weights<double>()[1], 0);
    EXPECT_EQ(chosen.input.scale, data.input.scale);
    EXPECT_ERROR(ErrorKind::internal, "row 3", data.select(std::vector<std::int64_t>{3}));
}

}  // namespace
}  // namespace glissade
