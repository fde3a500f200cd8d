// SPDX-License-Identifier: Apache-2.0
// Our closed forms against rates that PyTorch 1.13 computed step from step. PyTorch's recursions are repeated here with a running error
// bound, which says how far PyTorch itself may have drifted from the exact value.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numbers>

#include "glissade/schedule.hpp"
#include "tests/support/bounds.hpp"
#include "tests/support/golden.hpp"

namespace glissade::schedule_golden_test {
namespace {

using testing::Tracked;

constexpr double base = 0.1;
constexpr int steps = 50;
/// No closed form of ours has more roundings than this, each of a term no larger than the base rate (pow and cos counted as two).
constexpr double own_roundings = 16;

using Recursion = std::function<Tracked(int t, Tracked lr)>;  // rate at t > 0 from the one before

std::vector<Tracked> run(Tracked first, const Recursion& next) {
    std::vector<Tracked> rates{first};
    for (int t = 1; t < steps; ++t) rates.push_back(next(t, rates.back()));
    return rates;
}

std::vector<Tracked> direct(const std::function<Tracked(int)>& rate) {
    std::vector<Tracked> rates;
    for (int t = 0; t < steps; ++t) rates.push_back(rate(t));
    return rates;
}

Tracked wave(double t, double period) {
    return Tracked(1) + cos(Tracked(std::numbers::pi) * Tracked(t) / Tracked(period));
}

Recursion step_by(const std::function<double(int)>& factor) {
    return [factor](int t, Tracked lr) { return factor(t) == 1 ? lr : lr * Tracked(factor(t)); };
}

Recursion linear(double from, double to, int total) {
    return [=](int t, Tracked lr) {
        if (t > total) return lr;
        const Tracked gain = Tracked(to) - Tracked(from);
        return lr * (Tracked(1) + gain / (Tracked(total) * Tracked(from) + Tracked(t - 1) * gain));
    };
}

Recursion polynomial(int total, double power) {
    return [=](int t, Tracked lr) {
        if (t > total) return lr;
        const Tracked left = Tracked(1) - Tracked(t) / Tracked(total), left_before = Tracked(1) - Tracked(t - 1) / Tracked(total);
        return lr * (left.value <= 0 ? Tracked(0) : pow(left / left_before, power));
    };
}

Recursion cosine(int period, double low) {
    return [=](int t, Tracked lr) {
        const Tracked range = Tracked(base) - Tracked(low);
        if ((t - 1 - period) % (2 * period) == 0)
            return lr + range * (Tracked(1) - cos(Tracked(std::numbers::pi) / Tracked(period))) / Tracked(2);
        if (t % (2 * period) == period) return Tracked(low);  // 1+cos(pi) is 0 without error
        return wave(t, period) / wave(t - 1, period) * (lr - Tracked(low)) + Tracked(low);
    };
}

/// eta_min + (base-eta_min)*(1+cos(pi*done/period))/2
Tracked anneal(double from, double to, Tracked done) {
    return Tracked(to) + (Tracked(from) - Tracked(to)) * (Tracked(1) + cos(Tracked(std::numbers::pi) * done)) / Tracked(2);
}

std::vector<Tracked> sequence_of_linear_and_cosine() {
    auto rates = run(Tracked(base) * Tracked(.1), linear(.1, 1, 5));
    Tracked lr(base);
    for (int t = 5; t < steps; ++t) rates[static_cast<std::size_t>(t)] = lr = t == 5 ? Tracked(base) : cosine(45, 0)(t - 5, lr);
    return rates;
}

/// The height of PyTorch's CyclicLR between its rates; 8 steps up, 4 down.
Tracked cyclic_height(int t, const std::string& mode) {
    const Tracked cycles = Tracked(t) / Tracked(12), ratio = Tracked(8) / Tracked(12);
    const double cycle = std::floor(1 + cycles.value);
    const Tracked x = Tracked(1) + cycles - Tracked(cycle);
    const Tracked height = x.value <= ratio.value ? x / ratio : (x - Tracked(1)) / (ratio - Tracked(1));
    return height * (mode == "triangular" ? Tracked(1) : (mode == "triangular2" ? Tracked(std::exp2(1 - cycle)) : pow(Tracked(.97), t)));
}

std::vector<Tracked> cyclic(const char* mode) {
    return direct([mode](int t) { return Tracked(.01) + (Tracked(base) - Tracked(.01)) * cyclic_height(t, mode); });
}

struct Case {
    const char* golden;
    const char* text;
    int total_steps;
    std::vector<Tracked> torch;
};

std::vector<Case> cases() {
    const auto every_10 = step_by([](int t) { return t % 10 == 0 ? .5 : 1; });
    const auto milestones = step_by([](int t) { return t == 5 || t == 20 || t == 30 ? .1 : 1; });
    const auto for_5 = [](double factor) { return step_by([factor](int t) { return t == 5 ? 1 / factor : 1; }); };
    const auto restart = [](int t, int first, int multiple, double low) {
        int period = first, begin = 0;
        while (t >= begin + period) begin += period, period *= multiple;
        return anneal(base, low, Tracked(t - begin) / Tracked(period));
    };
    const auto chained = [](int t, Tracked lr) { return (t == 5 ? lr * Tracked(1 / .1) : lr) * Tracked(.9); };
    const Tracked third = Tracked(base) * (Tracked(1) / Tracked(3));
    return {
        {"constant", "constant", 50, run(base, step_by([](int) { return 1; }))},
        {"lambda_0.95^e", "exponential:gamma=0.95", 50, direct([](int t) { return Tracked(base) * pow(Tracked(.95), t); })},
        {"multiplicative_0.95", "exponential:gamma=0.95", 50, run(base, step_by([](int) { return .95; }))},
        {"step_10_0.5", "step:every=10,gamma=0.5", 50, run(base, every_10)},
        {"multistep_5_20_30", "multistep:milestones=5/20/30", 50, run(base, milestones)},
        {"constantlr_1/3_5", "constantlr:length=5", 50, run(third, for_5(1. / 3))},
        {"linear_1/3_to_1_20", "linear:total_iters=20", 50, run(third, linear(1. / 3, 1, 20))},
        {"exponential_0.9", "exponential:gamma=0.9", 50, run(base, step_by([](int) { return .9; }))},
        {"polynomial_40_p2", "polynomial:length=40,power=2", 50, run(base, polynomial(40, 2))},
        {"polynomial_40_p1", "polynomial:length=40", 50, run(base, polynomial(40, 1))},
        {"cosine_T50_eta1e-3", "cosine:eta_min=1e-3", 50, run(base, cosine(50, 1e-3))},
        {"cosine_T20_past_end", "cosine:T_max=20", 50, run(base, cosine(20, 0))},
        {"cosine_warm_restarts_10x2", "cosine_warm_restarts:T_0=10,T_mult=2,eta_min=0.001", 50,
         direct([&](int t) { return restart(t, 10, 2, 1e-3); })},
        {"cosine_warm_restarts_7x1", "cosine_warm_restarts:t0=7", 50, direct([&](int t) { return restart(t, 7, 1, 0); })},
        {"sequential_linear5_then_cosine45", "linear:start_factor=.1,length=5 + cosine", 50, sequence_of_linear_and_cosine()},
        {"cyclic_triangular", "cyclic:low=.01,up=8,down=4", 50, cyclic("triangular")},
        {"cyclic_triangular2", "cyclic:base_lr=.01,step_size_up=8,step_size_down=4,mode=triangular2", 50, cyclic("triangular2")},
        {"cyclic_exp_range", "cyclic:low=.01,up=8,down=4,mode=exp-range,gamma=.97", 50, cyclic("exp_range")},
        {"chained_constant5_exp0.9", "constantlr:factor=.1,length=5 * exponential:gamma=0.9", 50,
         run(Tracked(base) * Tracked(.1), chained)},
    };
}

TEST(ScheduleGolden, RatesAreThoseOfPyTorchWithinItsOwnDrift) {
    const auto golden = testing::read_golden("schedulers.json").at("schedulers");
    for (const Case& c : cases()) {
        const Schedule schedule(c.text);
        for (int t = 0; t < steps; ++t) {
            const double expected = golden.at(c.golden).at("lr").at(static_cast<std::size_t>(t));
            const Tracked& torch = c.torch[static_cast<std::size_t>(t)];
            const double bound = torch.error + testing::gamma_bound<double>(own_roundings) * base;
            EXPECT_NEAR(expected, torch.value, torch.error) << c.golden << ": the recursion of this test is not PyTorch's at " << t;
            EXPECT_NEAR(schedule.at({t, 10, c.total_steps, 1}, base).lr, expected, bound) << c.golden << " at " << t;
        }
    }
}

TEST(ScheduleGolden, CyclicMovesTheMomentumAsPyTorchDoes) {
    const auto golden = testing::read_golden("schedulers.json").at("schedulers");
    for (const std::string mode : {"triangular", "triangular2", "exp_range"}) {
        const Schedule schedule("cyclic:low=.01,up=8,down=4,gamma=.97,mode=" + mode);
        ASSERT_TRUE(schedule.moves_momentum());
        for (int t = 0; t < steps; ++t) {
            const double expected = golden.at("cyclic_" + mode).at("momentum").at(static_cast<std::size_t>(t));
            const Tracked torch = Tracked(.9) - (Tracked(.9) - Tracked(.8)) * cyclic_height(t, mode);
            EXPECT_NEAR(expected, torch.value, torch.error) << mode << ": the formula of this test is not PyTorch's at " << t;
            const auto momentum = schedule.at({t, 10, 50, 1}, base).momentum;
            ASSERT_TRUE(momentum);
            EXPECT_NEAR(*momentum, expected, torch.error + testing::gamma_bound<double>(own_roundings)) << mode << " at " << t;
        }
    }
}

TEST(ScheduleGolden, PlateauLowersTheRateWherePyTorchDoes) {
    const auto golden = testing::read_golden("schedulers.json").at("schedulers");
    const std::pair<const char*, const char*> pairs[] = {
        {"plateau_p3_f0.5", "plateau:factor=.5,patience=3"},
        {"plateau_p2_cooldown2_abs_minlr", "plateau:factor=.3,patience=2,cooldown=2,threshold=1e-3,threshold_mode=abs,min_lr=1e-4"},
    };
    for (const auto& [name, text] : pairs) {
        const Schedule schedule(text);
        LossWatch watch;
        for (int t = 0; t < steps; ++t) {
            const auto i = static_cast<std::size_t>(t);
            EXPECT_EQ(schedule.at({t, 1, steps, 1, watch.rate}, base).lr, golden.at(name).at("lr").at(i).get<double>())
                << name << " at " << t;
            schedule.observe({t + 1, 1, steps, 1, watch.rate}, base, {golden.at(name).at("metric").at(i), {}}, watch);
        }
        EXPECT_LT(watch.rate, base / 100) << name;
    }
}

TEST(ScheduleGolden, OneCycleMovesRateAndMomentumAsPyTorchDoes) {
    const auto golden = testing::read_golden("schedulers.json").at("schedulers");
    const std::pair<const char*, const char*> pairs[] = {
        {"onecycle_cos_50", "one_cycle"},
        {"onecycle_linear_50", "one_cycle:anneal_strategy=linear,pct_start=.2,div_factor=10,final_div_factor=100"},
        {"onecycle_three_phase", "one_cycle:three_phase=1"},
    };
    for (const auto& [name, text] : pairs) {
        const Schedule schedule(text);
        ASSERT_TRUE(schedule.moves_momentum());
        for (int t = 0; t < steps; ++t) {
            const auto value = schedule.at({t, 51, 51, 1}, base);
            const auto i = static_cast<std::size_t>(t);
            // PyTorch computes a closed form too. Its fraction of a phase is a quotient of differences of numbers of up to 51 steps, each
            // rounded: as many units as a phase is shorter than the run.
            const double shortest_phase = .2 * 51 - 1, roundings = own_roundings * (1 + 51 / shortest_phase);
            EXPECT_NEAR(value.lr, golden.at(name).at("lr").at(i).get<double>(), 2 * testing::gamma_bound<double>(roundings) * base)
                << name << " at " << t;
            ASSERT_TRUE(value.momentum);
            EXPECT_NEAR(*value.momentum, golden.at(name).at("momentum").at(i).get<double>(), 2 * testing::gamma_bound<double>(roundings))
                << name << " at " << t;
        }
    }
}

}  // namespace
}  // namespace glissade::schedule_golden_test
