// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "host/cuda/held_out.hpp"
#include "host/execution/judged_rows.hpp"
#include "kernels/launch_judge.hpp"

namespace glissade::cuda {

/// Device memory that judging rows takes, in bytes, besides the scorer's.
struct JudgeBudget {
    std::int64_t features = 0;  ///< rows that are kept on the device; 0: they are there already, or come anew each time
    std::int64_t work = 0;      ///< targets, weights, scores of a chunk, sums, and what ranking takes
    std::int64_t total() const { return features + work; }
};
JudgeBudget judge_budget(const JudgedRows<float>& rows, const Scorer::Shape& shape, bool keep_features);

/// What a judge goes by besides the rows.
struct JudgeShape {
    std::int64_t outputs = 1;
    std::int64_t trip_rows = 0;  ///< rows that come to the device together; 0: they are there
    int multiprocessors = 1;
    static JudgeShape of(const JudgedRows<float>& rows, const Scorer::Shape& shape, bool keep_features);
};
/// JudgeBudget::work.
std::int64_t judge_work_bytes(const JudgedRows<float>& rows, const JudgeShape& shape);

/// Takes the sums of metrics on the device that is current when it is made. Allocates once; what scores depend on is all that travels.
class Judge {
public:
    /// Of dense rows. `rows` must outlive it, and so must `scorer`, whose stream it uses.
    Judge(const JudgedRows<float>& rows, Scorer& scorer, bool keep_features);
    /// Of any; `held_out` scores in `stream`.
    Judge(const JudgedRows<float>& rows, std::unique_ptr<HeldOut> held_out, const JudgeShape& shape, const Stream& stream);
    Judge(const Judge&) = delete;
    Judge& operator=(const Judge&) = delete;
    ~Judge();  ///< waits for what it has queued

    /// `parameters`: host memory. Waits.
    JudgedSums judge(const float* parameters);

private:
    void keep_rows();
    void score_and_judge(const float* parameters);
    void fold(double* values, std::int64_t count, int terms, std::int64_t stride);
    void rank();
    void scan(double* values, std::int64_t count, double* sums);
    int blocks_for(std::int64_t blocks) const;
    kernels::JudgeRowsParams params() const;

    const JudgedRows<float>& rows_;
    std::unique_ptr<HeldOut> held_out_;
    JudgeShape shape_;
    const Stream& stream_;
    std::int64_t count_, chunk_, blocks_;  ///< rows; rows of a chunk; blocks of a fold
    int terms_, grid_;                     ///< terms of the metrics; blocks of the judging kernel
    DeviceBuffer<float> targets_, weights_, scores_;
    DeviceBuffer<double> units_;        ///< factors of the losses, then scales of the errors
    DeviceBuffer<double> scratch_;      ///< of the judging kernel
    DeviceBuffer<double> sums_;         ///< [terms, and one for wins][blocks], then the same of the next round
    DeviceBuffer<double> negatives_;    ///< [rows + 1], then the sums of its blocks, round by round
    DeviceBuffer<std::uint32_t> keys_;  ///< as they come, then sorted
    DeviceBuffer<float> signed_;        ///< likewise
    DeviceBuffer<std::byte> sort_scratch_;
    PinnedBuffer<double> host_sums_, host_units_;
};

}  // namespace glissade::cuda
