// SPDX-License-Identifier: Apache-2.0
// The loss rules over tiles of rows.
#include "host/cpu/simd_targets.hpp"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "host/cpu/slopes.cpp"
#include "hwy/foreach_target.h"
//
#include "glissade/rules/catalog.hpp"
#include "host/cpu/kernels.hpp"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace glissade::cpu::HWY_NAMESPACE {

/// Floats go in whole vectors of eight; lanes beyond the tile's rows are junk that nobody reads. Doubles, whose loops do not all become
/// vectors, do not.
template <class Real>
HWY_INLINE int lanes_of(int rows) {
    return sizeof(Real) == sizeof(float) ? (rows + 7) & ~7 : rows;
}

/// A function of its own: the vectoriser believes `restrict` of parameters only.
template <class Rule, class Real>
HWY_NOINLINE void evaluate_rows(Real* HWY_RESTRICT scores, const Real* HWY_RESTRICT targets, const Real* HWY_RESTRICT constants,
                                Real* HWY_RESTRICT losses, int rows) {
    for (int r = 0; r < rows; ++r) {
        Real slope;
        losses[r] = Rule::evaluate(scores[r], targets[r], constants, slope);
        scores[r] = slope;
    }
}

/// The targets of one output of a binary loss with one for each class.
template <class Real>
HWY_NOINLINE void mark_class(const Real* HWY_RESTRICT indices, int output, Real* HWY_RESTRICT marks, int rows) {
    for (int r = 0; r < rows; ++r) marks[r] = one_vs_rest(indices[r], output);
}

/// Label smoothing of targets 0 and 1.
template <class Real>
HWY_NOINLINE void smooth_targets(const Real* HWY_RESTRICT targets, Real smoothing, Real* HWY_RESTRICT smoothed, int rows) {
    const Real own = Real(1) - smoothing, even = Real(.5) * smoothing;
    for (int r = 0; r < rows; ++r) smoothed[r] = rules::fused(own, targets[r], even);
}

template <class Rule, class Real>
HWY_INLINE void row_losses(const SlopeTask<Real>& task, std::int64_t member) {
    const int rows = lanes_of<Real>(task.row_count), outputs = static_cast<int>(task.outputs);
    Real* losses = task.losses + member * tile_rows;
    Real* scores = task.scores + member * task.outputs * tile_rows;
    Real marks[tile_rows], smoothed[tile_rows], more[tile_rows];
    const auto targets_of = [&](int o) -> const Real* {
        if constexpr (Rule::kind != LossKind::binary) return task.targets + o * tile_rows;
        const bool has_own = task.target_count == task.outputs;
        if (!has_own) mark_class(task.targets, o, marks, rows);
        const Real* labels = has_own ? task.targets + o * tile_rows : marks;
        if (!(task.smoothing > Real(0))) return labels;
        smooth_targets(labels, task.smoothing, smoothed, rows);
        return smoothed;
    };
    evaluate_rows<Rule>(scores, targets_of(0), task.constants, losses, rows);
    for (int o = 1; o < outputs; ++o) {
        evaluate_rows<Rule>(scores + o * tile_rows, targets_of(o), task.constants, more, rows);
        for (int r = 0; r < rows; ++r) losses[r] = losses[r] + more[r];
    }
}

// The loops of a grouped loss for one class and all rows; evaluate_group does the same for one row and all classes.
template <class Real>
HWY_NOINLINE void raise_tops(const Real* HWY_RESTRICT scores, Real* HWY_RESTRICT tops, int rows) {
    for (int r = 0; r < rows; ++r) tops[r] = rules::larger(scores[r], tops[r]);
}
template <class Rule, class Real>
HWY_NOINLINE void add_powers(Real* HWY_RESTRICT scores, const Real* HWY_RESTRICT tops, Real* HWY_RESTRICT sums, int rows) {
    for (int r = 0; r < rows; ++r) {
        scores[r] = Rule::power_of(scores[r], tops[r]);
        sums[r] = sums[r] + scores[r];
    }
}
template <class Rule, class Real>
HWY_NOINLINE void finish_slopes(Real* HWY_RESTRICT powers, const Real* HWY_RESTRICT sums, const Real* HWY_RESTRICT targets, Real index,
                                int rows) {
    for (int r = 0; r < rows; ++r) powers[r] = Rule::slope_of(powers[r], sums[r], targets[r] == index);
}
template <class Rule, class Real>
HWY_NOINLINE void finish_losses(const Real* HWY_RESTRICT sums, const Real* HWY_RESTRICT tops, Real* HWY_RESTRICT losses, int rows) {
    for (int r = 0; r < rows; ++r) losses[r] = Rule::loss_of(sums[r], tops[r], losses[r]);
}

