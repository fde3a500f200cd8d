// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "glissade/glissade.hpp"
#include "host/cuda/buffers.hpp"
#include "host/cuda/stream.hpp"
#include "tests/unit/train/problems.hpp"

namespace glissade::testing {

/// Values in the memory of the device in use, brought there by a stream of their own, which is waited for unless `queued`.
class OnDevice {
public:
    explicit OnDevice(std::span<const float> values, bool queued = false)
        : count_(values.size()), device_(static_cast<std::int64_t>(count_), "a test's values"), host_(device_.count(), "a test's values") {
        std::copy(values.begin(), values.end(), host_.data());
        for (int i = 0; i < 40 && queued; ++i)  // so that whoever does not wait is there first
            cuda::check(cudaMemsetAsync(device_.data(), 0xFF, static_cast<std::size_t>(device_.bytes()), stream_.get()), "cudaMemsetAsync",
                        "a test's delay");
        stream_.copy(device_.data(), host_.data(), device_.count(), cudaMemcpyHostToDevice, "a test's values");
        if (!queued) stream_.synchronize("a test's values");
    }
    const float* data() const { return device_.data(); }
    std::span<const float> span() const { return {device_.data(), count_}; }
    void* stream() const { return stream_.get(); }

private:
    std::size_t count_;
    cuda::DeviceBuffer<float> device_;
    cuda::PinnedBuffer<float> host_;
    cuda::Stream stream_;
};

/// A problem's rows on the device, `padding` values of another kind behind each.
struct DeviceProblem {
    explicit DeviceProblem(const RandomProblem<float>& problem, std::int64_t padding = 0, bool queued = false)
        : rows(problem.rows),
          columns(problem.columns),
          stride(problem.columns + padding),
          x(padded(problem, padding), queued),
          y(problem.y, queued),
          weights(problem.weights, queued) {}
    MatrixView<const float> view() const { return {x.data(), rows, columns, stride}; }
    Dataset dataset(bool weighted = false) const {
        return Dataset::borrow_device(view(), y.span(), {0, x.stream()}, weighted ? weights.span() : std::span<const float>{});
    }
    std::int64_t rows, columns, stride;
    OnDevice x, y, weights;

private:
    /// Nothing stands behind the last row, so that whoever reads there is found.
    static std::vector<float> padded(const RandomProblem<float>& problem, std::int64_t padding) {
        std::vector<float> out;
        for (std::int64_t r = 0; r < problem.rows; ++r) {
            if (r > 0) out.insert(out.end(), static_cast<std::size_t>(padding), 1e30F);
            out.insert(out.end(), problem.view().row(r), problem.view().row(r) + problem.columns);
        }
        return out;
    }
};

}  // namespace glissade::testing
