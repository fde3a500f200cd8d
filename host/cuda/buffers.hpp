// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "host/cuda/check.hpp"

namespace glissade::cuda {

/// Takes and gives back raw memory of one kind. Giving back never throws: there is nothing that a caller could do.
struct DeviceMemory {
    static void* take(std::int64_t bytes, const std::string& name);
    static void give_back(void* memory) noexcept;
};
struct PinnedMemory {
    static void* take(std::int64_t bytes, const std::string& name);
    static void give_back(void* memory) noexcept;
};

/// Owns `count` values in device or pinned host memory, contents unspecified. `name` appears in the error if there is not enough.
template <class Memory, class T>
class Buffer {
public:
    Buffer() = default;
    Buffer(std::int64_t count, const std::string& name)
        : data_(count > 0 ? static_cast<T*>(Memory::take(count * static_cast<std::int64_t>(sizeof(T)), name)) : nullptr), count_(count) {}
    Buffer(Buffer&& other) noexcept : data_(std::exchange(other.data_, nullptr)), count_(std::exchange(other.count_, 0)) {}
    Buffer& operator=(Buffer&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(count_, other.count_);
        return *this;
    }
    ~Buffer() {
        if (data_) Memory::give_back(data_);
    }

    T* data() const { return data_; }
    std::int64_t count() const { return count_; }
    std::int64_t bytes() const { return count_ * static_cast<std::int64_t>(sizeof(T)); }

private:
    T* data_ = nullptr;
    std::int64_t count_ = 0;
};

template <class T>
using DeviceBuffer = Buffer<DeviceMemory, T>;
template <class T>
using PinnedBuffer = Buffer<PinnedMemory, T>;

}  // namespace glissade::cuda
