// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cuda_runtime.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/emulation/fixture.hpp"

namespace glissade::emulation {

inline cudaLaunchConfig_t shape(unsigned blocks, unsigned threads, std::size_t shared_bytes = 0) {
    cudaLaunchConfig_t config{};
    config.gridDim = dim3(blocks);
    config.blockDim = dim3(threads);
    config.dynamicSmemBytes = shared_bytes;
    return config;
}

// Launches on the default stream and waits.
template <typename Params>
cudaError_t run(const cudaLaunchConfig_t& config, void (*kernel)(Params), const Params& params) {
    const cudaError_t launched = cudaLaunchKernelEx(&config, kernel, params);
    return launched != cudaSuccess ? launched : cudaDeviceSynchronize();
}

template <typename Params>
cudaError_t run_cooperative(cudaLaunchConfig_t config, void (*kernel)(Params), const Params& params) {
    cudaLaunchAttribute attribute{};
    attribute.id = cudaLaunchAttributeCooperative;
    attribute.val.cooperative = 1;
    config.attrs = &attribute;
    config.numAttrs = 1;
    return run(config, kernel, params);
}

// A buffer on the device for the length of a test.
template <typename T>
class DeviceArray {
public:
    explicit DeviceArray(std::size_t size) : size_(size) { EXPECT_EQ(cudaMalloc(&data_, size * sizeof(T)), cudaSuccess); }
    ~DeviceArray() { cudaFree(data_); }
    DeviceArray(const DeviceArray&) = delete;
    DeviceArray& operator=(const DeviceArray&) = delete;

    T* data() const { return data_; }
    std::vector<T> read() const {
        std::vector<T> values(size_);
        EXPECT_EQ(cudaMemcpy(values.data(), data_, size_ * sizeof(T), cudaMemcpyDeviceToHost), cudaSuccess);
        return values;
    }

private:
    std::size_t size_;
    T* data_ = nullptr;
};

// The findings, which the test takes, in one text.
inline std::string found() {
    std::string all;
    for (const std::string& finding : take_findings()) all += finding + '\n';
    return all;
}

inline bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace glissade::emulation
