// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numbers>

#include "host/scheduler/loss_watch.hpp"
#include "host/scheduler/schedule.hpp"

/// The schedules: one function and one row each. t = place.at counts from 0 in the part's unit, T = length, base = the rate that the
/// optimizer asks for. Rates named in keys (eta_min, end) are absolute, as in PyTorch; lengths that are not given reach to the end of the
/// run.
namespace glissade::scheduling {
namespace {

double length_of(const Place& place, const Settings& s) {
    return s.length > 0 ? s.length : place.rest;
}

/// t/T within [0, 1].
double part_done(const Place& place, const Settings& s) {
    const double length = length_of(place, s);
    return length > 0 ? std::min(place.at / length, 1.0) : 1.0;
}

/// Half a cosine wave from `high` (done = 0) to `low` (done = 1).
double half_wave(double high, double low, double done) {
    return low + (high - low) * (1.0 + std::cos(std::numbers::pi * done)) / 2.0;
}

/// base
ScheduleValue constant(const Place&, const Settings&, double base) {
    return {base, {}};
}

/// base*factor while t < T, then base. PyTorch ConstantLR.
constexpr Key constantlr_keys[] = {{"factor", "0.3333333333333333"}};
ScheduleValue constantlr(const Place& p, const Settings& s, double base) {
    return {p.at < s.length ? base * s.number[0] : base, {}};
}

/// base*gamma^floor(t/every). PyTorch StepLR.
constexpr Key step_keys[] = {{"every", "", 0, true, "step_size"}, {"gamma", "0.1", 0, true}};
ScheduleValue step(const Place& p, const Settings& s, double base) {
    return {base * std::pow(s.number[1], std::floor(p.at / s.number[0])), {}};
}

/// base*gamma^(number of milestones <= t). PyTorch MultiStepLR.
constexpr Key multistep_keys[] = {{"milestones", "", 0, true, {}, {}, true}, {"gamma", "0.1", 0, true}};
ScheduleValue multistep(const Place& p, const Settings& s, double base) {
    const auto passed = std::upper_bound(s.list.begin(), s.list.end(), p.at) - s.list.begin();
    return {base * std::pow(s.number[1], static_cast<double>(passed)), {}};
}

/// base*gamma^t, smooth within an epoch when the unit is the epoch. PyTorch ExponentialLR.
constexpr Key exponential_keys[] = {{"gamma", "", 0, true}};
ScheduleValue exponential(const Place& p, const Settings& s, double base) {
    return {base * std::pow(s.number[0], p.at), {}};
}

/// end + (base-end)*(1-t/T)^power, `end` from T on. PyTorch PolynomialLR (end 0), Keras PolynomialDecay.
constexpr Key polynomial_keys[] = {{"power", "1", 0, true}, {"end", "0"}};
ScheduleValue polynomial(const Place& p, const Settings& s, double base) {
    return {s.number[1] + (base - s.number[1]) * std::pow(1.0 - part_done(p, s), s.number[0]), {}};
}

/// base*(start_factor + (end_factor-start_factor)*min(t/T, 1)). PyTorch LinearLR.
constexpr Key linear_keys[] = {{"start_factor", "0.3333333333333333"}, {"end_factor", "1"}};
ScheduleValue linear(const Place& p, const Settings& s, double base) {
    return {base * (s.number[0] + (s.number[1] - s.number[0]) * part_done(p, s)), {}};
}

/// base*min((t + one step)/T, 1): gradual warm-up whose first step moves and whose T-th has the full rate. Goyal et al. 2017, section 2.2.
ScheduleValue warmup(const Place& p, const Settings& s, double base) {
    return {base * std::min((p.at + p.one) / s.length, 1.0), {}};
}

/// eta_min + (base-eta_min)*(1+cos(pi*t/T))/2; beyond T it rises again, as PyTorch's does. Loshchilov and Hutter 2017; PyTorch
/// CosineAnnealingLR.
constexpr Key cosine_keys[] = {{"eta_min", "0"}};
ScheduleValue cosine(const Place& p, const Settings& s, double base) {
    const double length = length_of(p, s);
    return {half_wave(base, s.number[0], length > 0 ? p.at / length : 1.0), {}};
}

/// The cosine over periods of t0, t0*t_mult, t0*t_mult^2 ..., each from the start. SGDR, Loshchilov and Hutter 2017; PyTorch
/// CosineAnnealingWarmRestarts.
constexpr Key warm_restarts_keys[] = {{"t0", "", 0, true, "T_0"}, {"t_mult", "1", 1, false, "T_mult", {}, false, true}, {"eta_min", "0"}};
ScheduleValue cosine_warm_restarts(const Place& p, const Settings& s, double base) {
    const double multiple = s.number[1];
    double period = s.number[0], begin = 0;
    if (multiple == 1) {
        begin = p.at - std::fmod(p.at, period);
    } else {
        while (p.at >= begin + period) {
            begin += period;
            period *= multiple;
        }
    }
    return {half_wave(base, s.number[2], (p.at - begin) / period), {}};
}

/// One phase of the one-cycle policy: from `from` to `to` (as fractions of the way: 0 at its begin, 1 at its end).
struct Phase {
    double end;
    double lr_from, lr_to, momentum_from, momentum_to;
};

/// base/div_factor up to base over pct_start of T, then down to base/div_factor/final_div_factor; with three_phase down to base/div_factor
/// as fast as it rose, then further down. Momentum goes the other way between max_momentum and base_momentum. The last step of T has the
/// last rate. Smith and Topin 2019; PyTorch OneCycleLR, whose max_lr is our base.
constexpr Key one_cycle_keys[] = {{"pct_start", "0.3", 0, true, {}, {}, false, false, 1},
                                  {"div_factor", "25", 0, true},
                                  {"final_div_factor", "10000", 0, true},
                                  {"anneal", "cos", 0, false, "anneal_strategy", "cos|linear"},
                                  {"three_phase", "no", 0, false, {}, "no|yes"},
                                  {"cycle_momentum", "yes", 0, false, {}, "no|yes"},
                                  {"base_momentum", "0.85", 0, false, {}, {}, false, false, 0.9999999999999999},
                                  {"max_momentum", "0.95", 0, false, {}, {}, false, false, 0.9999999999999999}};
ScheduleValue one_cycle(const Place& p, const Settings& s, double base) {
    const double length = length_of(p, s), low = base / s.number[1], lowest = low / s.number[2];
    const double least = s.number[6], most = s.number[7], top = s.number[0] * length - p.one, last = length - p.one;
    const bool three = s.number[4] != 0;
    const Phase phases[] = {{top, low, base, most, least},
                            {three ? 2 * s.number[0] * length - 2 * p.one : last, base, three ? low : lowest, least, most},
                            {last, low, lowest, most, most}};
    const int count = three ? 3 : 2;
    int i = 0;
    while (i + 1 < count && p.at > phases[i].end) ++i;
    const double begin = i > 0 ? phases[i - 1].end : 0.0, span = phases[i].end - begin;
    const double done = span > 0 ? std::clamp((p.at - begin) / span, 0.0, 1.0) : 1.0;
    const auto blend = [&](double from, double to) { return s.number[3] != 0 ? from + (to - from) * done : half_wave(from, to, done); };
    ScheduleValue value{blend(phases[i].lr_from, phases[i].lr_to), {}};
    if (s.number[5] != 0) value.momentum = blend(phases[i].momentum_from, phases[i].momentum_to);
    return value;
}

/// base/(1 + decay*t). Robbins and Monro 1951; Keras InverseTimeDecay.
constexpr Key inverse_time_keys[] = {{"decay", ""}};
ScheduleValue inverse_time(const Place& p, const Settings& s, double base) {
    return {base / (1.0 + s.number[0] * p.at), {}};
}

/// base*min(n/warmup, sqrt(warmup/n)) with n = t+1: linear up to base, then falling with the root. Vaswani et al. 2017, section 5.3, with
/// base as its peak.
constexpr Key inverse_sqrt_keys[] = {{"warmup", "1", 0, true}};
ScheduleValue inverse_sqrt(const Place& p, const Settings& s, double base) {
    const double n = p.at + 1.0;
    return {base * std::min(n / s.number[0], std::sqrt(s.number[0] / n)), {}};
}

/// base/(t+1)^power. scikit-learn's learning_rate='invscaling' (its power_t). The count begins with `offset`, for a run that goes on from
/// where others ended (partial_fit).
constexpr Key invscaling_keys[] = {{"power", "0.5", 0, false, "power_t"}, {"offset", "0"}};
ScheduleValue invscaling(const Place& p, const Settings& s, double base) {
    return {base / std::pow(s.number[1] + p.at + 1.0, s.number[0]), {}};
}

/// 1/(alpha*(t0+t)), whatever base is. scikit-learn's learning_rate='optimal' after Bottou: with typw = alpha^(-1/4), the size that weights
/// are expected to have, the first rate is typw, so t0 = 1/(typw*alpha). (scikit-learn divides typw by max(1, slope of the loss at a score
/// of -typw for a positive target); that slope is never positive, so the divisor is 1 for every loss.) `offset` as of invscaling.
constexpr Key optimal_keys[] = {{"alpha", "0.0001", 0, true}, {"offset", "0"}};
ScheduleValue optimal(const Place& p, const Settings& s, double) {
    const double alpha = s.number[0], first_rate = std::sqrt(1.0 / std::sqrt(alpha)), t0 = 1.0 / (first_rate * alpha);
    return {1.0 / (alpha * (t0 + (s.number[1] + p.at))), {}};
}

/// From `low` up to base over `up` and back over `down`, again and again. The height of a cycle over `low` is halved with each cycle
/// (triangular2) or shrinks as gamma^t (exp_range). Momentum goes the other way, from max_momentum down by as large a part of its range.
/// Smith 2017; PyTorch CyclicLR, whose max_lr is our base.
constexpr Key cyclic_keys[] = {{"low", "", 0, false, "base_lr"},
                               {"up", "2000", 0, true, "step_size_up"},
                               {"down", "0", 0, false, "step_size_down"},
                               {"mode", "triangular", 0, false, {}, "triangular|triangular2|exp_range"},
                               {"gamma", "1", 0, true},
                               {"cycle_momentum", "yes", 0, false, {}, "no|yes"},
                               {"base_momentum", "0.8", 0, false, {}, {}, false, false, 0.9999999999999999},
                               {"max_momentum", "0.9", 0, false, {}, {}, false, false, 0.9999999999999999}};
ScheduleValue cyclic(const Place& p, const Settings& s, double base) {
    const double low = s.number[0], up = s.number[1], down = s.number[2] > 0 ? s.number[2] : up;
    const double within = std::fmod(p.at, up + down), cycle = std::round((p.at - within) / (up + down));
    const double modes[] = {1.0, std::exp2(-cycle), std::pow(s.number[4], p.at)};
    const double height = (within <= up ? within / up : (up + down - within) / down) * modes[static_cast<int>(s.number[3])];
    ScheduleValue value{low + (base - low) * height, {}};
    if (s.number[5] != 0) value.momentum = s.number[7] - (s.number[7] - s.number[6]) * height;
    return value;
}

/// Warm-up-stable-decay: min((t + one step)/warmup, 1)*base, and over the last `decay` of T from base to `end`, along a line, half a cosine
/// wave or 1-sqrt. The decay is no longer than what the warm-up leaves. Hu et al. 2024 (MiniCPM); Haegele et al. 2024 for 1-sqrt.
constexpr Key wsd_keys[] = {
    {"warmup", "0", 0, false}, {"decay", "", 0, true}, {"end", "0"}, {"anneal", "linear", 0, false, {}, "linear|cos|sqrt"}};
ScheduleValue wsd(const Place& p, const Settings& s, double base) {
    const double length = length_of(p, s), warmup = s.number[0], falls = std::max(length - s.number[1], warmup), end = s.number[2];
    if (p.at < warmup) return {base * std::min((p.at + p.one) / warmup, 1.0), {}};
    if (p.at <= falls) return {base, {}};
    const double done = p.at < length ? (p.at - falls) / (length - falls) : 1.0;
    if (s.number[3] == 1) return {half_wave(base, end, done), {}};
    return {end + (base - end) * (1.0 - (s.number[3] == 2 ? std::sqrt(done) : done)), {}};
}

/// The rates of `points`, t:rate pairs: each from its t on, or on the line to the next; base before the first.
constexpr Key table_keys[] = {{"points", "", 0, false, {}, {}, true, false, 1e300, true}, {"between", "hold", 0, false, {}, "hold|line"}};
ScheduleValue points(const Place& p, const Settings& s, double base) {
    std::size_t next = 0;
    while (next < s.list.size() && s.list[next] <= p.at) next += 2;
    if (next == 0) return {base, {}};
    const double rate = s.list[next - 1];
    if (s.number[1] == 0 || next == s.list.size()) return {rate, {}};
    const double begin = s.list[next - 2], done = (p.at - begin) / (s.list[next] - begin);
    return {rate + (s.list[next + 1] - rate) * done, {}};
}

/// The rate that watching the loss has led to.
ScheduleValue held(const Place& p, const Settings&, double) {
    return {p.held, {}};
}

constexpr Row table[] = {
    {"constant", "the base rate throughout", constant, {}},
    {"constantlr", "base*factor for `length`, then base", constantlr, constantlr_keys, "total_iters", true},
    {"step", "times gamma every so often", step, step_keys},
    {"multistep", "times gamma at each milestone (milestones=5/20/30)", multistep, multistep_keys},
    {"exponential", "base*gamma^t", exponential, exponential_keys},
    {"polynomial", "from base to end as (1-t/length)^power", polynomial, polynomial_keys, "total_iters"},
    {"linear", "from base*start_factor to base*end_factor over length", linear, linear_keys, "total_iters"},
    {"warmup", "linear warm-up from near 0 to base over length, then base", warmup, {}, "total_iters", true},
    {"cosine", "half a cosine wave from base to eta_min over length", cosine, cosine_keys, "T_max"},
    {"cosine_warm_restarts", "cosine over periods t0, t0*t_mult, ...", cosine_warm_restarts, warm_restarts_keys},
    {"one_cycle", "up to base and down again; momentum the other way", one_cycle, one_cycle_keys, "total_steps", false, true},
    {"cyclic", "from low up to base and back, again and again; momentum the other way", cyclic, cyclic_keys, {}, false, true},
    {"wsd", "linear warm-up, then base, then down to end over the last `decay` of length", wsd, wsd_keys},
    {"table", "given rates from given places on (points=0:0.1/50:0.01)", points, table_keys},
    {"inverse_time", "base/(1+decay*t)", inverse_time, inverse_time_keys},
    {"inverse_sqrt", "linear warm-up, then base*sqrt(warmup/(t+1))", inverse_sqrt, inverse_sqrt_keys},
    {"invscaling", "base/(t+1)^power (scikit-learn)", invscaling, invscaling_keys},
    {"optimal", "1/(alpha*(t0+t)), base is not used (scikit-learn)", optimal, optimal_keys},
    {"plateau",
     "times factor where the loss has not fallen for `patience` epochs (PyTorch)",
     held,
     plateau_keys,
     {},
     false,
     false,
     watch_plateau},
    {"adaptive",
     "divided where the training loss stalls, to the end of the run (scikit-learn)",
     held,
     adaptive_keys,
     {},
     false,
     false,
     watch_adaptive},
};

}  // namespace

std::span<const Row> rows() {
    return table;
}

}  // namespace glissade::scheduling
