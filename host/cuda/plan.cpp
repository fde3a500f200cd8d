// SPDX-License-Identifier: Apache-2.0
#include "host/cuda/plan.hpp"

#include <algorithm>
#include <bit>
#include <optional>

#include "glissade/error.hpp"
#include "glissade/rules/sum_shape.hpp"
#include "host/cuda/check.hpp"
#include "kernels/tuning.hpp"

namespace glissade::cuda {

using kernels::BatchDivision;
using kernels::LinearShape;
using kernels::SegmentLayout;
using kernels::Team;
using kernels::TileShape;
namespace tuning = kernels::tuning;

namespace {

std::int64_t power_of_two_up(std::int64_t n) {
    return static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(std::max<std::int64_t>(1, n))));
}
int log2_of(std::int64_t power) {
    return std::countr_zero(static_cast<std::uint64_t>(power));
}

/// Halves a tile, groups of partial sums first: rows of one partial sum stay together.
bool shrink(TileShape& tile) {
    if (tile.all_rows() == 1) return false;
    (tile.partials > 1 ? tile.partials : tile.rows) /= 2;
    return true;
}

/// The largest tile of the wanted size that fits, state in shared memory if that leaves room for one row.
bool fit_tile(SegmentPlan& plan, const LinearShape& shape, std::int64_t rows, std::int64_t shared_bytes, const PlanWishes& wishes) {
    const SumShape sums = SumShape::of_batch(rows);
    TileShape wanted;
    wanted.rows = std::min(power_of_two_up((rows + sums.partials - 1) / sums.partials), tuning::tile_rows);
    const std::int64_t own = std::max<std::int64_t>(1, sums.partials / plan.launch.blocks);
    wanted.partials = std::min(own, std::max<std::int64_t>(1, tuning::tile_rows / wanted.rows));
    const std::int64_t buffer_bytes = std::max(shared_bytes / tuning::tile_buffer_share, tuning::least_tile_buffer_bytes);
    const std::int64_t record_bytes = shape.record_floats() * static_cast<std::int64_t>(sizeof(float));
    while (wanted.all_rows() * record_bytes > buffer_bytes && shrink(wanted)) {
    }
    if (wishes.tile.rows > 0) wanted = wishes.tile;
    for (const bool state_in_shared : {true, false}) {
        if (state_in_shared && wishes.state_in_memory) continue;
        TileShape tile = wanted;
        do {
            const SegmentLayout layout = SegmentLayout::of(shape, tile, state_in_shared);
            if (layout.bytes > shared_bytes) continue;
            plan.tile = tile;
            plan.layout = layout;
            plan.state_in_shared = state_in_shared;
            return true;
        } while (shrink(tile));
    }
    return false;
}

/// The cost model: T = max(fetch, work) + barrier + exchange + update.
void predict(SegmentPlan& plan, const LinearShape& shape, std::int64_t rows, const Card& card) {
    const BatchDivision division = BatchDivision::of(rows, plan.launch.blocks, plan.tile);
    const tuning::Expected& expected = tuning::expected;
    const double sms = card.facts.multiprocessors, active = static_cast<double>(division.active_blocks),
                 sums = static_cast<double>(shape.sums());
    const double memory = card.memory_bytes_a_second > 0 ? card.memory_bytes_a_second : sms * expected.memory_a_multiprocessor;
    const double fetch = static_cast<double>(rows * shape.record_floats()) * 4 / std::min(memory, active * expected.block_memory);
    const double own_rows = static_cast<double>(rows) / active;
    const double values = 4.0 * static_cast<double>(shape.columns() * shape.features);  // dot and gradient, two operands each
    const double tiles = static_cast<double>(division.groups) * division.chunks;
    const double work = own_rows * values / expected.shared_values + (tiles - 1) * expected.tile;
    const double threads = plan.launch.threads;
    const double update = expected.block_step + (sums + threads - 1) / threads * expected.update;
    const double barrier = plan.launch.team == Team::grid ? expected.grid_barrier : 0;
    const double exchange =
        plan.launch.team == Team::grid ? 4 * active * plan.launch.blocks * sums / (sms * expected.l2_a_multiprocessor) : 0;
    plan.fetch_seconds = fetch;
    plan.step_seconds = std::max(fetch, work) + barrier + exchange + update;
    const double largest = std::max({fetch, work, barrier, exchange, update});
    plan.bound_by = largest == fetch      ? "reading the rows"
                    : largest == work     ? "work on the rows in a block"
                    : largest == exchange ? "the exchange of sums"
                    : largest == barrier  ? "the barrier of the grid"
                                          : "the update within a block";
}

std::optional<SegmentPlan> plan_with(int blocks, const LinearShape& shape, std::int64_t rows, const Card& card, const PlanWishes& wishes) {
    SegmentPlan plan;
    plan.launch = {blocks == 1 ? Team::block : Team::grid, blocks, wishes.threads > 0 ? wishes.threads : tuning::segment_threads};
    if (!fit_tile(plan, shape, rows, card.facts.shared_bytes_a_block, wishes)) return std::nullopt;
    plan.stack_levels = log2_of(SumShape::of_batch(rows).partials);  // a short last batch never has more partial sums
    predict(plan, shape, rows, card);
    return plan;
}

