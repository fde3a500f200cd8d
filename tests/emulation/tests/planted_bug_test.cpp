// SPDX-License-Identifier: Apache-2.0
// One bug of each kind, planted in a kernel, and how it shows.
#include <cooperative_groups.h>
#include <cuda_pipeline_primitives.h>

#include <cmath>
#include <set>

#include "tests/emulation/tests/testing.hpp"

namespace glissade::emulation::planted_bug_test {
namespace {
namespace cg = cooperative_groups;

using PlantedBugTest = EmulatedTest;

struct Params {
    float* data;
    int count;
};

__global__ void missing_barrier(const __grid_constant__ Params p) {
    auto* shared = static_cast<float*>(glissade_emulated_shared_memory());
    shared[threadIdx.x] = static_cast<float>(threadIdx.x);
    p.data[threadIdx.x] = shared[(threadIdx.x + 1) % blockDim.x];
}

TEST_F(PlantedBugTest, AMissingBarrierShowsAsPoisonThatMovesWithTheSeed) {
    DeviceArray<float> data(64);
    std::set<std::vector<bool>> patterns;
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
        set_seed(seed);
        ASSERT_EQ(run(shape(1, 64, 64 * sizeof(float)), missing_barrier, Params{data.data(), 0}), cudaSuccess);
        std::vector<bool> poisoned;
        for (const float value : data.read()) poisoned.push_back(std::isnan(value));
        patterns.insert(poisoned);
    }
    EXPECT_EQ(patterns.size(), 4U);
    EXPECT_FALSE(patterns.contains(std::vector<bool>(64, false)));
}

__global__ void missing_grid_barrier(const __grid_constant__ Params p) {
    p.data[blockIdx.x] = static_cast<float>(blockIdx.x);
    cg::this_thread_block().sync();
    p.data[gridDim.x + blockIdx.x] = p.data[(blockIdx.x + 1) % gridDim.x];
}

TEST_F(PlantedBugTest, ABlockBarrierInPlaceOfAGridBarrierShowsAsPoison) {
    int poisoned = 0;
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
        set_seed(seed);
        DeviceArray<float> data(16);
        ASSERT_EQ(run_cooperative(shape(8, 1), missing_grid_barrier, Params{data.data(), 0}), cudaSuccess);
        for (const float value : data.read()) poisoned += std::isnan(value) ? 1 : 0;
    }
    EXPECT_GT(poisoned, 0);
}

__global__ void reads_shared(const __grid_constant__ Params p) {
    p.data[threadIdx.x] = static_cast<float*>(glissade_emulated_shared_memory())[threadIdx.x];
}

TEST_F(PlantedBugTest, UninitialisedSharedAndDeviceMemoryIsNan) {
    DeviceArray<float> data(32);
    for (const float value : data.read()) EXPECT_TRUE(std::isnan(value));
    ASSERT_EQ(run(shape(1, 32, 32 * sizeof(float)), reads_shared, Params{data.data(), 0}), cudaSuccess);
    for (const float value : data.read()) EXPECT_TRUE(std::isnan(value));
}

__global__ void reads_before_the_copy_lands(const __grid_constant__ Params p) {
    auto* const shared = static_cast<float*>(glissade_emulated_shared_memory());
    for (int stage = 0; stage < 2; ++stage) {
        __pipeline_memcpy_async(&shared[32 * stage + threadIdx.x], &p.data[threadIdx.x], sizeof(float));
        __pipeline_commit();
    }
    __pipeline_wait_prior(1);
    p.data[32 + threadIdx.x] = shared[threadIdx.x];
    p.data[64 + threadIdx.x] = shared[32 + threadIdx.x];
    __pipeline_wait_prior(0);
}

TEST_F(PlantedBugTest, AnAsynchronousCopyReadTooEarlyShowsAsPoison) {
    DeviceArray<float> data(96);
    ASSERT_EQ(cudaMemset(data.data(), 0, 96 * sizeof(float)), cudaSuccess);
    ASSERT_EQ(run(shape(1, 32, 64 * sizeof(float)), reads_before_the_copy_lands, Params{data.data(), 0}), cudaSuccess);
    const std::vector<float> values = data.read();
    for (int i = 0; i < 32; ++i) {
        EXPECT_EQ(values[32 + i], 0.0F);
        EXPECT_TRUE(std::isnan(values[64 + i]));
    }
}

__global__ void float_sum_by_atomics(const __grid_constant__ Params p) {
    atomicAdd(p.data, threadIdx.x == 0 ? 16777216.0F : 1.0F);
}

TEST_F(PlantedBugTest, ASumThatDependsOnTheOrderOfThreadsMovesWithTheSeed) {
    std::set<float> sums;
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
        set_seed(seed);
        DeviceArray<float> data(1);
        ASSERT_EQ(cudaMemset(data.data(), 0, sizeof(float)), cudaSuccess);
        ASSERT_EQ(run(shape(1, 64), float_sum_by_atomics, Params{data.data(), 0}), cudaSuccess);
        sums.insert(data.read()[0]);
    }
    EXPECT_GT(sums.size(), 1U);
}

__global__ void add_one(const __grid_constant__ Params p) {
    *p.data += 1.0F;
}

TEST_F(PlantedBugTest, StreamsWithoutAnEventBetweenThemShowAsAnotherResult) {
    std::set<float> results;
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
        set_seed(seed);
        cudaStream_t streams[2] = {};
        for (cudaStream_t& stream : streams) ASSERT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
        DeviceArray<float> data(1);
        ASSERT_EQ(cudaMemsetAsync(data.data(), 0, sizeof(float), streams[0]), cudaSuccess);
        cudaLaunchConfig_t config = shape(1, 1);
        config.stream = streams[1];  // where nothing says that the memset comes first
        ASSERT_EQ(cudaLaunchKernelEx(&config, add_one, Params{data.data(), 0}), cudaSuccess);
        ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
        results.insert(data.read()[0]);
        for (cudaStream_t stream : streams) ASSERT_EQ(cudaStreamDestroy(stream), cudaSuccess);
    }
    EXPECT_EQ(results, (std::set<float>{0, 1}));
}

