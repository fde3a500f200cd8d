// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "host/cuda/graph.hpp"
#include "host/cuda/judge.hpp"
#include "host/cuda/sparse_plan.hpp"
#include "host/cuda/sparse_scorer.hpp"
#include "host/execution/idle.hpp"

namespace glissade::cuda {

/// Training on sparse rows on one card: rows as they are, a record a column (SparseShape). A step is a handful of kernels, kept as a graph;
/// which step it is the device counts, so the host only launches and looks back once a table. Steps work in one store of parameters and
/// state; before a segment the store is copied to another, which is what there is to show, and to go back to, until the segment's report
/// has been read. So the next segment is set off before that, and what the host reads and judges meanwhile goes by a stream of its own.
/// Everything is allocated, and every graph made, by the constructor; only score() of rows that are longer than a staging buffer, which no
/// run asks for, takes more. The null stream is never used.
class SparseBackend final : public Backend<float> {
public:
    /// The card must be the current device.
    SparseBackend(const Problem<float>& problem, const BackendLimits& limits, const SparseWishes& wishes);

    void set_state(const TrainingState<float>& state) override;
    TrainingState<float> get_state() override;
    SegmentReport run(const Segment<float>& segment) override;
    std::int64_t most_started_steps() const override { return plan_.budget.table_steps; }
    void start(const Segment<float>& segment) override;
    SegmentReport wait() override;
    void discard() override;
    void roll_back() override;
    void score(MatrixView<const float> x, const float* parameters, std::span<float> scores_out) override;
    void score(SparseView<const float> x, const float* parameters, std::span<float> scores_out) override;
    bool judge(const float* parameters, JudgedSums& out) override;
    std::string description() const override;
    StepPrediction predict_step() override { return plan_.prediction; }

    const SparseCardPlan& plan() const { return plan_; }

private:
    /// What changes from step to step beside records and biases.
    struct Slow {
        std::vector<double> numbers;  ///< IdlePlan's, a member
        std::uint32_t clock = 0;
    };
    /// Parameters and state on the device.
    struct Store {
        DeviceBuffer<float> records, biases;
    };
    /// Some steps under way, as many as a table has at most.
    struct Leg {
        std::int64_t first_step = 0, steps = 0;
        int before = 0;  ///< the store with the state before them
        int table = 0;
        Slow begin, end;  ///< end: if nothing freezes
    };
    /// The host's end of the tables: they take turns, so that one is filled while the other's steps are under way.
    struct HostTable {
        PinnedBuffer<EpochOrder> orders;
        PinnedBuffer<float> scalars, losses;
        PinnedBuffer<kernels::SparseWaiting> waiting;
        PinnedBuffer<kernels::SparseControl> control;  ///< what goes, what comes back
        std::vector<char> all;                         ///< a step of the table: runs over all parameters of some member
        std::int64_t epochs = 0;                       ///< that the table touches
        Event kept, done;                              ///< the state before is put aside; all is over
    };

    void allocate();
    void upload_rows();
    kernels::SparseStepParams params(int store) const;
    void queue_sort(bool by_group) const;
    void queue_step(bool all, int store) const;
    void try_a_step();
    void make_graphs();
    void fill_table(Leg& leg, const float* scalars);
    void queue_table(const Leg& leg);
    void keep_before(const Leg& leg);
    Slow collect(const Leg& leg, SegmentReport& report);
    int free_store();
    bool is_late(const Slow& slow) const { return slow.clock >= wishes_.latest_clock; }
    void move_clock_back(Slow& slow);
    void go_back_to(int store) noexcept;
    const Store& shown() const;
    enum class RecordsMove { to_device, to_host, both };
    template <class Visit>
    void visit_records(const Store& store, RecordsMove move, const Visit& visit);

    Card card_;
    Problem<float> problem_;
    SparseWishes wishes_;
    SparseCardPlan plan_;
    DeviceBuffer<std::int64_t> offsets_;
    DeviceBuffer<std::uint32_t> indices_;
    DeviceBuffer<float> values_, scale_, targets_, weights_;
    DeviceBuffer<std::int32_t> member_sets_, bad_;
    static constexpr int stores = SparseCardPlan::stores;
    std::array<Store, stores> stores_;
    DeviceBuffer<EpochOrder> orders_;
    DeviceBuffer<float> scalars_, losses_;
    DeviceBuffer<kernels::SparseWaiting> waiting_;
    DeviceBuffer<kernels::SparseControl> control_;
    DeviceBuffer<kernels::SparseRowPlace> places_;
    DeviceBuffer<std::uint32_t> tile_entries_, keys_in_, keys_out_, terms_in_, terms_out_, slot_rows_, groups_in_, groups_out_, columns_in_,
        columns_out_;
    DeviceBuffer<float> slot_values_, slopes_, row_losses_, partials_, group_squares_, factors_, bias_gradient_;
    DeviceBuffer<unsigned char> sort_scratch_;
    std::array<HostTable, 2> tables_;
    PinnedBuffer<float> host_records_, host_biases_;
    int work_ = 0, before_ = 0;  ///< stores: where steps work; before the last segment that was waited for
    bool can_roll_back_ = false;
    Slow slow_, slow_before_;    ///< after the last segment that was waited for, and before it
    std::deque<Leg> under_way_;  ///< two at most
    int next_table_ = 0;
    std::vector<double> loss_sums_;
    /// Of a step in each store: of the batch's columns, of all. Null where no step is such a one.
    std::array<std::array<std::unique_ptr<Graph>, 2>, stores> graphs_;
    Stream stream_, side_;                  ///< steps; state, scores and validation
    std::unique_ptr<SparseScorer> scorer_;  ///< from here on: they wait for the stream
    std::unique_ptr<Judge> judge_;          ///< null without validation rows
};

std::unique_ptr<SparseBackend> make_sparse_backend_with(const Problem<float>& problem, const BackendLimits& limits,
                                                        const SparseWishes& wishes);
std::unique_ptr<Backend<float>> make_sparse_backend(const Problem<float>& problem, const BackendLimits& limits);
/// Throws as make_sparse_backend would, before it takes memory.
void check_sparse(const Problem<float>& problem, const BackendLimits& limits);

}  // namespace glissade::cuda
