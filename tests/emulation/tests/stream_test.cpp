// SPDX-License-Identifier: Apache-2.0
// Operations run late, in the order of their stream, and between streams in any order that the program has not forbidden.
#include <set>

#include "tests/emulation/tests/testing.hpp"

namespace glissade::emulation::stream_test {
namespace {

struct Params {
    int* data;
    int value;
};

__global__ void append(const __grid_constant__ Params p) {
    p.data[atomicAdd(p.data, 1)] = p.value;
}
__global__ void add(const __grid_constant__ Params p) {
    *p.data += p.value;
}

class StreamTest : public EmulatedTest {
protected:
    void SetUp() override {
        EmulatedTest::SetUp();
        for (cudaStream_t* stream : {&a_, &b_}) ASSERT_EQ(cudaStreamCreateWithFlags(stream, cudaStreamNonBlocking), cudaSuccess);
    }
    void TearDown() override {
        for (cudaStream_t stream : {a_, b_}) EXPECT_EQ(cudaStreamDestroy(stream), cudaSuccess);
        EmulatedTest::TearDown();
    }

    static void launch(void (*kernel)(Params), int* data, int value, cudaStream_t stream) {
        cudaLaunchConfig_t config = shape(1, 1);
        config.stream = stream;
        ASSERT_EQ(cudaLaunchKernelEx(&config, kernel, Params{data, value}), cudaSuccess);
    }
    // The order in which two streams' launches 1 2 3 and 4 5 6 ran; `ordered` makes the second wait for the first.
    std::vector<int> run_order(std::uint64_t seed, bool ordered) {
        set_seed(seed);
        DeviceArray<int> data(7);
        const int one = 1;
        EXPECT_EQ(cudaMemcpy(data.data(), &one, sizeof(int), cudaMemcpyHostToDevice), cudaSuccess);
        EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
        for (const int value : {1, 2, 3}) launch(append, data.data(), value, a_);
        cudaEvent_t done = nullptr;
        EXPECT_EQ(cudaEventCreateWithFlags(&done, cudaEventDisableTiming), cudaSuccess);
        EXPECT_EQ(cudaEventRecord(done, a_), cudaSuccess);
        if (ordered) {
            EXPECT_EQ(cudaStreamWaitEvent(b_, done), cudaSuccess);
        }
        EXPECT_EQ(cudaEventDestroy(done), cudaSuccess);
        for (const int value : {4, 5, 6}) launch(append, data.data(), value, b_);
        EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
        std::vector<int> order = data.read();
        order.erase(order.begin());
        return order;
    }

    cudaStream_t a_ = nullptr;
    cudaStream_t b_ = nullptr;
};

TEST_F(StreamTest, UnorderedStreamsInterleaveBySeedAndKeepTheirOwnOrder) {
    std::set<std::vector<int>> orders;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const std::vector<int> order = run_order(seed, false);
        std::vector<int> first;
        std::vector<int> second;
        for (const int value : order) (value <= 3 ? first : second).push_back(value);
        EXPECT_EQ(first, (std::vector<int>{1, 2, 3}));
        EXPECT_EQ(second, (std::vector<int>{4, 5, 6}));
        orders.insert(order);
    }
    EXPECT_GT(orders.size(), 5U);
}

TEST_F(StreamTest, AnEventOrdersStreams) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) EXPECT_EQ(run_order(seed, true), (std::vector<int>{1, 2, 3, 4, 5, 6}));
}

TEST_F(StreamTest, AnAsynchronousCopyFromPinnedMemoryIsReadLateAndLandsLate) {
    DeviceArray<int> data(1);
    int* pinned = nullptr;
    ASSERT_EQ(cudaMallocHost(&pinned, 2 * sizeof(int)), cudaSuccess);
    EXPECT_EQ(pinned[1], -1) << "fresh pinned memory is poisoned";
    pinned[0] = 1;
    ASSERT_EQ(cudaMemcpyAsync(data.data(), pinned, sizeof(int), cudaMemcpyHostToDevice, a_), cudaSuccess);
    pinned[0] = 2;
    ASSERT_EQ(cudaMemcpyAsync(pinned + 1, data.data(), sizeof(int), cudaMemcpyDeviceToHost, a_), cudaSuccess);
    EXPECT_EQ(pinned[1], -1) << "nobody has waited";
    ASSERT_EQ(cudaStreamSynchronize(a_), cudaSuccess);
    EXPECT_EQ(pinned[1], 2) << "a source changed before the wait is the program's mistake";
    ASSERT_EQ(cudaFreeHost(pinned), cudaSuccess);
}

