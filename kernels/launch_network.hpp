// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "glissade/rules/field.hpp"
#include "glissade/rules/sum_shape.hpp"
#include "kernels/launch.hpp"
#include "kernels/tuning.hpp"

/// The gate to what a step of a network is made of, besides the products of gateway/gemm.hpp. A step is a few launches that are captured in
/// a graph once and replayed: what changes from step to step is read from a NetworkLeg in device memory.
///
/// Members lie one behind another: rows of units are [members][rows][width]. A member's parameters are those of DenseLayer; the sums of its
/// gradient lie in the same places, its loss behind them.
namespace glissade::kernels {

/// Where the steps of a leg stand, in device memory. Only begin and decide write it.
struct NetworkLeg {
    std::int64_t step = 0;        ///< to be done next, within the leg; from decide to the end of a step the one after it
    std::int64_t first_step = 0;  ///< of the leg, within the run
    std::int64_t batch = 0;       ///< of `step`, within its epoch
    std::int64_t epoch = 0;       ///< its epoch, within the leg
    int frozen = 0;               ///< a sum was not finite: nothing changes any more
    const EpochOrder* orders = nullptr;
    const float* scalars = nullptr;  ///< [steps][members][scalars of a member]
    float* loss_sums = nullptr;      ///< [steps][members]
    SegmentOutcome* outcome = nullptr;
};

/// Counts of a network and its batch that several kernels ask for.
struct NetworkShape {
    std::int64_t rows = 0;  ///< of the batch
    std::int64_t members = 1;
    std::int64_t parameters = 0;    ///< of a member
    std::int64_t sum_stride = 0;    ///< from one member's sums to the next; above `parameters`, where the loss is
    std::int64_t partial_sums = 0;  ///< of a member: of biases, layer by layer, and the loss
    constexpr std::int64_t all_partial_sums() const { return members * partial_sums; }
};

/// Writes a leg and clears what a step looks at.
struct NetworkBeginParams {
    NetworkLeg value;
    NetworkLeg* leg = nullptr;
    int* not_finite = nullptr;  ///< [members]
    std::int64_t members = 1;
};
int launch_network_begin(const NetworkBeginParams& params, StreamHandle stream);

/// The rows of the batch, out of their records.
struct NetworkGatherParams {
    LinearShape record;  ///< of which only what a record holds counts
    std::int64_t rows = 0, batch_size = 1;
    const float* records = nullptr;
    const NetworkLeg* leg = nullptr;
    float *inputs = nullptr, *targets = nullptr, *weights = nullptr;  ///< [rows][features], [rows][target_count], [rows][weight_sets]
};
int launch_network_gather(const NetworkGatherParams& params, int blocks, StreamHandle stream);

/// Rows to be scored, through the affine map.
struct NetworkInputParams {
    std::int64_t rows = 0, features = 0, stride = 0;
    const float* x = nullptr;                        ///< [rows][stride]
    const float *scale = nullptr, *shift = nullptr;  ///< [features], or null for the identity
    float* inputs = nullptr;                         ///< [rows][features]
};
int launch_network_input(const NetworkInputParams& params, int blocks, StreamHandle stream);

/// Sums of a layer become values, and in their place slopes: bias, activation, slope and dropout. Four units of a row are a quad.
struct NetworkActivateParams {
    std::int64_t rows = 0, members = 1, width = 0;
    Divider by_quads, by_rows;
    int activation = 0;  ///< index in ActivationRules
    float constants[max_activation_constants] = {};
    const float* bias = nullptr;  ///< [width] of the first member, or null
    std::int64_t bias_stride = 0;
    float* sums = nullptr;
    float* values = nullptr;
    // Dropout, as host/cpu/network_loops.hpp says; without it the leg is null.
    const NetworkLeg* leg = nullptr;
    const std::uint64_t* seeds = nullptr;  ///< [members]
    std::uint32_t threshold = 0;
    float kept = 1;
    std::uint64_t layer = 0;

