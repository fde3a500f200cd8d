// SPDX-License-Identifier: Apache-2.0
// What must not be asked while a stream captures, and which error says so.
#include <functional>
#include <thread>

#include "tests/emulation/tests/testing.hpp"

namespace glissade::emulation::capture_rules_test {
namespace {

struct Params {
    int* data;
};
__global__ void nothing(const __grid_constant__ Params) {}

cudaError_t launch_nothing(cudaStream_t stream) {
    cudaLaunchConfig_t config = shape(1, 1);
    config.stream = stream;
    return cudaLaunchKernelEx(&config, nothing, Params{nullptr});
}

class CaptureRulesTest : public EmulatedTest {
protected:
    void SetUp() override {
        EmulatedTest::SetUp();
        for (cudaStream_t* stream : {&a_, &b_}) ASSERT_EQ(cudaStreamCreateWithFlags(stream, cudaStreamNonBlocking), cudaSuccess);
        for (cudaEvent_t* event : {&before_, &inside_}) ASSERT_EQ(cudaEventCreate(event), cudaSuccess);
        ASSERT_EQ(cudaEventRecord(before_, b_), cudaSuccess);
    }
    void TearDown() override {
        for (cudaEvent_t event : {before_, inside_}) EXPECT_EQ(cudaEventDestroy(event), cudaSuccess);
        for (cudaStream_t stream : {a_, b_}) EXPECT_EQ(cudaStreamDestroy(stream), cudaSuccess);
        EmulatedTest::TearDown();
    }

    // What `call` returns while stream a captures, and what the end of the capture returns then.
    std::pair<cudaError_t, cudaError_t> during_capture(cudaStreamCaptureMode mode, const std::function<cudaError_t()>& call) {
        EXPECT_EQ(cudaStreamBeginCapture(a_, mode), cudaSuccess);
        EXPECT_EQ(launch_nothing(a_), cudaSuccess);
        EXPECT_EQ(cudaEventRecord(inside_, a_), cudaSuccess);
        const cudaError_t result = call();
        cudaGraph_t graph = nullptr;
        const cudaError_t ended = cudaStreamEndCapture(a_, &graph);
        EXPECT_EQ(graph != nullptr, ended == cudaSuccess);
        if (graph != nullptr) {
            EXPECT_EQ(cudaGraphDestroy(graph), cudaSuccess);
        }
        return {result, ended};
    }

