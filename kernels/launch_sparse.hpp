// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "glissade/rules/field.hpp"
#include "kernels/launch.hpp"

/// The gate to the kernels of sparse rows; see launch.hpp.
namespace glissade::kernels {

/// The counts of a linear model on sparse rows, and how a column lies in memory: one *record*, in one sector of 32 bytes where it fits,
/// since whoever needs one number of a column soon needs all. A record is its stamp (the step that last held it), then, each for all models
/// side by side: theta, the state vectors, the gradient. Model k is output k % outputs of member k / outputs. Biases lie apart.
struct SparseShape {
    std::int64_t columns = 0, outputs = 1, members = 1, target_count = 1;
    std::int64_t rule_vectors = 0;           ///< state vectors of the rule
    bool averaging = false, marked = false;  ///< a further vector each, in this order
    bool bias = true;
    std::int64_t weight_sets = 0;  ///< 0: every row weighs 1

    constexpr std::int64_t models() const { return members * outputs; }
    constexpr std::int64_t vectors() const { return rule_vectors + (averaging ? 1 : 0) + (marked ? 1 : 0); }
    static constexpr std::int64_t theta_at = 1;
    constexpr std::int64_t state_at(std::int64_t vector) const { return theta_at + (1 + vector) * models(); }
    constexpr std::int64_t mark_at() const { return state_at(vectors() - 1); }
    constexpr std::int64_t gradient_at() const { return state_at(vectors()); }
    /// Floats from one record to the next.
    constexpr std::int64_t stride() const {
        constexpr std::int64_t sector = 8;
        const std::int64_t size = gradient_at() + models();
        std::int64_t stride = 1;
        while (stride < size && stride < sector) stride *= 2;
        return size > sector ? (size + sector - 1) / sector * sector : stride;
    }
};

/// What the host knows of a member's step beforehand: what waits is worth before and after it.
struct SparseWaiting {
    float product_before = 1, sum_before = 0;  ///< of rules that follow the rate: 1/rate of the step before
    float product_after = 1, sum_after = 0;
    std::int32_t all = 0;  ///< the step runs over all parameters
};

/// How far a segment has come. The host sets it, the device counts.
struct SparseControl {
    std::int64_t step = 0;            ///< of the table at hand
    std::int64_t first_batch = 0;     ///< of step 0, within its epoch
    std::int64_t frozen_member = -1;  ///< the first with a sum that is not finite; from there on nothing is done
    std::uint32_t entries = 0;        ///< of the batch
    std::uint32_t clock = 0;          ///< steps before step 0, from an arbitrary start: what stamps count
};

/// Where a row of the batch lies, and where its entries begin among those of its tile, if they are sorted.
struct SparseRowPlace {
    std::int64_t begin = 0;
    std::uint32_t length = 0, place = 0;
};

/// Everything that the kernels of a step read and write. Which step it is says `control`, so that a graph of one step serves all.
struct SparseStepParams {
    SparseShape shape;
    int idle = 0;  ///< IdlePlan: an Idle ...
    bool by_product = false, shrinks = false, skips = false;

    const std::int64_t* offsets = nullptr;      ///< [rows + 1]
    const std::uint32_t* indices = nullptr;     ///< [nonzeros]
    const float* values = nullptr;              ///< [nonzeros]
    const float* scale = nullptr;               ///< [columns], or null for 1
    const float* targets = nullptr;             ///< [rows][target_count]
    const float* weights = nullptr;             ///< [rows][weight_sets]
    const std::int32_t* member_sets = nullptr;  ///< [members], or null: 0 for all

    int loss = 0;  ///< index in LossRules
    float loss_constants[max_loss_constants] = {};
    float label_smoothing = 0;
    int rule = 0, variant = 0;  ///< index in UpdateRules, and the rule's variant
    float clip_norm = 0, clip_value = 0;

    std::int64_t rows = 0, batch_size = 1, steps_per_epoch = 1;
    const EpochOrder* orders = nullptr;      ///< of every epoch that the table touches
    const float* scalars = nullptr;          ///< [steps][members][scalars of a member]
    const SparseWaiting* waiting = nullptr;  ///< [steps][members]
    float* loss_sums = nullptr;              ///< [steps][members]
    SparseControl* control = nullptr;

