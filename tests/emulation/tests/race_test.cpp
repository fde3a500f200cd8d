// SPDX-License-Identifier: Apache-2.0
// Races planted in kernels, which ThreadSanitizer finds whatever the order of threads, and the same kernels without them.
#include <cooperative_groups.h>
#include <cuda_pipeline_primitives.h>

#include "tests/emulation/tests/races.hpp"
#include "tests/emulation/tests/testing.hpp"

namespace glissade::emulation::race_test {
namespace {
namespace cg = cooperative_groups;

struct Params {
    int* data;
    bool right;  // with the barrier that the other variant lacks
};

int* shared() {
    return static_cast<int*>(glissade_emulated_shared_memory());
}

class RaceTest : public EmulatedTest {
protected:
    void SetUp() override {
        EmulatedTest::SetUp();
        take_races();
    }
    // The kernel races without its barrier, and does not with it.
    static void expect_race_only_without_barrier(void (*kernel)(Params), const cudaLaunchConfig_t& config) {
        for (const bool right : {true, false}) {
            DeviceArray<int> data(2048);
            ASSERT_EQ(cudaMemset(data.data(), 0, 2048 * sizeof(int)), cudaSuccess);
            ASSERT_EQ(run(config, kernel, Params{data.data(), right}), cudaSuccess);
            if (right)
                EXPECT_EQ(take_races(), 0);
            else
                EXPECT_GT(take_races(), 0);
        }
    }
    static cudaLaunchConfig_t with(cudaLaunchConfig_t config, cudaLaunchAttribute* attribute, unsigned cluster) {
        attribute->id = cluster > 0 ? cudaLaunchAttributeClusterDimension : cudaLaunchAttributeCooperative;
        if (cluster > 0)
            attribute->val.clusterDim = {cluster, 1, 1};
        else
            attribute->val.cooperative = 1;
        config.attrs = attribute;
        config.numAttrs = 1;
        return config;
    }
};

// A neighbour's value is read and one's own written between the same two barriers.
__global__ void read_and_overwrite(const __grid_constant__ Params p) {
    const unsigned i = threadIdx.x;
    shared()[i] = static_cast<int>(i);
    __syncthreads();
    const int value = shared()[(i + 1) % blockDim.x];
    if (p.right) __syncthreads();
    shared()[i] = value;
    __syncthreads();
    p.data[i] = shared()[i];
}

TEST_F(RaceTest, BetweenTwoBarriersIsFound) {
    expect_race_only_without_barrier(read_and_overwrite, shape(1, 512, 512 * sizeof(int)));
}

__global__ void over_the_grid(const __grid_constant__ Params p) {
    const auto grid = cg::this_grid();
    for (int step = 0; step < 3; ++step) {
        p.data[grid.thread_rank()] = step;
        grid.sync();
        const int value = p.data[(grid.thread_rank() + 40) % grid.num_threads()];
        p.data[1024 + grid.thread_rank()] = value;
        if (p.right || step == 2) grid.sync();
    }
}

TEST_F(RaceTest, BetweenBlocksIsFound) {
    cudaLaunchAttribute attribute{};
    expect_race_only_without_barrier(over_the_grid, with(shape(4, 40), &attribute, 0));
}

__global__ void same_place_from_each_block(const __grid_constant__ Params p) {
    p.data[p.right ? blockIdx.x : 0] = 1;
}

TEST_F(RaceTest, BetweenBlocksThatNeverMeetIsFound) {
    set_card("small");  // which has 32 blocks on it at most
    expect_race_only_without_barrier(same_place_from_each_block, shape(64, 1));
}

__global__ void into_the_next_blocks_memory(const __grid_constant__ Params p) {
    const auto cluster = cg::this_cluster();
    const int next = static_cast<int>((cluster.block_rank() + 1) % cluster.num_blocks());
    int* const there = cluster.map_shared_rank(shared(), next);
    cluster.sync();
    there[threadIdx.x] = next;
    if (p.right)
        cluster.sync();
    else
        __syncthreads();
    p.data[cg::this_grid().thread_rank()] = shared()[threadIdx.x];
    cluster.sync();
}

TEST_F(RaceTest, InAClusterIsFound) {
    cudaLaunchAttribute attribute{};
    expect_race_only_without_barrier(into_the_next_blocks_memory, with(shape(8, 33, 33 * sizeof(int)), &attribute, 4));
}

__global__ void within_a_warp(const __grid_constant__ Params p) {
    const auto warp = cg::tiled_partition<32>(cg::this_thread_block());
    shared()[threadIdx.x] = 1;
    if (p.right)
        warp.sync();
    else
        warp.shfl(1, 0);  // orders no memory
    p.data[threadIdx.x] = shared()[threadIdx.x ^ 1U];
}

TEST_F(RaceTest, BetweenLanesIsFound) {
    expect_race_only_without_barrier(within_a_warp, shape(1, 64, 64 * sizeof(int)));
}

__global__ void atomics_and_a_plain_read(const __grid_constant__ Params p) {
    atomicAdd(p.data, 1);
    atomicMax(p.data + 1, static_cast<int>(threadIdx.x));
    atomicAdd(reinterpret_cast<float*>(p.data + 2), 1.0F);
    if (!p.right && threadIdx.x == 7) p.data[3] = p.data[0];
    if (!p.right) p.data[1] = 0;
}

TEST_F(RaceTest, OfAPlainAccessWithAtomicsIsFound) {
    expect_race_only_without_barrier(atomics_and_a_plain_read, shape(2, 32));
}

__global__ void copy_into_what_others_read(const __grid_constant__ Params p) {
    const unsigned i = threadIdx.x;
    shared()[i] = 1;
    __syncthreads();
    const int value = shared()[(i + 1) % blockDim.x];
    if (p.right) __syncthreads();
    __pipeline_memcpy_async(&shared()[i], &p.data[i], sizeof(int));
    __pipeline_commit();
    __pipeline_wait_prior(0);
    __syncthreads();
    p.data[1024 + i] = value + shared()[(i + 1) % blockDim.x];
}

TEST_F(RaceTest, OfAnAsynchronousCopyWithReadersIsFound) {
    expect_race_only_without_barrier(copy_into_what_others_read, shape(1, 64, 64 * sizeof(int)));
}

__global__ void increments(const __grid_constant__ Params p) {
    p.data[threadIdx.x] += 1;
}

TEST_F(RaceTest, IsNotSeenBetweenKernelsAndCopiesOfAStream) {
    DeviceArray<int> data(32);
    ASSERT_EQ(cudaMemset(data.data(), 0, 32 * sizeof(int)), cudaSuccess);
    for (int i = 0; i < 3; ++i) ASSERT_EQ(run(shape(1, 32), increments, Params{data.data(), true}), cudaSuccess);
    EXPECT_EQ(data.read(), std::vector<int>(32, 3));
    EXPECT_EQ(take_races(), 0);
}

}  // namespace
}  // namespace glissade::emulation::race_test
