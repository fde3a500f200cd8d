// SPDX-License-Identifier: Apache-2.0
// CUDA graphs: what a stream captures, and when it runs.
#include <algorithm>
#include <set>

#include "tests/emulation/tests/testing.hpp"

namespace glissade::emulation::graph_test {
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

void launch(void (*kernel)(Params), int* data, int value, cudaStream_t stream) {
    cudaLaunchConfig_t config = shape(1, 1);
    config.stream = stream;
    EXPECT_EQ(cudaLaunchKernelEx(&config, kernel, Params{data, value}), cudaSuccess);
}

class GraphTest : public EmulatedTest {
protected:
    void SetUp() override {
        EmulatedTest::SetUp();
        for (cudaStream_t* stream : {&a_, &b_}) ASSERT_EQ(cudaStreamCreateWithFlags(stream, cudaStreamNonBlocking), cudaSuccess);
        ASSERT_EQ(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming), cudaSuccess);
    }
    void TearDown() override {
        cudaEventDestroy(event_);
        for (cudaStream_t stream : {a_, b_}) cudaStreamDestroy(stream);
        EmulatedTest::TearDown();
    }

    void begin(cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal) { ASSERT_EQ(cudaStreamBeginCapture(a_, mode), cudaSuccess); }
    // The instance of what stream a has captured.
    cudaGraphExec_t end() {
        cudaGraph_t graph = nullptr;
        cudaGraphExec_t instance = nullptr;
        EXPECT_EQ(cudaStreamEndCapture(a_, &graph), cudaSuccess);
        EXPECT_EQ(cudaGraphInstantiate(&instance, graph), cudaSuccess);
        EXPECT_EQ(cudaGraphDestroy(graph), cudaSuccess);
        return instance;
    }
    void order_b_after_a() {
        EXPECT_EQ(cudaEventRecord(event_, a_), cudaSuccess);
        EXPECT_EQ(cudaStreamWaitEvent(b_, event_), cudaSuccess);
    }
    void order_a_after_b() {
        EXPECT_EQ(cudaEventRecord(event_, b_), cudaSuccess);
        EXPECT_EQ(cudaStreamWaitEvent(a_, event_), cudaSuccess);
    }

    cudaStream_t a_ = nullptr;
    cudaStream_t b_ = nullptr;
    cudaEvent_t event_ = nullptr;
};

TEST_F(GraphTest, WhatIsCapturedRunsWheneverTheGraphIsLaunched) {
    DeviceArray<int> data(1);
    int* pinned = nullptr;
    ASSERT_EQ(cudaMallocHost(&pinned, 2 * sizeof(int)), cudaSuccess);
    begin();
    ASSERT_EQ(cudaMemcpyAsync(data.data(), pinned, sizeof(int), cudaMemcpyHostToDevice, a_), cudaSuccess);
    launch(add, data.data(), 5, a_);
    ASSERT_EQ(cudaMemcpyAsync(pinned + 1, data.data(), sizeof(int), cudaMemcpyDeviceToHost, a_), cudaSuccess);
    cudaStreamCaptureStatus status{};
    ASSERT_EQ(cudaStreamIsCapturing(a_, &status), cudaSuccess);
    EXPECT_EQ(status, cudaStreamCaptureStatusActive);
    const cudaGraphExec_t instance = end();
    ASSERT_EQ(cudaStreamIsCapturing(a_, &status), cudaSuccess);
    EXPECT_EQ(status, cudaStreamCaptureStatusNone);
    ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
    EXPECT_EQ(pinned[1], -1) << "nothing has run";
    for (const int value : {1, 10, 100}) {
        pinned[0] = value;
        ASSERT_EQ(cudaGraphLaunch(instance, b_), cudaSuccess);
        ASSERT_EQ(cudaStreamSynchronize(b_), cudaSuccess);
        EXPECT_EQ(pinned[1], value + 5);
    }
    ASSERT_EQ(cudaGraphExecDestroy(instance), cudaSuccess);
    ASSERT_EQ(cudaFreeHost(pinned), cudaSuccess);
}

