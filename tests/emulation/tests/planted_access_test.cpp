// SPDX-License-Identifier: Apache-2.0
// Accesses that leave their buffer, come too late or come from the wrong side. What AddressSanitizer or the machine stops ends the
// process, so most of these are death tests.
#include <cmath>
#include <cstring>

#include "tests/emulation/tests/testing.hpp"

namespace glissade::emulation::planted_access_test {
namespace {

using PlantedAccessTest = EmulatedTest;
using PlantedAccessDeathTest = EmulatedTest;

struct Params {
    float* data;
    long index;
};

__global__ void write_at(const __grid_constant__ Params p) {
    p.data[p.index] = 1.0F;
}
__global__ void read_at(const __grid_constant__ Params p) {
    p.data[0] = p.data[p.index];
}
__global__ void write_shared_at(const __grid_constant__ Params p) {
    static_cast<float*>(glissade_emulated_shared_memory())[p.index] = 1.0F;
}

void write_far(float* data, long index) {
    run(shape(1, 1), write_at, Params{data, index});
}

// A buffer of 25 floats leaves 156 bytes of slack behind it and whole pages before it.
TEST_F(PlantedAccessTest, AWriteJustOutsideABufferBreaksItsGuards) {
    for (const auto& [index, where] : {std::pair<long, const char*>{25, "0 bytes behind the end"}, {-1, "4 bytes before the beginning"}}) {
        float* data = nullptr;
        ASSERT_EQ(cudaMalloc(&data, 25 * sizeof(float)), cudaSuccess);
        if (address_sanitizer_watches()) {
            EXPECT_DEATH(write_far(data, index), "use-after-poison");
        } else {
            EXPECT_EQ(run(shape(1, 1), write_at, Params{data, index}), cudaSuccess) << "as on a card, the program does not notice";
            const std::string finding = found();
            EXPECT_TRUE(contains(finding, where) && contains(finding, "of 100 bytes")) << finding;
        }
        ASSERT_EQ(cudaFree(data), cudaSuccess);
    }
}

TEST_F(PlantedAccessTest, AWriteBehindSharedMemoryBreaksItsGuards) {
    const Params params{nullptr, 25};
    if (address_sanitizer_watches()) {
        EXPECT_DEATH(run(shape(1, 1, 100), write_shared_at, params), "use-after-poison");
    } else {
        EXPECT_EQ(run(shape(1, 1, 100), write_shared_at, params), cudaErrorLaunchFailure);
        EXPECT_TRUE(contains(found(), "the shared memory (100 bytes) of a block"));
    }
}

TEST_F(PlantedAccessDeathTest, AnAccessFurtherOutMeetsAPageThatNobodyMayTouch) {
    DeviceArray<float> data(64);
    EXPECT_DEATH(write_far(data.data(), 64),
                 "kernel of call [0-9]+, thread \\(0,0,0\\) of block \\(0,0,0\\) touched 0 bytes behind the end");
    EXPECT_DEATH(write_far(data.data(), -1024), "touched 4096 bytes before the beginning of device buffer #1 of 256 bytes");
    EXPECT_DEATH(run(shape(1, 1), read_at, Params{data.data(), 70}), "touched 24 bytes behind the end");
}

TEST_F(PlantedAccessDeathTest, AKernelThatUsesAReleasedBufferIsStopped) {
    float* data = nullptr;
    ASSERT_EQ(cudaMalloc(&data, 64), cudaSuccess);
    ASSERT_EQ(cudaFree(data), cudaSuccess);
    EXPECT_DEATH(write_far(data, 2), address_sanitizer_watches() ? "use-after-poison" : "touched byte 8 of released device buffer #1");
}

TEST_F(PlantedAccessDeathTest, HostCodeThatTouchesDeviceMemoryIsStopped) {
    DeviceArray<float> data(16);
    volatile float* const device = data.data();
    EXPECT_DEATH(device[3] = 1.0F, "host code touched byte 12 of device buffer #1 of 64 bytes");
    EXPECT_DEATH(std::printf("%f", static_cast<double>(device[0])), "host code touched byte 0 of device buffer");
}

TEST_F(PlantedAccessDeathTest, AHostFunctionInAStreamIsHostCodeToo) {
    DeviceArray<float> data(16);
    EXPECT_DEATH(
        {
            cudaLaunchHostFunc(
                nullptr, [](void* device) { *static_cast<volatile float*>(device) = 1.0F; }, data.data());
            cudaDeviceSynchronize();
        },
        "host code touched byte 0");
}

__global__ void recurses(const __grid_constant__ Params p) {
    volatile char deep[4096];
    deep[0] = 0;
    if (p.index >= 0) recurses({p.data, p.index + 1});
    deep[1] = deep[0];
}

TEST_F(PlantedAccessDeathTest, AStackThatOverflowsIsNamed) {
    EXPECT_DEATH(run(shape(1, 1), recurses, Params{nullptr, 0}), "overflowed its stack");
}

TEST_F(PlantedAccessTest, ACopyBeyondItsBufferIsRefusedAndReported) {
    DeviceArray<float> data(16);
    std::vector<float> host(17);
    EXPECT_EQ(cudaMemcpy(data.data(), host.data(), 17 * sizeof(float), cudaMemcpyHostToDevice), cudaErrorInvalidValue);
    EXPECT_TRUE(contains(found(), "cudaMemcpy of 68 device bytes"));
    EXPECT_EQ(cudaMemset(data.data() + 1, 0, 64), cudaErrorInvalidValue);
    EXPECT_TRUE(contains(found(), "byte 4 of device buffer"));
    EXPECT_EQ(cudaMemcpy(host.data(), data.data(), 64, cudaMemcpyHostToDevice), cudaErrorInvalidValue) << "the wrong direction";
    found();
}

TEST_F(PlantedAccessTest, WhatIsReleasedTwiceOrNeverIsReported) {
    float* data = nullptr;
    cudaStream_t stream = nullptr;
    float* pinned = nullptr;
    ASSERT_EQ(cudaMalloc(&data, 64), cudaSuccess);
    ASSERT_EQ(cudaMallocHost(&pinned, 8), cudaSuccess);
    ASSERT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
    EXPECT_EQ(leaks(), (std::vector<std::string>{"device buffer #1 of 64 bytes", "pinned buffer #1 of 8 bytes", "stream"}));
    EXPECT_EQ(device_bytes_in_use(), 64U);
    ASSERT_EQ(cudaStreamDestroy(stream), cudaSuccess);
    ASSERT_EQ(cudaFreeHost(pinned), cudaSuccess);
    ASSERT_EQ(cudaFree(data), cudaSuccess);
    EXPECT_TRUE(leaks().empty());
    EXPECT_EQ(cudaFree(data), cudaErrorInvalidValue);
    EXPECT_TRUE(contains(found(), "released device buffer #1"));
}

TEST_F(PlantedAccessDeathTest, FindingsThatNobodyTakesFailTheProcess) {
    const auto leave_untaken = [] {
        run(
            shape(1, 32),
            +[](Params) {
                if (threadIdx.x == 0) __syncthreads();
            },
            Params{});
        std::exit(0);
    };
    EXPECT_EXIT(leave_untaken(), ::testing::ExitedWithCode(86), "findings were not taken");
}

}  // namespace
}  // namespace glissade::emulation::planted_access_test
