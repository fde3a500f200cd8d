// SPDX-License-Identifier: Apache-2.0
// Cards, limits, injected failures and the errors of launches.
#include <cooperative_groups.h>

#include <set>
#include <stdexcept>

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

TEST_F(RuntimeTest, EveryCardOfTheListDoesWhatItSays) {
    std::set<std::string> names;
    for (const Card& each : cards()) {
        SCOPED_TRACE(each.name);
        EXPECT_TRUE(names.insert(each.name).second);
        reset();
        set_card(each);
        cudaDeviceProp properties{};
        ASSERT_EQ(cudaGetDeviceProperties(&properties, 0), cudaSuccess);
        EXPECT_EQ(properties.clusterLaunch, each.max_cluster_blocks > 1 ? 1 : 0);
        EXPECT_EQ(properties.totalGlobalMem, each.memory_bytes);
        const auto shared = static_cast<int>(each.shared_bytes_per_block_optin);
        ASSERT_EQ(cudaFuncSetAttribute(nothing, cudaFuncAttributeMaxDynamicSharedMemorySize, shared), cudaSuccess);
        EXPECT_EQ(run(shape(1, 32, each.shared_bytes_per_block_optin), nothing, Params{}), cudaSuccess);
        const cudaError_t whole_card = run_cooperative(shape(static_cast<unsigned>(each.multiprocessors), 32), nothing, Params{});
        EXPECT_EQ(whole_card, each.cooperative_launch ? cudaSuccess : cudaErrorNotSupported);
        int* counter = nullptr;
        EXPECT_EQ(cudaMalloc(&counter, each.memory_bytes + 1), cudaErrorMemoryAllocation);
        ASSERT_EQ(cudaMalloc(&counter, sizeof(int)), cudaSuccess);
        ASSERT_EQ(cudaMemset(counter, 0, sizeof(int)), cudaSuccess);
        EXPECT_EQ(run(shape(3, 32), count_threads, Params{counter}), cudaSuccess);
        int threads = 0;
        ASSERT_EQ(cudaMemcpy(&threads, counter, sizeof(int), cudaMemcpyDeviceToHost), cudaSuccess);
        EXPECT_EQ(threads, 96);
        ASSERT_EQ(cudaFree(counter), cudaSuccess);
    }
    EXPECT_THROW(card("of nobody"), std::invalid_argument);
}

__global__ void meet_twice(const __grid_constant__ Params p) {
    for (int round = 0; round < 2; ++round) {
        atomicAdd(p.data + round, 1);
        cooperative_groups::this_grid().sync();
        if (p.data[round] != static_cast<int>(cooperative_groups::this_grid().num_threads())) __trap();
    }
}

TEST_F(RuntimeTest, AWholeWideCardMeetsAtABarrier) {
    set_card("wide");
    DeviceArray<int> data(2);
    ASSERT_EQ(cudaMemset(data.data(), 0, 2 * sizeof(int)), cudaSuccess);
    ASSERT_EQ(run_cooperative(shape(132, 128), meet_twice, Params{data.data()}), cudaSuccess);
    EXPECT_EQ(data.read(), std::vector<int>(2, 132 * 128));
}

struct FarParams {
    std::int64_t* data;
    std::int64_t stride;
};

__global__ void write_far_apart(const __grid_constant__ FarParams p) {
    const std::int64_t place = p.stride * static_cast<std::int64_t>(cooperative_groups::this_grid().thread_rank());
    p.data[place] = p.data[place] == -1 ? place : 0;
}

// 36 GB, of which a few pages are touched.
TEST_F(RuntimeTest, AHugeBufferCostsOnlyThePagesThatAreTouched) {
    set_card("huge");
    constexpr std::int64_t stride = (std::int64_t{1} << 26) + 3;
    std::int64_t* data = nullptr;
    ASSERT_EQ(cudaMalloc(&data, (63 * stride + 1) * sizeof(std::int64_t)), cudaSuccess);
    ASSERT_EQ(run(shape(2, 32), write_far_apart, FarParams{data, stride}), cudaSuccess);
    for (std::int64_t i = 0; i < 64; ++i) {
        std::int64_t pair[2] = {};
        const std::int64_t first = i == 63 ? i * stride - 1 : i * stride;
        ASSERT_EQ(cudaMemcpy(pair, data + first, sizeof(pair), cudaMemcpyDeviceToHost), cudaSuccess);
        EXPECT_EQ(pair[i == 63 ? 1 : 0], i * stride);
        EXPECT_EQ(pair[i == 63 ? 0 : 1], -1) << "poison";
    }
    ASSERT_EQ(cudaFree(data), cudaSuccess);
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
