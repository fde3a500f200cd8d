// SPDX-License-Identifier: Apache-2.0
// The kernels at both ends of a network's step: rows, losses, and what becomes of the sums.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "host/cpu/kernels.hpp"
#include "host/cuda/check.hpp"
#include "kernels/launch_network.hpp"
#include "tests/kernels/device_values.hpp"

namespace glissade::testing {
namespace {

class CudaNetworkEnds : public CudaTest {};

struct LossCase {
    int loss;
    std::int64_t rows, outputs;
    bool weighted, bias;
    float smoothing;
};

/// Scores of two members against the CPU's loop of the loss, and sums in SumShape's order.
void expect_cpu_losses(const LossCase& c) {
    const CaseShape shape{.rows = c.rows, .columns = 1, .outputs = c.outputs, .batch = c.rows, .loss = c.loss, .weights = true};
    const Case<float> data(shape);
    const std::int64_t members = 2, sums_of_a_member = c.outputs + 1, count = c.rows * c.outputs;
    const SumShape sums = SumShape::of_batch(c.rows);
    std::vector<float> scores = some_values(1, members * count, 2);
    const std::vector<float> bias = some_values(2, members * c.outputs, 1);
    const DeviceValues<float> device_scores(scores), device_bias(bias), targets(data.targets), weights(data.row_weights),
        losses(members * c.rows), partial_sums(std::vector<float>(static_cast<std::size_t>(sums.partials * members * sums_of_a_member)));
    kernels::NetworkLossParams params;
    params.shape = {c.rows, members, c.outputs, c.outputs + 1, sums_of_a_member};
    params.sums = sums;
    params.block_partials = kernels::loss_block_partials(sums);
    params.outputs = c.outputs;
    params.target_count = data.problem.target_count;
    params.loss = c.loss;
    std::copy_n(data.problem.loss_constants, max_loss_constants, params.loss_constants);
    params.smoothing = c.smoothing;
    params.bias = c.bias ? device_bias.data() : nullptr;
    params.bias_stride = c.outputs;
    params.targets = targets.data();
    params.weights = c.weighted ? weights.data() : nullptr;
    params.scores = device_scores.data();
    params.losses = losses.data();
    params.partial_sums = partial_sums.data();
    const cuda::Stream stream;
    cuda::check_launch(kernels::launch_network_loss(params, 2, stream.get()), "network_loss", "a test");
    stream.synchronize("a test");

    std::vector<float> expected_losses;
    const auto loop = cpu::slope_loop<float>(c.loss);
    for (std::int64_t i = 0; i < members * c.rows; ++i) {  // a row at a time
        const std::int64_t m = i / c.rows, r = i % c.rows;
        std::vector<float> tile(static_cast<std::size_t>(c.outputs * cpu::tile_rows)), loss(cpu::tile_rows), weight(cpu::tile_rows),
            target(static_cast<std::size_t>(params.target_count * cpu::tile_rows));
        float* own = scores.data() + i * c.outputs;
        for (std::int64_t o = 0; o < c.outputs; ++o)
            tile[static_cast<std::size_t>(o * cpu::tile_rows)] =
                c.bias ? own[o] + bias[static_cast<std::size_t>(m * c.outputs + o)] : own[o];
        for (std::int64_t t = 0; t < params.target_count; ++t)
            target[static_cast<std::size_t>(t * cpu::tile_rows)] = data.targets[static_cast<std::size_t>(r * params.target_count + t)];
        weight[0] = data.row_weights[static_cast<std::size_t>(r)];
        cpu::SlopeTask<float> task;
        task.row_count = 1;
        task.outputs = c.outputs;
        task.target_count = params.target_count;
        task.targets = target.data();
        task.weights = c.weighted ? weight.data() : nullptr;
        task.constants = data.problem.loss_constants;
        task.scores = tile.data();
        task.losses = loss.data();
        task.smoothing = c.smoothing;
        loop(task);
        expected_losses.push_back(loss[0]);
        for (std::int64_t o = 0; o < c.outputs; ++o) own[o] = tile[static_cast<std::size_t>(o * cpu::tile_rows)];
    }
    EXPECT_TRUE(same_bits(device_scores.get(), scores)) << shape << ", smoothing " << c.smoothing;
    EXPECT_TRUE(same_bits(losses.get(), expected_losses)) << shape << ", smoothing " << c.smoothing;
    const std::vector<float> found = partial_sums.get();
    for (std::int64_t m = 0; m < members; ++m)
        for (std::int64_t o = c.bias ? 0 : c.outputs; o <= c.outputs; ++o) {
            const auto term = [&](std::int64_t r) {
                const auto row = static_cast<std::size_t>(m * c.rows + r);
                return o == c.outputs ? expected_losses[row]
                                      : scores[row * static_cast<std::size_t>(c.outputs) + static_cast<std::size_t>(o)];
            };
            const auto partial = [&](std::int64_t v) { return found[static_cast<std::size_t>((v * members + m) * sums_of_a_member + o)]; };
            EXPECT_EQ(tree_of(0, sums.partials, partial), sum_in_order(c.rows, term)) << shape << ", output " << o;
        }
}

TEST_F(CudaNetworkEnds, LossesAndSlopesAreTheCpusForEveryLoss) {
    for (int loss = 0; loss < LossRules::count; ++loss) {
        LossFacts facts;
        visit_rule(LossRules{}, loss, facts);
        const float smoothing = facts.kind == LossKind::regression ? 0.0F : .125F;
        expect_cpu_losses({loss, 40, 3, loss % 2 == 0, true, 0});
        expect_cpu_losses({loss, 17, 3, true, loss % 2 == 0, smoothing});
        if (facts.kind != LossKind::grouped) expect_cpu_losses({loss, 33, 1, false, true, smoothing});
    }
}

TEST_F(CudaNetworkEnds, LossesAndSlopesAreTheCpusForAnyBatch) {
    for (const std::int64_t rows : {1, 15, 16, 127, 128, 129, 300})
        expect_cpu_losses({rule_index<Softmax>(LossRules{}), rows, 4, true, true, 0});
}

/// Every update rule in every form, weights and biases by their own scalars, clipped, averaged.
TEST_F(CudaNetworkEnds, UpdatesAreTheCpusForEveryRule) {
    int turn = 0;
    const auto check_rule = [&]<class Rule>(int rule) {
        for (int variant = 0; variant < Rule::variants; ++variant, ++turn) {
            CaseShape shape{.rows = 4, .columns = 1, .members = 2, .steps = 3, .rule = rule, .averaging = turn % 2 == 0};
            shape.variant = variant;
            const Case<float> data(shape);  // for its scalars
            const std::vector<std::int64_t> range_ends = {700, 707, 1100, 1103};
            const std::int64_t members = 2, count = 1103, stride = 1104, vectors = data.problem.state_vectors(), rows = 7;
            const float limit = turn % 3 == 0 ? .25F : 0.0F;
            const std::vector<float> sums = some_values(1, members * stride, 3), clip = {1.0F, .3F};
            std::vector<float> theta = some_values(2, members * count, 1), state = some_values(3, vectors * members * count, 1);
            for (float& s : state) s = s * s;
            kernels::NetworkLeg value;
            value.step = 2;  // decide has passed: the update is of the second step
            const DeviceValues<float> device_sums(sums), device_clip(clip), device_theta(theta), device_state(state), scalars(data.scalars);
            value.scalars = scalars.data();
            const DeviceValues<kernels::NetworkLeg> leg(std::vector<kernels::NetworkLeg>{value});
            const DeviceValues<std::int64_t> device_ends(range_ends);
            kernels::NetworkUpdateParams params;
            params.shape = {rows, members, count, stride, 1};
            params.rule = rule;
            params.variant = variant;
            params.averaging = shape.averaging;
            params.state_stride = members * count;
            params.clip_value = limit;
            params.ranges = 4;
            params.range_ends = device_ends.data();
            params.sums = device_sums.data();
            params.clip = turn % 4 < 2 ? device_clip.data() : nullptr;
            params.leg = leg.data();
            params.parameters = device_theta.data();
            params.state = device_state.data();
            const cuda::Stream stream;
            cuda::check_launch(kernels::launch_network_update(params, 2, stream.get()), "network_update", "a test");
            stream.synchronize("a test");

            const auto update = cpu::update_loop<float>(rule, variant, shape.averaging);
            for (std::int64_t m = 0; m < members; ++m) {
                std::vector<float> gradient;
                for (std::int64_t e = 0; e < count; ++e) {
                    float g = sums[static_cast<std::size_t>(m * stride + e)] / static_cast<float>(rows);
                    if (limit > 0) g = std::min(std::max(g, -limit), limit);
                    gradient.push_back(params.clip ? g * clip[static_cast<std::size_t>(m)] : g);
                }
                std::int64_t begin = 0;
                for (std::size_t range = 0; range < range_ends.size(); begin = range_ends[range++]) {
                    cpu::UpdateTask<float> task;
                    task.scalars = data.scalars.data() + (1 * members + m) * rules::scalars_a_member +
                                   static_cast<std::int64_t>(range % 2) * rules::ScalarRow::size;
                    task.gradient = gradient.data() + begin;
                    task.theta = theta.data() + m * count + begin;
                    for (std::int64_t k = 0; k < vectors; ++k) task.state[k] = state.data() + (k * members + m) * count + begin;
                    task.count = range_ends[range] - begin;
                    update(task);
                }
            }
            EXPECT_TRUE(same_bits(device_theta.get(), theta)) << "rule " << rule << "." << variant;
            EXPECT_TRUE(same_bits(device_state.get(), state)) << "rule " << rule << "." << variant;
        }
    };
    for (int rule = 0; rule < UpdateRules::count; ++rule)
        visit_rule(UpdateRules{}, rule, [&]<class Rule>() { check_rule.template operator()<Rule>(rule); });
}

/// Runs check and decide on sums of three members; returns the leg after them.
struct Decided {
    kernels::NetworkLeg leg;
    kernels::SegmentOutcome outcome;
    std::vector<float> losses, clip;
};
Decided decide(const std::vector<float>& sums, std::int64_t count, std::int64_t stride, std::int64_t batch, float clip_norm) {
    const std::int64_t members = static_cast<std::int64_t>(sums.size()) / stride;
    kernels::NetworkBeginParams begin;
    const DeviceValues<kernels::NetworkLeg> leg(1);
    const DeviceValues<kernels::SegmentOutcome> outcome(1);
    const DeviceValues<int> flags(members);
    const DeviceValues<float> device_sums(sums), losses(members), clip(members), squares(members * kernels::network_pieces(count));
    begin.value.batch = batch;
    begin.value.loss_sums = losses.data();
    begin.value.outcome = outcome.data();
    begin.leg = leg.data();
    begin.not_finite = flags.data();
    begin.members = members;
    const cuda::Stream stream;
    cuda::check_launch(kernels::launch_network_begin(begin, stream.get()), "network_begin", "a test");
    const kernels::NetworkShape shape{4, members, count, stride, 1};
    float* parts = clip_norm > 0 ? squares.data() : nullptr;
    cuda::check_launch(kernels::launch_network_check({shape, 0, device_sums.data(), flags.data(), parts}, 2, stream.get()), "network_check",
                       "a test");
    cuda::check_launch(kernels::launch_network_decide(
                           {shape, 5, clip_norm, device_sums.data(), parts, flags.data(), clip.data(), leg.data()}, stream.get()),
                       "network_decide", "a test");
    stream.synchronize("a test");
    return {leg.get().front(), outcome.get().front(), losses.get(), clip.get()};
}

TEST_F(CudaNetworkEnds, AStepEndsWithItsLossesAndTheNextBatch) {
    std::vector<float> sums(3 * 12, 1.0F);
    for (int m = 0; m < 3; ++m) sums[static_cast<std::size_t>(m * 12 + 9)] = static_cast<float>(m);
    const Decided next = decide(sums, 9, 12, 2, 0);
    EXPECT_EQ(next.leg.step, 1);
    EXPECT_EQ(next.leg.batch, 3);
    EXPECT_EQ(next.leg.epoch, 0);
    EXPECT_EQ(next.outcome.steps_done, 1);
    EXPECT_EQ(next.outcome.frozen_member, -1);
    EXPECT_EQ(next.losses, (std::vector<float>{0, 1, 2}));
    const Decided last = decide(sums, 9, 12, 4, 0);
    EXPECT_EQ(last.leg.batch, 0);
    EXPECT_EQ(last.leg.epoch, 1);
}

TEST_F(CudaNetworkEnds, AnySumThatIsNotFiniteFreezesTheRunBeforeItsStep) {
    const std::int64_t count = 2100, stride = 2104;
    for (const std::int64_t at : {0, 1023, 1024, 2099, 2100})  // the last is the loss
        for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
            std::vector<float> sums(static_cast<std::size_t>(3 * stride), 1.0F);
            sums[static_cast<std::size_t>(2 * stride + 5)] = bad;  // the first member counts
            sums[static_cast<std::size_t>(stride + at)] = bad;
            const Decided frozen = decide(sums, count, stride, 2, at % 2 == 0 ? 1.0F : 0.0F);
            EXPECT_EQ(frozen.leg.frozen, 1) << at;
            EXPECT_EQ(frozen.leg.step, 0);
            EXPECT_EQ(frozen.outcome.steps_done, 0);
            EXPECT_EQ(frozen.outcome.frozen_member, 1);
        }
    std::vector<float> behind(static_cast<std::size_t>(stride), 1.0F);
    for (std::int64_t at = count + 1; at < stride; ++at) behind[static_cast<std::size_t>(at)] = NAN;  // nobody's
    EXPECT_EQ(decide(behind, count, stride, 0, 1).leg.frozen, 0);
}

TEST_F(CudaNetworkEnds, TheNormIsOfAllLayersOfAMember) {
    // 4 rows and sums of 4: gradients of 1, of which squares add up exactly.
    const std::int64_t count = 2500, stride = 2504;
    std::vector<float> sums(static_cast<std::size_t>(2 * stride), 4.0F);
    for (std::int64_t e = 0; e < count; ++e) sums[static_cast<std::size_t>(stride + e)] = e == 2499 ? 4.0F : 0.0F;
    const Decided decided = decide(sums, count, stride, 0, 2);
    EXPECT_EQ(decided.clip[0], 2.0F / (50.0F + 1e-6F));
    EXPECT_EQ(decided.clip[1], 1.0F);
}

TEST_F(CudaNetworkEnds, GathersTheRowsThatTheOrderNames) {
    const std::int64_t rows = 23, batch_size = 9;
    for (const bool weighted : {false, true}) {
        kernels::LinearShape record;
        record.features = 35;
        record.target_count = 2;
        record.weight_sets = weighted ? 2 : 0;
        const std::vector<float> records = some_values(1, rows * record.record_floats(), 1);
        std::vector<EpochOrder> orders;
        for (int e = 0; e < 2; ++e) orders.push_back(RowOrder{rows, 3, Shuffle::full}.epoch(e));
        const DeviceValues<EpochOrder> device_orders(orders);
        kernels::NetworkLeg value;
        value.batch = 2;
        value.epoch = 1;
        value.orders = device_orders.data();
        const DeviceValues<kernels::NetworkLeg> leg(std::vector<kernels::NetworkLeg>{value});
        const std::int64_t count = rows - 2 * batch_size;
        const DeviceValues<float> device_records(records), inputs(count * 35), targets(count * 2), weights(count * 2);
        const kernels::NetworkGatherParams params{record,     count,         batch_size,     device_records.data(),
                                                  leg.data(), inputs.data(), targets.data(), weights.data()};
        const cuda::Stream stream;
        cuda::check_launch(kernels::launch_network_gather(params, 2, stream.get()), "network_gather", "a test");
        stream.synchronize("a test");
        std::vector<float> x, y, w;
        for (std::int64_t r = 0; r < count; ++r) {
            const float* from = records.data() + orders[1](2 * batch_size + r) * record.record_floats();
            x.insert(x.end(), from, from + 35);
            y.insert(y.end(), from + 35, from + 37);
            w.insert(w.end(), from + 37, from + 39);
        }
        EXPECT_TRUE(same_bits(inputs.get(), x));
        EXPECT_TRUE(same_bits(targets.get(), y));
        if (weighted) {
            EXPECT_TRUE(same_bits(weights.get(), w));
        }
    }
}

}  // namespace
}  // namespace glissade::testing