TEST_F(GraphTest, PageableMemoryIsReadAndWrittenByTheLaunch) {
    DeviceArray<int> data(1);
    int in = 1;
    int out = -1;
    begin();
    ASSERT_EQ(cudaMemcpyAsync(data.data(), &in, sizeof(int), cudaMemcpyHostToDevice, a_), cudaSuccess);
    ASSERT_EQ(cudaMemcpyAsync(&out, data.data(), sizeof(int), cudaMemcpyDeviceToHost, a_), cudaSuccess);
    const cudaGraphExec_t instance = end();
    in = 2;
    ASSERT_EQ(cudaGraphLaunch(instance, a_), cudaSuccess);
    ASSERT_EQ(cudaStreamSynchronize(a_), cudaSuccess);
    EXPECT_EQ(out, 2);
    ASSERT_EQ(cudaGraphExecDestroy(instance), cudaSuccess);
}

// 1, then 2 3 in one stream beside 4 5 in another, then 6.
TEST_F(GraphTest, BranchesInterleaveBySeedAndKeepTheirDependencies) {
    DeviceArray<int> data(7);
    begin();
    launch(append, data.data(), 1, a_);
    order_b_after_a();
    for (const int value : {2, 3}) launch(append, data.data(), value, a_);
    for (const int value : {4, 5}) launch(append, data.data(), value, b_);
    order_a_after_b();
    launch(append, data.data(), 6, a_);
    const cudaGraphExec_t instance = end();
    std::set<std::vector<int>> orders;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        set_seed(seed);
        const int one = 1;
        ASSERT_EQ(cudaMemcpy(data.data(), &one, sizeof(int), cudaMemcpyHostToDevice), cudaSuccess);
        ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
        ASSERT_EQ(cudaGraphLaunch(instance, a_), cudaSuccess);
        ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
        const std::vector<int> order = data.read();
        EXPECT_EQ(order[1], 1);
        EXPECT_EQ(order[6], 6);
        const auto place = [&](int value) { return std::find(order.begin() + 1, order.end(), value); };
        EXPECT_LT(place(2), place(3));
        EXPECT_LT(place(4), place(5));
        orders.insert(order);
    }
    EXPECT_EQ(orders.size(), 6U);
    ASSERT_EQ(cudaGraphExecDestroy(instance), cudaSuccess);
}

// Two launches of 1 2 in two streams, and 9 in a third.
TEST_F(GraphTest, LaunchesOfAnInstanceFollowEachOtherAndOtherStreamsComeBetween) {
    DeviceArray<int> data(6);
    begin();
    for (const int value : {1, 2}) launch(append, data.data(), value, a_);
    const cudaGraphExec_t instance = end();
    cudaStream_t third = nullptr;
    ASSERT_EQ(cudaStreamCreateWithFlags(&third, cudaStreamNonBlocking), cudaSuccess);
    std::set<std::vector<int>> orders;
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        set_seed(seed);
        const int one = 1;
        ASSERT_EQ(cudaMemcpy(data.data(), &one, sizeof(int), cudaMemcpyHostToDevice), cudaSuccess);
        ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
        ASSERT_EQ(cudaGraphLaunch(instance, a_), cudaSuccess);
        ASSERT_EQ(cudaGraphLaunch(instance, b_), cudaSuccess);
        launch(append, data.data(), 9, third);
        ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
        std::vector<int> order = data.read();
        order.erase(order.begin());
        orders.insert(order);
        order.erase(std::find(order.begin(), order.end(), 9));
        EXPECT_EQ(order, (std::vector<int>{1, 2, 1, 2}));
    }
    EXPECT_TRUE(orders.contains({1, 9, 2, 1, 2}));
    ASSERT_EQ(cudaGraphExecDestroy(instance), cudaSuccess);
    ASSERT_EQ(cudaStreamDestroy(third), cudaSuccess);
}

