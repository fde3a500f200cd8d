// SPDX-License-Identifier: Apache-2.0
// Nonzeros and columns so far apart that 32 bits do not count their places. The emulated card's memory exists where somebody touches it.
#include <gtest/gtest.h>

#include <bit>

#include "kernels/gateway/sort.hpp"
#include "tests/kernels/sparse_compare.hpp"

namespace glissade::testing {
namespace {

class CudaSparseFar : public CudaTest {};

using cuda::DeviceBuffer;

constexpr std::int64_t columns_apart = std::int64_t{1} << 28, first_entry = (std::int64_t{1} << 31) + 5;

/// `values` from place `first` on of a buffer that ends behind them.
template <class T>
DeviceBuffer<T> put(const std::vector<T>& values, std::int64_t first = 0) {
    DeviceBuffer<T> buffer(first + static_cast<std::int64_t>(values.size()), "values of the test");
    cuda::check(cudaMemcpy(buffer.data() + first, values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice), "cudaMemcpy",
                "the test");
    return buffer;
}

/// The rows of a case, far from the beginning of their arrays, each column in the place of columns_apart.
struct FarRows {
    explicit FarRows(const SparseCase<float>& c) {
        const SparseView<const float>& x = c.problem.sparse;
        std::vector<std::int64_t> offsets;
        for (std::int64_t r = 0; r <= x.rows; ++r) offsets.push_back(x.offsets[r] + first_entry);
        std::vector<std::uint32_t> indices;
        for (std::int64_t k = 0; k < x.nonzeros(); ++k) indices.push_back(static_cast<std::uint32_t>(x.indices[k] * columns_apart));
        offsets_ = put(offsets);
        indices_ = put(indices, first_entry);
        values_ = put(c.values, first_entry);
    }
    DeviceBuffer<std::int64_t> offsets_;
    DeviceBuffer<std::uint32_t> indices_;
    DeviceBuffer<float> values_;
};

SparseTrial far_trial() {
    SparseTrial trial{"far", Sgd{.lr = .1}};
    trial.rows = 24;
    trial.columns = 12;
    trial.batch = 24;
    trial.epochs = 1;
    return trial;
}

TEST_F(CudaSparseFar, ColumnsAndNonzerosAreTrainedAsThoseSideBySide) {
    const SparseTrial trial = far_trial();
    const SparseCase<float> c(trial);
    ASSERT_EQ(c.problem.idle.marks(), 0);
    const auto cpu = c.backend(1);
    cpu->run(c.part(0, 1));
    const std::vector<float> expected = cpu->get_state().parameters;

    use({"huge", 8, 3});
    const FarRows rows(c);
    const std::int64_t capacity = c.problem.sparse.nonzeros();
    constexpr int threads = 64;
    kernels::SparseStepParams p;
    p.shape = cuda::sparse_shape_of(c.problem);
    p.shape.columns = trial.columns * columns_apart;
    const std::int64_t stride = p.shape.stride();
    ASSERT_GT((p.shape.columns - columns_apart) * stride, std::int64_t{1} << 33);
    const DeviceBuffer<float> records(p.shape.columns * stride, "records");
    for (std::int64_t j = 0; j < trial.columns; ++j) {
        const float record[] = {std::bit_cast<float>(1U), c.start.parameters[static_cast<std::size_t>(j)], 0};
        cuda::check(cudaMemcpy(records.data() + j * columns_apart * stride, record, sizeof record, cudaMemcpyHostToDevice), "cudaMemcpy",
                    "a column");
    }
    const auto targets = put(c.targets), biases = put(std::vector<float>{c.start.parameters.back()}), scalars = put(c.scalars);
    const auto orders = put(std::vector<EpochOrder>{c.problem.batches.order.epoch(0)});
    const auto waiting = put(std::vector<kernels::SparseWaiting>(1));
    const auto control = put(std::vector<kernels::SparseControl>(1));
    const auto bad = put(std::vector<std::int32_t>(1));
    const DeviceBuffer<kernels::SparseRowPlace> places(trial.rows, "places");
    const DeviceBuffer<std::uint32_t> tiles(1, "tiles"), keys_in(capacity, "keys"), keys_out(capacity, "keys"), terms_in(capacity, "terms"),
        terms_out(capacity, "terms");
    const DeviceBuffer<float> slopes(trial.rows, "slopes"), losses(trial.rows, "losses"), partials(4, "sums"), loss_sums(1, "loss"),
        bias_gradient(1, "gradient");
    p.offsets = rows.offsets_.data();
    p.indices = rows.indices_.data();
    p.values = rows.values_.data();
    p.targets = targets.data();
    p.idle = static_cast<int>(c.problem.idle.kind);
    p.loss = c.problem.loss;
    p.rule = c.problem.rule;
    p.variant = c.problem.variant;
    p.rows = p.batch_size = p.tile_rows = trial.rows;
    p.tile_rows = threads;
    p.orders = orders.data();
    p.scalars = scalars.data();
    p.waiting = waiting.data();
    p.loss_sums = loss_sums.data();
    p.control = control.data();
    p.places = places.data();
    p.tile_entries = tiles.data();
    p.slopes = slopes.data();
    p.losses = losses.data();
    p.partials = partials.data();
    p.capacity = capacity;
    p.keys_in = keys_in.data();
    p.keys_out = keys_out.data();
    p.terms_in = terms_in.data();
    p.terms_out = terms_out.data();
    p.bad = bad.data();
    p.records = records.data();
    p.biases = biases.data();
    p.bias_gradient = bias_gradient.data();
    kernels::SortEntriesParams sort{.count = capacity};
    std::int64_t bytes = 0;
    ASSERT_EQ(kernels::sort_entries_scratch(capacity, sort.key_bits, &bytes), 0);
    const DeviceBuffer<unsigned char> scratch(bytes, "the sort");
    sort.keys_in = p.keys_in;
    sort.keys_out = p.keys_out;
    sort.values_in = p.terms_in;
    sort.values_out = p.terms_out;
    sort.scratch = scratch.data();
    sort.scratch_bytes = bytes;
    cuda::check(cudaDeviceSynchronize(), "cudaDeviceSynchronize", "what was uploaded");
    const cuda::Stream stream;
    EXPECT_EQ(kernels::launch_sparse_rows(p, 1, threads, stream.get()), 0);
    EXPECT_EQ(kernels::launch_sparse_scan(p, threads, stream.get()), 0);
    EXPECT_EQ(kernels::launch_sparse_scores(p, 2, threads, stream.get()), 0);
    EXPECT_EQ(kernels::launch_sort_entries(sort, stream.get()), 0);
    EXPECT_EQ(kernels::launch_sparse_columns(p, 2, threads, stream.get()), 0);
    EXPECT_EQ(kernels::launch_sparse_decide(p, threads, stream.get()), 0);
    EXPECT_EQ(kernels::launch_sparse_update(p, 2, threads, stream.get()), 0);
    stream.synchronize("far columns");
    for (std::int64_t j = 0; j < trial.columns; ++j) {
        float record[3];
        cuda::check(cudaMemcpy(record, records.data() + j * columns_apart * stride, sizeof record, cudaMemcpyDeviceToHost), "cudaMemcpy",
                    "a column");
        EXPECT_EQ(record[1], expected[static_cast<std::size_t>(j)]) << "column " << j;
        EXPECT_EQ(record[2], 0) << "column " << j;
    }
    EXPECT_NE(expected, c.start.parameters);
}

TEST_F(CudaSparseFar, NonzerosAreScoredAsThoseSideBySide) {
    const SparseTrial trial = far_trial();
    const SparseCase<float> c(trial);
    std::vector<float> expected(static_cast<std::size_t>(trial.rows)), found(expected);
    c.backend(1)->score(c.problem.sparse, c.start.parameters.data(), expected);
    use({"huge", 8, 3});
    const FarRows rows(c);
    const std::int64_t columns = trial.columns * columns_apart;
    const DeviceBuffer<float> parameters(columns + 1, "parameters"), scores(trial.rows, "scores");
    for (std::int64_t j = 0; j <= trial.columns; ++j)
        cuda::check(cudaMemcpy(parameters.data() + j * columns_apart, &c.start.parameters[static_cast<std::size_t>(j)], sizeof(float),
                               cudaMemcpyHostToDevice),
                    "cudaMemcpy", "a parameter");
    kernels::ScoreSparseParams p;
    p.rows = trial.rows;
    p.columns = columns;
    p.offsets = rows.offsets_.data();
    p.indices = rows.indices_.data();
    p.values = rows.values_.data();
    p.parameters = parameters.data();
    p.scores = scores.data();
    cuda::check(cudaDeviceSynchronize(), "cudaDeviceSynchronize", "what was uploaded");
    const cuda::Stream stream;
    EXPECT_EQ(kernels::launch_score_sparse(p, 1, 64, stream.get()), 0);
    stream.copy(found.data(), scores.data(), scores.count(), cudaMemcpyDeviceToHost, "scores");
    stream.synchronize("far nonzeros");
    EXPECT_TRUE(equal_bits(found, expected));
}

}  // namespace
}  // namespace glissade::testing