[[noreturn]] void refuse_shape(const LinearShape& shape, const Card& card) {
    const std::int64_t least = SegmentLayout::of(shape, {1, 1}, false).bytes;
    fail(ErrorKind::device, "the model does not fit the shared memory of CUDA device " + std::to_string(card.facts.ordinal) + " (" +
                                card.facts.name + "): " + std::to_string(shape.members) + " x " +
                                std::to_string(shape.member_parameters()) + " parameters with one row of " +
                                std::to_string(shape.features) + " features need " + in_bytes(least) + " a block, " +
                                in_bytes(card.facts.shared_bytes_a_block) +
                                " are there; train fewer members at a time, use fewer features, or train on the CPU");
}

}  // namespace

LinearShape shape_of(const Problem<float>& problem) {
    if (problem.weight_sets > 1)
        fail(ErrorKind::device, "members with row weights of their own, as cross-validation has (folds), train on the CPU");
    LinearShape shape;
    shape.features = problem.features.columns;
    shape.outputs = problem.outputs;
    shape.members = problem.members;
    shape.target_count = problem.target_count;
    shape.state_vectors = problem.state_vectors();
    shape.bias = problem.bias;
    shape.weighted = problem.weights != nullptr;
    return shape;
}

SegmentPlan plan_segments(const LinearShape& shape, std::int64_t batch_rows, const Card& card, const PlanWishes& wishes) {
    std::optional<SegmentPlan> block, grid;
    if (wishes.blocks <= 1) block = plan_with(1, shape, batch_rows, card, wishes);
    const std::int64_t most =
        std::min<std::int64_t>({tuning::max_blocks, card.facts.multiprocessors, SumShape::of_batch(batch_rows).partials});
    if (wishes.blocks > 1) {
        if (!card.facts.cooperative_launch)
            fail(ErrorKind::device, "CUDA device " + std::to_string(card.facts.ordinal) + " (" + card.facts.name +
                                        ") has no cooperative launch: one block only");
        grid = plan_with(wishes.blocks, shape, batch_rows, card, wishes);
    } else if (wishes.blocks == 0 && card.facts.cooperative_launch) {
        for (int blocks = 2; blocks <= most; blocks *= 2) {
            const auto candidate = plan_with(blocks, shape, batch_rows, card, wishes);
            if (candidate && (!grid || candidate->step_seconds < grid->step_seconds)) grid = candidate;
        }
    }
    if (!block && !grid) refuse_shape(shape, card);
    const bool block_wins = block && (!grid || block->step_seconds <= grid->step_seconds);
    SegmentPlan chosen = block_wins ? *block : *grid;
    const std::optional<SegmentPlan>& other = block_wins ? grid : block;
    if (other) {
        chosen.other_blocks = other->launch.blocks;
        chosen.other_seconds = other->step_seconds;
    }
    return chosen;
}

MemoryBudget budget_of(const Problem<float>& problem, const SegmentPlan& plan, const PlanWishes& wishes) {
    constexpr std::int64_t real = sizeof(float);
    const LinearShape shape = shape_of(problem);
    MemoryBudget budget;
    const std::int64_t row_floats = shape.features + shape.target_count + 1;
    const std::int64_t staging = wishes.staging_bytes > 0 ? wishes.staging_bytes : tuning::staging_bytes;
    budget.chunk_rows = std::clamp<std::int64_t>(staging / (row_floats * real), 1, problem.features.rows);
    const std::int64_t step_bytes = shape.members * rules::scalars_a_member * real;
    budget.table_steps = wishes.table_steps > 0 ? wishes.table_steps : std::max<std::int64_t>(1, tuning::table_bytes / step_bytes);
    budget.table_epochs = (budget.table_steps + problem.batches.steps_per_epoch - 2) / problem.batches.steps_per_epoch + 1;

    const std::int64_t state = (1 + shape.state_vectors) * shape.parameters() * real;
    budget.rows = problem.features.rows * shape.record_floats() * real;
    budget.state = 2 * state;
    budget.tables = budget.table_steps * (step_bytes + shape.members * real) +
                    budget.table_epochs * static_cast<std::int64_t>(sizeof(EpochOrder)) +
                    static_cast<std::int64_t>(sizeof(kernels::SegmentOutcome));
    budget.exchange = plan.launch.blocks * shape.sums() * real * (plan.stack_levels + (plan.launch.team == Team::grid ? 2 : 0));
    if (!plan.state_in_shared) budget.exchange += plan.launch.blocks * shape.state_vectors * shape.parameters() * real;
    budget.staging = 2 * budget.chunk_rows * (row_floats + shape.outputs) * real +
                     (shape.outputs * (shape.features + 1) + (problem.affine ? 2 * shape.features : 0)) * real;
    return budget;
}

void check_budget(const MemoryBudget& budget, const Card& card, const BackendLimits& limits) {
    const bool limited = limits.memory_limit_bytes > 0 && limits.memory_limit_bytes < card.facts.free_bytes;
    const std::int64_t there = limited ? limits.memory_limit_bytes : card.facts.free_bytes;
    if (budget.total() <= there) return;
    fail(ErrorKind::memory, "the run needs " + in_bytes(budget.total()) + " on CUDA device " + std::to_string(card.facts.ordinal) + " (" +
                                card.facts.name + "): " + in_bytes(budget.rows) + " for the rows, " + in_bytes(budget.state) +
                                " for parameters and state, " + in_bytes(budget.tables + budget.exchange + budget.staging) +
                                " to work with; " + in_bytes(there) +
                                (limited ? " are allowed; raise the device memory limit" : " are free; free memory on the device") +
                                ", take fewer rows, or train on the CPU");
}

}  // namespace glissade::cuda
