// SPDX-License-Identifier: Apache-2.0
// A loss of two classes on more of them: each class against the rest, the same as runs of two classes each.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "problems.hpp"
#include "tests/support/bounds.hpp"
#include "tests/unit/persistence/scratch_directory.hpp"

namespace glissade {
namespace {

using testing::error_of;
using testing::RandomProblem;
using testing::SparseProblem;

constexpr int classes = 4;

std::vector<std::string_view> losses_of_two_classes() {
    std::vector<std::string_view> names = Loss::names();
    std::erase_if(names, [](std::string_view name) { return Loss(name).kind() != LossKind::binary; });
    return names;
}

TrainOptions options_with(std::string_view loss, const Optimizer& optimizer) {
    TrainOptions options;
    options.loss = Loss(loss);
    options.optimizer = optimizer;
    const bool full = optimizer.full_batch_only();
    options.batch_size = full ? full_batch : 16;
    options.schedule = full ? "constant" : "cosine";
    options.epochs = 3;
    options.seed = 5;
    options.device = "cpu";
    options.threads = 2;
    return options;
}

/// Of a model, what belongs to output `o`: weights, then the bias.
std::vector<double> parameters_of(const Model& model, std::int64_t o) {
    const auto first = model.parameters.begin() + o * model.spec.features;
    std::vector<double> own(first, first + model.spec.features);
    if (model.spec.bias) own.push_back(model.parameters[static_cast<std::size_t>(model.spec.weight_count() + o)]);
    return own;
}

/// The same rows, whose target says whether they are of class `k`.
template <class Rows>
Rows against_rest(const Rows& rows, int k) {
    Rows out = rows;
    auto& y = [&]() -> auto& {
        if constexpr (requires { out.dense; })
            return out.dense.y;
        else
            return out.y;
    }
    ();
    for (auto& target : y) target = target == static_cast<std::remove_reference_t<decltype(target)>>(k) ? 1 : 0;
    return out;
}

template <class Rows>
void expect_runs_of_two_classes(const Rows& rows, const TrainOptions& options, bool weighted, const std::string& where) {
    const auto together = train(rows.dataset(weighted), options);
    ASSERT_TRUE(together.model.spec.one_vs_rest()) << where;
    ASSERT_EQ(together.model.spec.outputs, classes) << where;
    for (int k = 0; k < classes; ++k) {
        const auto alone = train(against_rest(rows, k).dataset(weighted), options);
        ASSERT_EQ(together.members.size(), alone.members.size());
        for (std::size_t m = 0; m < alone.members.size(); ++m) {
            ASSERT_FALSE(alone.members[m].divergence) << where;
            EXPECT_EQ(parameters_of(together.members[m].model, k), alone.members[m].model.parameters)
                << where << ", class " << k << ", member " << m;
        }
    }
}

TEST(OneVsRest, IsARunOfTwoClassesForEachOfThemWithEveryLoss) {
    const RandomProblem<float> dense(61, 5, classes, 3);
    const SparseProblem<double> sparse(61, 20, classes, 4);
    for (const auto loss : losses_of_two_classes())
        for (const std::int64_t batch : {std::int64_t{1}, std::int64_t{16}, full_batch}) {
            TrainOptions options = options_with(loss, Sgd{.lr = .05});
            options.batch_size = batch;
            const std::string where = std::string(loss) + ", batch " + std::to_string(batch);
            expect_runs_of_two_classes(dense, options, batch == 16, where + ", dense");
            expect_runs_of_two_classes(sparse, options, batch == 16, where + ", sparse");
        }
}

TEST(OneVsRest, IsARunOfTwoClassesForEachOfThemWithEveryOptimizer) {
    const RandomProblem<double> dense(61, 5, classes, 3);
    const SparseProblem<float> sparse(61, 20, classes, 4);
    for (const auto name : Optimizer::names()) {
        const Optimizer optimizer = Optimizer::named(name);
        if (optimizer.driven_by_host()) continue;  // one line search for all outputs
        TrainOptions options = options_with("squared_hinge", optimizer);
        expect_runs_of_two_classes(dense, options, true, std::string(name) + ", dense");
        expect_runs_of_two_classes(sparse, options, true, std::string(name) + ", sparse");
    }
}

TEST(OneVsRest, IsARunOfTwoClassesForEachOfThemWithPenaltiesAveragesAndMembers) {
    const RandomProblem<float> dense(61, 5, classes, 3);
    const SparseProblem<float> sparse(61, 20, classes, 4);
    for (const AverageKind average : {AverageKind::none, AverageKind::mean}) {
        TrainOptions options = options_with("hinge", Sgd{.lr = .05});
        options.average.kind = average;
        options.clip_value = .05;
        options.standardize = true;
        options.members = {{Sgd{.lr = .05}, .001, .01, 0}, {Sgd{.lr = .1}, 0, .1, 0}, {Sgd{.lr = .02}, .01, 0, 0}};
        expect_runs_of_two_classes(dense, options, true, "dense");
        expect_runs_of_two_classes(sparse, options, true, "sparse");
    }
}

TEST(OneVsRest, BeginsFromAModelAsRunsOfTwoClassesDo) {
    const RandomProblem<double> problem(61, 5, classes, 3);
    TrainOptions options = options_with("logistic", Sgd{.lr = .1});
    const Model start = train(problem.dataset(), options).model;
    options.start = start;
    const Model after = train(problem.dataset(), options).model;
    for (int k = 0; k < classes; ++k) {
        TrainOptions alone = options;
        Model own = train(against_rest(problem, k).dataset(), options_with("logistic", Sgd{.lr = .1})).model;
        own.parameters = parameters_of(start, k);
        alone.start = own;
        EXPECT_EQ(parameters_of(after, k), train(against_rest(problem, k).dataset(), alone).model.parameters) << "class " << k;
    }
}

TEST(OneVsRest, WeighsARowByItsClassForAllOutputs) {
    const RandomProblem<double> problem(61, 5, classes, 3);
    TrainOptions options = options_with("hinge", Sgd{.lr = .05});
    options.class_weights = {1, 2, .5, 4};
    RandomProblem<double> weighted = problem;
    for (std::size_t r = 0; r < weighted.y.size(); ++r)
        weighted.weights[r] = options.class_weights[static_cast<std::size_t>(weighted.y[r])];
    const Model together = train(problem.dataset(), options).model;
    options.class_weights.clear();
    for (int k = 0; k < classes; ++k)
        EXPECT_EQ(parameters_of(together, k), train(against_rest(weighted, k).dataset(true), options).model.parameters) << "class " << k;
}

/// Two classes keep their one output.
TEST(OneVsRest, IsForMoreThanTwoClassesOnly) {
    const RandomProblem<float> problem(61, 5, 2, 3);
    const Model model = train(problem.dataset(), options_with("hinge", Sgd{})).model;
    EXPECT_FALSE(model.spec.one_vs_rest());
    EXPECT_EQ(model.spec.outputs, 1);
    const RandomProblem<float> several(61, 5, classes, 3);
    TrainOptions options = options_with("hinge", Sgd{});
    options.loss = Loss();
    Dataset labelled = several.dataset();
    labelled.task = Task::classification;
    labelled.class_labels = {"a", "b", "c", "d"};
    EXPECT_EQ(train(labelled, options).model.spec.loss.name(), "softmax") << "what is chosen for more classes";
}

TEST(OneVsRest, PredictsTheClassOfTheLargestScoreAndScoresSumTheLosses) {
    const RandomProblem<double> problem(200, 5, classes, 3), fresh(50, 5, classes, 4);
    for (const auto loss : losses_of_two_classes()) {
        const Model model = train(problem.dataset(true), options_with(loss, Adam{})).model;
        const auto rows = static_cast<std::size_t>(fresh.rows);
        std::vector<double> scores(rows * classes), predicted(rows);
        model.decision_function(fresh.view(), scores);
        model.predict(fresh.view(), predicted);
        double right = 0;
        for (std::size_t r = 0; r < rows; ++r) {
            const auto first = scores.begin() + static_cast<std::ptrdiff_t>(r * classes);
            EXPECT_EQ(predicted[r], static_cast<double>(std::max_element(first, first + classes) - first)) << loss << ", row " << r;
            right += predicted[r] == fresh.y[r] ? 1 : 0;
        }
        const Metrics metrics = model.evaluate(fresh.dataset());
        EXPECT_EQ(*metrics.accuracy, right / static_cast<double>(rows)) << loss;
        EXPECT_FALSE(metrics.auc) << loss << ": there are more than two classes";
        double sum = 0;
        for (int k = 0; k < classes; ++k) {
            Model own = model;
            own.spec.outputs = 1;
            own.parameters = parameters_of(model, k);
            own.class_labels = {"rest", "class"};
            sum += own.evaluate(against_rest(fresh, k).dataset()).loss;
        }
        EXPECT_NEAR(metrics.loss, sum, testing::gamma_bound<double>(2.0 * static_cast<double>(rows) * classes) * sum) << loss;
    }
}

TEST(OneVsRest, LogLossIsThatOfTheProbabilities) {
    const RandomProblem<double> problem(200, 5, classes, 3);
    Model model = train(problem.dataset(), options_with("logistic", Adam{.lr = .1})).model;
    const auto rows = static_cast<std::size_t>(problem.rows);
    std::vector<double> p(rows * classes);
    model.predict_proba(problem.view(), p);
    double sum = 0, largest = 0;
    for (std::size_t r = 0; r < rows; ++r) {
        double whole = 0;
        for (std::size_t c = 0; c < classes; ++c) whole += p[r * classes + c];
        EXPECT_NEAR(whole, 1, testing::gamma_bound<double>(2 * classes));
        const double term = -std::log(p[r * classes + static_cast<std::size_t>(problem.y[r])]);
        sum += term;
        largest = std::max(largest, term);
    }
    const auto count = static_cast<double>(rows);
    // Rows add up, and each term has what a handful of functions of a few units in the last place bring to a probability.
    EXPECT_NEAR(*model.evaluate(problem.dataset()).log_loss, sum / count,
                testing::gamma_bound<double>(count) * sum / count + testing::gamma_bound<double>(64) * (1 + largest));
    for (double& parameter : model.parameters) parameter *= 1e6;
    EXPECT_TRUE(std::isfinite(*model.evaluate(problem.dataset()).log_loss)) << "sure answers, wrong ones among them";
}

TEST(OneVsRest, ProbabilitiesAreAlikeWhereEveryOutputIsSureOfTheRest) {
    const RandomProblem<float> problem(61, 5, classes, 3);
    for (const char* loss : {"modified_huber", "logistic"}) {
        Model model = train(problem.dataset(), options_with(loss, Adam{})).model;
        std::fill(model.parameters.begin(), model.parameters.end(), 0.0);
        std::fill(model.parameters.end() - classes, model.parameters.end(), -2000.0);
        std::vector<float> p(static_cast<std::size_t>(problem.rows * classes));
        model.predict_proba(problem.view(), p);
        EXPECT_EQ(p, std::vector<float>(p.size(), 1.0F / classes)) << loss;
        model.parameters.back() = -100;  // far below what float32 has for its logistic function; still the likeliest
        model.predict_proba(problem.view(), p);
        if (loss[0] == 'l') {
            EXPECT_EQ(p.back(), 1.0F);
        }
    }
}

TEST(OneVsRest, HasNoProbabilitiesWhereTheLossHasNone) {
    const RandomProblem<float> problem(61, 5, classes, 3);
    const Model model = train(problem.dataset(), options_with("hinge", Adam{})).model;
    std::vector<float> p(static_cast<std::size_t>(problem.rows * classes));
    const auto error = error_of([&] { model.predict_proba(problem.view(), p); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind(), ErrorKind::usage);
    EXPECT_NE(std::string(error->what()).find("trained with hinge"), std::string::npos) << error->what();
}

TEST(OneVsRest, KeepsItsModelInAFile) {
    const RandomProblem<float> problem(61, 5, classes, 3);
    const Model model = train(problem.dataset(), options_with("hinge", Adam{})).model;
    const test::ScratchDirectory scratch;
    model.save(scratch.file("model"));
    const Model again = Model::load(scratch.file("model"));
    EXPECT_TRUE(again.spec.one_vs_rest());
    EXPECT_EQ(again.parameters, model.parameters);
    EXPECT_EQ(again.evaluate(problem.dataset()).list(), model.evaluate(problem.dataset()).list());
}

TEST(OneVsRest, FindsTheOptimumOfEachClassByLbfgs) {
    // One line search for all outputs; the loss is their sum, so its optimum is that of each.
    const RandomProblem<double> problem(200, 4, classes, 3);
    TrainOptions options = options_with("logistic", Lbfgs{.tolerance_grad = 1e-9, .tolerance_change = 0});
    options.epochs = 200;
    options.l2 = .01;
    options.decay_bias = true;
    const auto together = train(problem.dataset(), options);
    ASSERT_EQ(together.stop, StopReason::converged);
    for (int k = 0; k < classes; ++k) {
        const auto alone = train(against_rest(problem, k).dataset(), options);
        ASSERT_EQ(alone.stop, StopReason::converged);
        const auto found = parameters_of(together.model, k);
        // The loss has curvature l2 at least: no point is further from the optimum than its gradient by that.
        const double bound = 2 * 1e-9 * std::sqrt(static_cast<double>(found.size())) / options.l2;
        for (std::size_t j = 0; j < found.size(); ++j)
            EXPECT_NEAR(found[j], alone.model.parameters[j], bound) << "class " << k << ", " << j;
    }
}

}  // namespace
}  // namespace glissade
