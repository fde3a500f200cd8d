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

/// Counters of Philox blocks and, round by round, their numbers, word by word, so that the rounds run in vectors.
struct Words {
    std::uint32_t word[4][blocks_at_once];
};

/// Philox::generate for counters that follow one another.
HWY_NOINLINE void philox_round(std::uint32_t* HWY_RESTRICT c0, std::uint32_t* HWY_RESTRICT c1, std::uint32_t* HWY_RESTRICT c2,
                               std::uint32_t* HWY_RESTRICT c3, std::uint32_t k0, std::uint32_t k1) {
    for (int i = 0; i < blocks_at_once; ++i) {
        const std::uint64_t p0 = 0xD2511F53ull * c0[i], p1 = 0xCD9E8D57ull * c2[i];
        const std::uint32_t n0 = static_cast<std::uint32_t>(p1 >> 32) ^ c1[i] ^ k0, n2 = static_cast<std::uint32_t>(p0 >> 32) ^ c3[i] ^ k1;
        c1[i] = static_cast<std::uint32_t>(p1);
        c3[i] = static_cast<std::uint32_t>(p0);
        c0[i] = n0;
        c2[i] = n2;
    }
}
void fill_words(std::uint64_t seed, std::uint64_t stream, std::uint64_t counter, Words& words) {
    for (int i = 0; i < blocks_at_once; ++i) {
        const std::uint64_t at = counter + static_cast<std::uint64_t>(i);
        words.word[0][i] = static_cast<std::uint32_t>(at);
        words.word[1][i] = static_cast<std::uint32_t>(at >> 32);
        words.word[2][i] = static_cast<std::uint32_t>(stream);
        words.word[3][i] = static_cast<std::uint32_t>(stream >> 32);
    }
    auto k0 = static_cast<std::uint32_t>(seed), k1 = static_cast<std::uint32_t>(seed >> 32);
    for (int round = 0; round < 10; ++round, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u)
        philox_round(words.word[0], words.word[1], words.word[2], words.word[3], k0, k1);
}

/// factors[4 * i + w] of word w of block i.
template <class Real>
HWY_NOINLINE void fill_factors(const Words& words, std::uint32_t threshold, Real kept, Real* HWY_RESTRICT factors) {
    for (int i = 0; i < blocks_at_once; ++i)
        for (int w = 0; w < 4; ++w) factors[4 * i + w] = words.word[w][i] < threshold ? Real(0) : kept;
}

template <class Real>
HWY_NOINLINE void times_both(Real* HWY_RESTRICT values, Real* HWY_RESTRICT slopes, const Real* HWY_RESTRICT factors, std::int64_t count) {
    for (std::int64_t u = 0; u < count; ++u) {
        values[u] = values[u] * factors[u];
        slopes[u] = slopes[u] * factors[u];
    }
}

template <class Real>
void drop(const DropTask<Real>& task) {
    const auto threshold = dropout_threshold(task.share);
    const Real kept = dropout_kept<Real>(task.share);
    const std::int64_t blocks = (task.width + 3) / 4;
    Words words;
    Real factors[4 * blocks_at_once];
    for (std::int64_t r = 0; r < task.rows; ++r)
        for (std::int64_t first = 0; first < blocks; first += blocks_at_once) {
            fill_words(task.seed, task.stream, task.counter + static_cast<std::uint64_t>(r * blocks + first), words);
            fill_factors(words, threshold, kept, factors);
            const std::int64_t at = r * task.width + 4 * first, left = task.width - 4 * first;
            times_both(task.values + at, task.slopes + at, factors, left < 4 * blocks_at_once ? left : 4 * blocks_at_once);
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
