// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "glissade/dataset.hpp"
#include "glissade/layers.hpp"
#include "glissade/matrix_view.hpp"
#include "glissade/precision.hpp"
#include "glissade/row_order.hpp"
#include "glissade/rules/update.hpp"
#include "glissade/sparse_view.hpp"
#include "host/execution/calibration.hpp"
#include "host/execution/cost_model.hpp"
#include "host/execution/judged_rows.hpp"
#include "host/execution/network_family.hpp"

namespace glissade {

/// How rows become batches: the same for every member and backend. Step s (from 0) is batch s % steps_per_epoch of epoch s /
/// steps_per_epoch.
struct BatchPlan {
    RowOrder order;
    std::int64_t batch_size = 1;  ///< rows; the last batch of an epoch may be shorter
    std::int64_t steps_per_epoch = 1;

    /// First position of a batch within its epoch, and the number of its rows.
    GLISSADE_RULE std::int64_t begin(std::int64_t batch) const { return batch * batch_size; }
    GLISSADE_RULE std::int64_t rows(std::int64_t batch) const {
        const std::int64_t left = order.rows - batch * batch_size;
        return left < batch_size ? left : batch_size;
    }
};

/// How a run on sparse rows keeps up the parameters of columns that a batch does not hold: not at all until they are needed, or, where that
/// has no closed form (`moves`), in every step.
struct IdlePlan {
    Idle kind = Idle::moves;
    bool shrinks = false;  ///< an L1 penalty goes on; its thresholds are summed up
    bool skips = false;    ///< the rule itself is for columns in the batch only, though each step runs over all for the average's sake
    std::string why_all;   ///< where each step runs over all parameters: what there is no closed form for

    bool lazy() const { return kind != Idle::moves; }
    /// Parameters wait as parts of a product, and of a sum if an L1 penalty goes on.
    bool by_product() const { return kind == Idle::decays || shrinks; }
    /// Vectors of state that say since when a parameter waits: the thresholds summed up by then, its age in steps, or 1/rate of that step.
    int marks() const { return kind == Idle::fades || kind == Idle::follows || shrinks ? 1 : 0; }
};

/// The hidden layers of a network; of a linear model there are none.
template <class Real>
struct HiddenLayers {
    std::vector<std::int64_t> widths;
    int activation = 0;  ///< index in ActivationRules
    Real constants[max_activation_constants] = {};

    bool empty() const { return widths.empty(); }
};

/// Everything about a run that stays the same from step to step. Views: the trainer owns what they point to, for as long as the backend
/// lives.
template <class Real>
struct Problem {
    MatrixView<const Real> features;   ///< of sparse rows: their counts only
    std::optional<DevicePlace> place;  ///< of features in the memory of a device; all else is in the host's
    SparseView<const Real> sparse;     ///< offsets are null for dense rows
    IdlePlan idle;                     ///< of sparse rows
    const Real* targets = nullptr;     ///< rows x target_count
    std::int64_t target_count = 1;
    const Real* weights = nullptr;  ///< [rows][weight_sets], each set of mean 1, or null for all 1
    std::int64_t weight_sets = 1;
    const std::int32_t* member_sets = nullptr;  ///< the set of each member; null: 0 for all
    ColumnAffineView<Real> affine;
    bool bfloat16 = false;  ///< features, mapped, are rounded to bfloat16
    MatmulPrecision matmul_precision = MatmulPrecision::float32;

    std::int64_t outputs = 1;  ///< scores a row
    std::int64_t members = 1;
    bool bias = true;
    HiddenLayers<Real> hidden;
    Real dropout = 0;                              ///< share of the hidden units that a step leaves out
    const std::uint64_t* dropout_seeds = nullptr;  ///< [members]; null without dropout
    int loss = 0;                                  ///< index in LossRules
    Real loss_constants[max_loss_constants] = {};
    Real label_smoothing = 0;
    int rule = 0, variant = 0;  ///< index in UpdateRules, and the rule's variant
    int state_count = 0;        ///< state vectors of the rule, the running average not included
    bool averaging = false;     ///< one more state vector: the running average of the parameters
    Real clip_norm = 0, clip_value = 0;
    Real penalty_in_loss = 0;  ///< of a network: so many times the L2 penalty at a step's begin is part of the step's loss. On the CPU
    BatchPlan batches;
    JudgedRows<Real> held_out;      ///< validation rows, dense or sparse as the others, or none
    bool nondeterministic = false;  ///< sums may be added in an order that is not the same every time, where that is faster

