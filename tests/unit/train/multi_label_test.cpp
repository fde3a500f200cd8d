// SPDX-License-Identifier: Apache-2.0
// Rows of several labels: the same as a run of two classes for each label.
#include <gtest/gtest.h>

#include <algorithm>

#include "problems.hpp"
#include "tests/unit/persistence/scratch_directory.hpp"

namespace glissade::multi_label_test {
namespace {

using testing::error_of;
using testing::RandomProblem;
using testing::SparseProblem;

constexpr std::int64_t labels = 3;

std::vector<std::string_view> losses_of_labels() {
    std::vector<std::string_view> names = Loss::names();
    std::erase_if(names, [](std::string_view name) { return Loss(name).kind() != LossKind::binary; });
    return names;
}

TrainOptions options_with(std::string_view loss, std::int64_t batch = 16) {
    TrainOptions options;
    options.loss = Loss(loss);
    options.optimizer = Sgd{.lr = .05};
    options.batch_size = batch;
    options.epochs = 3;
    options.seed = 5;
    options.device = "cpu";
    options.threads = 2;
    return options;
}

/// Targets of random rows: none, some or all of the labels; and those of label `k` alone.
template <class Real>
std::vector<Real> label_targets(const RandomProblem<Real>& rows) {
    std::vector<Real> targets;
    for (std::int64_t r = 0; r < rows.rows; ++r) {
        const Real* x = rows.x.data() + r * rows.columns;
        for (std::int64_t k = 0; k < labels; ++k) targets.push_back(x[k] > x[k + 1] ? Real(1) : Real(0));
    }
    return targets;
}
template <class Real>
std::vector<Real> targets_of(const std::vector<Real>& targets, std::int64_t k) {
    std::vector<Real> own;
    for (std::size_t r = 0; r * labels < targets.size(); ++r) own.push_back(targets[r * labels + static_cast<std::size_t>(k)]);
    return own;
}

std::vector<double> parameters_of(const Model& model, std::int64_t o) {
    const auto first = model.parameters.begin() + o * model.spec.features;
    std::vector<double> own(first, first + model.spec.features);
    own.push_back(model.parameters[static_cast<std::size_t>(model.spec.weight_count() + o)]);
    return own;
}

template <class View, class Real>
void expect_a_run_for_each_label(const View& x, const std::vector<Real>& targets, const std::vector<Real>& weights,
                                 const TrainOptions& options, const std::string& where) {
    const auto together = train(Dataset::borrow(x, targets, weights), options);
    ASSERT_TRUE(together.model.spec.multi_label) << where;
    ASSERT_FALSE(together.model.spec.one_vs_rest()) << where;
    ASSERT_EQ(together.model.spec.outputs, labels) << where;
    EXPECT_EQ(together.model.class_labels, (std::vector<std::string>{"0", "1", "2"}));
    for (std::int64_t k = 0; k < labels; ++k) {
        const std::vector<Real> own = targets_of(targets, k);
        EXPECT_EQ(parameters_of(together.model, k), train(Dataset::borrow(x, own, weights), options).model.parameters)
            << where << ", label " << k;
    }
}

TEST(MultiLabel, IsARunOfTwoClassesForEachLabelWithEveryLoss) {
    const RandomProblem<float> dense(61, 5, 2, 3);
    const SparseProblem<double> sparse(61, 20, 2, 4);
    for (const auto loss : losses_of_labels())
        for (const std::int64_t batch : {std::int64_t{1}, std::int64_t{16}, full_batch}) {
            TrainOptions options = options_with(loss, batch);
            if (loss == "logistic" && batch == 16) options.label_smoothing = .125;
            const std::string where = std::string(loss) + ", batch " + std::to_string(batch);
            expect_a_run_for_each_label(dense.view(), label_targets(dense), batch == 16 ? dense.weights : std::vector<float>{}, options,
                                        where);
            expect_a_run_for_each_label(sparse.view(), label_targets(sparse.dense), sparse.dense.weights, options, where + ", sparse");
        }
}

/// One label a row is one class a row.
TEST(MultiLabel, OfOneLabelARowIsOneAgainstTheRestForNetworksToo) {
    constexpr int classes = 4;
    const RandomProblem<float> problem(90, 5, classes, 3);
    std::vector<float> targets(static_cast<std::size_t>(problem.rows) * classes, 0.0F);
    for (std::size_t r = 0; r < problem.y.size(); ++r) targets[r * classes + static_cast<std::size_t>(problem.y[r])] = 1;
    for (const auto loss : losses_of_labels())
        for (const bool network : {false, true}) {
            TrainOptions options = options_with(loss);
            options.optimizer = Adam{};
            if (network) options.hidden = {7, 4};
            const Model several = train(Dataset::borrow(problem.view(), targets), options).model;
            const Model one = train(problem.dataset(), options).model;
            ASSERT_TRUE(several.spec.multi_label && one.spec.one_vs_rest());
            EXPECT_EQ(several.parameters, one.parameters) << loss << (network ? ", network" : "");
        }
}

TEST(MultiLabel, PredictsEachLabelAndCountsThoseThatAreRight) {
    const RandomProblem<double> problem(200, 5, 2, 3);
    const std::vector<double> targets = label_targets(problem);
    TrainOptions options = options_with("logistic");
    options.optimizer = Adam{.lr = .05};
    const Model model = train(Dataset::borrow(problem.view(), targets), options).model;
    const auto rows = static_cast<std::size_t>(problem.rows), values = rows * labels;
    std::vector<double> scores(values), predicted(values), p(values), few(rows);
    model.decision_function(problem.view(), scores);
    model.predict(problem.view(), predicted);
    model.predict_proba(problem.view(), p);
    double right_rows = 0, right = 0, loss = 0;
    for (std::size_t r = 0; r < rows; ++r) {
        double of_row = 0;
        for (std::size_t i = r * labels; i < (r + 1) * labels; ++i) {
            EXPECT_EQ(predicted[i], scores[i] > 0 ? 1 : 0);
            EXPECT_EQ(p[i] > .5, scores[i] > 0);
            of_row += predicted[i] == targets[i] ? 1 : 0;
            loss -= std::log(targets[i] == 1 ? p[i] : 1 - p[i]);
        }
        right += of_row;
        right_rows += of_row == labels ? 1 : 0;
    }
    ASSERT_GT(right_rows, 0);
    ASSERT_LT(right_rows, static_cast<double>(rows)) << "else the two accuracies are one";
    const Metrics metrics = model.evaluate(Dataset::borrow(problem.view(), targets));
    EXPECT_EQ(*metrics.accuracy, right_rows / static_cast<double>(rows));
    const double terms = static_cast<double>(values), unit = std::numeric_limits<double>::epsilon();
    EXPECT_NEAR(*metrics.label_accuracy, right / terms, 4 * terms * unit);
    EXPECT_NEAR(metrics.loss, loss / static_cast<double>(rows), 16 * terms * unit * loss);
    EXPECT_EQ(metrics.log_loss, metrics.loss);
    EXPECT_FALSE(metrics.auc);
    const auto error = error_of([&] { model.predict(problem.view(), few); });
    ASSERT_TRUE(error) << "a value a label, not a value a row";
    EXPECT_EQ(error->kind(), ErrorKind::data);
}

TEST(MultiLabel, ValidatesGoesOnAndStandsInAFile) {
    const RandomProblem<float> problem(120, 5, 2, 3), held_out(60, 5, 2, 4);
    const std::vector<float> targets = label_targets(problem), other = label_targets(held_out);
    Dataset data = Dataset::borrow(problem.view(), targets);
    data.task = Task::classification;
    data.class_labels = {"warm", "wet", "dark"};
    TrainOptions options = options_with("hinge");
    options.validation = Dataset::borrow(held_out.view(), other);
    const auto run = train(data, options);
    ASSERT_EQ(run.history.size(), 3u);
    EXPECT_TRUE(run.history.back().validation->label_accuracy);
    const test::ScratchDirectory scratch;
    run.model.save(scratch.file("model"));
    const Model again = Model::load(scratch.file("model"));
    EXPECT_TRUE(again.spec.multi_label);
    EXPECT_EQ(again.class_labels, data.class_labels);
    EXPECT_EQ(again.evaluate(data).list(), run.model.evaluate(data).list());
    options.start = again;
    options.validation = {};
    options.folds = 3;
    const auto folded = train(data, options);
    EXPECT_NE(folded.model.parameters, again.parameters);
    EXPECT_FALSE(folded.members[0].folds.empty());
    options.loss = Loss();
    EXPECT_EQ(train(data, options).model.spec.loss.name(), "logistic") << "what is chosen for labels";
}

TEST(MultiLabel, RefusesWhatItCannotMean) {
    const RandomProblem<float> problem(40, 5, 2, 3);
    std::vector<float> targets = label_targets(problem);
    const auto refused = [&](const TrainOptions& options, ErrorKind kind, const std::string& words, std::vector<std::string> names = {}) {
        Dataset data = Dataset::borrow(problem.view(), targets);
        data.class_labels = std::move(names);
        if (!data.class_labels.empty()) data.task = Task::classification;
        const auto error = error_of([&] { train(data, options); });
        ASSERT_TRUE(error) << words;
        EXPECT_EQ(error->kind(), kind) << error->what();
        EXPECT_NE(std::string(error->what()).find(words), std::string::npos) << error->what();
    };
    refused(options_with("softmax"), ErrorKind::usage, "takes one class a row");
    refused(options_with("logistic"), ErrorKind::data, "names 2 labels", {"a", "b"});
    TrainOptions balanced = options_with("logistic");
    balanced.balanced = true;
    refused(balanced, ErrorKind::usage, "class weights need one class a row");
    TrainOptions from_classes = options_with("logistic");
    const RandomProblem<float> three(40, 5, 3, 3);
    from_classes.start = train(three.dataset(), options_with("logistic")).model;
    refused(from_classes, ErrorKind::usage, "several labels");
    targets[3 * labels + 1] = 2;
    refused(options_with("logistic"), ErrorKind::data, "row 4: target 2.000000 is not 0 or 1");
}

}  // namespace
}  // namespace glissade::multi_label_test
