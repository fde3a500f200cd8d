// SPDX-License-Identifier: Apache-2.0
// The kernels of networks one by one: element-wise parts have the CPU loops' bits, sums the order of SumShape.
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "host/cpu/network_loops.hpp"
#include "host/cuda/check.hpp"
#include "host/cuda/stream.hpp"
#include "kernels/launch_network.hpp"
#include "tests/kernels/device_values.hpp"

namespace glissade::testing {
namespace {

class CudaNetworkKernels : public CudaTest {};

/// A leg that stands at a step of a run, on the device.
struct LegOnDevice {
    explicit LegOnDevice(std::int64_t first_step, std::int64_t members = 1) : leg(1), outcome(1), flags(members) {
        kernels::NetworkBeginParams params;
        params.value.first_step = first_step;
        params.value.outcome = outcome.data();
        params.leg = leg.data();
        params.not_finite = flags.data();
        params.members = members;
        cuda::check_launch(kernels::launch_network_begin(params, stream.get()), "network_begin", "a test");
        stream.synchronize("a test");
    }
    cuda::Stream stream;
    DeviceValues<kernels::NetworkLeg> leg;
    DeviceValues<kernels::SegmentOutcome> outcome;
    DeviceValues<int> flags;
};

struct ActivateCase {
    std::int64_t rows, members, width;
    bool bias;
    double share;
};

void expect_cpu_activation(int rule, const ActivateCase& c) {
    const std::int64_t count = c.members * c.rows * c.width, step = 70001;
    std::vector<float> sums = some_values(1, count, 4), bias = some_values(2, c.members * c.width, 1), values(sums.size());
    const float constants[max_activation_constants] = {.25F};
    const std::vector<std::uint64_t> seeds = {11, 0xFEDCBA9876543210ULL};
    const LegOnDevice leg(step);
    const DeviceValues<float> device_sums(sums), device_bias(bias), device_values(static_cast<std::int64_t>(values.size()));
    const DeviceValues<std::uint64_t> device_seeds(seeds);

    kernels::NetworkActivateParams params;
    params.rows = c.rows;
    params.members = c.members;
    params.width = c.width;
    params.by_quads = kernels::Divider::by(params.quads());
    params.by_rows = kernels::Divider::by(c.rows);
    params.activation = rule;
    params.constants[0] = constants[0];
    params.bias = c.bias ? device_bias.data() : nullptr;
    params.bias_stride = c.width;
    params.sums = device_sums.data();
    params.values = device_values.data();
    if (c.share > 0) {
        params.leg = leg.leg.data();
        params.seeds = device_seeds.data();
        params.threshold = static_cast<std::uint32_t>(c.share * 0x1p32);
        params.kept = static_cast<float>(1.0 / (1.0 - c.share));
        params.layer = 2;
    }
    cuda::check_launch(kernels::launch_network_activate(params, 2, leg.stream.get()), "network_activate", "a test");
    leg.stream.synchronize("a test");

    const auto loops = cpu::network_loops<float>(rule);
    for (std::int64_t m = 0; m < c.members; ++m) {
        float *own_sums = sums.data() + m * c.rows * c.width, *own_values = values.data() + m * c.rows * c.width;
        loops.activate({c.rows, c.width, own_sums, own_values, c.bias ? bias.data() + m * c.width : nullptr, constants});
        if (c.share > 0)
            loops.drop({c.rows, c.width, own_sums, own_values, seeds[static_cast<std::size_t>(m)],
                        4 | (2U << 8) | (static_cast<std::uint64_t>(step) << 16), 0, c.share});
    }
    EXPECT_TRUE(same_bits(device_sums.get(), sums)) << "slopes of rule " << rule << ", width " << c.width;
    EXPECT_TRUE(same_bits(device_values.get(), values)) << "values of rule " << rule << ", width " << c.width;
}

TEST_F(CudaNetworkKernels, ActivateAsTheCpuDoesForEveryRule) {
    for (int rule = 0; rule < ActivationRules::count; ++rule) {
        expect_cpu_activation(rule, {5, 1, 7, true, 0});
        expect_cpu_activation(rule, {3, 2, 8, rule % 2 == 0, .25});
    }
}

TEST_F(CudaNetworkKernels, ActivateAsTheCpuDoesForAnyWidth) {
    for (const std::int64_t width : {1, 3, 4, 5, 255, 257, 300})
        for (const double share : {0.0, .5}) expect_cpu_activation(rule_index<Tanh>(ActivationRules{}), {4, 2, width, true, share});
}

/// Slopes times factors, and their sums in SumShape's order: row by row within a partial sum, then by the binary tree.
TEST_F(CudaNetworkKernels, TurnAndFoldAddInTheOrderOfSumShape) {
    for (const std::int64_t rows : {1, 16, 17, 40, 300, 1030}) {
        const std::int64_t members = 2, width = 5;
        const SumShape sums = SumShape::of_batch(rows);
        kernels::NetworkTurnParams params;
        params.shape = {rows, members, 9, 12, width + 1};
        params.sums = sums;
        params.width = width;
        params.by_width = kernels::Divider::by(width);
        params.by_partials = kernels::Divider::by(sums.partials);
        std::vector<float> slopes = some_values(3, members * rows * width, 1);
        const std::vector<float> factors = some_values(4, members * rows * width, 1);
        const std::vector<std::int64_t> places = {8, 3, 4, 5, 6, 9};
        const DeviceValues<float> device_slopes(slopes), device_factors(factors),
            partial_sums(std::vector<float>(static_cast<std::size_t>(sums.partials * members * (width + 1)), .5F)),
            totals(std::vector<float>(static_cast<std::size_t>(members * params.shape.sum_stride), -1.0F));
        const DeviceValues<std::int64_t> device_places(places);
        params.slopes = device_slopes.data();
        params.factors = device_factors.data();
        params.partial_sums = partial_sums.data();
        const cuda::Stream stream;
        cuda::check_launch(kernels::launch_network_turn(params, 2, stream.get()), "network_turn", "a test");
        const kernels::NetworkFoldParams fold{params.shape, sums.partials, partial_sums.data(), device_places.data(), totals.data()};
        cuda::check_launch(kernels::launch_network_fold(fold, 1, stream.get()), "network_fold", "a test");
        stream.synchronize("a test");

        for (std::size_t i = 0; i < slopes.size(); ++i) slopes[i] = slopes[i] * factors[i];
        EXPECT_TRUE(same_bits(device_slopes.get(), slopes)) << rows;
        std::vector<float> expected(static_cast<std::size_t>(members * params.shape.sum_stride), -1.0F);
        for (std::int64_t m = 0; m < members; ++m)
            for (std::int64_t u = 0; u <= width; ++u)
                expected[static_cast<std::size_t>(m * params.shape.sum_stride + places[static_cast<std::size_t>(u)])] =
                    u == width
                        ? .5F * static_cast<float>(sums.partials)  // exact
                        : sum_in_order(rows, [&](std::int64_t r) { return slopes[static_cast<std::size_t>((m * rows + r) * width + u)]; });
        EXPECT_TRUE(same_bits(totals.get(), expected)) << rows;
    }
}

TEST_F(CudaNetworkKernels, FoldAddsUpToAThousandPartialSumsByTheTree) {
    for (std::int64_t partials = 1; partials <= SumShape::max_partials; partials *= 2) {
        const std::int64_t sums = 35;
        const std::vector<float> values = some_values(7, partials * sums, 1);
        std::vector<std::int64_t> places;
        for (std::int64_t k = 0; k < sums; ++k) places.push_back(k);
        const DeviceValues<float> device_values(values), totals(sums);
        const DeviceValues<std::int64_t> device_places(places);
        const cuda::Stream stream;
        const kernels::NetworkFoldParams fold{
            {1, 1, sums - 1, sums, sums}, partials, device_values.data(), device_places.data(), totals.data()};
        cuda::check_launch(kernels::launch_network_fold(fold, 2, stream.get()), "network_fold", "a test");
        stream.synchronize("a test");
        std::vector<float> expected;
        for (std::int64_t k = 0; k < sums; ++k)
            expected.push_back(tree_of(0, partials, [&](std::int64_t v) { return values[static_cast<std::size_t>(v * sums + k)]; }));
        EXPECT_TRUE(same_bits(totals.get(), expected)) << partials;
    }
}

}  // namespace
}  // namespace glissade::testing