    /// Whether dense rows are not trained on as they come.
    bool maps_rows() const { return affine || bfloat16; }
    bool is_sparse() const { return sparse.offsets != nullptr; }
    bool is_network() const { return !hidden.empty(); }
    std::vector<DenseLayer> layers() const { return dense_layers(features.columns, hidden.widths, outputs, bias); }
    /// Of a linear model; a network's lie in its layers.
    std::int64_t weight_count() const { return outputs * features.columns; }
    std::int64_t parameter_count() const { return is_network() ? layers().back().end() : weight_count() + (bias ? outputs : 0); }
    int mark_vectors() const { return is_sparse() ? idle.marks() : 0; }
    int state_vectors() const { return state_count + (averaging ? 1 : 0) + mark_vectors(); }
};

/// Parameters and state of every member, as the host keeps and saves them. A member's parameters: layer by layer weights
/// [outputs][inputs], biases [outputs]; a linear model is one layer.
template <class Real>
struct TrainingState {
    std::vector<Real> parameters;          ///< [members][parameter_count]
    std::vector<std::vector<Real>> state;  ///< state_vectors() of [members][parameter_count]: the rule's, the running average, marks
    std::vector<double> waiting = {};      ///< sparse rows: [members][idle_numbers], see host/execution/idle.hpp; else empty
    std::vector<std::vector<double>> solver = {};  ///< [members]: what a rule that the host drives remembers; empty before it begins
};

/// Steps first_step ... first_step + steps - 1, to be run without coming back.
template <class Real>
struct Segment {
    std::int64_t first_step = 0;
    std::int64_t steps = 0;
    const Real* scalars = nullptr;  ///< [steps][members][scalars_a_member]
};

/// What a segment did. On the first non-finite sum (loss or a gradient, of any member) the state freezes as it was before that step.
struct SegmentReport {
    std::int64_t steps_done = 0;        ///< == steps, or the steps before the one that froze
    bool frozen = false;                ///< the step after steps_done met a non-finite sum ...
    std::int64_t frozen_member = 0;     ///< ... of this member, the first such
    std::span<const double> loss_sums;  ///< [steps_done][members]: sum over the batch's rows of weight * loss; valid until the next run
};

/// Runs segments. One virtual call per segment of many steps, never per step or row.
///
/// The arithmetic of a step is fixed (SumShape, ScalarRow, update_parameter), so every backend gives the same bits. For each member, in
/// Real:
/// - features: x' = fma(x, scale, shift) with a column affine, else x' = x; then rounded to bfloat16 where the problem says so;
/// - scores: dot(x', w) of SumShape, then + bias (one addition, none without bias);
/// - slopes and losses by the rule, a grouped one once a row; a binary one with several outputs takes one_vs_rest() for targets; the losses
/// of a row's outputs are added in output order, l0 + l1 + ...; with weights,
///   each slope and then the row's loss is multiplied once by the row's weight;
/// - partial sums by SumShape: g = fma(slope, x', g) for weights, g = g + slope for biases, l = l + loss for the loss, all from 0 and all
/// by one tree;
/// - a total that is not finite (a weight's, a bias's or the loss) freezes the state before anything else of the step;
/// - g = g / Real(rows of the batch); if clip_value > 0, g = smaller(larger(g, -clip_value), clip_value);
/// - if clip_norm > 0: norm = root(dot(g, g)) by the lanes of SumShape over the member's parameters in their order, weights then biases;
/// where norm >
///   clip_norm, g = g * c with c = clip_norm / (norm + Real(1e-6));
/// - update_parameter with the weights' or the biases' row of scalars.
///
/// Of sparse rows, what differs (docs/numerics.md):
/// - features: x' = x * scale with a column affine, else x' = x; columns that a row does not store count as 0;
/// - scores: products x' * w, each rounded, added in four lanes (entry k of a row to lane k % 4), (l0 + l2) + (l1 + l3), then + bias;
/// - weights' gradients: products slope * x', each rounded, added in row order from 0;
/// - norm: squares of the gradients of the batch's columns, added in 64 groups of columns, each in the order in which its columns first
///   appear in the batch; then the groups by a binary tree, then the biases' in order;
/// - parameters of other columns wait as IdlePlan says; TrainingState is then what settled_parameters() makes parameters of.
///
/// Of networks, what differs: scores and gradients are sums of the matrix products of a BLAS, whose order is fixed for a shape, a processor
/// type and a version of it, and does not depend on threads (docs/numerics.md); partial sums of rows by host/cpu/network_plan.hpp. Losses,
/// smoothing, row weights, the mean, clipping (over all layers together), freezing and updates are as above.
template <class Real>
class Backend {
public:
    virtual ~Backend() = default;

