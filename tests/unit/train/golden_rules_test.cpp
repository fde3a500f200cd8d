// SPDX-License-Identifier: Apache-2.0
// Whole runs against those of others: scikit-learn's SGD row by row and its logistic regression, the rules of "Dive into Deep Learning".
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "glissade/glissade.hpp"
#include "host/data/load.hpp"
#include "host/reference/bound.hpp"
#include "host/reference/trainer.hpp"
#include "tests/support/airfoil.hpp"
#include "tests/support/bounds.hpp"
#include "tests/support/cases.hpp"

namespace glissade::golden_rules_test {
namespace {

nlohmann::json golden(const std::string& name) {
    return nlohmann::json::parse(std::ifstream(std::string(GLISSADE_TEST_SOURCE_DIR "/golden/") + name));
}

const nlohmann::json& sklearn() {
    static const nlohmann::json value = golden("sklearn.json");
    return value;
}

/// The table of sklearn.json with one of its targets.
struct Table {
    std::vector<double> x, y;

    explicit Table(const char* target) : y(sklearn().at(target).get<std::vector<double>>()) {
        for (const auto& row : sklearn().at("x"))
            for (const double value : row) x.push_back(value);
    }
    std::int64_t rows() const { return static_cast<std::int64_t>(y.size()); }
    std::int64_t columns() const { return static_cast<std::int64_t>(x.size()) / rows(); }
    Dataset dataset() const { return Dataset::borrow(MatrixView<const double>(x.data(), rows(), columns()), y); }
};

/// scikit-learn's settings as ours.
TrainOptions options_of(const nlohmann::json& settings) {
    const std::map<std::string, std::string> names = {{"log_loss", "logistic"}, {"squared_error", "squared"}};
    const std::string loss = settings.value("loss", "squared_error"), rate = settings.at("learning_rate");
    TrainOptions options;
    options.loss = Loss(names.contains(loss) ? names.at(loss) : loss);
    if (loss == "huber") options.loss.set("delta", settings.at("epsilon"));
    if (loss == "epsilon_insensitive") options.loss.set("epsilon", settings.at("epsilon"));
    options.optimizer = Sgd{.lr = settings.value("eta0", .01)};
    options.l2 = settings.value("alpha", 0.0);
    options.schedule = rate;
    if (rate == "optimal") options.schedule = "optimal:alpha=" + std::to_string(options.l2);
    if (rate == "invscaling") options.schedule = "invscaling:power=" + std::to_string(settings.at("power_t").get<double>());
    options.batch_size = 1;
    options.shuffle = Shuffle::none;
    options.device = "cpu";
    if (settings.contains("average"))
        options.average = {AverageKind::mean, .999, settings.at("average").get<double>(), ScheduleUnit::sample};
    return options;
}

/// How far a correct run in float64 may be from the exact one, parameters or their average, after each pass.
std::vector<double> bounds_of(const Table& table, const TrainOptions& options) {
    reference::Problem problem;
    problem.rows = table.rows();
    problem.features = table.columns();
    problem.x = table.x;
    problem.targets = table.y;
    const double top = *std::max_element(table.y.begin(), table.y.end());
    if (options.loss.kind() == LossKind::binary && top > 1) problem.outputs = static_cast<std::int64_t>(top) + 1;
    reference::Settings settings;
    testing::copy_to_reference(options.loss, settings);
    settings.l2 = options.l2;
    settings.average = options.average.on();
    settings.average_from = static_cast<long>(options.average.start);
    auto steps = reference::steps_in_file_order(problem, 1, 3, 0);
    for (std::size_t s = 0; s < steps.size(); ++s)
        steps[s].lr =
            options.schedule.at({static_cast<std::int64_t>(s), problem.rows, 3 * problem.rows, 1}, options.optimizer.get("lr")).lr;
    const std::vector<double> start(static_cast<std::size_t>(problem.parameter_count()), 0.0);
    const auto bounds = reference::error_bounds(problem, settings, steps, start, reference::float64_unit);
    if (settings.average) return std::vector<double>(3, bounds.average);
    return {bounds.parameters[table.y.size() - 1], bounds.parameters[2 * table.y.size() - 1], bounds.parameters.back()};
}

void expect_trajectories(const char* kind, const char* target) {
    const Table table(target);
    for (const auto& [name, run] : sklearn().at(kind).items()) {
        TrainOptions options = options_of(run.at("settings"));
        const auto bounds = bounds_of(table, options);
        for (std::size_t pass = 0; pass < 3; ++pass) {
            options.epochs = static_cast<std::int64_t>(pass + 1);
            const auto found = train(table.dataset(), options).model.parameters;
            const auto wanted = run.at("after_pass").at(pass).get<std::vector<double>>();
            ASSERT_LT(bounds[pass], 1e8 * reference::float64_unit) << name << ": the bound says nothing";
            for (std::size_t j = 0; j < wanted.size(); ++j)
                EXPECT_NEAR(found.at(j), wanted[j], 2 * bounds[pass]) << name << ", pass " << pass + 1 << ", parameter " << j;
        }
    }
}

TEST(SklearnGolden, ClassifiersTakeTheSameSteps) {
    expect_trajectories("classifiers", "label");
}

TEST(SklearnGolden, ClassifiersOfThreeClassesTakeTheSameSteps) {
    expect_trajectories("one_vs_rest", "three");
}

/// A model whose scores are the numbers that it is given.
Model passes_scores_on(const char* loss) {
    Model model;
    model.spec.loss = loss;
    model.spec.features = model.spec.outputs = 3;
    model.spec.bias = false;
    model.task = Task::classification;
    model.real_type = RealType::float64;
    model.parameters = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    model.class_labels = {"a", "b", "c"};
    return model;
}

TEST(SklearnGolden, ScoresOfThreeClassesMakeTheSameProbabilities) {
    for (const auto& [name, wanted] : sklearn().at("shares").items()) {
        std::vector<double> scores, probabilities;
        for (const auto& row : wanted.at("scores")) scores.insert(scores.end(), row.begin(), row.end());
        for (const auto& row : wanted.at("probabilities")) probabilities.insert(probabilities.end(), row.begin(), row.end());
        std::vector<double> found(probabilities.size());
        const auto rows = static_cast<std::int64_t>(scores.size() / 3);
        passes_scores_on(name[0] == 'l' ? "logistic" : "modified_huber").predict_proba({scores.data(), rows, 3}, found);
        // Either side: a logistic function of 2.5 units in the last place at most, a sum, a quotient.
        for (std::size_t i = 0; i < found.size(); ++i)
            EXPECT_NEAR(found[i], probabilities[i], testing::gamma_bound<double>(2 * (2 * 2 * 2.5 + 3)) * probabilities[i])
                << name << ", " << i;
    }
}

TEST(SklearnGolden, RegressorsTakeTheSameSteps) {
    expect_trajectories("regressors", "real");
}

TEST(SklearnGolden, AdaptiveDividesTheRateAndEndsTheRunAtTheSamePass) {
    const Table table("real");
    const auto& wanted = sklearn().at("adaptive");
    TrainOptions options = options_of(wanted.at("settings"));
    options.schedule = "adaptive:patience=" + std::to_string(wanted.at("settings").at("n_iter_no_change").get<int>());
    options.epochs = 1000;
    const auto run = train(table.dataset(), options);
    EXPECT_EQ(run.stop, StopReason::tol);
    EXPECT_EQ(static_cast<std::int64_t>(run.history.size()), wanted.at("passes").get<std::int64_t>());
    // Full curvature and rates below 1: no rounding is magnified, and each of the steps adds a few.
    const double bound = 32 * static_cast<double>(run.steps) * reference::float64_unit;
    const auto point = wanted.at("point").get<std::vector<double>>();
    for (std::size_t j = 0; j < point.size(); ++j) EXPECT_NEAR(run.model.parameters.at(j), point[j], bound) << j;
}

TEST(SklearnGolden, LbfgsFindsTheOptimumOfA9aThatLogisticRegressionFinds) {
    LoadOptions load;
    load.real_type = RealType::float64;
    load.standardize = Toggle::off;
    const Dataset data = load_training(GLISSADE_TEST_SOURCE_DIR "/data/a9a/a9a.gz", load).train;
    for (const auto& wanted : sklearn().at("a9a_logistic")) {
        const double l2 = wanted.at("l2"), tolerance = 1e-7;
        TrainOptions options;
        options.optimizer = Lbfgs{.tolerance_grad = tolerance, .tolerance_change = 0};
        options.l2 = l2;
        options.batch_size = full_batch;
        options.schedule = "constant";
        options.epochs = 500;
        options.device = "cpu";
        const auto run = train(data, options);
        EXPECT_EQ(run.stop, StopReason::converged);
        const auto& w = run.model.parameters;
        std::vector<double> scores(static_cast<std::size_t>(data.rows()));
        run.model.decision_function(data.features<double>(), scores);
        double value = 0;
        for (std::size_t r = 0; r < scores.size(); ++r)
            value += std::log1p(std::exp(-std::abs(scores[r]))) + std::max(scores[r], 0.0) - data.targets<double>()[r] * scores[r];
        value /= static_cast<double>(scores.size());
        for (std::size_t j = 0; j + 1 < w.size(); ++j) value += l2 / 2 * w[j] * w[j];
        // A gradient g is at most |g|^2/(2*l2) above the minimum, a little more along the intercept; sums of the rows add their rounding.
        const double count = static_cast<double>(w.size()), above = count * tolerance * tolerance / l2;
        EXPECT_NEAR(value, wanted.at("objective").get<double>(), above + static_cast<double>(scores.size()) * reference::float64_unit);
        EXPECT_NEAR(w.back(), wanted.at("intercept").get<double>(), 2 * std::sqrt(2 * above / l2)) << "strong convexity";
    }
}

TEST(D2lGolden, AdagradRmspropAndAdamAreThoseThatTheBookWritesOut) {
    const testing::Airfoil<double> airfoil(GLISSADE_TEST_SOURCE_DIR "/data/airfoil/airfoil_self_noise.dat");
    reference::Problem problem;
    problem.rows = airfoil.rows;
    problem.features = airfoil.features;
    problem.x = airfoil.x;
    problem.targets = airfoil.y;
    const auto book = golden("d2l.json");
    for (const auto& run : book.at("runs")) {
        TrainOptions options;
        options.loss = "squared";
        options.optimizer = Optimizer::named(run.at("optimizer").get<std::string>());
        options.optimizer.set("lr", run.at("lr"));
        options.optimizer.set("eps", 1e-6);
        if (options.optimizer.has("eps_in_root")) options.optimizer.set("eps_in_root", 1);
        if (options.optimizer.has("alpha")) options.optimizer.set("alpha", .9);
        options.batch_size = book.at("batch_size");
        options.epochs = 1;
        options.schedule = "constant";
        options.shuffle = Shuffle::none;
        options.device = "cpu";
        reference::Settings settings;
        testing::copy_to_reference(options.optimizer, settings);
        const auto steps = reference::steps_in_file_order(problem, options.batch_size, 1, run.at("lr"));
        const auto bounds = reference::error_bounds(problem, settings, steps, std::vector<double>(6, 0.0), reference::float64_unit);
        const auto expect_point = [&](std::size_t step, const nlohmann::json& wanted) {
            options.max_steps = static_cast<std::int64_t>(step);
            const auto found = train(airfoil.dataset(), options).model.parameters;
            for (std::size_t j = 0; j < 6; ++j)
                EXPECT_NEAR(found[j], wanted.at(j).get<double>(), 2 * bounds.parameters[step - 1])
                    << run.at("optimizer") << ", step " << step << ", parameter " << j;
        };
        for (std::size_t step = 1; step <= 20; ++step) expect_point(step, run.at("first_20_steps").at(step - 1));
        expect_point(book.at("steps"), run.at("end"));
    }
}

}  // namespace
}  // namespace glissade::golden_rules_test