TEST_F(GraphTest, AGraphLaunchedInACaptureBecomesPartOfIt) {
    DeviceArray<int> data(1);
    ASSERT_EQ(cudaMemset(data.data(), 0, sizeof(int)), cudaSuccess);
    ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
    begin();
    launch(add, data.data(), 1, a_);
    const cudaGraphExec_t inner = end();
    begin();
    for (int i = 0; i < 3; ++i) ASSERT_EQ(cudaGraphLaunch(inner, a_), cudaSuccess);
    launch(add, data.data(), 10, a_);
    const cudaGraphExec_t outer = end();
    ASSERT_EQ(cudaGraphExecDestroy(inner), cudaSuccess);
    for (int i = 0; i < 2; ++i) ASSERT_EQ(cudaGraphLaunch(outer, a_), cudaSuccess);
    ASSERT_EQ(cudaGraphExecDestroy(outer), cudaSuccess) << "what is launched runs on";
    ASSERT_EQ(cudaStreamSynchronize(a_), cudaSuccess);
    EXPECT_EQ(data.read()[0], 2 * (3 + 10));
}

TEST_F(GraphTest, AnInstanceTakesNewParametersButNoNewShape) {
    DeviceArray<int> data(1);
    cudaGraph_t graphs[4] = {};
    std::size_t nodes = 0;
    for (int which = 0; which < 4; ++which) {
        begin();
        launch(which == 3 ? append : add, data.data(), which == 1 ? 7 : 5, a_);
        if (which == 2) launch(add, data.data(), 1, a_);
        ASSERT_EQ(cudaStreamEndCapture(a_, &graphs[which]), cudaSuccess);
    }
    ASSERT_EQ(cudaGraphGetNodes(graphs[2], nullptr, &nodes), cudaSuccess);
    EXPECT_EQ(nodes, 2U);
    cudaGraphExec_t instance = nullptr;
    ASSERT_EQ(cudaGraphInstantiate(&instance, graphs[0]), cudaSuccess);
    cudaGraphExecUpdateResultInfo info{};
    EXPECT_EQ(cudaGraphExecUpdate(instance, graphs[2], &info), cudaErrorGraphExecUpdateFailure);
    EXPECT_EQ(info.result, cudaGraphExecUpdateErrorTopologyChanged);
    EXPECT_EQ(cudaGraphExecUpdate(instance, graphs[3], &info), cudaErrorGraphExecUpdateFailure);
    EXPECT_EQ(info.result, cudaGraphExecUpdateErrorUnsupportedFunctionChange);
    EXPECT_EQ(cudaGraphExecUpdate(instance, graphs[1], &info), cudaSuccess);
    ASSERT_EQ(cudaMemsetAsync(data.data(), 0, sizeof(int), a_), cudaSuccess);
    ASSERT_EQ(cudaGraphLaunch(instance, a_), cudaSuccess);
    ASSERT_EQ(cudaStreamSynchronize(a_), cudaSuccess);
    EXPECT_EQ(data.read()[0], 7);
    ASSERT_EQ(cudaGraphExecDestroy(instance), cudaSuccess);
    for (const cudaGraph_t graph : graphs) ASSERT_EQ(cudaGraphDestroy(graph), cudaSuccess);
}

TEST_F(GraphTest, ALaunchAfterABufferIsReleasedIsFound) {
    int* data = nullptr;
    ASSERT_EQ(cudaMalloc(&data, sizeof(int)), cudaSuccess);
    begin();
    ASSERT_EQ(cudaMemsetAsync(data, 0, sizeof(int), a_), cudaSuccess);
    const cudaGraphExec_t instance = end();
    ASSERT_EQ(cudaFree(data), cudaSuccess);
    ASSERT_EQ(cudaGraphLaunch(instance, a_), cudaSuccess);
    EXPECT_EQ(cudaStreamSynchronize(a_), cudaErrorIllegalAddress);
    EXPECT_TRUE(contains(found(), "released device buffer #1"));
    ASSERT_EQ(cudaGraphExecDestroy(instance), cudaErrorIllegalAddress);
}