    bool by_atomics = false;                ///< gradients are added in whatever order threads come: no pairs, no sort, no norm
    std::int64_t tile_rows = 1;             ///< rows whose entries are counted together
    SparseRowPlace* places = nullptr;       ///< [batch_size]
    std::uint32_t* tile_entries = nullptr;  ///< [tiles]: entries of a tile, then of those before it; not by atomics
    float* slopes = nullptr;                ///< [batch_size][models]: scores, then slopes
    float* losses = nullptr;                ///< [batch_size][members]
    float* partials = nullptr;              ///< [partials][members losses, models biases]

    /// The batch's entries, sorted by column; behind the last of them keys of all ones. What goes with a key is slope times value, or, if
    /// `by_slot`, the entry's place in the batch, which leads to its row and value.
    std::int64_t capacity = 0;  ///< entries that a batch may have
    bool by_slot = false;
    std::uint32_t *keys_in = nullptr, *keys_out = nullptr, *terms_in = nullptr, *terms_out = nullptr;  ///< [capacity]
    std::uint32_t* slot_rows = nullptr;                                                                ///< [capacity] if by_slot
    float* slot_values = nullptr;

    /// With a limit on the norm: at the place where the batch first holds a column its group and number, else column_groups; sorted by
    /// group.
    std::uint32_t *groups_in = nullptr, *groups_out = nullptr, *columns_in = nullptr, *columns_out = nullptr;  ///< [capacity]
    float* group_squares = nullptr;                                                                            ///< [column_groups][members]
    float* factors = nullptr;  ///< [members]: of the limit on the norm

    std::int32_t* bad = nullptr;     ///< [members]: a sum is not finite; 0 between steps
    float* records = nullptr;        ///< [columns][stride]; gradients are 0 between steps
    float* biases = nullptr;         ///< [1 + vectors][models]
    float* bias_gradient = nullptr;  ///< [models]
};

/// The kernels of a step, in order; between the third and the fourth the entries are sorted by column, before the norm by group. By atomics
/// there is neither scan nor sort.
int launch_sparse_rows(const SparseStepParams& params, int blocks, int threads, StreamHandle stream);
int launch_sparse_scan(const SparseStepParams& params, int threads, StreamHandle stream);
int launch_sparse_scores(const SparseStepParams& params, int blocks, int threads, StreamHandle stream);
int launch_sparse_columns(const SparseStepParams& params, int blocks, int threads, StreamHandle stream);
int launch_sparse_norm(const SparseStepParams& params, int blocks, int threads, StreamHandle stream);
int launch_sparse_decide(const SparseStepParams& params, int threads, StreamHandle stream);
/// The columns of the batch, for members whose step is not for all.
int launch_sparse_update(const SparseStepParams& params, int blocks, int threads, StreamHandle stream);
/// All columns, for the other members; and the running average of columns that the step was not for.
int launch_sparse_update_all(const SparseStepParams& params, int blocks, int threads, StreamHandle stream);
/// At the end of a table: the gradients of the step that froze, if one did, become 0.
int launch_sparse_drop(const SparseStepParams& params, int blocks, int threads, StreamHandle stream);

/// Scores of sparse rows for evaluation and prediction.
struct ScoreSparseParams {
    std::int64_t rows = 0, columns = 0, outputs = 1;
    bool bias = true;
    const std::int64_t* offsets = nullptr;  ///< [rows + 1]; of `first` at indices[0]
    std::int64_t first = 0;
    const std::uint32_t* indices = nullptr;
    const float* values = nullptr;
    const float* scale = nullptr;       ///< [columns], or null for 1
    const float* parameters = nullptr;  ///< of one member: weights [outputs][columns], biases [outputs]
    float* scores = nullptr;            ///< [rows][outputs]
};
int launch_score_sparse(const ScoreSparseParams& params, int blocks, int threads, StreamHandle stream);

}  // namespace glissade::kernels
