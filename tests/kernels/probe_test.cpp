// SPDX-License-Identifier: Apache-2.0
// What measures a card does the work that it says: every value once, every record once.
#include <gtest/gtest.h>

#include <numeric>

#include "host/cuda/buffers.hpp"
#include "host/cuda/stream.hpp"
#include "host/execution/card_probe.hpp"
#include "kernels/launch_probe.hpp"
#include "kernels/tuning.hpp"
#include "tests/kernels/cards.hpp"

namespace glissade::testing {
namespace {

using CudaProbe = CudaTest;

/// Small whole numbers, so that their sum is exact in any order.
std::vector<float> whole_numbers(std::int64_t count) {
    std::vector<float> values(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 7 + 1);
    return values;
}

struct OnCard {
    cuda::DeviceBuffer<float> values, sums;
    cuda::Stream stream;

    OnCard(const std::vector<float>& host, int blocks)
        : values(static_cast<std::int64_t>(host.size()), "values"), sums(blocks * kernels::tuning::row_threads, "sums") {
        stream.copy(values.data(), host.data(), values.count(), cudaMemcpyHostToDevice, "values");
    }
    double total() const {
        std::vector<float> host(static_cast<std::size_t>(sums.count()));
        stream.copy(host.data(), sums.data(), sums.count(), cudaMemcpyDeviceToHost, "sums");
        stream.synchronize("sums");
        return std::accumulate(host.begin(), host.end(), 0.0);
    }
};

TEST_F(CudaProbe, ReadsEveryValueOnceAPass) {
    for (const std::int64_t count : {4, 1024, 4 * 2 * 256 * 4 + 20}) {
        const std::vector<float> host = whole_numbers(count);
        OnCard card(host, 2);
        ASSERT_EQ(kernels::launch_probe_read({card.values.data(), count, 3, card.sums.data()}, 2, card.stream.get()), 0);
        EXPECT_EQ(card.total(), 3 * std::accumulate(host.begin(), host.end(), 0.0)) << count;
    }
}

TEST_F(CudaProbe, CopiesEveryValue) {
    const std::vector<float> host = whole_numbers(2052);
    OnCard card(host, 1);
    const cuda::DeviceBuffer<float> to(2052, "copies");
    ASSERT_EQ(kernels::launch_probe_copy({card.values.data(), to.data(), to.count()}, 2, card.stream.get()), 0);
    std::vector<float> back(host.size());
    card.stream.copy(back.data(), to.data(), to.count(), cudaMemcpyDeviceToHost, "copies");
    card.stream.synchronize("copies");
    EXPECT_EQ(back, host);
}

TEST_F(CudaProbe, GathersEveryRecordOnce) {
    for (const int floats : {4, 12, 128, 260}) {
        const std::int64_t rows = 37;
        const std::vector<float> host = whole_numbers(rows * floats);
        OnCard card(host, 2);
        const kernels::ProbeGatherParams params{card.values.data(), floats, RowOrder{rows, 1, Shuffle::full}.epoch(0), card.sums.data()};
        ASSERT_EQ(kernels::launch_probe_gather(params, 2, card.stream.get()), 0);
        EXPECT_EQ(card.total(), std::accumulate(host.begin(), host.end(), 0.0)) << floats;
    }
}

/// What launch_probe_add leaves in sectors that held zeros.
std::vector<float> added(const EpochOrder& order, bool together) {
    using Params = kernels::ProbeAddParams;
    const std::vector<float> zeros(static_cast<std::size_t>(order.rows) * Params::quarters * Params::sector_floats);
    OnCard card(zeros, 1);
    EXPECT_EQ(kernels::launch_probe_add({card.values.data(), order, together}, 2, card.stream.get()), 0);
    std::vector<float> host(zeros.size());
    card.stream.copy(host.data(), card.values.data(), card.values.count(), cudaMemcpyDeviceToHost, "sectors");
    card.stream.synchronize("sectors");
    return host;
}

TEST_F(CudaProbe, AddsOneToTheFirstValueOfASectorInEachQuarterForEveryPosition) {
    using Params = kernels::ProbeAddParams;
    for (const Shuffle shuffle : {Shuffle::full, Shuffle::replacement})
        for (const std::int64_t positions : {1, 31, 33, 2 * 256 + 1}) {
            const EpochOrder order = RowOrder{positions, 1, shuffle}.epoch(0);
            std::vector<float> expected(static_cast<std::size_t>(positions) * Params::quarters * Params::sector_floats);
            for (std::int64_t q = 0; q < Params::quarters; ++q)
                for (std::int64_t i = 0; i < positions; ++i)
                    ++expected[static_cast<std::size_t>((q * positions + order(i)) * Params::sector_floats)];
            EXPECT_EQ(added(order, false), expected) << positions;
        }
}

TEST_F(CudaProbe, AddsAllToOneValue) {
    for (const std::int64_t positions : {1, 31, 2 * 256 + 1}) {
        const std::vector<float> host = added(RowOrder{positions, 1, Shuffle::full}.epoch(0), true);
        EXPECT_EQ(host.front(), static_cast<float>(positions * kernels::ProbeAddParams::quarters));
        EXPECT_EQ(std::accumulate(host.begin() + 1, host.end(), 0.0), 0);
    }
}

TEST_F(CudaProbe, MeasuresACardWithinItsLimits) {
    CardProbeLimits limits;
    limits.bytes = 32 << 10;
    limits.upload_bytes = 8 << 10;
    limits.barriers = 3;
    limits.repetitions = 1;
    limits.graph_nodes = 10;
    const CardProbe probe = probe_card(0, 115, limits);
    EXPECT_FALSE(probe.name.empty());
    EXPECT_LE(probe.probed_bytes, limits.bytes);
    EXPECT_EQ(probe.gather_row_bytes, 128);
    for (const Spread& figure :
         {probe.read, probe.copy, probe.block_read, probe.l2_read, probe.gather, probe.upload, probe.scattered_adds_per_second,
          probe.adds_to_one_per_second, probe.block_barrier_seconds, probe.launch_seconds})
        EXPECT_GT(figure.median, 0);
    EXPECT_EQ(probe.grid_barrier_seconds.median > 0, cards().front().most_blocks > 1);
}

}  // namespace
}  // namespace glissade::testing