// A host program in the right style: every call checked, everything released.
cudaError_t program(int* result) {
    cudaStream_t stream = nullptr;
    int* data = nullptr;
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t instance = nullptr;
    const auto captured = [&]() -> cudaError_t {
        if (const cudaError_t e = cudaMemsetAsync(data, 0, sizeof(int), stream); e != cudaSuccess) return e;
        cudaLaunchConfig_t config = shape(1, 1);
        config.stream = stream;
        return cudaLaunchKernelEx(&config, add, Params{data, 3});
    };
    const auto steps = [&]() -> cudaError_t {
        if (const cudaError_t e = cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking); e != cudaSuccess) return e;
        if (const cudaError_t e = cudaMalloc(&data, sizeof(int)); e != cudaSuccess) return e;
        if (const cudaError_t e = cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal); e != cudaSuccess) return e;
        const cudaError_t inside = captured();
        const cudaError_t ended = cudaStreamEndCapture(stream, &graph);
        if (inside != cudaSuccess || ended != cudaSuccess) return inside != cudaSuccess ? inside : ended;
        if (const cudaError_t e = cudaGraphInstantiate(&instance, graph); e != cudaSuccess) return e;
        if (const cudaError_t e = cudaGraphLaunch(instance, stream); e != cudaSuccess) return e;
        if (const cudaError_t e = cudaMemcpyAsync(result, data, sizeof(int), cudaMemcpyDeviceToHost, stream); e != cudaSuccess) return e;
        return cudaStreamSynchronize(stream);
    };
    const cudaError_t error = steps();
    if (instance != nullptr) cudaGraphExecDestroy(instance);
    if (graph != nullptr) cudaGraphDestroy(graph);
    if (data != nullptr) cudaFree(data);
    if (stream != nullptr) cudaStreamDestroy(stream);
    return error;
}

TEST(GraphFailure, EveryCallCanFailAndNothingLeaks) {
    reset();
    int result = 0;
    ASSERT_EQ(program(&result), cudaSuccess);
    EXPECT_EQ(result, 3);
    const std::int64_t calls = count_calls();
    ASSERT_EQ(calls, 14);
    for (std::int64_t nth = 1; nth <= calls; ++nth) {
        reset();
        fail_call(nth, cudaErrorOperatingSystem);
        EXPECT_EQ(program(&result), nth <= 10 ? cudaErrorOperatingSystem : cudaSuccess) << "call " << nth;
        EXPECT_TRUE(leaks().empty()) << "call " << nth;
        reset();
        fail_calls_from(nth);
        EXPECT_EQ(program(&result), nth <= 10 ? cudaErrorUnknown : cudaSuccess) << "from call " << nth;
        EXPECT_TRUE(leaks().empty()) << "from call " << nth;
    }
    reset();
}

TEST_F(GraphTest, WhatIsNotReleasedIsNamed) {
    begin();
    cudaGraph_t graph = nullptr;
    ASSERT_EQ(cudaStreamEndCapture(a_, &graph), cudaSuccess);
    cudaGraphExec_t instance = nullptr;
    ASSERT_EQ(cudaGraphInstantiate(&instance, graph), cudaSuccess);
    ASSERT_EQ(cudaGraphLaunch(instance, a_), cudaSuccess) << "of nothing";
    begin();
    EXPECT_EQ(leaks(),
              (std::vector<std::string>{"stream", "stream", "event", "graph", "instance of a graph", "capture that was not ended"}));
    cudaGraph_t second = nullptr;
    ASSERT_EQ(cudaStreamEndCapture(a_, &second), cudaSuccess);
    for (const cudaGraph_t each : {graph, second}) ASSERT_EQ(cudaGraphDestroy(each), cudaSuccess);
    ASSERT_EQ(cudaGraphExecDestroy(instance), cudaSuccess);
}

}  // namespace
}  // namespace glissade::emulation::graph_test