    cudaStream_t a_ = nullptr;
    cudaStream_t b_ = nullptr;
    cudaEvent_t before_ = nullptr;
    cudaEvent_t inside_ = nullptr;
};

using Results = std::pair<cudaError_t, cudaError_t>;

TEST_F(CaptureRulesTest, CallsThatAGraphWouldMissAreRefusedAndSpoilTheCapture) {
    int* data = nullptr;
    int* pinned = nullptr;
    int host = 0;
    float milliseconds = 0;
    ASSERT_EQ(cudaMalloc(&data, sizeof(int)), cudaSuccess);
    ASSERT_EQ(cudaMallocHost(&pinned, sizeof(int)), cudaSuccess);
    void* unused = nullptr;
    struct Forbidden {
        const char* name;
        std::function<cudaError_t()> call;
        cudaError_t expected = cudaErrorStreamCaptureUnsupported;
        bool is_refused_when_relaxed = true;
    };
    const std::vector<Forbidden> all = {
        {"cudaStreamSynchronize", [&] { return cudaStreamSynchronize(a_); }},
        {"cudaStreamQuery", [&] { return cudaStreamQuery(a_); }},
        {"cudaDeviceSynchronize", [&] { return cudaDeviceSynchronize(); }},
        {"cudaEventSynchronize", [&] { return cudaEventSynchronize(inside_); }, cudaErrorCapturedEvent},
        {"cudaEventQuery", [&] { return cudaEventQuery(inside_); }, cudaErrorCapturedEvent},
        {"cudaEventElapsedTime", [&] { return cudaEventElapsedTime(&milliseconds, before_, inside_); }, cudaErrorCapturedEvent},
        {"cudaEventQuery of another", [&] { return cudaEventQuery(before_); }, cudaErrorStreamCaptureUnsupported, false},
        {"cudaMalloc", [&] { return cudaMalloc(&unused, 4); }, cudaErrorStreamCaptureUnsupported, false},
        {"cudaHostAlloc", [&] { return cudaHostAlloc(&unused, 4, 0); }, cudaErrorStreamCaptureUnsupported, false},
        {"cudaHostRegister", [&] { return cudaHostRegister(&host, 4, 0); }, cudaErrorStreamCaptureUnsupported, false},
        {"cudaFree", [&] { return cudaFree(data); }, cudaErrorStreamCaptureUnsupported, false},
        {"cudaFreeHost", [&] { return cudaFreeHost(pinned); }, cudaErrorStreamCaptureUnsupported, false},
        {"cudaMemcpy", [&] { return cudaMemcpy(&host, data, 4, cudaMemcpyDeviceToHost); }, cudaErrorStreamCaptureUnsupported, false},
        {"cudaMemset", [&] { return cudaMemset(data, 0, 4); }, cudaErrorStreamCaptureUnsupported, false},
        {"cudaMallocAsync", [&] { return cudaMallocAsync(&unused, 4, a_); }, cudaErrorNotSupported},
        {"cudaFreeAsync", [&] { return cudaFreeAsync(data, a_); }, cudaErrorNotSupported},
        {"cudaStreamWaitEvent", [&] { return cudaStreamWaitEvent(a_, before_); }, cudaErrorStreamCaptureIsolation},
    };
    for (const Forbidden& each : all) {
        const Results spoiled{each.expected, cudaErrorStreamCaptureInvalidated};
        EXPECT_EQ(during_capture(cudaStreamCaptureModeGlobal, each.call), spoiled) << each.name;
        EXPECT_EQ(during_capture(cudaStreamCaptureModeThreadLocal, each.call), spoiled) << each.name;
        if (each.is_refused_when_relaxed) {
            EXPECT_EQ(during_capture(cudaStreamCaptureModeRelaxed, each.call), spoiled) << each.name;
        }
    }
    const Results allowed{cudaSuccess, cudaSuccess};
    EXPECT_EQ(during_capture(cudaStreamCaptureModeRelaxed, [&] { return cudaFree(data); }), allowed);
    EXPECT_EQ(during_capture(cudaStreamCaptureModeRelaxed, [&] { return cudaFreeHost(pinned); }), allowed);
    EXPECT_EQ(during_capture(cudaStreamCaptureModeGlobal, [&] { return launch_nothing(b_); }), allowed);
    EXPECT_EQ(during_capture(cudaStreamCaptureModeGlobal, [&] { return launch_nothing(nullptr); }), allowed);
    EXPECT_EQ(unused, nullptr);
}

TEST_F(CaptureRulesTest, AfterASpoiledCallEverythingInTheStreamSaysSo) {
    const auto call = [&] {
        EXPECT_EQ(cudaStreamSynchronize(a_), cudaErrorStreamCaptureUnsupported);
        cudaStreamCaptureStatus status{};
        EXPECT_EQ(cudaStreamIsCapturing(a_, &status), cudaSuccess);
        EXPECT_EQ(status, cudaStreamCaptureStatusInvalidated);
        EXPECT_EQ(cudaEventRecord(before_, a_), cudaErrorStreamCaptureInvalidated);
        return launch_nothing(a_);
    };
    const Results expected{cudaErrorStreamCaptureInvalidated, cudaErrorStreamCaptureInvalidated};
    EXPECT_EQ(during_capture(cudaStreamCaptureModeGlobal, call), expected);
    EXPECT_EQ(launch_nothing(a_), cudaSuccess) << "the stream is an ordinary one again";
}

TEST_F(CaptureRulesTest, AnotherThreadIsHeldByAGlobalCaptureOnly) {
    void* data = nullptr;
    const auto elsewhere = [&] {
        cudaError_t result = cudaSuccess;
        std::thread([&] { result = cudaMalloc(&data, 4); }).join();
        return result;
    };
    EXPECT_EQ(during_capture(cudaStreamCaptureModeGlobal, elsewhere),
              (Results{cudaErrorStreamCaptureUnsupported, cudaErrorStreamCaptureInvalidated}));
    EXPECT_EQ(during_capture(cudaStreamCaptureModeThreadLocal, elsewhere), (Results{cudaSuccess, cudaSuccess}));
    ASSERT_EQ(cudaFree(data), cudaSuccess);
    const auto end_elsewhere = [&] {
        cudaError_t result = cudaSuccess;
        cudaGraph_t graph = nullptr;
        std::thread([&] { result = cudaStreamEndCapture(a_, &graph); }).join();
        return result;
    };
    EXPECT_EQ(during_capture(cudaStreamCaptureModeGlobal, end_elsewhere),
              (Results{cudaErrorStreamCaptureWrongThread, cudaErrorStreamCaptureInvalidated}));
}

TEST_F(CaptureRulesTest, TheDefaultStreamIsNeverPartOfACapture) {
    EXPECT_EQ(cudaStreamBeginCapture(nullptr, cudaStreamCaptureModeRelaxed), cudaErrorStreamCaptureUnsupported);
    cudaStream_t blocking = nullptr;
    cudaGraph_t graph = nullptr;
    ASSERT_EQ(cudaStreamCreate(&blocking), cudaSuccess);
    ASSERT_EQ(cudaStreamBeginCapture(blocking, cudaStreamCaptureModeRelaxed), cudaSuccess);
    EXPECT_EQ(launch_nothing(nullptr), cudaErrorStreamCaptureImplicit);
    EXPECT_EQ(cudaStreamEndCapture(blocking, &graph), cudaErrorStreamCaptureInvalidated);
    ASSERT_EQ(cudaStreamDestroy(blocking), cudaSuccess);
    EXPECT_EQ(during_capture(cudaStreamCaptureModeGlobal, [&] { return cudaStreamWaitEvent(nullptr, inside_); }),
              (Results{cudaErrorStreamCaptureImplicit, cudaErrorStreamCaptureInvalidated}));
}

TEST_F(CaptureRulesTest, ForksAreJoinedAndCapturesStayApart) {
    const auto fork = [&] {
        EXPECT_EQ(cudaStreamWaitEvent(b_, inside_), cudaSuccess);
        return launch_nothing(b_);
    };
    EXPECT_EQ(during_capture(cudaStreamCaptureModeGlobal, fork), (Results{cudaSuccess, cudaErrorStreamCaptureUnjoined}));
    const auto end_at_the_fork = [&] {
        EXPECT_EQ(fork(), cudaSuccess);
        cudaGraph_t graph = nullptr;
        return cudaStreamEndCapture(b_, &graph);
    };
    EXPECT_EQ(during_capture(cudaStreamCaptureModeGlobal, end_at_the_fork),
              (Results{cudaErrorStreamCaptureUnmatched, cudaErrorStreamCaptureInvalidated}));
    const auto merge = [&] {
        EXPECT_EQ(cudaStreamBeginCapture(b_, cudaStreamCaptureModeGlobal), cudaSuccess);
        const cudaError_t result = cudaStreamWaitEvent(b_, inside_);
        cudaGraph_t graph = nullptr;
        EXPECT_EQ(cudaStreamEndCapture(b_, &graph), cudaErrorStreamCaptureInvalidated);
        return result;
    };
    EXPECT_EQ(during_capture(cudaStreamCaptureModeGlobal, merge),
              (Results{cudaErrorStreamCaptureMerge, cudaErrorStreamCaptureInvalidated}));
    EXPECT_EQ(cudaStreamWaitEvent(b_, inside_), cudaErrorCapturedEvent) << "its capture is over";
}

TEST_F(CaptureRulesTest, BeginAndEndComeInPairs) {
    cudaGraph_t graph = nullptr;
    EXPECT_EQ(cudaStreamEndCapture(a_, &graph), cudaErrorIllegalState);
    EXPECT_EQ(during_capture(cudaStreamCaptureModeGlobal, [&] { return cudaStreamBeginCapture(a_, cudaStreamCaptureModeGlobal); }),
              (Results{cudaErrorIllegalState, cudaSuccess}));
    cudaGraphExec_t instance = nullptr;
    EXPECT_EQ(cudaGraphInstantiate(&instance, nullptr), cudaErrorInvalidValue);
    EXPECT_EQ(cudaGraphLaunch(nullptr, a_), cudaErrorInvalidValue);
    EXPECT_EQ(cudaGraphDestroy(nullptr), cudaErrorInvalidValue);
    EXPECT_EQ(cudaGraphExecDestroy(nullptr), cudaErrorInvalidValue);
}

}  // namespace
}  // namespace glissade::emulation::capture_rules_test
