// SPDX-License-Identifier: Apache-2.0
// Trajectories of torch.optim (PyTorch 1.13 and 2.15, float64, 20 steps, mini-batches and full batch), for the rules of the catalog driven
// directly and for the reference. Two correct float64 runs that round in different places may differ by the sum of their bounds. PyTorch
// decays biases too.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "glissade/error.hpp"
#include "host/reference/bound.hpp"
#include "host/reference/trainer.hpp"
#include "tests/support/cases.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/rule_run.hpp"

namespace glissade::update_golden_test {
namespace {

using testing::GoldenProblem;

reference::Problem as_problem(const GoldenProblem& golden) {
    reference::Problem problem;
    problem.rows = GoldenProblem::rows;
    problem.features = GoldenProblem::features;
    problem.x = golden.x;
    problem.targets = golden.y;
    return problem;
}

/// PyTorch's settings under our names.
Optimizer optimizer_of(const nlohmann::json& golden) {
    Optimizer optimizer = Optimizer::named(golden.at("class").get<std::string>());
    for (const auto& [name, value] : golden.at("args").items()) {
        if (name == "betas") {
            optimizer.set("beta1", value.at(0));
            optimizer.set("beta2", value.at(1));
        } else {
            optimizer.set(name, value.is_boolean() ? (value.get<bool>() ? 1.0 : 0.0) : value.get<double>());
        }
    }
    return optimizer;
}

struct GoldenRun {
    reference::Problem problem;
    std::vector<double> start;
    std::vector<reference::Step> steps;
    Optimizer optimizer;
    reference::Settings settings;

