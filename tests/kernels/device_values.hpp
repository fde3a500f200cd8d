// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "glissade/rules/sum_shape.hpp"
#include "host/cuda/buffers.hpp"
#include "host/cuda/stream.hpp"
#include "tests/kernels/cards.hpp"
#include "tests/unit/cpu/cases.hpp"

namespace glissade::testing {

/// Values of any kind in the memory of the device in use.
template <class T>
class DeviceValues {
public:
    explicit DeviceValues(std::int64_t count) : device_(count, "a test's values") {}
    explicit DeviceValues(const std::vector<T>& values) : DeviceValues(static_cast<std::int64_t>(values.size())) {
        const cuda::Stream stream;
        stream.copy(device_.data(), values.data(), device_.count(), cudaMemcpyHostToDevice, "a test's values");
        stream.synchronize("a test's values");
    }
    T* data() const { return device_.data(); }
    std::vector<T> get() const {
        std::vector<T> out(static_cast<std::size_t>(device_.count()));
        const cuda::Stream stream;
        stream.copy(out.data(), device_.data(), device_.count(), cudaMemcpyDeviceToHost, "a test's values");
        stream.synchronize("a test's values");
        return out;
    }

private:
    cuda::DeviceBuffer<T> device_;
};

/// Random values within +-size.
inline std::vector<float> some_values(std::uint64_t stream, std::int64_t count, double size) {
    std::vector<float> out;
    for (std::int64_t i = 0; i < count; ++i)
        out.push_back(static_cast<float>(size * (2 * Philox::uniform(5, stream, static_cast<std::uint64_t>(i)) - 1)));
    return out;
}

/// The binary tree over value(first) ... value(first + count - 1), a power of two of them.
template <class Value>
float tree_of(std::int64_t first, std::int64_t count, const Value& value) {
    if (count == 1) return value(first);
    return tree_of(first, count / 2, value) + tree_of(first + count / 2, count / 2, value);
}

/// The sum over a batch's rows in SumShape's order.
template <class Value>
float sum_in_order(std::int64_t rows, const Value& value) {
    const SumShape shape = SumShape::of_batch(rows);
    return tree_of(0, shape.partials, [&](std::int64_t v) {
        float sum = 0;
        for (std::int64_t r = shape.begin(v); r < shape.begin(v + 1); ++r) sum = sum + value(r);
        return sum;
    });
}

}  // namespace glissade::testing
