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

inline constexpr int block = 8;  ///< rows a loop of fixed length, which the compiler turns into vectors; lanes beyond the tile's rows are junk

template <class Rule, class Real>
HWY_INLINE void row_losses(const SlopeTask<Real>& task, std::int64_t member, int begin) {
    Real* HWY_RESTRICT losses = task.losses + member * tile_rows + begin;
    const Real constants[max_loss_constants] = {task.constants[0], task.constants[1]};
    for (std::int64_t o = 0; o < task.outputs; ++o) {
        Real* HWY_RESTRICT scores = task.scores + (member * task.outputs + o) * tile_rows + begin;
        const Real* HWY_RESTRICT targets = task.targets + o * tile_rows + begin;
        Real loss[block];
        for (int r = 0; r < block; ++r) {
            Real slope;
            loss[r] = Rule::evaluate(scores[r], targets[r], constants, slope);
            scores[r] = slope;
        }
        if (o == 0)
            for (int r = 0; r < block; ++r) losses[r] = loss[r];
        else
            for (int r = 0; r < block; ++r) losses[r] = losses[r] + loss[r];
    }
}

template <class Rule, class Real>
HWY_INLINE void group_losses(const SlopeTask<Real>& task, std::int64_t member, int begin) {
    Real* scores = task.scores + member * task.outputs * tile_rows;
    const int end = begin + block < task.row_count ? begin + block : task.row_count;
    for (int r = begin; r < end; ++r)
        task.losses[member * tile_rows + r] =
            Rule::evaluate_group(scores + r, static_cast<int>(task.outputs), tile_rows, task.targets[r], task.constants, scores + r);
}

template <class Real>
HWY_INLINE void apply_weights(const SlopeTask<Real>& task, std::int64_t member, int begin) {
    const Real* HWY_RESTRICT weights = task.weights + begin;
    Real* HWY_RESTRICT losses = task.losses + member * tile_rows + begin;
    for (int r = 0; r < block; ++r) losses[r] = losses[r] * weights[r];
    for (std::int64_t o = 0; o < task.outputs; ++o) {
        Real* HWY_RESTRICT slopes = task.scores + (member * task.outputs + o) * tile_rows + begin;
        for (int r = 0; r < block; ++r) slopes[r] = slopes[r] * weights[r];
    }
}

template <class Rule, class Real>
void slopes(const SlopeTask<Real>& task) {
    for (std::int64_t m = 0; m < task.members; ++m)
        for (int begin = 0; begin < task.row_count; begin += block) {
            if constexpr (Rule::kind == LossKind::grouped)
                group_losses<Rule>(task, m, begin);
            else
                row_losses<Rule>(task, m, begin);
            if (task.weights) apply_weights(task, m, begin);
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
SlopeLoop<float> pick_slopes_float(int loss) { return pick_slopes<float>(loss); }
SlopeLoop<double> pick_slopes_double(int loss) { return pick_slopes<double>(loss); }

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
