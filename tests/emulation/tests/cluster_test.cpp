// SPDX-License-Identifier: Apache-2.0
// Blocks in clusters: places, barriers, each other's shared memory, limits of cards.
#include <cooperative_groups.h>

#include "kernels/device/launch.cuh"
#include "tests/emulation/tests/testing.hpp"

namespace glissade::emulation::cluster_test {
namespace {
namespace cg = cooperative_groups;
using kernels::GridShape;

struct Params {
    int* out;
    int count;
};

class ClusterTest : public EmulatedTest {
protected:
    void SetUp() override {
        EmulatedTest::SetUp();
        ASSERT_EQ(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), cudaSuccess);
    }
    void TearDown() override {
        EXPECT_EQ(cudaStreamDestroy(stream_), cudaSuccess);
        EmulatedTest::TearDown();
    }
    cudaError_t launch_and_wait(void (*kernel)(Params), const Params& params, const GridShape& shape) {
        const int launched = kernels::launch(kernel, params, shape, stream_);
        return launched != 0 ? static_cast<cudaError_t>(launched) : cudaStreamSynchronize(stream_);
    }

    cudaStream_t stream_ = nullptr;
};

__global__ void write_places(const __grid_constant__ Params p) {
    const auto cluster = cg::this_cluster();
    const auto grid = cg::this_grid();
    int* const out = p.out + 6 * grid.thread_rank();
    out[0] = static_cast<int>(cluster.block_rank());
    out[1] = static_cast<int>(cluster.thread_rank());
    out[2] = static_cast<int>(cluster.num_blocks());
    out[3] = static_cast<int>(cluster.num_threads());
    out[4] = static_cast<int>(grid.cluster_rank());
    out[5] = static_cast<int>(grid.num_clusters());
}

TEST_F(ClusterTest, EveryThreadKnowsItsPlace) {
    constexpr int blocks = 12;
    constexpr int threads = 5;
    for (const int size : {1, 2, 3, 4}) {
        DeviceArray<int> out(6 * blocks * threads);
        ASSERT_EQ(launch_and_wait(write_places, {out.data(), 0}, {blocks, threads, 0, false, size}), cudaSuccess);
        const std::vector<int> values = out.read();
        for (int i = 0; i < blocks * threads; ++i) {
            const int rank = i / threads % size;
            const std::vector<int> got(values.begin() + 6 * i, values.begin() + 6 * (i + 1));
            EXPECT_EQ(got, (std::vector<int>{rank, rank * threads + i % threads, size, size * threads, i / threads / size, blocks / size}));
        }
    }
}

__global__ void write_places_in_a_plane(const __grid_constant__ Params p) {
    const auto cluster = cg::this_cluster();
    const dim3 block = cluster.block_index();
    const dim3 which = cg::this_grid().cluster_index();
    const dim3 shape = cluster.dim_blocks();
    const bool right = which.x * shape.x + block.x == blockIdx.x && which.y * shape.y + block.y == blockIdx.y &&
                       cluster.block_rank() == block.y * shape.x + block.x && cg::this_grid().dim_clusters().y == 3;
    p.out[cg::this_grid().block_rank()] = right ? 1 : 0;
}

TEST_F(ClusterTest, AClusterMayHaveTwoDimensions) {
    DeviceArray<int> out(4 * 6);
    cudaLaunchAttribute attribute{};
    attribute.id = cudaLaunchAttributeClusterDimension;
    attribute.val.clusterDim = {2, 2, 1};
    cudaLaunchConfig_t config = shape(4, 1);
    config.gridDim = dim3(4, 6);
    config.attrs = &attribute;
    config.numAttrs = 1;
    ASSERT_EQ(run(config, write_places_in_a_plane, Params{out.data(), 0}), cudaSuccess);
    EXPECT_EQ(out.read(), std::vector<int>(24, 1));
}

// Each round every thread adds what its neighbour block's thread holds; 16-byte steps keep the arithmetic exact.
__global__ void sum_around(const __grid_constant__ Params p) {
    const auto cluster = cg::this_cluster();
    auto* const own = static_cast<int*>(glissade_emulated_shared_memory());
    const int next = static_cast<int>((cluster.block_rank() + 1) % cluster.num_blocks());
    const int* const other = cluster.map_shared_rank(own, next);
    own[threadIdx.x] = static_cast<int>(cluster.block_rank());
    for (int round = 0; round < p.count; ++round) {
        cluster.sync();
        const int value = other[threadIdx.x];
        auto token = cluster.barrier_arrive();
        const int sum = own[threadIdx.x] + value;
        cluster.barrier_wait(std::move(token));
        own[threadIdx.x] = sum;
    }
    p.out[cg::this_grid().thread_rank()] = own[threadIdx.x] + 1000 * static_cast<int>(cluster.query_shared_rank(other));
    cluster.sync();
}

// What sum_around leaves in block `rank`, played one round after the other.
int sum_around_expected(int rank, int size, int rounds) {
    std::vector<int> values(static_cast<std::size_t>(size));
    for (int i = 0; i < size; ++i) values[i] = i;
    for (int round = 0; round < rounds; ++round) {
        const std::vector<int> before = values;
        for (int i = 0; i < size; ++i) values[i] = before[i] + before[(i + 1) % size];
    }
    return values[rank] + 1000 * ((rank + 1) % size);
}

TEST_F(ClusterTest, BarriersOrderEachOthersSharedMemory) {
    constexpr int threads = 40;
    for (const bool cooperative : {false, true})
        for (const int size : {1, 2, 4, 8, 16})
            for (std::uint64_t seed = 0; seed < 4; ++seed) {
                set_seed(seed);
                const int blocks = 3 * size;
                DeviceArray<int> out(static_cast<std::size_t>(blocks) * threads);
                const GridShape shape{blocks, threads, threads * sizeof(int), cooperative, size};
                ASSERT_EQ(launch_and_wait(sum_around, {out.data(), 4}, shape), cudaSuccess);
                const std::vector<int> values = out.read();
                for (int i = 0; i < blocks * threads; ++i)
                    ASSERT_EQ(values[i], sum_around_expected(i / threads % size, size, 4)) << size << " blocks, seed " << seed;
            }
}

// Blocks add up within the cluster, clusters over the grid.
__global__ void sum_over_clusters(const __grid_constant__ Params p) {
    const auto cluster = cg::this_cluster();
    auto& own = *static_cast<int*>(glissade_emulated_shared_memory());
    for (int step = 0; step < p.count; ++step) {
        if (threadIdx.x == 0) own = static_cast<int>(blockIdx.x) + step;
        cluster.sync();
        if (cluster.thread_rank() == 0) {
            int sum = 0;
            for (unsigned rank = 0; rank < cluster.num_blocks(); ++rank) sum += *cluster.map_shared_rank(&own, static_cast<int>(rank));
            p.out[cg::this_grid().cluster_rank()] = sum;
        }
        cg::this_grid().sync();
        int all = 0;
        for (unsigned i = 0; i < cg::this_grid().num_clusters(); ++i) all += p.out[i];
        if (threadIdx.x == 0) p.out[16 + blockIdx.x] = all;
        cg::this_grid().sync();
    }
}

TEST_F(ClusterTest, AGridOfClustersHasBothBarriers) {
    DeviceArray<int> out(32);
    ASSERT_EQ(launch_and_wait(sum_over_clusters, {out.data(), 3}, {16, 33, sizeof(int), true, 4}), cudaSuccess);
    const std::vector<int> values = out.read();
    EXPECT_EQ(std::vector<int>(values.begin() + 16, values.end()), std::vector<int>(16, 16 * 15 / 2 + 16 * 2));
}

__global__ void pass_barriers(const __grid_constant__ Params p) {
    for (int i = 0; i < p.count; ++i) __syncthreads();
    cg::this_cluster().sync();
    for (int i = 0; i < 2; ++i) cg::this_grid().sync();
}

TEST_F(ClusterTest, BarriersAreCountedOnceForAllThatPassThem) {
    ASSERT_EQ(launch_and_wait(pass_barriers, {nullptr, 5}, {6, 33, 0, true, 2}), cudaSuccess);
    ASSERT_EQ(launch_and_wait(pass_barriers, {nullptr, 1}, {4, 32, 0, true, 4}), cudaSuccess);
    const Barriers passed = barriers_passed();
    EXPECT_EQ(passed.blocks, 6 * 5 + 4 * 1);
    EXPECT_EQ(passed.clusters, 3 + 1);
    EXPECT_EQ(passed.grids, 2 + 2);
    reset();
    EXPECT_EQ(barriers_passed().grids, 0);
    ASSERT_EQ(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), cudaSuccess);
}

