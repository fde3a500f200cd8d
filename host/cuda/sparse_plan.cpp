// SPDX-License-Identifier: Apache-2.0
#include "host/cuda/sparse_plan.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <string>

#include "glissade/error.hpp"
#include "glissade/rules/sum_shape.hpp"
#include "glissade/rules/waiting.hpp"
#include "host/cuda/card_rates.hpp"
#include "host/execution/sparse_lengths.hpp"
#include "kernels/gateway/sort.hpp"
#include "kernels/tuning.hpp"

namespace glissade::cuda {

namespace tuning = kernels::tuning;
using kernels::SparseShape;

namespace {

constexpr std::int64_t real = sizeof(float), sector = 32;
/// What a radix sort of CUB takes beside its passes of 8 bits: it counts, and sets its memory.
constexpr int passes_beside = 2, bits_a_pass = 8;

int blocks_for(std::int64_t work, int threads, const Card& card) {
    return cuda::blocks_for(work, threads, card.facts.multiprocessors);
}

int passes_of(int bits) {
    return (bits + bits_a_pass - 1) / bits_a_pass;
}

void add_budget(SparseCardPlan& plan, const Problem<float>& problem, const Card& card, const SparseWishes& wishes) {
    const SparseShape& shape = plan.shape;
    const std::int64_t rows = problem.sparse.rows, nonzeros = problem.sparse.nonzeros(),
                       step = shape.members * rules::scalars_a_member * real;
    const std::int64_t own_step = step + shape.members * (static_cast<std::int64_t>(sizeof(kernels::SparseWaiting)) + real);
    MemoryBudget& budget = plan.budget;
    budget.table_steps = wishes.table_steps > 0 ? wishes.table_steps : std::max<std::int64_t>(1, tuning::table_bytes / step);
    budget.table_epochs = (budget.table_steps + problem.batches.steps_per_epoch - 2) / problem.batches.steps_per_epoch + 1;
    budget.rows = (rows + 1) * static_cast<std::int64_t>(sizeof(std::int64_t)) + nonzeros * (4 + real) +
                  rows * (shape.target_count + shape.weight_sets) * real + (problem.affine ? shape.columns * real : 0) +
                  (problem.member_sets ? shape.members * 4 : 0);
    budget.state = SparseCardPlan::stores * (plan.record_floats() + plan.bias_floats()) * real;
    budget.tables = budget.table_steps * own_step + budget.table_epochs * static_cast<std::int64_t>(sizeof(EpochOrder)) +
                    static_cast<std::int64_t>(sizeof(kernels::SparseControl));
    const std::int64_t an_entry = plan.by_atomics ? 0 : 16 + (plan.by_slot ? 4 + real : 0) + (plan.clips_by_norm ? 16 : 0);
    budget.work = plan.capacity * an_entry + plan.sort_bytes + (plan.by_atomics ? 0 : plan.tiles() * 4) +
                  plan.batch_rows * (static_cast<std::int64_t>(sizeof(kernels::SparseRowPlace)) + (shape.models() + shape.members) * real) +
                  plan.partials * (shape.models() + shape.members) * real + column_groups * shape.members * real +
                  shape.members * (real + 4) + shape.models() * real;
    plan.score = SparseScoreShape::of(shape.columns, shape.outputs, shape.bias, card.facts.multiprocessors, wishes);
    budget.staging = plan.score.bytes();
}

/// What validation takes besides the scorer.
void add_held_out_budget(SparseCardPlan& plan, const Problem<float>& problem, const Card& card, const BackendLimits& limits) {
    const JudgedRows<float>& rows = problem.held_out;
    if (rows.features.rows == 0) return;
    const std::int64_t free = card.facts.free_bytes, limit = limits.memory_limit_bytes;
    const std::int64_t there = limit > 0 ? std::min(limit, free) : free;
    plan.held_out = {SparseHeldOut::bytes(rows.sparse), judge_work_bytes(rows, plan.judge_shape(true))};
    plan.keeps_held_out = plan.budget.total() + plan.held_out.total() <= there;
    if (!plan.keeps_held_out) {
        plan.held_out = {0, judge_work_bytes(rows, plan.judge_shape(false))};
        plan.score.hold(longest_row_of(rows.sparse));
    }
    plan.budget.staging = plan.score.bytes() + plan.held_out.total();
}

/// Bytes by memory's rate, kernels by what each takes at least. A record is read once an entry and read and written once a column of the
/// batch, of which there may be as many.
void predict_sparse(SparseCardPlan& plan, const Problem<float>& problem, const Card& card, const tuning::Expected& rates) {
    const SparseShape& shape = plan.shape;
    const auto rows = static_cast<double>(plan.batch_rows);
    const double entries =
        static_cast<double>(problem.sparse.nonzeros()) / static_cast<double>(std::max<std::int64_t>(1, problem.sparse.rows)) * rows;
    const double rate = rates.memory_share * (card.memory_bytes_a_second > 0 ? card.memory_bytes_a_second
                                                                             : rates.memory_a_multiprocessor * card.facts.multiprocessors);
    const auto sectors = [](std::int64_t bytes) {
        const std::int64_t whole = (bytes + sector - 1) / sector;
        return static_cast<double>(whole * sector);
    };
    const double read = 4 + real, gathered = sectors((1 + shape.models()) * real);
    const int passes = plan.by_atomics ? 0 : passes_of(plan.key_bits) + (plan.clips_by_norm ? 1 : 0);
    // By atomics: a gradient read and written, then read again; columns of the rows twice more.
    const double gradient = plan.by_atomics ? sectors(shape.models() * real) : 0;
    const double added = gradient / sector * rates.add_bytes + gradient;
    const double sorted = plan.by_atomics ? 2 * 4 : 8 + 16.0 * passes + 8 + (plan.by_slot ? 16 : 0);
    const double updated = plan.touches ? 2 * sectors(shape.stride() * real) : sector;
    plan.bytes_a_nonzero = read + gathered + 3 * gradient + sorted + updated;
    const double all = plan.runs_over_all ? static_cast<double>(plan.bytes_of_all()) : 0;
    const int sorts = plan.by_atomics ? 0 : (plan.clips_by_norm ? 2 : 1);
    const int kernels = (plan.by_atomics ? 4 : 5) + (plan.touches ? 1 : 0) + (plan.runs_over_all ? 1 : 0) + (plan.clips_by_norm ? 1 : 0) +
                        passes + sorts * passes_beside;
    struct Part {
        double seconds;
        const char* name;
    };
    const Part parts[] = {{kernels * rates.graph_node, "the launches of its kernels"},
                          {entries * (gathered + added + updated) / rate, "columns out of order"},
                          {entries * (read + sorted) / rate, "nonzeros in order"},
                          {all / rate, "all parameters"}};
    plan.prediction.limit_seconds = entries * read / rate;
    const Part* most = parts;
    for (const Part& part : parts) {
        plan.prediction.seconds += part.seconds;
        if (part.seconds > most->seconds) most = &part;
    }
    plan.prediction.bound_by = most->name;
}

}  // namespace

SparseShape sparse_shape_of(const Problem<float>& problem) {
    SparseShape shape;
    shape.columns = problem.features.columns;
    shape.outputs = problem.outputs;
    shape.members = problem.members;
    shape.target_count = problem.target_count;
    shape.rule_vectors = problem.state_count;
    shape.averaging = problem.averaging;
    shape.marked = problem.mark_vectors() > 0;
    shape.bias = problem.bias;
    shape.weight_sets = problem.weights ? problem.weight_sets : 0;
    return shape;
}

SparseCardPlan plan_sparse_card(const Problem<float>& problem, const Card& card, const BackendLimits& limits, const SparseWishes& wishes) {
    SparseCardPlan plan;
    plan.shape = sparse_shape_of(problem);
    plan.batch_rows = problem.batches.rows(0);
    plan.partials = std::max(SumShape::of_batch(plan.batch_rows).partials,
                             SumShape::of_batch(problem.batches.rows(problem.batches.steps_per_epoch - 1)).partials);
    const bool repeat = problem.batches.order.shuffle == Shuffle::replacement;
    plan.capacity = std::max<std::int64_t>(1, most_entries_of(lengths_of(problem.sparse), plan.batch_rows, repeat));
    if (plan.capacity > std::numeric_limits<std::uint32_t>::max())
        fail(ErrorKind::device, "a batch of " + std::to_string(plan.batch_rows) + " rows may have " + std::to_string(plan.capacity) +
                                    " nonzeros, more than the 4294967295 that the GPU counts: take a smaller batch, or train on the CPU");
    plan.clips_by_norm = problem.clip_norm > 0;
    plan.by_atomics = problem.nondeterministic && !plan.clips_by_norm;  // a norm goes by the batch's columns, which the sort tells
    plan.by_slot = !plan.by_atomics && (plan.shape.models() > 1 || plan.clips_by_norm);
    plan.key_bits = std::max(1, static_cast<int>(std::bit_width(static_cast<std::uint64_t>(plan.shape.columns - 1))));
    plan.touches = problem.idle.lazy() || problem.idle.skips;
    plan.runs_over_all = (!problem.idle.lazy() && !problem.idle.skips) || (problem.idle.skips && problem.averaging);
    plan.may_run_over_all = plan.runs_over_all || problem.idle.by_product();
    if (!plan.by_atomics)
        check_launch(kernels::sort_entries_scratch(plan.capacity, plan.key_bits, &plan.sort_bytes), "the sort", "asking for its scratch");
    if (plan.clips_by_norm) {
        std::int64_t bytes = 0;
        check_launch(kernels::sort_entries_scratch(plan.capacity, SparseCardPlan::group_bits, &bytes), "the sort",
                     "asking for its scratch");
        plan.sort_bytes = std::max(plan.sort_bytes, bytes);
    }
    plan.threads = wishes.threads > 0 ? wishes.threads : tuning::sparse_threads;
    plan.row_blocks = blocks_for(plan.batch_rows, plan.threads, card);
    plan.score_blocks = blocks_for(plan.batch_rows * 4, plan.threads, card);
    plan.entry_blocks = plan.by_atomics ? plan.score_blocks : blocks_for(plan.capacity, plan.threads, card);
    plan.column_blocks = blocks_for(plan.shape.columns, plan.threads, card);
    plan.norm_blocks = blocks_for(column_groups * plan.shape.members * tuning::warp, plan.threads, card);
    const std::int64_t staging = wishes.staging_bytes > 0 ? wishes.staging_bytes : tuning::staging_bytes;
    plan.chunk_columns = std::clamp<std::int64_t>(staging / (plan.shape.stride() * real), 1, plan.shape.columns);
    add_budget(plan, problem, card, wishes);
    add_held_out_budget(plan, problem, card, limits);
    predict_sparse(plan, problem, card, rates_of(card, limits.calibration));
    return plan;
}

}  // namespace glissade::cuda
