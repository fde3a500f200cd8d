// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>

namespace glissade::cpu {

/// A zeroed array of reals that begins on a cache line.
template <class T>
class AlignedArray {
public:
    AlignedArray() = default;
    explicit AlignedArray(std::int64_t size)
        : size_(size), data_(static_cast<T*>(::operator new (static_cast<std::size_t>(size) * sizeof(T), std::align_val_t{64}))) {
        std::fill_n(data_.get(), size, T{});
    }
    T* data() { return data_.get(); }
    const T* data() const { return data_.get(); }
    std::int64_t size() const { return size_; }
    T& operator[](std::int64_t i) { return data_.get()[i]; }
    const T& operator[](std::int64_t i) const { return data_.get()[i]; }

private:
    struct Release {
        void operator()(T* p) const { ::operator delete (p, std::align_val_t{64}); }
    };
    std::int64_t size_ = 0;
    std::unique_ptr<T, Release> data_;
};

}  // namespace glissade::cpu
