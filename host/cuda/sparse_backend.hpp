// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "host/cuda/graph.hpp"
#include "host/cuda/sparse_plan.hpp"
#include "host/cuda/sparse_scorer.hpp"
#include "host/execution/idle.hpp"

namespace glissade::cuda {

/// Training on sparse rows on one card: rows as they are, a record a column (SparseShape), and the state before the last segment beside the
/// live one. A step is a handful of kernels, kept as a graph; which step it is the device counts, so the host only launches and looks back
/// once a table. Everything but a scorer of longer rows is allocated by the constructor; the null stream is never used.
class SparseBackend final : public Backend<float> {
public:
    /// The card must be the current device.
    SparseBackend(const Problem<float>& problem, const BackendLimits& limits, const SparseWishes& wishes);

    void set_state(const TrainingState<float>& state) override;
    TrainingState<float> get_state() override;
    SegmentReport run(const Segment<float>& segment) override;
    void roll_back() override;
    void score(MatrixView<const float> x, const float* parameters, std::span<float> scores_out) override;
    void score(SparseView<const float> x, const float* parameters, std::span<float> scores_out) override;
    std::string description() const override;
    StepPrediction predict_step() override { return plan_.prediction; }

    const SparseCardPlan& plan() const { return plan_; }

private:
    void allocate();
    void upload_rows();
    kernels::SparseStepParams params() const;
    void queue_sort(bool by_group) const;
    void queue_step(bool all) const;
    void fill_table(const Segment<float>& segment, std::int64_t first, std::int64_t steps);
    void queue_table(std::int64_t steps);
    void keep_before();
    void lose_segment() noexcept;
    template <class Visit>
    void visit_records(bool back, const Visit& visit);

    /// What changes in a segment beside records and biases.
    struct Slow {
        std::vector<double> numbers;  ///< IdlePlan's, a member
        std::uint32_t clock = 0;
    };
    /// Parameters and state on the device.
    struct Store {
        DeviceBuffer<float> records, biases;
    };

    Card card_;
    Problem<float> problem_;
    SparseWishes wishes_;
    SparseCardPlan plan_;
    DeviceBuffer<std::int64_t> offsets_;
    DeviceBuffer<std::uint32_t> indices_;
    DeviceBuffer<float> values_, scale_, targets_, weights_;
    DeviceBuffer<std::int32_t> member_sets_, bad_;
    Store live_, before_;
    DeviceBuffer<EpochOrder> orders_;
    DeviceBuffer<float> scalars_, losses_;
    DeviceBuffer<kernels::SparseWaiting> waiting_;
    DeviceBuffer<kernels::SparseControl> control_;
    DeviceBuffer<kernels::SparseRowPlace> places_;
    DeviceBuffer<std::uint32_t> tile_entries_, keys_in_, keys_out_, terms_in_, terms_out_, slot_rows_, groups_in_, groups_out_, columns_in_,
        columns_out_;
    DeviceBuffer<float> slot_values_, slopes_, row_losses_, partials_, group_squares_, factors_, bias_gradient_;
    DeviceBuffer<unsigned char> sort_scratch_;
    PinnedBuffer<EpochOrder> host_orders_;
    PinnedBuffer<float> host_scalars_, host_losses_, host_records_, host_biases_;
    PinnedBuffer<kernels::SparseWaiting> host_waiting_;
    PinnedBuffer<kernels::SparseControl> host_control_;  ///< what goes, what comes back
    Slow slow_, slow_before_;
    bool can_roll_back_ = false, kept_ = false;  ///< kept: before_ is the state before the segment
    std::vector<double> loss_sums_;
    std::vector<char> all_;                        ///< a step of the table: runs over all parameters of some member
    std::int64_t table_epochs_ = 0;                ///< that the table touches
    std::unique_ptr<Graph> step_, step_over_all_;  ///< from their first use on
    Stream stream_;
    std::unique_ptr<SparseScorer> scorer_;  ///< last: it waits for the stream
};

std::unique_ptr<SparseBackend> make_sparse_backend_with(const Problem<float>& problem, const BackendLimits& limits,
                                                        const SparseWishes& wishes);
std::unique_ptr<Backend<float>> make_sparse_backend(const Problem<float>& problem, const BackendLimits& limits);
/// Throws as make_sparse_backend would, before it takes memory.
void check_sparse(const Problem<float>& problem, const BackendLimits& limits);
void score_sparse_on(const Card& card, const ScoreTask<float>& task, std::span<float> scores_out);

}  // namespace glissade::cuda
