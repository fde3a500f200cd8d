// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "host/cuda/scorer.hpp"
#include "host/cuda/sparse_scorer.hpp"
#include "host/execution/judged_rows.hpp"

namespace glissade::cuda {

/// The rows to judge by, as far as their scores go.
class HeldOut {
public:
    virtual ~HeldOut() = default;

    /// Brings over the parameters of one member from host memory.
    virtual void set(const float* parameters) = 0;
    /// Queues the scores of rows [first, first + count) to device memory.
    virtual void score(std::int64_t first, std::int64_t count, float* scores) = 0;
};

/// Dense rows: kept on the device, read where they lie there, or through the scorer's staging ring each time.
class DenseHeldOut final : public HeldOut {
public:
    /// `rows` and `scorer` must outlive it.
    DenseHeldOut(const JudgedRows<float>& rows, Scorer& scorer, bool keep);
    void set(const float* parameters) override { scorer_.model().set(parameters); }
    void score(std::int64_t first, std::int64_t count, float* scores) override;

private:
    const JudgedRows<float>& rows_;
    Scorer& scorer_;
    DeviceBuffer<float> features_;
};

/// Sparse rows: kept on the device, or through the scorer's slots each time.
class SparseHeldOut final : public HeldOut {
public:
    /// `rows` and `scorer` must outlive it.
    SparseHeldOut(const JudgedRows<float>& rows, SparseScorer& scorer, bool keep);
    void set(const float* parameters) override { scorer_.set(parameters); }
    void score(std::int64_t first, std::int64_t count, float* scores) override;

    /// Device memory of rows that are kept, in bytes.
    static std::int64_t bytes(const SparseView<const float>& x);

private:
    const JudgedRows<float>& rows_;
    SparseScorer& scorer_;
    DeviceBuffer<std::int64_t> offsets_;
    DeviceBuffer<std::uint32_t> indices_;
    DeviceBuffer<float> values_;
};

}  // namespace glissade::cuda
