// SPDX-License-Identifier: Apache-2.0
// Rows so far apart that 32 bits count neither them nor their values. The emulated card's memory exists where somebody touches it.
#include <gtest/gtest.h>

#include <limits>

#include "host/cuda/buffers.hpp"
#include "host/cuda/stream.hpp"
#include "tests/kernels/compare.hpp"

namespace glissade::testing {
namespace {

class CudaFarRows : public CudaTest {};

using cuda::DeviceBuffer;
using kernels::Divider;

template <class T>
DeviceBuffer<T> uploaded(const std::vector<T>& values) {
    DeviceBuffer<T> buffer(static_cast<std::int64_t>(values.size()), "values of the test");
    cuda::check(cudaMemcpy(buffer.data(), values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice), "cudaMemcpy", "the test");
    return buffer;
}
template <class T>
std::vector<T> downloaded(const DeviceBuffer<T>& buffer) {
    std::vector<T> values(static_cast<std::size_t>(buffer.count()));
    cuda::check(cudaMemcpy(values.data(), buffer.data(), values.size() * sizeof(T), cudaMemcpyDeviceToHost), "cudaMemcpy", "the test");
    return values;
}

/// A case in file order, its rows scattered over `far` rows where an order of those draws them.
struct Scattered {
    const Case<float>& c;
    RowOrder far;
    kernels::LinearShape shape = cuda::shape_of(c.problem);

