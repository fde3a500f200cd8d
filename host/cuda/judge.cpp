// SPDX-License-Identifier: Apache-2.0
#include "host/cuda/judge.hpp"

#include <algorithm>
#include <utility>

#include "glissade/error.hpp"
#include "glissade/rules/judge.hpp"
#include "host/cuda/card.hpp"
#include "host/execution/backend.hpp"
#include "host/execution/sparse_lengths.hpp"
#include "kernels/gateway/sort.hpp"
#include "kernels/tuning.hpp"

namespace glissade {

namespace cuda {

namespace {

constexpr std::int64_t fold_rows = rules::folded_terms;
constexpr std::int64_t scratch_bytes = 32 << 20;  ///< aimed at: one value an output for each thread of the judging kernel

constexpr std::int64_t most_scores = 4 << 20;  ///< of a chunk of rows that are on the device

std::int64_t fold_blocks(std::int64_t values) {
    return (values + fold_rows - 1) / fold_rows;
}

/// Values that a scan of `values` keeps besides: the sums of its blocks, of theirs ...
std::int64_t scan_sums(std::int64_t values) {
    std::int64_t sums = 0;
    do {
        values = fold_blocks(values);
        sums += values;
    } while (values > 1);
    return sums;
}

/// Everything that a judge allocates, as counts of values.
struct Counts {
    std::int64_t chunk, blocks, targets, weights, scores, units, scratch, sums, negatives, ranked, sort_bytes;
    int terms, grid;
};

Counts counts_of(const JudgedRows<float>& rows, const JudgeShape& shape) {
    Counts c{};
    const std::int64_t count = rows.features.rows, outputs = shape.outputs;
    // Of rows that come in trips as many as one has, down to whole folds; at least one, which smaller trips fill.
    const std::int64_t wanted = shape.trip_rows == 0 ? most_scores / outputs : shape.trip_rows;
    c.chunk = std::min(fold_blocks(count), std::max<std::int64_t>(1, wanted / fold_rows)) * fold_rows;
    c.blocks = fold_blocks(count);
    c.terms = 2 + (rows.shares ? 1 : 0) + (rows.labels ? 1 : 0) + (rows.error_scales.empty() ? 0 : 2 * static_cast<int>(outputs));
    const std::int64_t a_block = outputs * fold_rows * static_cast<std::int64_t>(sizeof(double));
    const std::int64_t most = std::min(c.chunk / fold_rows, static_cast<std::int64_t>(shape.multiprocessors) * 8);
    c.grid = static_cast<int>(std::clamp<std::int64_t>(scratch_bytes / a_block, 1, most));
    c.targets = count * rows.target_count;
    c.weights = rows.weights ? count : 0;
    c.scores = c.chunk * outputs;
    c.units = 2 * outputs;
    c.scratch = c.grid * outputs * fold_rows;
    c.sums = (c.terms + 1) * (c.blocks + fold_blocks(c.blocks));
    if (!rows.ranks) return c;
    c.negatives = count + 1 + scan_sums(count + 1);
    c.ranked = 2 * count;
    check_launch(kernels::sort_pairs_scratch(count, &c.sort_bytes), "the sort", "asking for its scratch");
    return c;
}

}  // namespace

JudgeShape JudgeShape::of(const JudgedRows<float>& rows, const Scorer::Shape& shape, bool keep_features) {
    return {shape.model.outputs, keep_features || rows.place ? 0 : shape.chunk_rows, shape.multiprocessors};
}

std::int64_t judge_work_bytes(const JudgedRows<float>& rows, const JudgeShape& shape) {
    if (rows.features.rows == 0) return 0;
    const Counts c = counts_of(rows, shape);
    return (c.targets + c.weights + c.scores + 2 * c.ranked) * static_cast<std::int64_t>(sizeof(float)) +
           (c.units + c.scratch + c.sums + c.negatives) * static_cast<std::int64_t>(sizeof(double)) + c.sort_bytes;
}

JudgeBudget judge_budget(const JudgedRows<float>& rows, const Scorer::Shape& shape, bool keep_features) {
    JudgeBudget budget;
    if (keep_features && !rows.place)
        budget.features = rows.features.rows * rows.features.columns * static_cast<std::int64_t>(sizeof(float));
    budget.work = judge_work_bytes(rows, JudgeShape::of(rows, shape, keep_features));
    return budget;
}

Judge::Judge(const JudgedRows<float>& rows, Scorer& scorer, bool keep_features)
    : Judge(rows, std::make_unique<DenseHeldOut>(rows, scorer, keep_features), JudgeShape::of(rows, scorer.shape(), keep_features),
            scorer.stream()) {}

Judge::Judge(const JudgedRows<float>& rows, std::unique_ptr<HeldOut> held_out, const JudgeShape& shape, const Stream& stream)
    : rows_(rows),
      held_out_(std::move(held_out)),
      shape_(shape),
      stream_(stream),
      count_(rows.features.rows),
      chunk_(0),
      blocks_(0),
      terms_(0),
      grid_(1) {
    const Counts c = counts_of(rows, shape);
    chunk_ = c.chunk;
    blocks_ = c.blocks;
    terms_ = c.terms;
    grid_ = c.grid;
    targets_ = {c.targets, "targets of the rows to judge by"};
    weights_ = {c.weights, "weights of the rows to judge by"};
    scores_ = {c.scores, "scores of the rows to judge by"};
    units_ = {c.units, "units of the metrics"};
    scratch_ = {c.scratch, "scratch of the metrics"};
    sums_ = {c.sums, "sums of the metrics"};
    negatives_ = {c.negatives, "ranks of the rows to judge by"};
    keys_ = {c.ranked, "ranks of the rows to judge by"};
    signed_ = {c.ranked, "ranks of the rows to judge by"};
    sort_scratch_ = {c.sort_bytes, "scratch of the sort"};
    host_sums_ = {terms_ + 1, "sums of the metrics"};
    host_units_ = {c.units, "units of the metrics"};
    keep_rows();
}

Judge::~Judge() {
    (void)cudaStreamSynchronize(stream_.get());
}

/// Brings over what does not change. The host's memory is pageable: each copy has been read when it returns.
void Judge::keep_rows() {
    const std::string subject = "the rows to judge by";
    stream_.copy(targets_.data(), rows_.targets, targets_.count(), cudaMemcpyHostToDevice, subject);
    if (rows_.weights) stream_.copy(weights_.data(), rows_.weights, count_, cudaMemcpyHostToDevice, subject);
    const auto outputs = static_cast<std::size_t>(shape_.outputs);
    std::fill_n(host_units_.data(), 2 * outputs, 1.0);
    std::copy(rows_.loss_factors.begin(), rows_.loss_factors.end(), host_units_.data());
    std::copy(rows_.error_scales.begin(), rows_.error_scales.end(), host_units_.data() + outputs);
    stream_.copy(units_.data(), host_units_.data(), units_.count(), cudaMemcpyHostToDevice, subject);
    stream_.synchronize(subject);
}

int Judge::blocks_for(std::int64_t blocks) const {
    return cuda::blocks_for(blocks, 1, shape_.multiprocessors);
}

kernels::JudgeRowsParams Judge::params() const {
    kernels::JudgeRowsParams params;
    params.outputs = static_cast<int>(shape_.outputs);
    params.target_count = static_cast<int>(rows_.target_count);
    params.loss = rows_.loss;
    std::copy_n(rows_.loss_constants, max_loss_constants, params.loss_constants);
    params.loss_factors = units_.data();
    params.error_scales = rows_.error_scales.empty() ? nullptr : units_.data() + params.outputs;
    params.shares = rows_.shares;
    params.labels = rows_.labels;
    params.scores = scores_.data();
    params.scratch = scratch_.data();
    params.sum_stride = blocks_;
    return params;
}

/// Chunk by chunk: scores, then the terms of its folds.
void Judge::score_and_judge(const float* parameters) {
    held_out_->set(parameters);
    kernels::JudgeRowsParams judged = params();
    for (std::int64_t first = 0; first < count_; first += chunk_) {
        const std::int64_t count = std::min(chunk_, count_ - first);
        held_out_->score(first, count, scores_.data());
        judged.rows = count;
        judged.targets = targets_.data() + first * rows_.target_count;
        judged.weights = rows_.weights ? weights_.data() + first : nullptr;
        judged.sums = sums_.data() + first / fold_rows;
        judged.keys = rows_.ranks ? keys_.data() + first : nullptr;
        judged.signed_weights = rows_.ranks ? signed_.data() + first : nullptr;
        check_launch(kernels::launch_judge_rows(judged, grid_, stream_.get()), "judge_rows", std::to_string(count) + " rows");
    }
}

/// Rounds of folding to and fro between two places, until one value is left of each term: then they lie side by side, and go to the host.
void Judge::fold(double* values, std::int64_t count, int terms, std::int64_t stride) {
    double* const other = sums_.data() + (terms_ + 1) * blocks_;
    kernels::FoldParams params;
    params.terms = terms;
    params.in = values;
    params.in_stride = stride;
    while (count > 1) {
        params.count = count;
        count = fold_blocks(count);
        params.out = params.in == values ? other : values;
        params.out_stride = count;
        check_launch(kernels::launch_fold(params, blocks_for(count * terms), stream_.get()), "fold", "metrics");
        params.in = params.out;
        params.in_stride = params.out_stride;
    }
    stream_.copy(host_sums_.data() + (values - sums_.data()) / blocks_, params.in, terms, cudaMemcpyDeviceToHost, "metrics");
}

/// scan_before, round by round.
void Judge::scan(double* values, std::int64_t count, double* sums) {
    const std::int64_t blocks = fold_blocks(count);
    const kernels::ScanParams params{count, values, sums};
    const cudaStream_t stream = stream_.get();
    check_launch(kernels::launch_scan_blocks(params, blocks_for(blocks), stream), "scan_blocks", "ranks");
    if (blocks < 2) return;
    scan(sums, blocks, sums + blocks);
    check_launch(kernels::launch_add_before(params, blocks_for(blocks), stream), "add_before", "ranks");
}

void Judge::rank() {
    const cudaStream_t stream = stream_.get();
    kernels::SortPairsParams sort;
    sort.count = count_;
    sort.keys_in = keys_.data();
    sort.keys_out = keys_.data() + count_;
    sort.values_in = signed_.data();
    sort.values_out = signed_.data() + count_;
    sort.scratch = sort_scratch_.data();
    sort.scratch_bytes = sort_scratch_.count();
    check_launch(kernels::launch_sort_pairs(sort, stream), "the sort", std::to_string(count_) + " scores");
    double* const wins = sums_.data() + terms_ * blocks_;
    const kernels::RankParams params{count_, sort.keys_out, sort.values_out, negatives_.data(), wins};
    check_launch(kernels::launch_list_negatives(params, blocks_for(fold_blocks(count_ + 1)), stream), "list_negatives", "ranks");
    scan(negatives_.data(), count_ + 1, negatives_.data() + count_ + 1);
    check_launch(kernels::launch_count_wins(params, blocks_for(blocks_), stream), "count_wins", "ranks");
    fold(wins, blocks_, 1, blocks_);
}

JudgedSums Judge::judge(const float* parameters) {
    score_and_judge(parameters);
    fold(sums_.data(), blocks_, terms_, blocks_);
    if (rows_.ranks) rank();
    stream_.synchronize("metrics");
    JudgedSums out;
    const double* next = host_sums_.data();
    out.loss = *next++;
    out.correct = *next++;
    if (rows_.labels) out.right_labels = *next++;
    if (rows_.shares) out.share_loss = *next++;
    for (std::size_t o = 0; o < rows_.error_scales.size(); ++o) {
        out.squares.push_back(*next++);
        out.sizes.push_back(*next++);
    }
    if (rows_.ranks) out.wins = host_sums_.data()[terms_];
    return out;
}

}  // namespace cuda

namespace {

void check_free(std::int64_t bytes, const cuda::Card& card) {
    using cuda::in_bytes;
    if (bytes <= card.facts.free_bytes) return;
    fail(ErrorKind::memory, "evaluation needs " + in_bytes(bytes) + " on CUDA device " + std::to_string(card.facts.ordinal) + ", " +
                                in_bytes(card.facts.free_bytes) +
                                " are free; free memory on the device, take fewer rows, or evaluate on the CPU");
}

JudgedSums judge_sparse(const ScoreTask<float>& task, const JudgedRows<float>& rows, const cuda::Card& card) {
    using namespace cuda;
    SparseScoreShape shape = SparseScoreShape::of(task.sparse.columns, task.outputs, task.bias, card.facts.multiprocessors, {});
    shape.hold(longest_row_of(rows.sparse));
    const JudgeShape judged{task.outputs, shape.chunk_rows, shape.multiprocessors};
    const std::int64_t scales = task.affine ? shape.columns : 0;
    check_free(shape.bytes() + judge_work_bytes(rows, judged) + scales * static_cast<std::int64_t>(sizeof(float)), card);
    const Stream stream;
    const DeviceBuffer<float> scale(scales, "the scale of the columns");
    stream.copy(scale.data(), task.affine.scale, scale.count(), cudaMemcpyHostToDevice, "the scale of the columns");
    SparseScorer scorer(shape, scale.data(), stream);
    return Judge(rows, std::make_unique<SparseHeldOut>(rows, scorer, false), judged, stream).judge(task.parameters);
}

}  // namespace

JudgedSums judge_on_cuda(const ScoreTask<float>& task, const JudgedRows<float>& rows, int ordinal) {
    using namespace cuda;
    const Card card = usable_card(ordinal);
    const DeviceScope scope(ordinal);
    if (rows.sparse.offsets != nullptr) return judge_sparse(task, rows, card);
    const Scorer::Shape shape = scorer_shape(ModelShape::of(task, rows.features.columns), rows.features.rows, card.facts.multiprocessors);
    check_free(judge_budget(rows, shape, false).total() + Scorer::bytes(shape), card);
    const Stream stream;
    Scorer scorer(shape, task.affine, stream);
    return Judge(rows, scorer, false).judge(task.parameters);
}

}  // namespace glissade
