// SPDX-License-Identifier: Apache-2.0
// train(), resume(), predictions and plans on sparse data sets.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "host/train/folds.hpp"
#include "interrupted.hpp"
#include "problems.hpp"

namespace glissade {
namespace {

using testing::error_of;
using testing::interrupted;
using testing::SparseProblem;

TrainOptions options_with(const Optimizer& optimizer) {
    TrainOptions options;
    options.loss = "logistic";
    options.optimizer = optimizer;
    const bool full = optimizer.full_batch_only();
    options.batch_size = full ? full_batch : 10;
    options.schedule = full ? "constant" : "cosine";
    options.epochs = full ? 15 : 3;
    options.device = "cpu";
    options.threads = 1;
    return options;
}

void expect_same(const Run& a, const Run& b, const std::string& where) {
    EXPECT_EQ(a.model.parameters, b.model.parameters) << where;
    ASSERT_EQ(a.history.size(), b.history.size()) << where;
    for (std::size_t e = 0; e < a.history.size(); ++e) {
        EXPECT_EQ(a.history[e].loss, b.history[e].loss) << where;
        EXPECT_EQ(a.history[e].validation->loss, b.history[e].validation->loss) << where;
    }
}

class SparseResume : public ::testing::Test {
protected:
    const test::ScratchDirectory scratch;
    const std::string directory = scratch.path();
};

TEST_F(SparseResume, IsExactForEveryRuleWithAndWithoutPenalties) {
    const SparseProblem<float> problem(45, 20, 2, 3), held_out(30, 20, 2, 4);
    for (const std::string_view name : Optimizer::names())
        for (const bool penalised : {false, true}) {
            TrainOptions options = options_with(Optimizer::named(name));
            options.validation = held_out.dataset();
            options.l1 = penalised && !options.optimizer.has("l1_strength") && !options.optimizer.full_batch_only() ? .01 : 0;
            options.l2 = penalised && name == "sgd" ? .1 : 0;
            const auto whole = train(problem.dataset(true), options);
            for (const std::int64_t cut : {1, 6, 11})
                expect_same(interrupted(problem.dataset(true), options, directory, cut), whole,
                            std::string(name) + (penalised ? ", penalised" : "") + ", cut at step " + std::to_string(cut));
        }
}

TEST(SparseFolds, AreScoredByModelsThatTheirRowsDidNotReach) {
    const SparseProblem<double> problem(61, 20, 2, 8);
    TrainOptions options = options_with(Adagrad{});
    options.folds = 3;
    options.threads = 2;
    const auto together = train(problem.dataset(true), options);
    const auto folds = assign_folds(problem.dataset(), Task::classification, options.folds, options.seed);
    for (std::int64_t fold = 0; fold < options.folds; ++fold) {
        std::vector<double> weights = problem.dense.weights;
        std::vector<std::int64_t> rows;
        for (std::size_t r = 0; r < folds.size(); ++r) {
            if (folds[r] != fold) continue;
            weights[r] = 0;
            rows.push_back(static_cast<std::int64_t>(r));
        }
        TrainOptions alone = options;
        alone.folds = 0;
        const auto without = train(Dataset::borrow(problem.view(), problem.dense.y, weights), alone);
        EXPECT_EQ(together.members[0].folds.at(static_cast<std::size_t>(fold)).list(),
                  without.model.evaluate(problem.dataset(true).select(rows)).list())
            << "fold " << fold;
    }
}

TEST_F(SparseResume, RefusesOtherRows) {
    const SparseProblem<float> problem(45, 20, 2, 3);
    SparseProblem<float> other = problem;
    TrainOptions options = options_with(Adagrad{});
    options.checkpoint.directory = directory;
    train(problem.dataset(), options);
    const auto fault = [&](const Dataset& data) {
        const auto error = error_of([&] { resume(data, directory, options); });
        return error ? std::string(error->what()) : "";
    };
    other.values[3] *= 2;
    EXPECT_NE(fault(other.dataset()).find("fingerprints differ"), std::string::npos);
    other = problem;
    std::size_t gap = 0;  // an entry that can move one column on
    while (gap + 1 < other.indices.size() && (other.indices[gap] == 19 || other.indices[gap] + 1 == other.indices[gap + 1])) ++gap;
    ++other.indices[gap];
    EXPECT_NE(fault(other.dataset()).find("fingerprints differ"), std::string::npos);
    EXPECT_NE(fault(problem.dense.dataset()).find("fingerprints differ"), std::string::npos);
}

TEST(SparseTrain, AMemberThatDivergesLeavesTheOthersAsTheyWouldBeAlone) {
    const SparseProblem<double> problem(60, 20, 0, 5);
    TrainOptions options = options_with(Sgd{.lr = .05});
    options.loss = "squared";
    options.schedule = "constant";
    const auto alone = train(problem.dataset(), [&] {
        auto o = options;
        o.l1 = .01;
        o.l2 = .02;
        return o;
    }());
    options.members = {{Sgd{.lr = 1e200}, 0, 0, 0}, {Sgd{.lr = .05}, .01, .02, 0}};
    const auto run = train(problem.dataset(), options);
    ASSERT_TRUE(run.members[0].divergence.has_value());
    EXPECT_NE(run.members[0].divergence->message.find("lr 1e+200 exceeds"), std::string::npos) << run.members[0].divergence->message;
    EXPECT_EQ(run.best_member, 1);
    EXPECT_EQ(run.model.parameters, alone.model.parameters);
}

TEST(SparseTrain, CountsWeightsThatAreNotZero) {
    const SparseProblem<float> problem(60, 20, 2, 6);
    TrainOptions options = options_with(Sgd{.lr = .1});
    options.epochs = 20;
    EXPECT_EQ(train(problem.dataset(), options).nonzero_weights, 20);
    options.l1 = .08;
    const auto run = train(problem.dataset(), options);
    const auto& w = run.model.parameters;
    EXPECT_EQ(run.nonzero_weights, 20 - std::count(w.begin(), w.begin() + 20, 0.0));
    EXPECT_LT(run.nonzero_weights, 15);
    EXPECT_GT(run.nonzero_weights, 0);
    EXPECT_EQ(run.members[0].nonzero_weights, run.nonzero_weights);
}

TEST(SparseTrain, PredictsTheSameFromSparseAndDenseRowsOfEitherType) {
    const SparseProblem<float> problem(60, 20, 3, 7);
    TrainOptions options = options_with(Adagrad{.lr = .1});
    options.loss = "softmax";
    options.standardize = true;
    const Model model = train(problem.dataset(), options).model;
    std::vector<float> sparse(60), dense(60), from_data(60), p(180);
    model.predict(problem.view(), sparse);
    model.predict(problem.dense.view(), dense);
    model.predict(problem.dataset(), from_data);
    EXPECT_EQ(sparse, dense);
    EXPECT_EQ(sparse, from_data);
    model.predict_proba(problem.view(), p);
    for (std::size_t r = 0; r < 60; ++r) EXPECT_NEAR(p[3 * r] + p[3 * r + 1] + p[3 * r + 2], 1, 8 * 0x1p-24);
    SparseProblem<double> wide(60, 20, 3, 7);
    for (std::size_t k = 0; k < wide.values.size(); ++k) wide.values[k] = problem.values[k];
    wide.offsets = problem.offsets;
    wide.indices = problem.indices;
    wide.values.assign(problem.values.begin(), problem.values.end());
    std::vector<double> doubles(60);
    model.predict(wide.view(), doubles);
    EXPECT_EQ(std::vector<float>(doubles.begin(), doubles.end()), sparse);
    const Metrics a = model.evaluate(problem.dataset()), b = model.evaluate(problem.dense.dataset());
    EXPECT_EQ(a.accuracy, b.accuracy);
    const auto double_targets = std::vector<double>(problem.dense.y.begin(), problem.dense.y.end());
    EXPECT_EQ(model.evaluate(Dataset::borrow(wide.view(), double_targets)).loss, a.loss);
}

TEST(SparseTrain, StandardizeDividesByTheDeviationAndLeavesZeros) {
    const SparseProblem<double> problem(60, 20, 2, 8);
    TrainOptions options = options_with(Adagrad{.lr = .1});
    options.standardize = true;
    const Model model = train(problem.dataset(), options).model;
    ASSERT_EQ(model.input.scale.size(), 20u);
    for (std::size_t j = 0; j < 20; ++j) {
        double mean = 0, square = 0;
        for (std::size_t r = 0; r < 60; ++r) mean += problem.dense.x[r * 20 + j] / 60;
        for (std::size_t r = 0; r < 60; ++r) square += std::pow(problem.dense.x[r * 20 + j] - mean, 2) / 60;
        EXPECT_NEAR(model.input.scale[j], 1 / std::sqrt(square), 200 * 0x1p-53 / std::sqrt(square)) << j;
        EXPECT_EQ(model.input.shift[j], 0) << j;
    }
    std::vector<double> out(60);
    const Model dense_model = train(problem.dense.dataset(), options).model;
    const auto error = error_of([&] { dense_model.predict(problem.view(), out); });
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->kind(), ErrorKind::usage);
    EXPECT_NE(std::string(error->what()).find("shifts its columns"), std::string::npos);
}

TEST(SparseTrain, RefusesWhatItCannotUse) {
    SparseProblem<float> problem(20, 5, 2, 9);
    TrainOptions options = options_with(Adagrad{});
    const auto refused = [&](const Dataset& data, ErrorKind kind, const std::string& what) {
        const auto error = error_of([&] { train(data, options); });
        ASSERT_TRUE(error.has_value()) << what;
        EXPECT_EQ(error->kind(), kind) << error->what();
        EXPECT_NE(std::string(error->what()).find(what), std::string::npos) << error->what();
    };
    options.device = "cpu";
    options.validation = problem.dense.dataset();
    refused(problem.dataset(), ErrorKind::usage, "the training data is sparse, the validation data dense");
    options.validation = {};
    Dataset shifted = problem.dataset();
    shifted.input.scale.assign(5, 1);
    shifted.input.shift.assign(5, 1);
    refused(shifted, ErrorKind::data, "would fill sparse rows");
    const std::size_t bad = static_cast<std::size_t>(problem.offsets[7]);
    problem.values[bad] = std::numeric_limits<float>::quiet_NaN();
    const auto row = std::upper_bound(problem.offsets.begin(), problem.offsets.end(), problem.offsets[7]) - problem.offsets.begin();
    refused(problem.dataset(), ErrorKind::data,
            "row " + std::to_string(row) + ", column " + std::to_string(problem.indices[bad] + 1) + ": the value is not finite");
    Dataset unfilled = Dataset::allocate_sparse(RealType::float32, 2, 5, 3, 1, false);
    unfilled.mutable_offsets()[1] = 3;
    unfilled.mutable_targets<float>()[1] = 1;
    refused(unfilled, ErrorKind::data, "row 2: its offsets fall");
}

TEST(SparseTrain, ThePlanSaysWhatRuns) {
    const SparseProblem<float> problem(60, 20, 2, 10);
    TrainOptions options = options_with(Adagrad{});
    options.device = "auto";
    const std::string lazy = describe_plan(problem.dataset(), options);
    EXPECT_NE(lazy.find(std::to_string(problem.values.size()) + " nonzeros, 8 bytes each"), std::string::npos) << lazy;
    options.optimizer = Adam{};
    const std::string all = describe_plan(problem.dataset(), options);
    EXPECT_NE(all.find("every step reads and writes all parameters, 1.3 kB"), std::string::npos) << all;
}

}  // namespace
}  // namespace glissade