// Label smoothing of a grouped loss: the score of the true class becomes a mean of it and of all scores, before the losses are finished ...
template <class Real>
void smooth_true_scores(const SlopeTask<Real>& task, const Real* scores, Real* true_scores, int rows) {
    const Real own = Real(1) - task.smoothing, even = task.smoothing / static_cast<Real>(task.outputs);
    for (int r = 0; r < rows; ++r) {
        Real sum = Real(0);
        for (std::int64_t o = 0; o < task.outputs; ++o) sum = sum + scores[o * tile_rows + r];
        true_scores[r] = rules::fused(own, true_scores[r], even * sum);
    }
}
// ... and every slope moves towards that of even targets.
template <class Real>
void smooth_slopes(const SlopeTask<Real>& task, Real* slopes, int rows) {
    const Real even = task.smoothing / static_cast<Real>(task.outputs);
    for (std::int64_t o = 0; o < task.outputs; ++o)
        for (int r = 0; r < rows; ++r) {
            Real& slope = slopes[o * tile_rows + r];
            slope = slope + ((task.targets[r] == static_cast<Real>(o) ? task.smoothing : Real(0)) - even);
        }
}

template <class Rule, class Real>
HWY_INLINE void group_losses(const SlopeTask<Real>& task, std::int64_t member) {
    const int rows = lanes_of<Real>(task.row_count);
    Real* scores = task.scores + member * task.outputs * tile_rows;
    Real* losses = task.losses + member * tile_rows;  // the true class's score until the end
    Real tops[tile_rows], sums[tile_rows];
    for (int r = 0; r < rows; ++r) tops[r] = scores[r], sums[r] = Real(0);
    for (int r = 0; r < task.row_count; ++r) losses[r] = scores[static_cast<int>(task.targets[r]) * tile_rows + r];
    const bool smooths = task.smoothing > Real(0);
    if (smooths) smooth_true_scores(task, scores, losses, rows);
    for (std::int64_t o = 1; o < task.outputs; ++o) raise_tops(scores + o * tile_rows, tops, rows);
    for (std::int64_t o = 0; o < task.outputs; ++o) add_powers<Rule>(scores + o * tile_rows, tops, sums, rows);
    for (std::int64_t o = 0; o < task.outputs; ++o)
        finish_slopes<Rule>(scores + o * tile_rows, sums, task.targets, static_cast<Real>(o), rows);
    finish_losses<Rule>(sums, tops, losses, rows);
    if (smooths) smooth_slopes(task, scores, rows);
}

template <class Real>
HWY_INLINE void apply_weights(const SlopeTask<Real>& task, std::int64_t member) {
    const int rows = lanes_of<Real>(task.row_count);
    const Real* HWY_RESTRICT weights = task.weights + (task.member_sets ? task.member_sets[member] : 0) * tile_rows;
    Real* HWY_RESTRICT losses = task.losses + member * tile_rows;
    for (int r = 0; r < rows; ++r) losses[r] = losses[r] * weights[r];
    for (std::int64_t o = 0; o < task.outputs; ++o) {
        Real* HWY_RESTRICT slopes = task.scores + (member * task.outputs + o) * tile_rows;
        for (int r = 0; r < rows; ++r) slopes[r] = slopes[r] * weights[r];
    }
}

template <class Rule, class Real>
void slopes(const SlopeTask<Real>& task) {
    for (std::int64_t m = 0; m < task.members; ++m) {
        if constexpr (Rule::kind == LossKind::grouped)
            group_losses<Rule>(task, m);
        else
            row_losses<Rule>(task, m);
        if (task.weights) apply_weights(task, m);
    }
}

template <class Real>
struct PickSlopes {
    SlopeLoop<Real>& loop;
    template <class Rule>
    void operator()() const {
        loop = slopes<Rule, Real>;
    }
};
template <class Real>
SlopeLoop<Real> pick_slopes(int loss) {
    SlopeLoop<Real> loop = nullptr;
    visit_rule(LossRules{}, loss, PickSlopes<Real>{loop});
    return loop;
}
SlopeLoop<float> pick_slopes_float(int loss) {
    return pick_slopes<float>(loss);
}
SlopeLoop<double> pick_slopes_double(int loss) {
    return pick_slopes<double>(loss);
}

}  // namespace glissade::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace glissade::cpu {

HWY_EXPORT(pick_slopes_float);
HWY_EXPORT(pick_slopes_double);

template <>
SlopeLoop<float> slope_loop<float>(int loss) {
    return HWY_DYNAMIC_DISPATCH(pick_slopes_float)(loss);
}
template <>
SlopeLoop<double> slope_loop<double>(int loss) {
    return HWY_DYNAMIC_DISPATCH(pick_slopes_double)(loss);
}

}  // namespace glissade::cpu
#endif
