// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "glissade/row_order.hpp"
#include "glissade/rules/loss_kind.hpp"

struct CUstream_st;

/// The gate to the GPU code: what every launcher takes, in plain C++. Pointers named here point to device memory unless they say otherwise.
/// A launcher returns the cudaError_t of its launch as an int (0: queued on `stream`) and waits for nothing.
namespace glissade::kernels {

using StreamHandle = CUstream_st*;  ///< what cudaStream_t is

/// Who works on a step: one block, or every block of a cooperative grid.
enum class Team { block, grid };

/// Division by a number that is known beforehand, as one multiplication. Exact while dividend * divisor < 2^32.
struct Divider {
    std::uint64_t magic = 0;  ///< ceil(2^32 / divisor)
    static constexpr Divider by(std::int64_t divisor) {
        return {((std::uint64_t{1} << 32) + divisor - 1) / static_cast<std::uint64_t>(divisor)};
    }
    constexpr int quotient(int dividend) const { return static_cast<int>(static_cast<std::uint32_t>(dividend) * magic >> 32); }
};

/// The counts of a dense model of the linear family. A member's parameters: weights [outputs][features], biases [outputs].
struct LinearShape {
    std::int64_t features = 0, outputs = 1, members = 1;
    std::int64_t target_count = 1;
    std::int64_t state_vectors = 0;  ///< of the update rule, the running average included
    bool bias = true, weighted = false;

    constexpr std::int64_t columns() const { return members * outputs; }
    constexpr std::int64_t member_weights() const { return outputs * features; }
    constexpr std::int64_t member_parameters() const { return member_weights() + (bias ? outputs : 0); }
    constexpr std::int64_t parameters() const { return members * member_parameters(); }
    /// Sums of a step: one a parameter, then one loss a member.
    constexpr std::int64_t sums() const { return parameters() + members; }
    /// A row as the device keeps it: features, targets, weight, filled up to whole 16 bytes.
    constexpr std::int64_t record_floats() const { return (features + target_count + (weighted ? 1 : 0) + 3) / 4 * 4; }
};

/// Rows that a block has in shared memory at a time: so many of each of so many partial sums. Powers of two.
struct TileShape {
    std::int64_t partials = 1, rows = 1;
    constexpr std::int64_t all_rows() const { return partials * rows; }
};

/// How a batch divides over the blocks of a team: runs of partial sums, taken in groups that fill a tile, each in chunks of rows.
struct BatchDivision {
    std::int64_t rows = 0;   ///< of the batch
    int partial_bits = 0;    ///< log2 of its partial sums
    int active_blocks = 1;   ///< blocks that have a part of it
    int own_partials = 1;    ///< of such a block
    int group_partials = 1;  ///< partial sums in a tile
    int groups = 1;          ///< of such a block
    int chunks = 1;          ///< tiles of a group
    static BatchDivision of(std::int64_t rows, std::int64_t blocks, const TileShape& tile);
};

/// Where things stand in a block's shared memory: byte offsets.
struct SegmentLayout {
    static constexpr std::int64_t header_bytes = 16;
    static constexpr int record_buffers = 2;  ///< one in use, one arriving
    static constexpr int row_slots = 3;       ///< in use, arriving, being looked up

    std::int64_t records = 0;     ///< [record_buffers][tile rows][record_floats]
    std::int64_t rates = 0;       ///< [2][members][scalars of a member]: this step's and the next one's
    std::int64_t rows = 0;        ///< [row_slots][tile rows] of std::int64_t: row numbers, -1 for none
    std::int64_t counts = 0;      ///< [row_slots][tile partials] of int: rows that each partial sum has in the tile
    std::int64_t scores = 0;      ///< [tile rows][columns + members]: scores, then slopes; losses
    std::int64_t sums = 0;        ///< [tile partials][sums]
    std::int64_t clip = 0;        ///< [members]
    std::int64_t parameters = 0;  ///< [parameters]
    std::int64_t state = 0;       ///< [state_vectors][parameters], if it is kept here
    std::int64_t bytes = 0;

