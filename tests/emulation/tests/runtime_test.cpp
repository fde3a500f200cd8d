// SPDX-License-Identifier: Apache-2.0
// Cards, limits, injected failures and the errors of launches.
#include <cooperative_groups.h>

#include "tests/emulation/tests/testing.hpp"

namespace glissade::emulation::runtime_test {
namespace {

using RuntimeTest = EmulatedTest;

struct Params {
    int* data;
};

__global__ void count_threads(const __grid_constant__ Params p) {
    atomicAdd(p.data, 1);
}
__global__ void nothing(const __grid_constant__ Params) {}

TEST_F(RuntimeTest, CardsDifferInSharedMemoryAndCooperation) {
    struct Expected {
        const char* name;
        int multiprocessors;
        int shared_kib;
        int cooperative;
    };
    for (const Expected& expected : {Expected{"small", 2, 48, 1}, {"hopper-like", 8, 227, 1}, {"old", 4, 64, 0}}) {
        set_card(expected.name);
        cudaDeviceProp properties{};
        ASSERT_EQ(cudaGetDeviceProperties(&properties, 0), cudaSuccess);
        EXPECT_STREQ(properties.name, expected.name);
        EXPECT_EQ(properties.multiProcessorCount, expected.multiprocessors);
        int shared_bytes = 0;
        int cooperative = -1;
        ASSERT_EQ(cudaDeviceGetAttribute(&shared_bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, 0), cudaSuccess);
        ASSERT_EQ(cudaDeviceGetAttribute(&cooperative, cudaDevAttrCooperativeLaunch, 0), cudaSuccess);
        EXPECT_EQ(shared_bytes, expected.shared_kib * 1024);
        EXPECT_EQ(cooperative, expected.cooperative);
        const cudaError_t launched = run_cooperative(shape(1, 32), nothing, Params{});
        EXPECT_EQ(launched, expected.cooperative != 0 ? cudaSuccess : cudaErrorNotSupported);
    }
}

TEST_F(RuntimeTest, AMachineMayHaveNoCardOrAnOldDriver) {
    int count = -1;
    set_card("small", 0);
    EXPECT_EQ(cudaGetDeviceCount(&count), cudaErrorNoDevice);
    EXPECT_EQ(count, 0);
    EXPECT_EQ(cudaGetLastError(), cudaErrorNoDevice);
    EXPECT_EQ(cudaGetLastError(), cudaSuccess);
    Card outdated = card("small");
    outdated.driver_version = 12040;
    set_card(outdated);
    EXPECT_EQ(cudaGetDeviceCount(&count), cudaErrorInsufficientDriver);
    set_card("small", 2);
    EXPECT_EQ(cudaGetDeviceCount(&count), cudaSuccess);
    EXPECT_EQ(count, 2);
    EXPECT_EQ(cudaSetDevice(2), cudaErrorInvalidDevice);
}

TEST_F(RuntimeTest, DeviceMemoryEnds) {
    set_card("small");
    std::size_t free_bytes = 0;
    std::size_t total_bytes = 0;
    void* first = nullptr;
    void* second = nullptr;
    ASSERT_EQ(cudaMalloc(&first, std::size_t{40} << 20), cudaSuccess);
    ASSERT_EQ(cudaMemGetInfo(&free_bytes, &total_bytes), cudaSuccess);
    EXPECT_EQ(free_bytes, std::size_t{24} << 20);
    EXPECT_EQ(cudaMalloc(&second, (std::size_t{24} << 20) + 1), cudaErrorMemoryAllocation);
    EXPECT_EQ(second, nullptr);
    ASSERT_EQ(cudaFree(first), cudaSuccess);
}

TEST_F(RuntimeTest, LaunchLimitsAreKept) {
    const Params none{};
    EXPECT_EQ(run(shape(0, 32), nothing, none), cudaErrorInvalidConfiguration);
    EXPECT_EQ(run(shape(1, 1025), nothing, none), cudaErrorInvalidConfiguration);
    EXPECT_EQ(run(shape(1, 32, 48 * 1024 + 1), nothing, none), cudaErrorInvalidValue) << "more has to be asked for";
    EXPECT_EQ(cudaFuncSetAttribute(nothing, cudaFuncAttributeMaxDynamicSharedMemorySize, 228 * 1024), cudaErrorInvalidValue);
    ASSERT_EQ(cudaFuncSetAttribute(nothing, cudaFuncAttributeMaxDynamicSharedMemorySize, 227 * 1024), cudaSuccess);
    EXPECT_EQ(run(shape(1, 32, 227 * 1024), nothing, none), cudaSuccess);
    EXPECT_EQ(run_cooperative(shape(8, 32, 227 * 1024), nothing, none), cudaSuccess);
    EXPECT_EQ(run_cooperative(shape(9, 32, 227 * 1024), nothing, none), cudaErrorCooperativeLaunchTooLarge);
}

TEST_F(RuntimeTest, OccupancyCountsThreadsRegistersAndSharedMemory) {
    int blocks = -1;
    const auto resident = [&](int threads, std::size_t shared_bytes) {
        EXPECT_EQ(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, nothing, threads, shared_bytes), cudaSuccess);
        return blocks;
    };
    EXPECT_EQ(resident(32, 0), 32) << "blocks a multiprocessor";
    EXPECT_EQ(resident(128, 0), 65536 / (64 * 128)) << "registers";
    EXPECT_EQ(resident(32, 100 * 1024), 228 / 101) << "shared memory and what the driver keeps of it";
    EXPECT_EQ(resident(32, 228 * 1024), 0);
}

// A host program in the right style: every call checked, everything released.
cudaError_t program(int* result) {
    cudaStream_t stream = nullptr;
    int* data = nullptr;
    const auto steps = [&]() -> cudaError_t {
        if (const cudaError_t e = cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking); e != cudaSuccess) return e;
        if (const cudaError_t e = cudaMalloc(&data, sizeof(int)); e != cudaSuccess) return e;
        if (const cudaError_t e = cudaMemsetAsync(data, 0, sizeof(int), stream); e != cudaSuccess) return e;
        cudaLaunchConfig_t config = shape(2, 40);
        config.stream = stream;
        if (const cudaError_t e = cudaLaunchKernelEx(&config, count_threads, Params{data}); e != cudaSuccess) return e;
        if (const cudaError_t e = cudaMemcpyAsync(result, data, sizeof(int), cudaMemcpyDeviceToHost, stream); e != cudaSuccess) return e;
        return cudaStreamSynchronize(stream);
    };
    const cudaError_t error = steps();
    if (data != nullptr) cudaFree(data);
    if (stream != nullptr) cudaStreamDestroy(stream);
    return error;
}