__global__ void some_return_early(const __grid_constant__ Params p) {
    const auto cluster = cg::this_cluster();
    if (cluster.block_rank() == 1 || threadIdx.x == 2) return;
    cluster.sync();
    cluster.sync();
    p.out[blockIdx.x] = 1;
}

TEST_F(ClusterTest, ThreadsThatHaveReturnedAreNotWaitedFor) {
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
        set_seed(seed);
        DeviceArray<int> out(3);
        ASSERT_EQ(launch_and_wait(some_return_early, {out.data(), 0}, {3, 32, 0, false, 3}), cudaSuccess);
        EXPECT_EQ(out.read(), (std::vector<int>{1, -1, 1}));
    }
}

__global__ void nothing(const __grid_constant__ Params) {}

TEST_F(ClusterTest, CardsBeforeHopperRefuse) {
    set_card("small");
    int value = -1;
    ASSERT_EQ(cudaDeviceGetAttribute(&value, cudaDevAttrClusterLaunch, 0), cudaSuccess);
    EXPECT_EQ(value, 0);
    EXPECT_EQ(launch_and_wait(nothing, {}, {4, 32, 0, false, 2}), cudaErrorNotSupported);
    EXPECT_EQ(launch_and_wait(nothing, {}, {32, 32, 0, false, 16}), cudaErrorNotSupported);
    EXPECT_EQ(kernels::resident_clusters(nothing, {4, 32, 0, false, 2}, &value), cudaErrorNotSupported);
    const cudaLaunchConfig_t config = shape(4, 32);
    EXPECT_EQ(cudaOccupancyMaxPotentialClusterSize(&value, nothing, &config), cudaErrorNotSupported);
    EXPECT_EQ(launch_and_wait(nothing, {}, {4, 32, 0, false, 1}), cudaSuccess);
}