TEST_F(StreamTest, AnAsynchronousCopyFromPageableMemoryIsReadAtOnce) {
    DeviceArray<int> data(1);
    int host = 1;
    ASSERT_EQ(cudaMemcpyAsync(data.data(), &host, sizeof(int), cudaMemcpyHostToDevice, a_), cudaSuccess);
    host = 2;
    ASSERT_EQ(cudaMemcpyAsync(&host, data.data(), sizeof(int), cudaMemcpyDeviceToHost, a_), cudaSuccess);
    EXPECT_EQ(host, 1);
}

TEST_F(StreamTest, AMemsetOnTheDefaultStreamIsNotOrderedWithANonBlockingOne) {
    std::set<int> results;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        set_seed(seed);
        DeviceArray<int> data(1);
        ASSERT_EQ(cudaMemset(data.data(), 0, sizeof(int)), cudaSuccess);
        launch(add, data.data(), 5, a_);
        ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
        results.insert(data.read()[0]);
    }
    EXPECT_EQ(results, (std::set<int>{0, 5}));
}

TEST_F(StreamTest, ABlockingStreamIsOrderedWithTheDefaultStream) {
    cudaStream_t blocking = nullptr;
    ASSERT_EQ(cudaStreamCreate(&blocking), cudaSuccess);
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        set_seed(seed);
        DeviceArray<int> data(1);
        ASSERT_EQ(cudaMemset(data.data(), 0, sizeof(int)), cudaSuccess);
        launch(add, data.data(), 5, blocking);
        launch(add, data.data(), 1, nullptr);
        EXPECT_EQ(data.read()[0], 6);
    }
    ASSERT_EQ(cudaStreamDestroy(blocking), cudaSuccess);
}

TEST_F(StreamTest, PollingComesToAnEnd) {
    DeviceArray<int> data(1);
    cudaEvent_t begin = nullptr;
    cudaEvent_t end = nullptr;
    ASSERT_EQ(cudaEventCreate(&begin), cudaSuccess);
    ASSERT_EQ(cudaEventCreate(&end), cudaSuccess);
    ASSERT_EQ(cudaEventRecord(begin, a_), cudaSuccess);
    for (int i = 0; i < 5; ++i) ASSERT_EQ(cudaMemsetAsync(data.data(), i, sizeof(int), a_), cudaSuccess);
    ASSERT_EQ(cudaEventRecord(end, a_), cudaSuccess);
    int polls = 0;
    while (cudaEventQuery(end) == cudaErrorNotReady) ++polls;
    EXPECT_EQ(polls, 6);
    EXPECT_EQ(cudaStreamQuery(a_), cudaSuccess);
    float milliseconds = -1.0F;
    EXPECT_EQ(cudaEventElapsedTime(&milliseconds, begin, end), cudaSuccess);
    EXPECT_GE(milliseconds, 0.0F);
    for (cudaEvent_t event : {begin, end}) ASSERT_EQ(cudaEventDestroy(event), cudaSuccess);
}

TEST_F(StreamTest, AStreamOrderedReleaseWaitsForTheWorkBeforeIt) {
    int* data = nullptr;
    int host = 0;
    ASSERT_EQ(cudaMallocAsync(&data, sizeof(int), a_), cudaSuccess);
    ASSERT_EQ(cudaMemsetAsync(data, 0, sizeof(int), a_), cudaSuccess);
    launch(add, data, 7, a_);
    ASSERT_EQ(cudaMemcpyAsync(&host, data, sizeof(int), cudaMemcpyDeviceToHost, a_), cudaSuccess);
    ASSERT_EQ(cudaFreeAsync(data, a_), cudaSuccess);
    EXPECT_EQ(host, 7);
    ASSERT_EQ(cudaStreamSynchronize(a_), cudaSuccess);
    EXPECT_EQ(device_bytes_in_use(), 0U);
}

}  // namespace
}  // namespace glissade::emulation::stream_test