// Which calls of the log failed, counted from 1.
std::vector<std::int64_t> failed_calls() {
    std::vector<std::int64_t> numbers;
    for (std::size_t i = 0; i < call_log().size(); ++i) {
        if (call_log()[i].result != cudaSuccess) numbers.push_back(static_cast<std::int64_t>(i + 1));
    }
    return numbers;
}

TEST_F(RuntimeTest, EveryCallCanBeMadeToFailAndNothingLeaks) {
    int result = 0;
    ASSERT_EQ(program(&result), cudaSuccess);
    EXPECT_EQ(result, 80);
    const std::int64_t calls = count_calls();
    EXPECT_EQ(calls, 8);
    EXPECT_EQ(count_calls("cudaMalloc"), 1);
    EXPECT_STREQ(call_log()[3].name, "cudaLaunchKernelEx");
    for (std::int64_t nth = 1; nth <= calls; ++nth) {
        reset();
        fail_call(nth, cudaErrorOperatingSystem);
        EXPECT_EQ(program(&result), nth <= 6 ? cudaErrorOperatingSystem : cudaSuccess) << "call " << nth;
        EXPECT_EQ(failed_calls(), std::vector<std::int64_t>{nth});
        EXPECT_TRUE(leaks().empty()) << "call " << nth;
        reset();
        fail_calls_from(nth);
        EXPECT_EQ(program(&result), nth <= 6 ? cudaErrorUnknown : cudaSuccess) << "from call " << nth;
        EXPECT_EQ(static_cast<std::int64_t>(failed_calls().size()), count_calls() - nth + 1);
        EXPECT_TRUE(leaks().empty()) << "from call " << nth;
    }
}

TEST_F(RuntimeTest, ErrorsHaveNames) {
    EXPECT_STREQ(cudaGetErrorName(cudaErrorMemoryAllocation), "cudaErrorMemoryAllocation");
    EXPECT_STREQ(cudaGetErrorString(cudaErrorMemoryAllocation), "out of memory");
}

}  // namespace
}  // namespace glissade::emulation::runtime_test
