// SPDX-License-Identifier: Apache-2.0
// How the CUDA backend comes to be: plan, memory, rows.
#include <algorithm>

#include "glissade/error.hpp"
#include "host/cuda/card_rates.hpp"
#include "host/cuda/check.hpp"
#include "host/cuda/cuda_backend.hpp"
#include "kernels/tuning.hpp"

namespace glissade::cuda {

namespace tuning = kernels::tuning;

namespace {

/// The plan, and whether a card holds all blocks of it at once, which only the driver tells: how many clusters do depends on how the card's
/// multiprocessors lie together. Smaller clusters are the remedy.
PlanChoice choose(const kernels::LinearShape& shape, const RunFacts& run, Card card, const BackendLimits& limits,
                  const PlanWishes& wishes) {
    const tuning::Expected rates = rates_of(card, limits.calibration);
    for (;; card.cluster_blocks /= 2) {
        const PlanChoice choice = plan_segments(shape, run, card, rates, wishes);
        const SegmentPlan& plan = choice.taken;
        int resident = 0;
        const int status = kernels::resident_segment_blocks(plan.launch, plan.layout.bytes, card.facts.multiprocessors, &resident);
        // A card may refuse clusters of more than 8 altogether.
        if (status != 0 && plan.launch.cluster > tuning::max_grid_cluster)
            resident = 0, (void)cudaGetLastError();
        else
            check_launch(status, "segment_linear", "asking how many blocks fit");
        if (resident >= blocks_of_team(plan.launch)) return choice;  // teams of their own may come one after another
        if (plan.launch.cluster == 1 || wishes.cluster > 0)
            fail(ErrorKind::device,
                 words_for(plan.launch) + " do not fit CUDA device " + std::to_string(card.facts.ordinal) + " at once; train on the CPU");
        card.cluster_blocks = plan.launch.cluster;
    }
}

}  // namespace

CudaBackend::CudaBackend(const Problem<float>& problem, const BackendLimits& limits, const PlanWishes& wishes)
    : card_(usable_card(limits.cuda_ordinal)),
      problem_(problem),
      shape_(shape_of(problem)),
      limits_(limits),
      wishes_(wishes),
      choice_(choose(shape_, RunFacts::of(problem), card_, limits, wishes)),
      plan_(choice_.taken),
      run_budget_(run_budget(problem, plan_, card_, limits, wishes)),
      budget_(run_budget_.memory),
      slot_floats_((1 + shape_.state_vectors) * shape_.parameters()) {
    check_budget(budget_, card_, limits);
    records_ = {problem.features.rows * shape_.record_floats(), "the training rows"};
    signals_ = {1, "signals between blocks"};
    allocate_members();
    scorer_ = std::make_unique<Scorer>(scorer_shape(problem, budget_, card_), problem.affine, side_);
    upload_rows();
    if (problem_.held_out.features.rows > 0) judge_ = std::make_unique<Judge>(problem_.held_out, *scorer_, run_budget_.keeps_held_out);
}

/// What depends on how many members there are.
void CudaBackend::allocate_members() {
    const std::int64_t steps = budget_.table_steps;
    const WorkBuffers work = buffers_of(shape_, plan_, problem_.clip_norm > 0);
    state_ = {slots * slot_floats_, "parameters and state"};
    exchange_ = {work.exchange, "the exchange of sums"};
    stack_ = {work.stack, "partial sums"};
    block_state_ = {work.block_state, "the blocks' state"};
    block_sums_ = {work.block_sums, "the blocks' sums"};
    gradients_ = {work.gradients, "gradients"};
    scalars_ = {steps * shape_.members * rules::scalars_a_member, "scalars of the steps"};
    losses_ = {steps * shape_.members, "losses of the steps"};
    orders_ = {budget_.table_epochs, "row orders of the epochs"};
    outcome_ = {teams_of(plan_.launch), "the outcome of a segment"};
    host_state_ = {slot_floats_, "parameters and state"};
    for (HostTable& table : tables_) {
        table.scalars = {scalars_.count(), "scalars of the steps"};
        table.losses = {losses_.count(), "losses of the steps"};
        table.orders = {orders_.count(), "row orders of the epochs"};
        table.outcome = {outcome_.count(), "the outcome of a segment"};
    }
}

void CudaBackend::release_members() {
    for (DeviceBuffer<float>* buffer : {&state_, &exchange_, &stack_, &block_state_, &block_sums_, &gradients_, &scalars_, &losses_})
        *buffer = {};
    orders_ = {};
    outcome_ = {};
}

bool CudaBackend::keep_members(const Problem<float>& problem) {
    if (!under_way_.empty()) fail(ErrorKind::internal, "keep_members: a segment is under way");
    const DeviceScope scope(card_.facts.ordinal);
    const kernels::LinearShape shape = shape_of(problem);
    PlanChoice choice = choose(shape, RunFacts::of(problem), card_, limits_, wishes_);
    MemoryBudget budget = run_budget(problem, choice.taken, card_, limits_, wishes_).memory;
    budget.chunk_rows = budget_.chunk_rows;  // scorer and judge stay as they are
    const std::int64_t slot_floats = (1 + shape.state_vectors) * shape.parameters();
    // From here on only an allocation may fail, and the run with it.
    release_members();
    problem_ = problem;
    shape_ = shape;
    choice_ = choice;
    budget_ = budget;
    slot_floats_ = slot_floats;
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
        const std::int64_t targets_at = there ? 0 : count * x.columns, weights_at = targets_at + count * shape_.target_count;
        if (!there) copy_rows(x, first, count, slot.host.data());
        std::copy_n(problem_.targets + first * shape_.target_count, count * shape_.target_count, slot.host.data() + targets_at);
        if (shape_.weighted) std::copy_n(problem_.weights + first, count, slot.host.data() + weights_at);
        const std::int64_t floats = weights_at + (shape_.weighted ? count : 0);
        side_.copy(slot.device.data(), slot.host.data(), floats, cudaMemcpyHostToDevice, "training rows");
        kernels::PackRowsParams params;
        params.shape = shape_;
        params.rows = count;
        params.stride = there ? x.stride : x.columns;
        params.features = there ? x.row(first) : slot.device.data();
        params.targets = slot.device.data() + targets_at;
        params.weights = slot.device.data() + weights_at;
        params.scale = scorer_->scale();
        params.shift = scorer_->shift();
        params.records = records_.data() + first * shape_.record_floats();
        check_launch(kernels::launch_pack_rows(params, row_blocks(count, card_.facts.multiprocessors), side_.get()), "pack_rows",
                     std::to_string(count) + " rows");
        StagingRing::release(slot, side_);
    }
    side_.synchronize("training rows");
}

}  // namespace glissade::cuda
