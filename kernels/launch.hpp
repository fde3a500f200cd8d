// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "glissade/layers.hpp"
#include "glissade/row_order.hpp"
#include "glissade/rules/field.hpp"
#include "glissade/rules/loss_kind.hpp"

struct CUstream_st;

/// The gate to the GPU code: what every launcher takes, in plain C++. Pointers named here point to device memory unless they say otherwise.
/// A launcher returns the cudaError_t of its launch as an int (0: queued on `stream`) and waits for nothing.
namespace glissade::kernels {

using StreamHandle = CUstream_st*;  ///< what cudaStream_t is

/// Who works on a step: one block, the blocks of one cluster, or every block of a cooperative grid. Or each member has a block of its own:
/// as many teams as members, which know nothing of each other. Or the blocks of launches that follow one another in a graph: none waits for
/// another, so any card runs them (launch_step.hpp).
enum class Team { block, cluster, grid, block_a_member, graph };

/// How the sums of a team's blocks become new parameters.
/// - replica: every block keeps all parameters and state, adds up all blocks' sums and applies the same update. One barrier a step.
/// - sliced: every block owns a slice of the parameters with its state; it adds up all blocks' sums of the slice and updates it, and the
///   others read what came of it. Two barriers a step, three with clipping by the norm; of a graph as many launches.
enum class Exchange { replica, sliced };

/// Division by a number that is known beforehand, as two multiplications. Exact for every int that is not negative.
struct Divider {
    std::uint64_t magic = 0;  ///< ceil(2^62 / divisor)
    static constexpr Divider by(std::int64_t divisor) {
        return {((std::uint64_t{1} << 62) + static_cast<std::uint64_t>(divisor) - 1) / static_cast<std::uint64_t>(divisor)};
    }
    constexpr int quotient(int dividend) const {
        constexpr std::uint64_t low = (std::uint64_t{1} << 31) - 1;
        const auto n = static_cast<std::uint64_t>(static_cast<std::uint32_t>(dividend));
        return static_cast<int>(((magic >> 31) * n + ((magic & low) * n >> 31)) >> 31);
    }
};

/// The counts of a dense model. A member's parameters: weights [outputs][features], biases [outputs]; of a network the same layer by layer.
struct LinearShape {
    std::int64_t features = 0, outputs = 1, members = 1;
    std::int64_t target_count = 1;
    std::int64_t state_vectors = 0;  ///< of the update rule, the running average included
    bool bias = true;
    std::int64_t weight_sets = 0;         ///< weights of a row, of which a member takes one; 0: all are 1
    bool bfloat16 = false;                ///< features of a record are of 16 bits, two in a word
    std::int64_t network_parameters = 0;  ///< of a member with hidden layers; 0: there are none
    std::int64_t unit_floats = 0;         ///< that a network's units take for each row of a tile

    constexpr bool is_network() const { return network_parameters > 0; }
    /// Partial sums of a batch at most. Those of a network are large, and a block has one.
    constexpr std::int64_t most_partials() const { return is_network() ? 128 : 1024; }

