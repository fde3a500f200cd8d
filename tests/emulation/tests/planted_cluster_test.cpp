// SPDX-License-Identifier: Apache-2.0
// Mistakes that only kernels with clusters can make, and how they show.
#include <cooperative_groups.h>

#include <cmath>

#include "kernels/device/launch.cuh"
#include "tests/emulation/tests/testing.hpp"

namespace glissade::emulation::planted_cluster_test {
namespace {
namespace cg = cooperative_groups;

struct Params {
    float* data;
};

cudaError_t run_clusters(void (*kernel)(Params), float* data, int blocks, int threads, int cluster) {
    cudaLaunchAttribute attribute{};
    attribute.id = cudaLaunchAttributeClusterDimension;
    attribute.val.clusterDim = {static_cast<unsigned>(cluster), 1, 1};
    cudaLaunchConfig_t config = shape(static_cast<unsigned>(blocks), static_cast<unsigned>(threads), 64 * sizeof(float));
    config.attrs = &attribute;
    config.numAttrs = 1;
    return run(config, kernel, Params{data});
}

class PlantedClusterTest : public EmulatedTest {
protected:
    void expect_finding(void (*kernel)(Params), const std::vector<std::string>& parts) {
        EXPECT_EQ(run_clusters(kernel, nullptr, 2, 32, 2), cudaErrorLaunchFailure);
        const std::string finding = found();
        for (const std::string& part : parts) EXPECT_TRUE(contains(finding, part)) << finding;
        reset();
    }
};
using PlantedClusterDeathTest = PlantedClusterTest;

float* next_blocks(float* own) {
    const auto cluster = cg::this_cluster();
    return cluster.map_shared_rank(own, static_cast<int>((cluster.block_rank() + 1) % cluster.num_blocks()));
}

__global__ void block_barrier_for_cluster_barrier(const __grid_constant__ Params p) {
    auto* const own = static_cast<float*>(glissade_emulated_shared_memory());
    own[threadIdx.x] = 1.0F;
    __syncthreads();
    p.data[cg::this_grid().thread_rank()] = next_blocks(own)[threadIdx.x];
    cg::this_cluster().sync();
}

TEST_F(PlantedClusterTest, ABlockBarrierInPlaceOfAClusterBarrierShowsAsPoison) {
    int poisoned = 0;
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
        set_seed(seed);
        DeviceArray<float> data(8 * 32);
        ASSERT_EQ(run_clusters(block_barrier_for_cluster_barrier, data.data(), 8, 32, 4), cudaSuccess);
        for (const float value : data.read()) poisoned += std::isnan(value) ? 1 : 0;
    }
    EXPECT_GT(poisoned, 0);
}

__global__ void no_last_barrier(const __grid_constant__ Params p) {
    auto* const own = static_cast<float*>(glissade_emulated_shared_memory());
    own[threadIdx.x] = 1.0F;
    cg::this_cluster().sync();
    p.data[cg::this_grid().thread_rank()] = next_blocks(own)[threadIdx.x];
}
__global__ void writes_after_exit(const __grid_constant__ Params) {
    auto* const own = static_cast<float*>(glissade_emulated_shared_memory());
    cg::this_cluster().sync();
    next_blocks(own)[threadIdx.x] = 1.0F;
}

// Whether a block is late is up to the order of threads, so a few are tried.
void run_until_found(void (*kernel)(Params)) {
    for (std::uint64_t seed = 0; seed < 16; ++seed) {
        set_seed(seed);
        const DeviceArray<float> data(8 * 32);
        (void)run_clusters(kernel, data.data(), 8, 32, 4);
    }
}

TEST_F(PlantedClusterDeathTest, SharedMemoryOfABlockThatHasReturnedIsOutOfReach) {
    EXPECT_DEATH(run_until_found(no_last_barrier),
                 "touched byte [0-9]+ of the 256 bytes of shared memory of block \\([0-9],0,0\\), which has "
                 "returned");
    EXPECT_DEATH(run_until_found(writes_after_exit), "bytes of shared memory of block \\([0-9],0,0\\), which has returned");
}

__global__ void some_wait_elsewhere(const __grid_constant__ Params) {
    if (cg::this_cluster().block_rank() == 1 && threadIdx.x != 0)
        __syncthreads();
    else
        cg::this_cluster().sync();
}

TEST_F(PlantedClusterTest, ABarrierNotAllReachIsADeadlockWithWhoWaitsWhere) {
    expect_finding(some_wait_elsewhere, {"deadlock", "block (0,0,0): threads 0-31 wait at", "in the barrier of its cluster",
                                         "block (1,0,0): threads 1-31 wait at"});
}

__global__ void two_places(const __grid_constant__ Params) {
    if (cg::this_cluster().block_rank() == 1)
        cg::this_cluster().sync();
    else
        cg::this_cluster().sync();
}
__global__ void arrives_twice(const __grid_constant__ Params) {
    cg::this_cluster().barrier_arrive();
    cg::this_cluster().barrier_arrive();
}
__global__ void waits_unarrived(const __grid_constant__ Params) {
    cg::this_cluster().barrier_wait();
}
__global__ void maps_a_stranger(const __grid_constant__ Params) {
    cg::this_cluster().map_shared_rank(static_cast<float*>(glissade_emulated_shared_memory()), 2);
}
__global__ void maps_a_local(const __grid_constant__ Params) {
    float local = 0.0F;
    cg::this_cluster().map_shared_rank(&local, 1);
}

TEST_F(PlantedClusterTest, MisusedBarriersAndAddressesAreReported) {
    expect_finding(two_places, {"divergent barrier", "cluster_group::sync"});
    expect_finding(arrives_twice, {"has not waited since it arrived at"});
    expect_finding(waits_unarrived, {"where it has not arrived"});
    expect_finding(maps_a_stranger, {"asks at", "for block 2 of a cluster of 2"});
    expect_finding(maps_a_local, {"not in its block's shared memory"});
}

}  // namespace
}  // namespace glissade::emulation::planted_cluster_test