    virtual void set_state(const TrainingState<Real>& state) = 0;
    /// The state after all segments run so far. Waits.
    virtual TrainingState<Real> get_state() = 0;
    /// Runs a segment on the live state. Waits. None may be under way.
    virtual SegmentReport run(const Segment<Real>& segment) = 0;
    /// The steps of a segment that start() takes; 0: there is no start() here, only run().
    virtual std::int64_t most_started_steps() const { return 0; }
    /// run() in two halves: sets a segment off behind those under way, of which there may be one. Everything that `segment` points to has
    /// been read when this returns.
    virtual void start(const Segment<Real>& segment);
    /// The report of the oldest segment under way. Only now is it part of the live state: get_state() and roll_back() do not see a younger
    /// one. Waits.
    virtual SegmentReport wait();
    /// Forgets the segment under way, as if it had not been started. Waits.
    virtual void discard();
    /// Whether a member has converged: more steps would leave it as it is. Only rules that the host drives ever know.
    virtual bool settled(std::int64_t) const { return false; }
    /// Goes on with some of the members only: `problem` is the one that the backend was made of, with fewer of them; set_state() follows.
    /// False, and nothing has changed, if the backend has to be made anew.
    virtual bool keep_members(const Problem<Real>&) { return false; }
    /// Undoes the last segment that was run.
    virtual void roll_back() = 0;
    /// Scores rows x outputs, row-major, of raw rows: dot(affine(x), w) + bias, for one member's parameters.
    virtual void score(MatrixView<const Real> x, const Real* parameters, std::span<Real> scores_out) = 0;
    /// The same of sparse rows, for a backend that trains on such; throws Error(internal) on others.
    virtual void score(SparseView<const Real> x, const Real* parameters, std::span<Real> scores_out);
    /// The sums over problem.held_out of one member's parameters, if the backend takes them where the rows are; false: it does not, and
    /// whoever asks takes scores.
    virtual bool judge(const Real*, JudgedSums&) { return false; }
    /// A sentence: what runs, on how many threads or blocks, with how many bytes.
    virtual std::string description() const = 0;
    /// May read the rows for some milliseconds, to see how fast that goes.
    virtual StepPrediction predict_step() = 0;
    /// How a network runs on a card: what BackendLimits::network of a run that goes on from here has to be.
    virtual NetworkFamily network_family() const { return NetworkFamily::faster; }
};

/// What a backend may use.
struct BackendLimits {
    int threads = 1;
    int cuda_ordinal = 0;
    std::int64_t memory_limit_bytes = 0;  ///< of the device that it runs on; 0: what is available
    Calibration calibration = {};         ///< what predictions go by; empty: what is usual
    NetworkFamily network = {};           ///< of the run that goes on; on a card only
};

/// Throw Error(memory) before anything is allocated if the budget does not fit, Error(device) if the device cannot be used or the shape
/// does not fit it.
template <class Real>
std::unique_ptr<Backend<Real>> make_cpu_backend(const Problem<Real>& problem, const BackendLimits& limits);
std::unique_ptr<Backend<float>> make_cuda_backend(const Problem<float>& problem, const BackendLimits& limits);
/// Empty if make_cuda_backend would take this shape on the device, else why not (names the figure and the remedy).
std::string cuda_refusal(const Problem<float>& problem, const BackendLimits& limits);

/// Scores of raw rows without training: what prediction uses. `parameters` as in TrainingState.
template <class Real>
struct ScoreTask {
    MatrixView<const Real> x;
    ColumnAffineView<Real> affine;  ///< of sparse rows the scale only
    const Real* parameters = nullptr;
    std::int64_t outputs = 1;
    bool bias = true;
    SparseView<const Real> sparse = {};     ///< instead of x, if its offsets are not null
    std::optional<DevicePlace> place = {};  ///< of x in the memory of a device
    HiddenLayers<Real> hidden = {};
};
template <class Real>
void score_on_cpu(const ScoreTask<Real>& task, int threads, std::span<Real> scores_out);

/// A model on a card that is ready to score rows.
class CardScorer {
public:
    virtual ~CardScorer() = default;
    /// Scores of `task`'s rows; but for them it is the task that the scorer was made for. Waits.
    virtual void score(const ScoreTask<float>& task, std::span<float> scores_out) = 0;
};
/// For matrices of up to the rows of `task`; more come in several trips. Throw Error(device | memory) if the card cannot be made ready.
std::unique_ptr<CardScorer> make_card_scorer(const ScoreTask<float>& task, int ordinal);
/// The sums over rows of their scores by `task`, whose rows are not looked at. Throws Error(memory) if what it needs does not fit.
JudgedSums judge_on_cuda(const ScoreTask<float>& task, const JudgedRows<float>& rows, int ordinal);

}  // namespace glissade
