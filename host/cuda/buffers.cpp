// SPDX-License-Identifier: Apache-2.0
#include "host/cuda/buffers.hpp"

namespace glissade::cuda {

void* DeviceMemory::take(std::int64_t bytes, const std::string& name) {
    void* memory = nullptr;
    check(cudaMalloc(&memory, static_cast<std::size_t>(bytes)), "cudaMalloc", in_bytes(bytes) + " for " + name);
    return memory;
}
void DeviceMemory::give_back(void* memory) noexcept {
    (void)cudaFree(memory);
}

void* PinnedMemory::take(std::int64_t bytes, const std::string& name) {
    void* memory = nullptr;
    check(cudaHostAlloc(&memory, static_cast<std::size_t>(bytes), cudaHostAllocDefault), "cudaHostAlloc", in_bytes(bytes) + " for " + name);
    return memory;
}
void PinnedMemory::give_back(void* memory) noexcept {
    (void)cudaFreeHost(memory);
}

}  // namespace glissade::cuda