    constexpr std::int64_t quads() const { return (width + 3) / 4; }
    constexpr std::int64_t items() const { return members * rows * quads(); }  ///< at most 2^30
};
int launch_network_activate(const NetworkActivateParams& params, int blocks, StreamHandle stream);

/// Scores become slopes; partial sums of the slopes (the last layer's biases) and of the losses, in SumShape's order.
struct NetworkLossParams {
    NetworkShape shape;
    SumShape sums;                    ///< of the batch
    std::int64_t block_partials = 1;  ///< partial sums that a block works on at a time: a power of two, a divisor of all
    std::int64_t outputs = 1, target_count = 1;
    int loss = 0;
    float loss_constants[max_loss_constants] = {};
    float smoothing = 0;
    const float* bias = nullptr;  ///< [outputs] of the first member, or null
    std::int64_t bias_stride = 0;
    std::int64_t first_partial_sum = 0;  ///< of the layer's biases within a member's
    const float* targets = nullptr;
    const float* weights = nullptr;  ///< [rows][weight_sets], or null
    std::int64_t weight_sets = 1;
    const std::int32_t* member_sets = nullptr;  ///< [members], or null: 0 for all
    float* scores = nullptr;                    ///< [members][rows][outputs]: scores in, slopes out
    float* losses = nullptr;                    ///< [members][rows]
    float* partial_sums = nullptr;              ///< [partials][members][partial_sums]
};
int launch_network_loss(const NetworkLossParams& params, int blocks, StreamHandle stream);

/// Slopes in a layer's values become slopes in its sums; their partial sums are those of its biases.
struct NetworkTurnParams {
    NetworkShape shape;
    SumShape sums;
    std::int64_t width = 0;
    Divider by_width, by_partials;
    bool bias = true;
    std::int64_t first_partial_sum = 0;
    float* slopes = nullptr;
    const float* factors = nullptr;
    float* partial_sums = nullptr;

    constexpr std::int64_t items() const { return shape.members * sums.partials * width; }  ///< at most 2^30
};
int launch_network_turn(const NetworkTurnParams& params, int blocks, StreamHandle stream);

/// Adds up partial sums by a binary tree.
struct NetworkFoldParams {
    NetworkShape shape;
    std::int64_t partials = 1;  ///< a power of two
    const float* partial_sums = nullptr;
    const std::int64_t* places = nullptr;  ///< [partial_sums of a member]: where each belongs among the member's sums
    float* sums = nullptr;
};
int launch_network_fold(const NetworkFoldParams& params, int blocks, StreamHandle stream);

/// Whether all sums are finite; parts of the norms of the gradients.
struct NetworkCheckParams {
    NetworkShape shape;
    float clip_value = 0;
    const float* sums = nullptr;
    int* not_finite = nullptr;  ///< [members]
    float* squares = nullptr;   ///< [members][network_pieces]: sums of squares; null without clipping by the norm
};
int launch_network_check(const NetworkCheckParams& params, int blocks, StreamHandle stream);

/// What needs all sums: losses, freezing, factors by which norms clip; then on to the next step.
struct NetworkDecideParams {
    NetworkShape shape;
    std::int64_t steps_per_epoch = 1;
    float clip_norm = 0;
    const float* sums = nullptr;
    const float* squares = nullptr;
    int* not_finite = nullptr;
    float* clip = nullptr;  ///< [members]
    NetworkLeg* leg = nullptr;
};
int launch_network_decide(const NetworkDecideParams& params, StreamHandle stream);

struct NetworkUpdateParams {
    NetworkShape shape;
    int rule = 0, variant = 0;
    bool averaging = false;
    std::int64_t state_stride = 0;  ///< from one vector to the next
    float clip_value = 0;
    std::int64_t ranges = 0;
    const std::int64_t* range_ends = nullptr;  ///< [ranges]: of a member's parameters; weights and biases take turns
    const float* sums = nullptr;
    const float* clip = nullptr;  ///< [members], or null without clipping by the norm
    const NetworkLeg* leg = nullptr;
    float* parameters = nullptr;
    float* state = nullptr;
};
int launch_network_update(const NetworkUpdateParams& params, int blocks, StreamHandle stream);

/// Parameters of a member that a block of check and update works on at a time: what norms are added up from.
inline constexpr std::int64_t network_piece = 1024;
constexpr std::int64_t network_pieces(std::int64_t count) {
    return (count + network_piece - 1) / network_piece;
}
/// Partial sums that a block of the loss kernel works on at a time: as many as have a row for each of its threads.
constexpr std::int64_t loss_block_partials(const SumShape& sums) {
    const std::int64_t longest = (sums.rows + sums.partials - 1) / sums.partials;
    std::int64_t partials = 1;
    while (2 * partials * longest <= tuning::loss_threads && 2 * partials <= sums.partials) partials *= 2;
    return partials;
}

}  // namespace glissade::kernels