    DeviceBuffer<float> records() const {
        const EpochOrder order = far.epoch(0);
        DeviceBuffer<float> all(far.rows * shape.record_floats(), "records");
        for (std::int64_t r = 0; r < c.problem.features.rows; ++r) {
            std::vector<float> record(c.features.begin() + r * shape.features, c.features.begin() + (r + 1) * shape.features);
            record.push_back(c.targets[static_cast<std::size_t>(r)]);
            record.resize(static_cast<std::size_t>(shape.record_floats()));
            cuda::check(cudaMemcpy(all.data() + order(r) * shape.record_floats(), record.data(), record.size() * sizeof(float),
                                   cudaMemcpyHostToDevice),
                        "cudaMemcpy", "a record");
        }
        return all;
    }
};

/// The state after the steps of the case, by a launch that names every buffer itself.
TrainingState<float> trained(const Scattered& s, std::int64_t steps, const cuda::PlanWishes& wishes) {
    const Problem<float>& problem = s.c.problem;
    const cuda::SegmentPlan plan =
        cuda::plan_segments(s.shape, cuda::RunFacts::of(problem), cuda::usable_card(0), kernels::tuning::expected, wishes).taken;
    const cuda::WorkBuffers work = cuda::buffers_of(s.shape, plan, false);
    const std::int64_t blocks = plan.launch.blocks, batch = problem.batches.batch_size;
    std::vector<float> state;
    for (const auto& vector : s.c.start.state) state.insert(state.end(), vector.begin(), vector.end());

    const auto records = s.records();
    const auto orders = uploaded(std::vector<EpochOrder>{s.far.epoch(0)});
    const auto scalars = uploaded(s.c.scalars);
    const auto parameters = uploaded(s.c.start.parameters), states = uploaded(state);
    const DeviceBuffer<float> losses(steps, "losses"), exchange(work.exchange, "exchange"), stack(work.stack, "stack"),
        block_state(work.block_state, "state"), block_sums(work.block_sums, "sums"), gradients(work.gradients, "gradients");
    const DeviceBuffer<kernels::SegmentOutcome> outcome(1, "outcome");
    const DeviceBuffer<kernels::SegmentSignals> signals(1, "signals");

    kernels::SegmentLinearParams p;
    p.shape = s.shape;
    p.tile = plan.tile;
    p.launch = plan.launch;
    p.layout = plan.layout;
    p.by_sum_items = Divider::by(s.shape.sum_items());
    p.by_member_parameters = Divider::by(s.shape.member_parameters());
    p.by_outputs = Divider::by(s.shape.outputs);
    p.by_row_factors = Divider::by(s.shape.row_factors());
    p.by_record_chunks = Divider::by(s.shape.record_floats() / 4);
    p.records = records.data();
    p.loss = problem.loss;
    std::copy_n(problem.loss_constants, max_loss_constants, p.loss_constants);
    p.rule = problem.rule;
    p.variant = problem.variant;
    p.batch_size = batch;
    p.steps_per_epoch = s.far.rows / batch;
    p.division = p.last_division = kernels::BatchDivision::of(s.shape, batch, blocks, plan.tile);
    p.steps = steps;
    p.orders = orders.data();
    p.scalars = scalars.data();
    p.parameters_in = p.parameters_out = parameters.data();
    p.state_in = p.state_out = states.data();
    p.loss_sums = losses.data();
    p.outcome = outcome.data();
    p.exchange = exchange.data();
    p.stack = stack.data();
    p.stack_levels = plan.stack_levels;
    p.block_state = block_state.data();
    p.block_sums = block_sums.data();
    p.gradients = gradients.data();
    p.signals = signals.data();
    cuda::check(cudaDeviceSynchronize(), "cudaDeviceSynchronize", "what was uploaded");
    const cuda::Stream stream;
    EXPECT_EQ(kernels::launch_segment_linear(p, stream.get()), 0);
    stream.synchronize("the far rows");
    EXPECT_EQ(downloaded(outcome)[0].steps_done, steps);

    TrainingState<float> result;
    result.parameters = downloaded(parameters);
    const std::vector<float> all = downloaded(states);
    const std::int64_t count = s.shape.parameters();
    for (std::int64_t v = 0; v < s.shape.state_vectors; ++v)
        result.state.emplace_back(all.begin() + v * count, all.begin() + (v + 1) * count);
    return result;
}

TEST_F(CudaFarRows, AreReadBeyondThirtyTwoBitsOfValues) {
    CaseShape shape{.rows = 48, .columns = 6, .batch = 16, .steps = 3, .rule = rule_index<Adam>(UpdateRules{})};
    shape.shuffle = Shuffle::none;
    shape.rate = .01;
    const Case<float> c(shape);
    const auto cpu = c.backend(1);
    ASSERT_FALSE(cpu->run(c.segment()).frozen);
    for (const kernels::Exchange exchange : {kernels::Exchange::replica, kernels::Exchange::sliced})
        for (const std::int64_t rows : {(std::int64_t{1} << 28) + 99, (std::int64_t{1} << 32) + 12345}) {
            use({"huge", 8, 3});
            const Scattered scattered{c, {rows, 5, Shuffle::full}};
            std::int64_t farthest = 0;
            for (std::int64_t r = 0; r < shape.rows; ++r) farthest = std::max(farthest, scattered.far.epoch(0)(r));
            ASSERT_GT(farthest, rows / 2);
            ASSERT_GT(farthest * scattered.shape.record_floats(), std::int64_t{1} << 30);
            cuda::PlanWishes wishes;
            wishes.blocks = 2;
            wishes.threads = 32;
            wishes.exchange = exchange;
            EXPECT_TRUE(same_state(trained(scattered, shape.steps, wishes), cpu->get_state()))
                << rows << " rows, seed " << scattered.far.order_seed;
        }
}

/// Rows of 6 features, `stride` floats from one to the next, on the device.
DeviceBuffer<float> rows_apart(const std::vector<float>& rows, std::int64_t stride) {
    constexpr std::int64_t features = 6;
    const std::int64_t count = static_cast<std::int64_t>(rows.size()) / features;
    DeviceBuffer<float> all((count - 1) * stride + features, "rows");
    for (std::int64_t r = 0; r < count; ++r)
        cuda::check(cudaMemcpy(all.data() + r * stride, rows.data() + r * features, features * sizeof(float), cudaMemcpyHostToDevice),
                    "cudaMemcpy", "a row");
    return all;
}

TEST_F(CudaFarRows, AreScoredPackedAndCheckedAsThoseSideBySide) {
    constexpr std::int64_t count = 5, features = 6;
    std::vector<float> rows;
    for (std::int64_t i = 0; i < count * features; ++i) rows.push_back(static_cast<float>(i) - 11.5F);
    std::vector<float> scores[2], records[2];
    for (const bool far : {false, true}) {
        use({"huge", 8, 3});
        const std::int64_t stride = far ? (std::int64_t{1} << 31) + 4 : features;
        rows.back() = std::numeric_limits<float>::infinity();  // the last value of the last row
        const auto x = rows_apart(rows, stride);
        const auto parameters = uploaded(std::vector<float>{1, -2, 3, .5F, -.25F, 0, 7}), targets = uploaded(std::vector<float>(count, 2));
        const DeviceBuffer<float> scored(count, "scores"), packed(count * 8, "records");
        const auto first = uploaded(std::vector<unsigned long long>{~0ULL});
        kernels::ScoreLinearParams score{.rows = count, .features = features};
        score.stride = stride;
        score.x = x.data();
        score.parameters = parameters.data();
        score.scores = scored.data();
        kernels::PackRowsParams pack;
        pack.shape.features = features;
        pack.rows = count;
        pack.stride = stride;
        pack.features = x.data();
        pack.targets = targets.data();
        pack.records = packed.data();
        ASSERT_EQ(pack.shape.record_floats(), 8);
        const kernels::CheckFiniteParams check{count, features, stride, x.data(), first.data()};
        cuda::check(cudaDeviceSynchronize(), "cudaDeviceSynchronize", "what was uploaded");
        const cuda::Stream stream;
        EXPECT_EQ(kernels::launch_score_linear(score, 1, stream.get()), 0);
        EXPECT_EQ(kernels::launch_pack_rows(pack, 1, stream.get()), 0);
        EXPECT_EQ(kernels::launch_check_finite(check, 1, stream.get()), 0);
        stream.synchronize("rows apart");
        scores[far] = downloaded(scored);
        records[far] = downloaded(packed);
        EXPECT_EQ(downloaded(first)[0], static_cast<unsigned long long>(count * features - 1));
    }
    EXPECT_TRUE(same_bits(scores[0], scores[1]));
    EXPECT_TRUE(same_bits(records[0], records[1]));
    EXPECT_EQ(records[1][3 * 8 + 5], rows[3 * features + 5]);
}

}  // namespace
}  // namespace glissade::testing
