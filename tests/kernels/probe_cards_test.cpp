// SPDX-License-Identifier: Apache-2.0
// What is measured of cards that lack something, and what becomes of a measurement when a call fails. Only the emulation has such cards.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "glissade/error.hpp"
#include "host/cuda/stream.hpp"
#include "host/execution/card_probe.hpp"
#include "kernels/launch_probe.hpp"
#include "tests/emulation/control.hpp"
#include "tests/kernels/cards.hpp"

namespace glissade::testing {
namespace {

class CudaProbeCards : public CudaTest {};

CardProbeLimits little_probe() {
    CardProbeLimits limits;
    limits.bytes = 8 << 10;
    limits.upload_bytes = 4 << 10;
    limits.barriers = 3;
    limits.repetitions = 1;
    limits.graph_nodes = 2;
    return limits;
}

/// A card whose multiprocessors hold one block each, and clusters in groups of so many.
emulation::Card grouped(int multiprocessors, int group) {
    emulation::Card card = emulation::card("hopper-like");
    card.name = std::to_string(multiprocessors) + " in groups of " + std::to_string(group);
    card.multiprocessors = multiprocessors;
    card.multiprocessors_per_group = group;
    card.max_threads_per_multiprocessor = 256;
    return card;
}

emulation::Card without_cooperative_launch() {
    emulation::Card card = emulation::card("hopper-like");
    card.name = "clusters alone";
    card.cooperative_launch = false;
    return card;
}

struct CardBarriers {
    emulation::Card card;
    bool cluster, grid;
    int clusters_of_grid;  ///< 0: a grid of clusters is not measured
};

/// The emulation's clock is too noisy for the figures themselves: what is timed is counted.
TEST_F(CudaProbeCards, MeasureEachBarrierThatTheyHaveAndNoOther) {
    const CardBarriers all[] = {{emulation::card("hopper-like"), true, true, 2},  // of 4 blocks: one of 8 would be no grid of clusters
                                {emulation::card("slice"), false, true, 2},
                                {emulation::card("small"), false, true, 0},
                                {emulation::card("single"), false, true, 0},
                                {emulation::card("old"), false, false, 0},
                                {without_cooperative_launch(), true, false, 0},
                                {grouped(8, 3), false, true, 2},  // three of 2 blocks are there at once: two are a power of two
                                {grouped(8, 1), false, true, 0}};
    for (const CardBarriers& expected : all) {
        SCOPED_TRACE(expected.card.name);
        emulation::reset();
        emulation::set_card(expected.card);
        const CardProbeLimits limits = little_probe();
        const CardProbe probe = probe_card(0, 128, limits);
        EXPECT_GT(probe.block_barrier_seconds.median, 0);
        EXPECT_EQ(probe.cluster_barrier_seconds.median > 0, expected.cluster);
        EXPECT_EQ(probe.grid_barrier_seconds.median > 0, expected.grid);
        EXPECT_EQ(probe.cluster_grid_barrier_seconds.median > 0, expected.clusters_of_grid > 0);
        const std::int64_t rounds = limits.barriers * (1 + limits.repetitions);
        const emulation::Barriers passed = emulation::barriers_passed();
        EXPECT_EQ(passed.clusters, rounds * (expected.cluster + expected.clusters_of_grid)) << "a cluster waits for its own once a round";
        EXPECT_EQ(passed.grids, rounds * (expected.grid + (expected.clusters_of_grid > 0))) << "then all for the grid";
    }
}

TEST_F(CudaProbeCards, RefuseAGridOfClustersWhereOneOfTheTwoIsMissing) {
    for (const emulation::Card& card : {emulation::card("small"), without_cooperative_launch(), emulation::card("hopper-like")}) {
        emulation::reset();
        emulation::set_card(card);
        const cuda::Stream stream;
        const int status = kernels::launch_probe_barrier({2, kernels::Team::grid, 2}, 4, 64, stream.get());
        EXPECT_EQ(status == 0, card.name == "hopper-like") << card.name << ": " << status;
        (void)cudaGetLastError();
        stream.synchronize("barriers");
    }
}

CardProbeLimits least_probe() {
    CardProbeLimits limits = little_probe();
    limits.bytes = 4 << 10;
    limits.barriers = 1;
    limits.repetitions = 0;
    return limits;
}
void take_small_card_with_clusters() {
    emulation::reset();
    emulation::set_card("slice");
}
/// The calls of a whole measurement.
std::vector<std::string> names_of_calls() {
    take_small_card_with_clusters();
    (void)probe_card(0, 128, least_probe());
    std::vector<std::string> names;
    for (const emulation::Call& call : emulation::call_log()) names.emplace_back(call.name);
    return names;
}

/// May fail unnoticed: giving back, and facts that have a substitute.
bool may_be_overlooked(const std::vector<std::string>& names, std::size_t call) {
    const std::set<std::string> giving_back = {"cudaFree",         "cudaFreeHost",     "cudaStreamDestroy",
                                               "cudaEventDestroy", "cudaGraphDestroy", "cudaGraphExecDestroy"};
    const std::set<std::string> facts = {"cudaSetDevice", "cudaDeviceGetAttribute", "cudaRuntimeGetVersion"};
    const std::string& name = names[call];
    const bool last = std::find(names.begin() + static_cast<std::ptrdiff_t>(call) + 1, names.end(), name) == names.end();
    return giving_back.contains(name) || facts.contains(name) || (name == "cudaStreamSynchronize" && last);
}
void expect_typed_error(const std::vector<std::string>& names, std::size_t call) {
    SCOPED_TRACE("call " + std::to_string(call) + ", " + names[call]);
    take_small_card_with_clusters();
    emulation::fail_call(static_cast<std::int64_t>(call) + 1);
    try {
        (void)probe_card(0, 128, least_probe());
        EXPECT_TRUE(may_be_overlooked(names, call)) << "failed unnoticed";
    } catch (const Error& error) {
        EXPECT_TRUE(error.kind() == ErrorKind::device || error.kind() == ErrorKind::memory) << error.what();
    }
    for (const std::string& fault : take_faults()) ADD_FAILURE() << fault;
}

TEST_F(CudaProbeCards, TheLastFailingCallOfEachKindIsATypedErrorAndLeavesNothingBehind) {
    const std::vector<std::string> names = names_of_calls();
    std::map<std::string, std::size_t> last;
    for (std::size_t i = 0; i < names.size(); ++i) last[names[i]] = i;
    for (const char* name : {"cudaLaunchKernelEx", "cudaOccupancyMaxActiveClusters", "cudaEventElapsedTime", "cudaGraphLaunch"})
        EXPECT_TRUE(last.contains(name)) << name;
    for (const auto& [name, call] : last) expect_typed_error(names, call);
}

TEST_F(CudaProbeCards, LongAnyFailingCallIsATypedErrorAndLeavesNothingBehind) {
    const std::vector<std::string> names = names_of_calls();
    for (std::size_t call = 0; call < names.size(); ++call) expect_typed_error(names, call);
}

}  // namespace
}  // namespace glissade::testing