__global__ void divergent_barrier(const __grid_constant__ Params) {
    if (threadIdx.x == 3)
        __syncthreads();
    else
        __syncthreads();
}

TEST_F(PlantedBugTest, ABarrierReachedInTwoPlacesIsReportedWithBoth) {
    EXPECT_EQ(run(shape(1, 32), divergent_barrier, Params{}), cudaErrorLaunchFailure);
    const std::string finding = found();
    EXPECT_TRUE(contains(finding, "divergent barrier")) << finding;
    EXPECT_TRUE(contains(finding, "thread (3,0,0) of block (0,0,0)")) << finding;
    EXPECT_TRUE(contains(finding, "planted_bug_test.cpp:")) << finding;
    EXPECT_EQ(cudaStreamSynchronize(nullptr), cudaErrorLaunchFailure) << "the device is lost for good";
    reset();
}

__global__ void barrier_not_all_reach(const __grid_constant__ Params) {
    if (threadIdx.x == 31) return;
    __syncthreads();
}

TEST_F(PlantedBugTest, ADeadlockIsReportedWithWhoWaitsWhere) {
    EXPECT_EQ(run(shape(2, 32), barrier_not_all_reach, Params{}), cudaErrorLaunchFailure);
    const std::string finding = found();
    EXPECT_TRUE(contains(finding, "deadlock")) << finding;
    EXPECT_TRUE(contains(finding, "threads 0-30 wait at")) << finding;
    EXPECT_TRUE(contains(finding, "in __syncthreads")) << finding;
    EXPECT_TRUE(contains(finding, "threads 31 returned")) << finding;
    reset();
}

__global__ void grid_barrier_not_all_reach(const __grid_constant__ Params p) {
    for (int step = 0; step < (blockIdx.x == 1 ? p.count - 1 : p.count); ++step) cg::this_grid().sync();
}

TEST_F(PlantedBugTest, ABlockThatLeavesTheGridBarrierEarlyIsADeadlock) {
    EXPECT_EQ(run_cooperative(shape(3, 32), grid_barrier_not_all_reach, Params{nullptr, 5}), cudaErrorLaunchFailure);
    const std::string finding = found();
    EXPECT_TRUE(contains(finding, "block (0,0,0): threads 0-31 wait at")) << finding;
    EXPECT_TRUE(contains(finding, "in grid_group::sync")) << finding;
    EXPECT_TRUE(contains(finding, "block (1,0,0): threads 0-31 returned")) << finding;
    reset();
}

__global__ void grid_barrier_without_cooperation(const __grid_constant__ Params) {
    cg::this_grid().sync();
}

TEST_F(PlantedBugTest, AGridBarrierInAnOrdinaryLaunchIsReported) {
    EXPECT_EQ(run(shape(2, 32), grid_barrier_without_cooperation, Params{}), cudaErrorLaunchFailure);
    EXPECT_TRUE(contains(found(), "not cooperative"));
    reset();
}

__global__ void divergent_shuffle(const __grid_constant__ Params p) {
    const float value = threadIdx.x < 16 ? __shfl_xor_sync(0xFFFFFFFFU, 1.0F, 1) : __shfl_down_sync(0xFFFFFFFFU, 1.0F, 1);
    p.data[threadIdx.x] = value;
}

TEST_F(PlantedBugTest, LanesInDifferentCollectivesAreReported) {
    DeviceArray<float> data(32);
    EXPECT_EQ(run(shape(1, 32), divergent_shuffle, Params{data.data(), 0}), cudaErrorLaunchFailure);
    const std::string finding = found();
    EXPECT_TRUE(contains(finding, "divergent warp")) << finding;
    EXPECT_TRUE(contains(finding, "__shfl_xor_sync") && contains(finding, "__shfl_down_sync")) << finding;
}

__global__ void lane_outside_mask(const __grid_constant__ Params) {
    __syncwarp(0x0000FFFFU);
}

TEST_F(PlantedBugTest, AMaskWithoutItsOwnLaneIsReported) {
    EXPECT_EQ(run(shape(1, 32), lane_outside_mask, Params{}), cudaErrorLaunchFailure);
    EXPECT_TRUE(contains(found(), "leaves out its own lane"));
}

__global__ void shuffle_from_nobody(const __grid_constant__ Params p) {
    p.data[threadIdx.x] = __shfl_sync(0xFFFFFFFFU, 1.0F, 20);
}

TEST_F(PlantedBugTest, AShuffleFromALaneThatIsNotThereGivesNan) {
    DeviceArray<float> data(8);
    ASSERT_EQ(run(shape(1, 8), shuffle_from_nobody, Params{data.data(), 0}), cudaSuccess);
    for (const float value : data.read()) EXPECT_TRUE(std::isnan(value));
}

__global__ void traps(const __grid_constant__ Params) {
    if (threadIdx.x == 5) __trap();
}

TEST_F(PlantedBugTest, ATrapNamesItsThread) {
    EXPECT_EQ(run(shape(1, 32), traps, Params{}), cudaErrorLaunchFailure);
    EXPECT_TRUE(contains(found(), "thread (5,0,0) of block (0,0,0) trapped at"));
}

}  // namespace
}  // namespace glissade::emulation::planted_bug_test
