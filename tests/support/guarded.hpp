// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

namespace glissade::testing {

/// A buffer of `size` elements between two guard zones, filled with NaN (or the largest integer) so that reading what was never written
/// shows.
template <class T>
class Guarded {
public:
    explicit Guarded(std::int64_t size) : size_(size), storage_(static_cast<std::size_t>(size + 2 * guard), poison()) {}
    Guarded(const std::vector<T>& values) : Guarded(static_cast<std::int64_t>(values.size())) {
        for (std::int64_t i = 0; i < size_; ++i) data()[i] = values[static_cast<std::size_t>(i)];
    }

    T* data() { return storage_.data() + guard; }
    std::int64_t size() const { return size_; }
    T& operator[](std::int64_t i) { return data()[i]; }
    std::vector<T> values() const { return {storage_.begin() + guard, storage_.end() - guard}; }

    /// True while nothing has written outside.
    bool intact() const {
        const T expected = poison();
        for (std::int64_t i = 0; i < guard; ++i)
            for (const T& value : {storage_[static_cast<std::size_t>(i)], storage_[static_cast<std::size_t>(guard + size_ + i)]})
                if (std::memcmp(&value, &expected, sizeof(T)) != 0) return false;
        return true;
    }

private:
    static constexpr std::int64_t guard = 64;
    static T poison() {
        if constexpr (std::numeric_limits<T>::has_quiet_NaN)
            return std::numeric_limits<T>::quiet_NaN();
        else
            return std::numeric_limits<T>::max();
    }
    std::int64_t size_;
    std::vector<T> storage_;
};

}  // namespace glissade::testing