    static SegmentLayout of(const LinearShape& shape, const TileShape& tile, bool state_in_shared);
};

/// What a segment did, as the device writes it.
struct SegmentOutcome {
    std::int64_t steps_done;
    std::int64_t frozen_member;  ///< -1 if every sum was finite
};

struct SegmentLinearParams {
    LinearShape shape;
    TileShape tile;
    SegmentLayout layout;
    bool state_in_shared = true;
    Divider by_sums, by_member_parameters, by_features, by_record_chunks;

    const float* records = nullptr;  ///< [rows][record_floats]
    int loss = 0;                    ///< index in LossRules
    float loss_constants[max_loss_constants] = {};
    int rule = 0, variant = 0;  ///< index in UpdateRules, and the rule's variant
    bool averaging = false;
    float clip_norm = 0, clip_value = 0;

    std::int64_t batch_size = 1, steps_per_epoch = 1;
    BatchDivision division, last_division;                  ///< of every batch but an epoch's last, and of that one
    std::int64_t steps = 0;                                 ///< of this segment
    std::int64_t first_batch = 0;                           ///< of its first step, within its epoch
    const EpochOrder* orders = nullptr;                     ///< of every epoch that the segment touches
    const float* scalars = nullptr;                         ///< [steps][members][scalars of a member]
    const float* parameters_in = nullptr;                   ///< [parameters]
    const float* state_in = nullptr;                        ///< [state_vectors][parameters]
    float *parameters_out = nullptr, *state_out = nullptr;  ///< may be the same memory as _in
    float* loss_sums = nullptr;                             ///< [steps][members]
    SegmentOutcome* outcome = nullptr;

    float* exchange = nullptr;  ///< [2][sums * blocks]; not used by one block
    float* stack = nullptr;     ///< [blocks][stack_levels][sums]
    std::int64_t stack_levels = 0;
    float* block_state = nullptr;  ///< [blocks][state_vectors][parameters] if the state is not in shared memory
};

/// How a segment is laid on the card.
struct SegmentLaunch {
    Team team = Team::block;
    int blocks = 1, threads = 32;
};
int launch_segment_linear(const SegmentLinearParams& params, const SegmentLaunch& launch, StreamHandle stream);
/// Blocks of the segment kernel that one multiprocessor holds at once; a grid team must fit as a whole.
int resident_segment_blocks(const SegmentLaunch& launch, std::int64_t shared_bytes, int* blocks_out);

/// Raw rows become records; the affine map is applied here, once.
struct PackRowsParams {
    LinearShape shape;
    std::int64_t rows = 0;
    std::int64_t stride = 0;                         ///< of features: from one row to the next
    const float* features = nullptr;                 ///< [rows][stride]
    const float* targets = nullptr;                  ///< [rows][target_count]
    const float* weights = nullptr;                  ///< [rows] if shape.weighted
    const float *scale = nullptr, *shift = nullptr;  ///< [features], or null for the identity
    float* records = nullptr;
};
int launch_pack_rows(const PackRowsParams& params, int blocks, StreamHandle stream);

/// Scores of raw rows: dot(affine(x), w) + bias.
struct ScoreLinearParams {
    std::int64_t rows = 0, features = 0, outputs = 1;
    std::int64_t stride = 0;  ///< from one row of x to the next
    bool bias = true;
    const float* x = nullptr;  ///< [rows][stride]
    const float *scale = nullptr, *shift = nullptr;
    const float* parameters = nullptr;  ///< of one member
    float* scores = nullptr;            ///< [rows][outputs]
};
int launch_score_linear(const ScoreLinearParams& params, int blocks, StreamHandle stream);

/// Looks for values that are not finite.
struct CheckFiniteParams {
    std::int64_t rows = 0, columns = 0, stride = 0;
    const float* x = nullptr;             ///< [rows][stride]
    unsigned long long* first = nullptr;  ///< becomes the smallest row * columns + column of one, if that is below what it was
};
int launch_check_finite(const CheckFiniteParams& params, int blocks, StreamHandle stream);

}  // namespace glissade::kernels
