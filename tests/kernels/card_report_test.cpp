// SPDX-License-Identifier: Apache-2.0
// What `glissade calibrate` tells of a card and keeps.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "host/cli/card_report.hpp"

namespace glissade::testing {
namespace {

/// Each figure another one.
CardProbe measured_card() {
    CardProbe probe;
    probe.name = "made up";
    probe.gather_row_bytes = 128;
    double next = 1e9;
    for (Spread* figure : {&probe.read, &probe.copy, &probe.block_read, &probe.l2_read, &probe.gather, &probe.upload,
                           &probe.scattered_adds_per_second, &probe.adds_to_one_per_second})
        figure->median = next += 1e9;
    next = 1e-6;
    for (Spread* figure : {&probe.block_barrier_seconds, &probe.cluster_barrier_seconds, &probe.grid_barrier_seconds,
                           &probe.cluster_grid_barrier_seconds, &probe.launch_seconds, &probe.graph_node_seconds})
        figure->median = next += 1e-6;
    return probe;
}

TEST(CardReport, KeepsTheMedianOfEachFigureInItsOwnPlace) {
    const CardProbe probe = measured_card();
    const CardMeasures kept = cli::medians_of(probe);
    EXPECT_EQ(kept.name, "made up");
    EXPECT_EQ(kept.gather_row_bytes, 128);
    EXPECT_EQ(kept.read_bytes_per_second, probe.read.median);
    EXPECT_EQ(kept.gather_bytes_per_second, probe.gather.median);
    EXPECT_EQ(kept.block_read_bytes_per_second, probe.block_read.median);
    EXPECT_EQ(kept.l2_read_bytes_per_second, probe.l2_read.median);
    EXPECT_EQ(kept.upload_bytes_per_second, probe.upload.median);
    EXPECT_EQ(kept.scattered_adds_per_second, probe.scattered_adds_per_second.median);
    EXPECT_EQ(kept.adds_to_one_per_second, probe.adds_to_one_per_second.median);
    EXPECT_EQ(kept.block_barrier_seconds, probe.block_barrier_seconds.median);
    EXPECT_EQ(kept.cluster_barrier_seconds, probe.cluster_barrier_seconds.median);
    EXPECT_EQ(kept.grid_barrier_seconds, probe.grid_barrier_seconds.median);
    EXPECT_EQ(kept.cluster_grid_barrier_seconds, probe.cluster_grid_barrier_seconds.median);
    EXPECT_EQ(kept.launch_seconds, probe.launch_seconds.median);
    EXPECT_EQ(kept.graph_node_seconds, probe.graph_node_seconds.median);
}

TEST(CardReport, TellsEachFigureAsTextAndAsJson) {
    const CardProbe probe = measured_card();
    const cli::Json json = cli::card_json(probe);
    std::set<double> medians;
    for (const auto& [name, value] : json.items())
        if (value.is_object()) medians.insert(value.at("median").get<double>());
    EXPECT_EQ(medians.size(), 14u);
    EXPECT_EQ(json.at("cluster_grid_barrier_seconds").at("median"), probe.cluster_grid_barrier_seconds.median);
    EXPECT_EQ(json.at("scattered_adds_per_second").at("median"), probe.scattered_adds_per_second.median);
    EXPECT_EQ(json.at("adds_to_one_per_second").at("median"), probe.adds_to_one_per_second.median);
    const std::string text = cli::card_text(probe);
    for (const char* line : {"atomics out of order              8 G adds/s", "... all to one value              9 G adds/s",
                             "... of a grid of clusters, both   5000 ns"})
        EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
}

TEST(CardReport, LeavesOutTheBarriersThatACardLacks) {
    CardProbe probe = measured_card();
    for (Spread* figure : {&probe.cluster_barrier_seconds, &probe.grid_barrier_seconds, &probe.cluster_grid_barrier_seconds})
        figure->median = 0;
    const std::string text = cli::card_text(probe);
    EXPECT_EQ(text.find("cluster"), std::string::npos) << text;
    EXPECT_EQ(text.find("grid"), std::string::npos) << text;
}

}  // namespace
}  // namespace glissade::testing
