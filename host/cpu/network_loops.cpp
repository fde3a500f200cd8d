// SPDX-License-Identifier: Apache-2.0
// The activation rules, dropout and the slopes of biases over rows of units.
#include "host/cpu/simd_targets.hpp"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "host/cpu/network_loops.cpp"
#include "hwy/foreach_target.h"
//
#include "glissade/random.hpp"
#include "glissade/rules/catalog.hpp"
#include "host/cpu/network_loops.hpp"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace glissade::cpu::HWY_NAMESPACE {

/// Functions of their own: the vectoriser believes `restrict` of parameters only.
template <class Rule, bool Biased, class Real>
HWY_NOINLINE void activate_row(Real* HWY_RESTRICT sums, Real* HWY_RESTRICT values, const Real* HWY_RESTRICT bias,
                               const Real* HWY_RESTRICT constants, std::int64_t width) {
    for (std::int64_t u = 0; u < width; ++u) {
        Real slope;
        const Real sum = Biased ? sums[u] + bias[u] : sums[u];
        values[u] = Rule::evaluate(sum, constants, slope);
        sums[u] = slope;
    }
}
template <class Rule, class Real>
void activate(const ActivateTask<Real>& task) {
    const auto row = task.bias ? activate_row<Rule, true, Real> : activate_row<Rule, false, Real>;
    for (std::int64_t r = 0; r < task.rows; ++r)
        row(task.sums + r * task.width, task.values + r * task.width, task.bias, task.constants, task.width);
}

inline constexpr int blocks_at_once = 64;

/// The numbers of some blocks of Philox, word by word, so that the rounds run in vectors.
HWY_NOINLINE void fill_words(std::uint64_t seed, std::uint64_t stream, std::uint64_t counter, std::uint32_t* HWY_RESTRICT word_0,
                             std::uint32_t* HWY_RESTRICT word_1, std::uint32_t* HWY_RESTRICT word_2, std::uint32_t* HWY_RESTRICT word_3,
                             int blocks) {
    for (int i = 0; i < blocks; ++i) {
        const Philox::Block b = Philox::generate(seed, stream, counter + static_cast<std::uint64_t>(i));
        word_0[i] = b.word[0];
        word_1[i] = b.word[1];
        word_2[i] = b.word[2];
        word_3[i] = b.word[3];
    }
}

template <class Real>
void drop(const DropTask<Real>& task) {
    const auto threshold = static_cast<std::uint64_t>(task.share * 0x1p32);
    const Real kept = static_cast<Real>(1.0 / (1.0 - task.share));
    const std::int64_t blocks = (task.width + 3) / 4;
    std::uint32_t words[4][blocks_at_once];
    for (std::int64_t r = 0; r < task.rows; ++r)
        for (std::int64_t first = 0; first < blocks; first += blocks_at_once) {
            const int count = static_cast<int>(blocks - first < blocks_at_once ? blocks - first : blocks_at_once);
            fill_words(task.seed, task.stream, task.counter + static_cast<std::uint64_t>(r * blocks + first), words[0], words[1], words[2],
                       words[3], count);
            const std::int64_t end = task.width < 4 * (first + count) ? task.width : 4 * (first + count);
            for (std::int64_t u = 4 * first; u < end; ++u) {
                const Real factor = words[u % 4][u / 4 - first] < threshold ? Real(0) : kept;
                task.values[r * task.width + u] = task.values[r * task.width + u] * factor;
                task.slopes[r * task.width + u] = task.slopes[r * task.width + u] * factor;
            }
        }
}

template <class Real>
HWY_NOINLINE void times(Real* HWY_RESTRICT slopes, const Real* HWY_RESTRICT factors, std::int64_t count) {
    for (std::int64_t u = 0; u < count; ++u) slopes[u] = slopes[u] * factors[u];
}
template <class Real>
HWY_NOINLINE void add_to(Real* HWY_RESTRICT sums, const Real* HWY_RESTRICT slopes, std::int64_t count) {
    for (std::int64_t u = 0; u < count; ++u) sums[u] = sums[u] + slopes[u];
}
template <class Real>
void turn(const TurnTask<Real>& task) {
    if (task.bias_sums && task.first)
        for (std::int64_t u = 0; u < task.width; ++u) task.bias_sums[u] = Real(0);
    for (std::int64_t r = 0; r < task.rows; ++r) {
        Real* slopes = task.slopes + r * task.width;
        if (task.factors) times(slopes, task.factors + r * task.width, task.width);
        if (task.bias_sums) add_to(task.bias_sums, slopes, task.width);
    }
}

template <class Real>
struct PickActivation {
    NetworkLoops<Real>& loops;
    template <class Rule>
    void operator()() const {
        loops.activate = activate<Rule, Real>;
    }
};
template <class Real>
NetworkLoops<Real> pick_network_loops(int activation) {
    NetworkLoops<Real> loops{nullptr, drop<Real>, turn<Real>};
    visit_rule(ActivationRules{}, activation, PickActivation<Real>{loops});
    return loops;
}
NetworkLoops<float> network_loops_float(int activation) {
    return pick_network_loops<float>(activation);
}
NetworkLoops<double> network_loops_double(int activation) {
    return pick_network_loops<double>(activation);
}

}  // namespace glissade::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace glissade::cpu {

HWY_EXPORT(network_loops_float);
HWY_EXPORT(network_loops_double);

template <>
NetworkLoops<float> network_loops<float>(int activation) {
    return HWY_DYNAMIC_DISPATCH(network_loops_float)(activation);
}
template <>
NetworkLoops<double> network_loops<double>(int activation) {
    return HWY_DYNAMIC_DISPATCH(network_loops_double)(activation);
}

}  // namespace glissade::cpu
#endif
