// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "host/cpu/aligned_array.hpp"
#include "host/cpu/kernels.hpp"
#include "host/cpu/network_pass.hpp"
#include "host/cpu/network_plan.hpp"
#include "host/cpu/row_stream.hpp"
#include "host/execution/team.hpp"

namespace glissade::cpu {

/// Runs the steps of a segment of networks on a team of threads, in three phases a step: gradients by slots of rows, forward and backward;
/// the slots' tree, the mean and the clipping by slices of parameters; the update by slices. Nothing is allocated on the way.
template <class Real>
class NetworkRunner {
public:
    NetworkRunner(const Problem<Real>& problem, ThreadTeam& team);

    /// As SegmentRunner::run.
    SegmentReport run(const Segment<Real>& segment, Real* live, std::vector<double>& losses_out);
    /// Threads that a full batch is shared among.
    int threads() const { return full_.threads; }

private:
    struct Worker {
        AlignedArray<Real> scratch;
        BlasBuffer buffer;
        RowStream stream;
        std::int64_t rows[NetworkPlan::pass_rows] = {};  ///< of the pass, in the data
    };
    /// One pass: which rows of the batch, and of which step.
    struct Pass {
        std::int64_t step = 0, first_row = 0, rows = 0;
        bool first = false;  ///< of its slot
    };

    void run_thread(int thread);
    void sum_slots(Worker& worker, int thread, const NetworkPlan& plan, std::int64_t step);
    void sum_pass(Worker& worker, const Pass& pass, Real* sums);
    void fetch(Worker& worker, std::int64_t rows);
    Real losses_of_pass(Worker& worker, std::int64_t member, std::int64_t rows);
    Real losses_of_tile(Worker& worker, std::int64_t member, std::int64_t first, int rows);

    Real* slot_sums(std::int64_t slot) { return slots_.data() + slot * sizes_.sum_size; }
    void add_slots(const NetworkPlan& plan, std::int64_t begin, std::int64_t end);
    void mean_slice(const NetworkPlan& plan, int thread);
    void decide(std::int64_t step, const NetworkPlan& plan);
    void add_penalties(std::int64_t step, const NetworkPlan& plan);
    void freeze(std::int64_t member);
    void update_slice(std::int64_t step, int thread, int threads);
    void update(const Real* scalars, std::int64_t begin, std::int64_t end);

    const Problem<Real>& problem_;
    ThreadTeam& team_;
    NetworkPass<Real> pass_;
    NetworkSizes sizes_;
    NetworkScratch scratch_;
    ElementLoops<Real> loops_;
    SlopeLoop<Real> slopes_;
    UpdateLoop<Real> update_;
    FillRows fill_rows_;
    NetworkPlan full_, last_;

    std::vector<std::unique_ptr<Worker>> workers_;
    AlignedArray<Real> slots_, gradient_;
    std::unique_ptr<std::atomic<bool>[]> not_finite_;  ///< a member

    const Segment<Real>* segment_ = nullptr;
    Real* live_ = nullptr;
    double* losses_ = nullptr;
    std::int64_t steps_done_ = 0;
    bool frozen_ = false;
    std::int64_t frozen_member_ = 0;
};

}  // namespace glissade::cpu