    constexpr std::int64_t columns() const { return members * outputs; }
    /// Columns whose scores, or sums, a thread works on at a time: they share each value of the row that is read.
    constexpr std::int64_t columns_at_once() const { return columns() > 1 ? 4 : 1; }
    /// What the sums of one partial are divided into for threads: (columns at once, word of features or bias) pairs, then losses.
    constexpr std::int64_t sum_items() const { return (columns() + columns_at_once() - 1) / columns_at_once() * row_factors() + members; }
    /// What the sums of a column are divided into.
    constexpr std::int64_t row_factors() const { return feature_words() + (bias ? 1 : 0); }
    /// Words that the features of a record take.
    constexpr std::int64_t feature_words() const { return bfloat16 ? (features + 1) / 2 : features; }
    constexpr std::int64_t member_weights() const { return outputs * features; }
    constexpr std::int64_t member_parameters() const { return is_network() ? network_parameters : member_weights() + (bias ? outputs : 0); }
    constexpr std::int64_t parameters() const { return members * member_parameters(); }
    /// Sums of a step: one a parameter, then one loss a member.
    constexpr std::int64_t sums() const { return parameters() + members; }
    /// A row as the device keeps it: features, targets, weights, filled up to whole 16 bytes.
    constexpr std::int64_t record_floats() const { return (feature_words() + target_count + weight_sets + 3) / 4 * 4; }
    /// From one record to the next in shared memory.
    constexpr std::int64_t record_pitch() const { return is_network() ? unit_pitch(record_floats()) : record_floats(); }
    /// From one row of a network's inputs to the next, where they are not read out of the records.
    constexpr std::int64_t input_pitch() const { return bfloat16 ? unit_pitch(features) : 0; }
    /// From one row of units to the next in shared memory: room for whole groups of 8, and an odd number of 16 bytes, so that threads that
    /// read 16 bytes of neighbouring rows meet different banks.
    static constexpr std::int64_t unit_pitch(std::int64_t width) { return (width + 7) / 8 * 8 + 4; }
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
    static BatchDivision of(const LinearShape& shape, std::int64_t rows, std::int64_t blocks, const TileShape& tile);
};

/// Which batch a step is: steps and epochs are counted from those of the segment's first.
struct BatchCursor {
    std::int64_t step = 0, epoch = 0, batch = 0;
    GLISSADE_RULE void advance(std::int64_t steps_per_epoch) {
        ++step;
        if (++batch == steps_per_epoch) {
            batch = 0;
            ++epoch;
        }
    }
};

/// Which of the large arrays lie in a block's shared memory; the others lie in device memory. Of a replica all but the state always do; a
/// graph's state never does.
struct SegmentPlaces {
    bool parameters = true, sums = true, state = true;
    bool records = true;  ///< of the tile at hand; else every value is read from device memory when it is needed, twice
};

/// How a segment is laid on the card.
struct SegmentLaunch {
    Team team = Team::block;
    Exchange exchange = Exchange::replica;
    int blocks = 1, threads = 32;
    SegmentPlaces places;
    int cluster = 1;  ///< blocks of a cluster, a power of two; of a grid team 1 if it has none
    /// The model as one team sees it.
    constexpr LinearShape of_a_team(LinearShape shape) const {
        if (team == Team::block_a_member) shape.members = 1;
        return shape;
    }
    /// Elements that a block owns: of the sums, so that losses are shared out too.
    constexpr std::int64_t slice(const LinearShape& shape) const {
        return exchange == Exchange::sliced ? (shape.sums() + blocks - 1) / blocks : shape.parameters();
    }
};

/// Where things stand in a block's shared memory: byte offsets.
struct SegmentLayout {
    static constexpr std::int64_t header_bytes = 16;
    static constexpr int record_buffers = 2;  ///< one in use, one arriving
    static constexpr int row_slots = 3;       ///< in use, arriving, being looked up

    std::int64_t records = 0;       ///< [record_buffers][tile rows][record_pitch]
    std::int64_t rates = 0;         ///< [2][members][scalars of a member]: this step's and the next one's
    std::int64_t rows = 0;          ///< [row_slots][tile rows] of std::int64_t: row numbers, -1 for none
    std::int64_t counts = 0;        ///< [row_slots][tile partials] of int: rows that each partial sum has in the tile
    std::int64_t scores = 0;        ///< [tile rows][columns + members]: scores, then slopes; losses. Of a network its units
    std::int64_t clip = 0;          ///< [members]
    std::int64_t sums = 0;          ///< [tile partials][sums], if here
    std::int64_t parameters = 0;    ///< [parameters], if here
    std::int64_t state = 0;         ///< [state_vectors][slice], if here
    std::int64_t cluster_sums = 0;  ///< [2][sums]: a cluster team's replicas
    std::int64_t bytes = 0;

    static SegmentLayout of(const LinearShape& shape, const TileShape& tile, const SegmentLaunch& launch);
};

/// What the blocks of a sliced exchange tell each other beside sums.
struct SegmentSignals {
    int doubtful[2];    ///< by the parity of the step: a partial sum so large that a total may not be finite
    int frozen_member;  ///< the first member with a total that is not finite; `members` while there is none
};

/// What a segment did, as the device writes it.
struct SegmentOutcome {
    std::int64_t steps_done;
    std::int64_t frozen_member;  ///< -1 if every sum was finite
};

struct SegmentLinearParams {
    LinearShape shape;             ///< as one team sees it
    std::int64_t all_members = 1;  ///< of all teams
    TileShape tile;
    SegmentLaunch launch;
    SegmentLayout layout;
    Divider by_sum_items, by_member_parameters, by_outputs, by_row_factors, by_record_chunks;