    GoldenRun(const Optimizer& optimizer_in, bool full) : optimizer(optimizer_in) {
        const GoldenProblem golden;
        problem = as_problem(golden);
        start = golden.start;
        settings.loss = "logistic";
        settings.decay_bias = true;
        testing::copy_to_reference(optimizer, settings);
        for (std::int64_t s = 0; s < 20; ++s) steps.push_back({GoldenProblem::rows_at(s, full), optimizer.get("lr"), {}});
    }
};

/// Compares a trainer (anything with step and parameters) with the golden parameters and losses.
template <class Trainer>
void expect_golden(Trainer& trainer, const GoldenRun& run, const nlohmann::json& golden, const reference::Bounds& bounds,
                   const std::string& label) {
    for (std::size_t s = 0; s < run.steps.size(); ++s) {
        const double loss = trainer.step(run.steps[s]);
        if (golden.contains("loss")) {
            EXPECT_NEAR(loss, golden.at("loss").at(s).template get<double>(), 2 * bounds.losses[s]) << label << " step " << s + 1;
        }
        const auto parameters = trainer.parameters();
        for (std::size_t j = 0; j < parameters.size(); ++j)
            EXPECT_NEAR(parameters[j], golden.at("params").at(s + 1).at(j).template get<double>(), 2 * bounds.parameters[s])
                << label << " step " << s + 1 << " parameter " << j;
    }
}

void expect_both(const GoldenRun& run, const nlohmann::json& golden, const std::string& label) {
    const auto bounds = reference::error_bounds(run.problem, run.settings, run.steps, run.start, reference::float64_unit);
    ASSERT_LT(bounds.worst_parameter(), 1e3 * 20 * reference::float64_unit)
        << label << ": the problem is too ill conditioned to say anything";
    testing::RuleRun<double> rules(run.problem, run.optimizer, "logistic", run.settings, run.start);
    expect_golden(rules, run, golden, bounds, label + " rules");
    reference::Trainer<double> trainer(run.problem, run.settings, run.start);
    expect_golden(trainer, run, golden, bounds, label + " reference");
}

void expect_state(const GoldenRun& run, const nlohmann::json& golden, const std::string& label) {
    const auto bounds = reference::error_bounds(run.problem, run.settings, run.steps, run.start, reference::float64_unit);
    testing::RuleRun<double> rules(run.problem, run.optimizer, "logistic", run.settings, run.start);
    reference::Trainer<double> trainer(run.problem, run.settings, run.start);
    for (const auto& step : run.steps) rules.step(step), trainer.step(step);
    const auto names = run.optimizer.state_names();
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto expected = golden.at(names[i]).get<std::vector<double>>();  // of the weights; the bias comes after them
        for (std::size_t j = 0; j < expected.size(); ++j) {
            EXPECT_NEAR(rules.state(i)[j], expected[j], 2 * bounds.state.at(names[i])) << label << " rules " << names[i];
            EXPECT_NEAR(trainer.state(names[i])[j], expected[j], 2 * bounds.state.at(names[i])) << label << " reference " << names[i];
        }
    }
}

TEST(UpdateGolden, EveryTrajectoryOfPyTorchThatTheCatalogCovers) {
    int covered = 0;
    for (const auto& entry : std::filesystem::directory_iterator(GLISSADE_GOLDEN_DIR)) {
        const std::string file = entry.path().filename();
        if (!file.starts_with("opt_") || file == "opt_sgd_maximize.json") continue;  // we always minimise
        const auto golden = testing::read_golden(file);
        Optimizer optimizer;
        try {
            optimizer = optimizer_of(golden);
        } catch (const Error&) {
            continue;  // a rule that the catalog does not have
        }
        ++covered;
        for (const char* mode : {"minibatch", "full"})
            expect_both(GoldenRun(optimizer, mode == std::string("full")), golden.at(mode), file + " " + mode);
        expect_state(GoldenRun(optimizer, false), golden.at("final_state_w"), file);
    }
    EXPECT_EQ(covered, 31);
}

/// PyTorch's ASGD is SGD with weight decay lambd and the rate lr/(1 + lambd*lr*t)^alpha, averaged from the step t0 + 2 on.
TEST(UpdateGolden, TheAverageFromAStepOnIsThatOfAveragedSgd) {
    const auto golden = testing::read_golden("opt_asgd.json");
    const double lr = golden.at("args").at("lr"), lambd = golden.at("args").at("lambd"), alpha = golden.at("args").at("alpha");
    GoldenRun run(Sgd{.lr = lr, .weight_decay = lambd}, false);
    run.settings.average = true;
    run.settings.average_from = golden.at("args").at("t0").get<long>() + 2;
    for (std::size_t s = 1; s < run.steps.size(); ++s) run.steps[s].lr = lr / std::pow(1 + lambd * lr * static_cast<double>(s), alpha);
    expect_both(run, golden.at("minibatch"), "asgd");
    const auto bounds = reference::error_bounds(run.problem, run.settings, run.steps, run.start, reference::float64_unit);
    testing::RuleRun<double> rules(run.problem, run.optimizer, "logistic", run.settings, run.start);
    reference::Trainer<double> trainer(run.problem, run.settings, run.start);
    for (const auto& step : run.steps) rules.step(step), trainer.step(step);
    const auto expected = golden.at("final_state_w").at("ax").get<std::vector<double>>();
    for (std::size_t j = 0; j < expected.size(); ++j) {
        EXPECT_NEAR(rules.average()[j], expected[j], 2 * bounds.average) << j;
        EXPECT_NEAR(trainer.average()[j], expected[j], 2 * bounds.average) << j;
    }
}

/// Rates fall from step to step there, which tells a momentum of steps from one of gradients.
TEST(UpdateGolden, EveryTrajectoryOfKeras) {
    const auto runs = testing::read_golden("keras.json").at("runs");
    for (const auto& [name, golden] : runs.items()) {
        Optimizer optimizer = optimizer_of(golden);
        optimizer.set("lr", golden.at("rates").at(0));
        GoldenRun run(optimizer, false);
        for (std::size_t s = 0; s < run.steps.size(); ++s) run.steps[s].lr = golden.at("rates").at(s);
        expect_both(run, golden, "keras " + name);
    }
}

TEST(UpdateGolden, ClippingAndDecayThatSparesBiasesAreThoseOfPyTorch) {
    const auto extra = testing::read_golden("extra.json").at("extra");
    GoldenRun spared(AdamW{.lr = .05, .weight_decay = .2}, false);
    spared.settings.decay_bias = false;
    expect_both(spared, extra.at("adamw_no_decay_on_bias"), "adamw_no_decay_on_bias");
    GoldenRun norm(Sgd{.lr = .1, .momentum = .9}, false);
    norm.settings.clip_norm = .2;
    expect_both(norm, extra.at("sgd_clip_grad_norm_0.2"), "sgd_clip_grad_norm_0.2");
    GoldenRun value(Sgd{.lr = .1, .momentum = .9}, false);
    value.settings.clip_value = .1;
    expect_both(value, extra.at("sgd_clip_grad_value_0.1"), "sgd_clip_grad_value_0.1");
}

}  // namespace
}  // namespace glissade::update_golden_test