TEST_F(ClusterTest, LimitsOfClustersAreKept) {
    int value = 0;
    ASSERT_EQ(cudaDeviceGetAttribute(&value, cudaDevAttrClusterLaunch, 0), cudaSuccess);
    EXPECT_EQ(value, 1);
    EXPECT_EQ(launch_and_wait(nothing, {}, {6, 32, 0, false, 4}), cudaErrorInvalidClusterSize) << "4 does not divide 6";
    EXPECT_EQ(launch_and_wait(nothing, {}, {34, 32, 0, false, 17}), cudaErrorInvalidClusterSize) << "no card has that";

    cudaLaunchAttribute attribute{};
    attribute.id = cudaLaunchAttributeClusterDimension;
    attribute.val.clusterDim = {16, 1, 1};
    cudaLaunchConfig_t config = shape(16, 32);
    config.attrs = &attribute;
    config.numAttrs = 1;
    ASSERT_EQ(cudaFuncSetAttribute(nothing, cudaFuncAttributeNonPortableClusterSizeAllowed, 0), cudaSuccess);
    EXPECT_EQ(cudaLaunchKernelEx(&config, nothing, Params{}), cudaErrorInvalidClusterSize) << "not portable, and not asked for";
    EXPECT_EQ(cudaOccupancyMaxPotentialClusterSize(&value, nothing, &config), cudaSuccess);
    EXPECT_EQ(value, 8);
    EXPECT_EQ(launch_and_wait(nothing, {}, {16, 32, 0, false, 16}), cudaSuccess);
    EXPECT_EQ(cudaOccupancyMaxPotentialClusterSize(&value, nothing, &config), cudaSuccess);
    EXPECT_EQ(value, 16);
    attribute.val.clusterDim = {0, 1, 1};
    EXPECT_EQ(cudaLaunchKernelEx(&config, nothing, Params{}), cudaErrorInvalidValue);
}

TEST_F(ClusterTest, OccupancyCountsClustersOfAGroupOfMultiprocessors) {
    Card wide = card("hopper-like");
    wide.multiprocessors = 132;  // 8 groups of 16 and one of 4
    set_card(wide);
    int clusters = -1;
    const auto resident = [&](int size, std::int64_t shared_bytes, int threads = 256) {
        EXPECT_EQ(kernels::resident_clusters(nothing, {size, threads, shared_bytes, false, size}, &clusters), 0);
        return clusters;
    };
    EXPECT_EQ(resident(1, 200 << 10), 132);
    EXPECT_EQ(resident(4, 200 << 10), 8 * 4 + 1);
    EXPECT_EQ(resident(8, 200 << 10), 8 * 2);
    EXPECT_EQ(resident(16, 200 << 10), 8);
    EXPECT_EQ(resident(16, 100 << 10), 8 * 2 + 0);
    EXPECT_EQ(launch_and_wait(nothing, {}, {8 * 17, 256, 200 << 10, true, 8}), cudaErrorCooperativeLaunchTooLarge);
    EXPECT_EQ(launch_and_wait(nothing, {}, {8 * 16, 256, 200 << 10, true, 8}), cudaSuccess);
    set_card("hopper-like");
    EXPECT_EQ(launch_and_wait(nothing, {}, {16, 256, 200 << 10, false, 16}), cudaErrorInvalidClusterSize) << "8 multiprocessors hold 8";
}

}  // namespace
}  // namespace glissade::emulation::cluster_test