    const float* records = nullptr;  ///< [rows][record_floats]
    int loss = 0;                    ///< index in LossRules
    float loss_constants[max_loss_constants] = {};
    float label_smoothing = 0;
    const std::int32_t* member_sets = nullptr;  ///< [all members]: which of a row's weights is theirs; null: the first
    int rule = 0, variant = 0;                  ///< index in UpdateRules, and the rule's variant
    bool averaging = false;
    float clip_norm = 0, clip_value = 0;

    std::int64_t batch_size = 1, steps_per_epoch = 1;
    BatchDivision division, last_division;                  ///< of every batch but an epoch's last, and of that one
    std::int64_t steps = 0;                                 ///< of this segment
    std::int64_t first_batch = 0;                           ///< of its first step, within its epoch
    const EpochOrder* orders = nullptr;                     ///< of every epoch that the segment touches
    const float* scalars = nullptr;                         ///< [steps][all members][scalars of a member]
    const float* parameters_in = nullptr;                   ///< [all members][parameters of one]
    const float* state_in = nullptr;                        ///< [state_vectors][all members][parameters of one]
    float *parameters_out = nullptr, *state_out = nullptr;  ///< may be the same memory as _in
    float* loss_sums = nullptr;                             ///< [steps][all members]
    SegmentOutcome* outcome = nullptr;                      ///< [teams]

    float* exchange = nullptr;  ///< replica: [2][sums][blocks]; sliced: [blocks][sums]; not used by one block
    float* stack = nullptr;     ///< [blocks][stack_levels][sums]
    std::int64_t stack_levels = 0;
    float* block_state = nullptr;       ///< [blocks][state_vectors][parameters]: replicas' if they are not in shared memory
    float* block_sums = nullptr;        ///< [blocks][tile partials][sums] if they are not in shared memory
    float* gradients = nullptr;         ///< [parameters]: sliced exchange with clipping by the norm
    SegmentSignals* signals = nullptr;  ///< sliced exchange

    /// Of parameter `e` of a member.
    GLISSADE_RULE bool is_bias(int e) const { return e >= static_cast<int>(shape.member_weights()); }
};

/// A layer of a network in a segment kernel. Units of a tile's rows lie in shared memory: [tile rows][pitch], at so many floats.
struct SegmentLayer {
    int inputs = 0, outputs = 0;
    int weights_at = 0, biases_at = 0, end = 0;  ///< among a member's parameters
    int pitch = 0;
    int values_at = 0;  ///< what a hidden layer gives
    int slopes_at = 0;  ///< slopes of its activation, then those of the loss in its sums; of the last layer scores, then these
};

struct SegmentNetworkParams : SegmentLinearParams {
    static constexpr int most_layers = 8;
    int layer_count = 0;
    SegmentLayer layers[most_layers];
    int activation = 0;  ///< index in ActivationRules
    float activation_constants[max_activation_constants] = {};
    const std::uint64_t* dropout_seeds = nullptr;  ///< [all members], or null without dropout
    std::uint32_t dropout_threshold = 0;           ///< a unit is left out where its random word is below
    float dropout_kept = 1;                        ///< what the others are multiplied with
    std::int64_t first_step = 0;                   ///< of the segment, within the run

    GLISSADE_RULE bool is_bias(int e) const {
        for (int l = 0; l < layer_count; ++l)
            if (e < layers[l].end) return e >= layers[l].biases_at;
        return false;
    }
    /// Lays out the layers and the units of a row; returns the floats of those, LinearShape::unit_floats.
    /// `input_pitch`: of LinearShape; inputs come first.
    static std::int64_t place_layers(std::span<const DenseLayer> network, std::int64_t input_pitch, std::int64_t tile_rows,
                                     SegmentLayer* layers_out);
};

int launch_segment_linear(const SegmentLinearParams& params, StreamHandle stream);
int launch_segment_network(const SegmentNetworkParams& params, StreamHandle stream);
/// Blocks of the segment kernel, with these clusters, that the device holds at once; a team must fit as a whole.
int resident_segment_blocks(const SegmentLaunch& launch, bool network, std::int64_t shared_bytes, int multiprocessors, int* blocks_out);

/// Raw rows become records; the affine map is applied here, once.
struct PackRowsParams {
    LinearShape shape;
    std::int64_t rows = 0;
    std::int64_t stride = 0;                         ///< of features: from one row to the next
    const float* features = nullptr;                 ///< [rows][stride]
    const float* targets = nullptr;                  ///< [rows][target_count]
    const float* weights = nullptr;                  ///< [rows][weight_sets]
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
