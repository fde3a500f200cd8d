// SPDX-License-Identifier: Apache-2.0
// How the CUDA backend comes to be: plan, memory, rows.
#include <algorithm>
#include <utility>

#include "glissade/error.hpp"
#include "host/cuda/check.hpp"
#include "host/cuda/cuda_backend.hpp"

namespace glissade::cuda {

CudaBackend::CudaBackend(const Problem<float>& problem, const BackendLimits& limits, const PlanWishes& wishes)
    : card_(usable_card(limits.cuda_ordinal)),
      problem_(problem),
      record_shape_(shape_of(problem)),
      limits_(limits),
      wishes_(wishes),
      runner_(plan_steps(problem, card_, limits, wishes)),
      run_budget_(run_budget(problem, *runner_, card_, limits, wishes)),
      budget_(run_budget_.memory) {
    check_budget(budget_, card_, limits);
    records_ = {problem.features.rows * record_shape_.record_floats(), "the training rows"};
    allocate_members();
    scorer_ = std::make_unique<Scorer>(scorer_shape(problem, budget_, card_), problem.affine, side_);
    upload_rows();
    if (problem_.held_out.features.rows > 0) judge_ = std::make_unique<Judge>(problem_.held_out, *scorer_, run_budget_.keeps_held_out);
}

/// What depends on how many members there are.
void CudaBackend::allocate_members() {
    const std::int64_t steps = budget_.table_steps, members = problem_.members;
    runner_->allocate(records_.data());
    state_ = {slots * slot_stride(problem_), "parameters and state"};
    scalars_ = {steps * members * rules::scalars_a_member, "scalars of the steps"};
    losses_ = {steps * members, "losses of the steps"};
    orders_ = {budget_.table_epochs, "row orders of the epochs"};
    outcome_ = {runner_->teams(), "the outcome of a segment"};
    host_state_ = {slot_floats(), "parameters and state"};
    for (HostTable& table : tables_) {
        table.scalars = {scalars_.count(), "scalars of the steps"};
        table.losses = {losses_.count(), "losses of the steps"};
        table.orders = {orders_.count(), "row orders of the epochs"};
        table.outcome = {outcome_.count(), "the outcome of a segment"};
    }
    for (int slot = 0; slot < slots; ++slot) runner_->prepare(on_device({.from = slot, .to = slot}));
}

void CudaBackend::release_members() {
    runner_.reset();
    for (DeviceBuffer<float>* buffer : {&state_, &scalars_, &losses_}) *buffer = {};
    orders_ = {};
    outcome_ = {};
}

bool CudaBackend::keep_members(const Problem<float>& problem) {
    if (!under_way_.empty()) fail(ErrorKind::internal, "keep_members: a segment is under way");
    const DeviceScope scope(card_.facts.ordinal);
    Card card = card_;  // as it is now, were this run not on it
    card.facts.free_bytes = usable_card(card_.facts.ordinal).facts.free_bytes + budget_.total();
    PlanWishes wishes = wishes_;
    wishes.network = runner_->network_family();
    wishes.table_steps = budget_.table_steps;  // fewer members are no reason for longer tables
    std::unique_ptr<StepRunner> runner = plan_steps(problem, card, limits_, wishes);
    MemoryBudget budget = run_budget(problem, *runner, card, limits_, wishes).memory;
    budget.chunk_rows = budget_.chunk_rows;  // scorer and judge stay as they are
    budget.staging = budget_.staging;
    check_budget(budget, card, limits_);
    // From here on only an allocation may fail, and the run with it.
    release_members();
    runner_ = std::move(runner);
    problem_ = problem;
    budget_ = budget;
    live_ = before_ = 0;
    can_roll_back_ = false;
    allocate_members();
    return true;
}

/// Every row once: features, targets and weights of a chunk lie one after another in a staging buffer, a kernel makes records of them.
/// Features that are on the device already are read where they are.
void CudaBackend::upload_rows() {
    const MatrixView<const float>& x = problem_.features;
    const bool there = problem_.place.has_value();
    if (there) side_.wait_for(problem_.place->stream);
    for (std::int64_t first = 0; first < x.rows; first += budget_.chunk_rows) {
        const std::int64_t count = std::min(budget_.chunk_rows, x.rows - first);
        StagingRing::Slot& slot = scorer_->ring().next();
        const std::int64_t targets_at = there ? 0 : count * x.columns, weights_at = targets_at + count * record_shape_.target_count;
        if (!there) copy_rows(x, first, count, slot.host.data());
        std::copy_n(problem_.targets + first * record_shape_.target_count, count * record_shape_.target_count,
                    slot.host.data() + targets_at);
        const std::int64_t sets = record_shape_.weight_sets, floats = weights_at + count * sets;
        if (sets > 0) std::copy_n(problem_.weights + first * sets, count * sets, slot.host.data() + weights_at);
        side_.copy(slot.device.data(), slot.host.data(), floats, cudaMemcpyHostToDevice, "training rows");
        kernels::PackRowsParams params;
        params.shape = record_shape_;
        params.rows = count;
        params.stride = there ? x.stride : x.columns;
        params.features = there ? x.row(first) : slot.device.data();
        params.targets = slot.device.data() + targets_at;
        params.weights = slot.device.data() + weights_at;
        params.scale = scorer_->affine().scale();
        params.shift = scorer_->affine().shift();
        params.records = records_.data() + first * record_shape_.record_floats();
        check_launch(kernels::launch_pack_rows(params, row_blocks(count, card_.facts.multiprocessors), side_.get()), "pack_rows",
                     std::to_string(count) + " rows");
        StagingRing::release(slot, side_);
    }
    side_.synchronize("training rows");
}

}  // namespace glissade::cuda
