// SPDX-License-Identifier: Apache-2.0
// Every update rule in every form, every loss, weights, penalties, clipping and averaging, in float32 and float64, against the reference
// within the measured bound.
#include <gtest/gtest.h>

#include <cmath>

#include "host/reference/bound.hpp"
#include "host/reference/trainer.hpp"
#include "tests/support/cases.hpp"
#include "tests/support/rule_run.hpp"

namespace glissade::update_reference_test {
namespace {

struct Trial {
    std::string label;
    Optimizer optimizer;
    Loss loss = "logistic";
    reference::Settings settings = {};
    bool weighted = false, one_vs_rest = false;
};

template <class Real>
void expect_within_bound(const Trial& trial) {
    reference::Problem problem = testing::make_problem(trial.loss, 32, 5, 4, 11, trial.one_vs_rest);
    if (trial.weighted) problem.weights = testing::make_weights(problem.rows, 12);
    reference::Settings settings = trial.settings;
    testing::copy_to_reference(trial.optimizer, settings);
    testing::copy_to_reference(trial.loss, settings);
    const auto start = testing::make_start(problem, 13);
    const auto steps = reference::steps_in_file_order(problem, 12, 4, trial.optimizer.get("lr"));
    const double unit = sizeof(Real) == 4 ? reference::float32_unit : reference::float64_unit;
    const auto bounds = reference::error_bounds(problem, settings, steps, start, unit);
    testing::RuleRun<Real> rules(problem, trial.optimizer, trial.loss, settings, start);
    reference::Trainer<double> trainer(problem, settings, start);
    const std::string label = trial.label + (sizeof(Real) == 4 ? " float32" : " float64");
    for (std::size_t s = 0; s < steps.size(); ++s) {
        ASSERT_NEAR(rules.step(steps[s]), trainer.step(steps[s]), bounds.losses[s]) << label << ": loss of step " << s + 1;
        const auto a = rules.parameters(), b = trainer.parameters();
        for (std::size_t j = 0; j < a.size(); ++j)
            ASSERT_NEAR(a[j], b[j], bounds.parameters[s]) << label << ": step " << s + 1 << " parameter " << j;
    }
    const auto names = trial.optimizer.state_names();
    for (std::size_t i = 0; i < names.size(); ++i)
        for (std::size_t j = 0; j < start.size(); ++j)
            ASSERT_NEAR(rules.state(i)[j], trainer.state(names[i])[j], bounds.state.at(names[i])) << label << ": " << names[i];
    for (std::size_t j = 0; settings.average && j < start.size(); ++j)
        ASSERT_NEAR(rules.average()[j], trainer.average()[j], bounds.average) << label << ": average";
}

void expect_both(const Trial& trial) {
    expect_within_bound<float>(trial);
    expect_within_bound<double>(trial);
}

TEST(UpdateAgainstReference, EveryRuleInEveryForm) {
    for (const auto& c : testing::update_cases()) expect_both({c.name, c.optimizer});
}

TEST(UpdateAgainstReference, EveryRuleWithEveryLossAndRowWeights) {
    for (const auto optimizer : Optimizer::names())
        for (const auto loss : Loss::names()) {
            Optimizer rule = Optimizer::named(optimizer);
            rule.set("lr", rule.get("lr") / 4);
            expect_both({std::string(optimizer) + " " + std::string(loss), rule, loss, {}, true});
        }
}

TEST(UpdateAgainstReference, EveryLossOfTwoClassesOneVersusTheRest) {
    for (const auto loss : Loss::names()) {
        if (Loss(loss).kind() != LossKind::binary) continue;
        for (const bool weighted : {false, true})
            expect_both({std::string(loss) + " one-vs-rest", Sgd{.lr = .1, .momentum = .5}, loss, {}, weighted, true});
    }
}

TEST(UpdateAgainstReference, EveryRuleWithPenaltiesClippingAndAveraging) {
    for (const auto& c : testing::update_cases()) {
        Trial trial{c.name + " with penalties", c.optimizer};
        trial.settings.l1 = 0.01;
        trial.settings.l2 = 0.05;
        trial.settings.average = true;
        expect_both(trial);
        trial.settings.average_from = 4;
        trial.settings.average_decay = .75;
        trial.label = c.name + " with penalties and an exponential average";
        expect_both(trial);
        trial.label = c.name + " with clipping and decay of biases";
        trial.settings = {};
        trial.settings.clip_norm = 0.05;
        trial.settings.clip_value = 0.04;
        trial.settings.decay_bias = true;
        trial.settings.l2 = 0.05;
        expect_both(trial);
    }
}

TEST(UpdateAgainstReference, TheProximalStepLeavesExactZeros) {
    const Loss loss = "squared";
    reference::Problem problem = testing::make_problem(loss, 64, 6, 1, 21);  // only the first feature matters
    reference::Settings settings;
    settings.l1 = 0.5;
    testing::RuleRun<float> rules(problem, Sgd{.lr = .1}, loss, settings, testing::make_start(problem, 22));
    for (const auto& step : reference::steps_in_file_order(problem, 64, 200, .1)) rules.step(step);
    const auto parameters = rules.parameters();
    EXPECT_NE(parameters[0], 0.0);
    for (std::size_t j = 1; j < 6; ++j) EXPECT_EQ(parameters[j], 0.0) << j;
    EXPECT_NE(parameters[6], 0.0) << "the bias is spared";
}

TEST(UpdateAgainstReference, ScheduledMomentumReachesTheRulesThatHaveOne) {
    for (const auto name : Optimizer::names()) {
        Optimizer optimizer = Optimizer::named(name);
        if (optimizer.has("momentum")) optimizer.set("momentum", .9);
        reference::Problem problem = testing::make_problem("logistic", 16, 3, 1, 31);
        reference::Settings settings;
        settings.loss = "logistic";
        testing::copy_to_reference(optimizer, settings);
        const auto start = testing::make_start(problem, 32);
        auto steps = reference::steps_in_file_order(problem, 4, 3, optimizer.get("lr"));
        for (std::size_t s = 0; s < steps.size(); ++s) steps[s].momentum = .95 - .01 * static_cast<double>(s);
        const auto bounds = reference::error_bounds(problem, settings, steps, start, reference::float64_unit);
        testing::RuleRun<double> rules(problem, optimizer, "logistic", settings, start);
        reference::Trainer<double> trainer(problem, settings, start);
        for (const auto& step : steps) rules.step(step), trainer.step(step);
        for (std::size_t j = 0; j < start.size(); ++j)
            EXPECT_NEAR(rules.parameters()[j], trainer.parameters()[j], bounds.parameters.back()) << name;
    }
}

}  // namespace
}  // namespace glissade::update_reference_test
