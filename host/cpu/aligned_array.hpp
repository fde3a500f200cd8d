// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>

namespace glissade::cpu {

/// A zeroed array of reals that begins on a cache line; a large one on a huge page, since whoever jumps about in small pages waits mostly
/// for their addresses to be looked up.
template <class T>
class AlignedArray {
public:
    AlignedArray() = default;
    explicit AlignedArray(std::int64_t size) : size_(size) {
        const std::size_t bytes = static_cast<std::size_t>(size) * sizeof(T);
        const std::size_t alignment = bytes >= 2 * huge_page_bytes ? huge_page_bytes : 64;
        data_ = {static_cast<T*>(::operator new (bytes, std::align_val_t{alignment})), Release{alignment}};
        if (alignment == huge_page_bytes) ::madvise(data_.get(), bytes, MADV_HUGEPAGE);  // a hint: nothing depends on it
        std::fill_n(data_.get(), size, T{});
    }
    T* data() { return data_.get(); }
    const T* data() const { return data_.get(); }
    std::int64_t size() const { return size_; }
    T& operator[](std::int64_t i) { return data_.get()[i]; }
    const T& operator[](std::int64_t i) const { return data_.get()[i]; }

private:
    static constexpr std::size_t huge_page_bytes = std::size_t{2} << 20;
    struct Release {
        std::size_t alignment = 64;
        void operator()(T* p) const { ::operator delete (p, std::align_val_t{alignment}); }
    };
    std::int64_t size_ = 0;
    std::unique_ptr<T, Release> data_;
};

}  // namespace glissade::cpu
