// SPDX-License-Identifier: Apache-2.0
// What the trainer promises of every run, of networks: the same bits whoever shares the work, exact resume, files, units, clear errors.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "host/train/safetensors.hpp"
#include "host/train/store.hpp"
#include "tests/support/bounds.hpp"
#include "tests/unit/persistence/scratch_directory.hpp"
#include "tests/unit/train/interrupted.hpp"
#include "tests/unit/train/problems.hpp"

namespace glissade::network_test {
namespace {

using testing::error_of;
using testing::RandomProblem;

TrainOptions small_network() {
    TrainOptions options;
    options.hidden = {17, 5};
    options.optimizer = Adam{.lr = 1e-2};
    options.batch_size = 100;
    options.epochs = 4;
    options.dropout = .25;
    options.device = "cpu";
    options.threads = 1;
    return options;
}

/// 1500 rows make two to eight slots of a batch, of uneven length, and a short last batch.
TEST(Network, BitsDoNotDependOnThreadsOrSegments) {
    const RandomProblem<float> problem(1500, 7, 3, 3);
    for (const std::int64_t batch : {std::int64_t{100}, std::int64_t{1000}, full_batch}) {
        TrainOptions options = small_network();
        options.loss = "softmax";
        options.batch_size = batch;
        options.hidden = {40, 30};
        options.clip_norm = .5;
        const auto one = train(problem.dataset(true), options);
        for (const int threads : {2, 3, 5, 8}) {
            options.threads = threads;
            options.segment_steps = threads;
            const auto many = train(problem.dataset(true), options);
            EXPECT_EQ(one.model.parameters, many.model.parameters) << threads << " threads, batch " << batch;
            EXPECT_EQ(one.history.back().loss, many.history.back().loss) << threads << " threads, batch " << batch;
        }
    }
}

TEST(Network, AMemberIsTheModelOfItsOwnRun) {
    const RandomProblem<float> problem(200, 5, 2, 4);
    TrainOptions options = small_network();
    options.loss = "logistic";
    options.members = {{Adam{.lr = 1e-2}, 0, 0, 1, 2}, {Adam{.lr = 3e-3}, 1e-3, 1e-2, 7, 7}, {Adam{.lr = 1e-2}, 0, 0, 1, 3}};
    const auto all = train(problem.dataset(), options);
    for (std::size_t m = 0; m < options.members.size(); ++m) {
        TrainOptions alone = options;
        alone.members = {options.members[m]};
        EXPECT_EQ(train(problem.dataset(), alone).model.parameters, all.members[m].model.parameters) << m;
    }
    EXPECT_NE(all.members[0].model.parameters, all.members[2].model.parameters) << "dropout has a seed of its own";
}

TEST(Network, FoldsLeaveRowsOut) {
    const RandomProblem<double> problem(120, 4, 2, 4);
    TrainOptions options = small_network();
    options.loss = "logistic";
    options.folds = 3;
    const auto run = train(problem.dataset(), options);
    ASSERT_EQ(run.members[0].folds.size(), 3U);
    for (const Metrics& fold : run.members[0].folds) EXPECT_TRUE(std::isfinite(fold.loss));
    options.folds = 0;
    EXPECT_EQ(train(problem.dataset(), options).model.parameters, run.model.parameters);
}

template <class Real>
void expect_exact_resume() {
    const RandomProblem<Real> problem(150, 5, 3, 4);
    TrainOptions options = small_network();
    options.loss = "softmax";
    options.average.kind = AverageKind::exponential;
    options.average.decay = .9;
    options.label_smoothing = .1;
    const auto whole = train(problem.dataset(), options);
    const test::ScratchDirectory directory;
    for (const std::int64_t cut : {1, 3, 7}) {
        const auto resumed = testing::interrupted(problem.dataset(), options, directory.path() + "/run", cut);
        EXPECT_EQ(whole.model.parameters, resumed.model.parameters) << "cut after " << cut;
    }
}
TEST(Network, ResumeIsExactInTheMiddleOfAnEpochWithDropout) {
    expect_exact_resume<float>();
    expect_exact_resume<double>();
}

TEST(Network, ACheckpointIsOfItsOwnNetwork) {
    const RandomProblem<float> problem(150, 5, 2, 4);
    const test::ScratchDirectory directory;
    TrainOptions options = small_network();
    options.loss = "logistic";
    options.checkpoint.directory = directory.path() + "/run";
    train(problem.dataset(), options);
    const std::vector<std::function<void(TrainOptions&)>> changes = {
        [](TrainOptions& o) {
            o.hidden = {5, 17};
        },
        [](TrainOptions& o) { o.activation = "tanh"; }, [](TrainOptions& o) { o.dropout = .5; },
        [](TrainOptions& o) { o.activation = LeakyRelu{.negative_slope = .2}; }, [](TrainOptions& o) { o.label_smoothing = .1; }};
    for (std::size_t i = 0; i < changes.size(); ++i) {
        TrainOptions other = options;
        other.epochs = 6;
        changes[i](other);
        const auto error = error_of([&] { resume(problem.dataset(), options.checkpoint.directory, other); });
        ASSERT_TRUE(error) << i;
        EXPECT_EQ(error->kind(), ErrorKind::data) << i;
    }
}

TEST(Network, ANonFiniteSumFreezesTheStateBeforeItsStep) {
    const RandomProblem<float> problem(64, 4, 0, 4);
    TrainOptions options = small_network();
    options.loss = "squared";
    options.activation = "identity";
    options.dropout = 0;
    options.optimizer = Sgd{.lr = 100};
    options.schedule = "constant";
    options.batch_size = 32;
    const auto run = train(problem.dataset(), options);
    EXPECT_EQ(run.stop, StopReason::diverged);
    ASSERT_TRUE(run.divergence);
    EXPECT_GT(run.divergence->step, 1);
    for (const double parameter : run.model.parameters) EXPECT_TRUE(std::isfinite(parameter));
    options.max_steps = run.divergence->step - 1;
    EXPECT_EQ(train(problem.dataset(), options).model.parameters, run.model.parameters) << "the steps before are those of a run without it";
}

TEST(Network, LearnsWhatNoLinearModelCan) {
    std::vector<float> x, y;
    for (int i = 0; i < 400; ++i) {
        const double a = 2 * Philox::uniform(1, 99, 2 * i) - 1, b = 2 * Philox::uniform(1, 99, 2 * i + 1) - 1;
        x.insert(x.end(), {static_cast<float>(a), static_cast<float>(b)});
        y.push_back(a * b > 0 ? 1.0F : 0.0F);
    }
    Dataset data = Dataset::borrow(MatrixView<const float>(x.data(), 400, 2), y);
    TrainOptions options = small_network();
    options.loss = "logistic";
    options.dropout = 0;
    options.epochs = 100;
    options.batch_size = 20;
    const auto run = train(data, options);
    EXPECT_GT(*run.model.evaluate(data).accuracy, .95) << "exclusive or";
    options.hidden.clear();
    EXPECT_LT(*train(data, options).model.evaluate(data).accuracy, .7);
}

class NetworkFile : public ::testing::Test {
protected:
    test::ScratchDirectory directory;
    std::string path = directory.path() + "/model.safetensors";
    RandomProblem<float> problem{150, 5, 3, 4};
    Model network() {
        TrainOptions options = small_network();
        options.loss = "softmax";
        options.activation = LeakyRelu{.negative_slope = .2};
        options.standardize = true;
        return train(problem.dataset(), options).model;
    }
};

TEST_F(NetworkFile, KeepsLayersAndActivation) {
    const Model model = network();
    model.save(path);
    const Model loaded = Model::load(path);
    EXPECT_EQ(loaded.spec.hidden, model.spec.hidden);
    EXPECT_EQ(loaded.spec.activation.name(), "leaky_relu");
    EXPECT_EQ(loaded.spec.activation.get("negative_slope"), .2);
    EXPECT_EQ(loaded.parameters, model.parameters);
    std::vector<float> before(450), after(450);
    model.decision_function(problem.view(), before);
    loaded.decision_function(problem.view(), after);
    EXPECT_EQ(before, after);
    const TensorFile file = decode(read_file(posix_io(), path), path);
    std::vector<std::string> names;
    for (const Tensor& tensor : file.tensors) names.push_back(tensor.name);
    for (const char* name : {"layer.0.weight", "layer.0.bias", "layer.2.weight", "layer.2.bias"})
        EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name;
}

TEST_F(NetworkFile, OfDamagedCountsIsRefused) {
    network().save(path);
    for (const auto& [from, to] : {std::pair<std::string, std::string>{"[17,5]", "[17,0]"},
                                   {"[17,5]", "[9,99]"},
                                   {"{\"name\":\"leaky_relu\"", "{\"name\":\"leeky_relu\""}}) {
        TensorFile file = decode(read_file(posix_io(), path), path);
        std::string& text = file.metadata["model"];
        const auto at = text.find(from);
        ASSERT_NE(at, std::string::npos) << text;
        text.replace(at, from.size(), to);
        const std::string damaged = directory.path() + "/damaged.safetensors";
        write_file_atomically(posix_io(), damaged, encode(file));
        const auto error = error_of([&] { Model::load(damaged); });
        ASSERT_TRUE(error) << to;
        EXPECT_EQ(error->kind(), ErrorKind::data) << to;
    }
}

TEST_F(NetworkFile, ScoresOfOneRowAreThoseAmongOthersButForRounding) {
    const Model model = network();
    std::vector<float> all(450), one(3);
    model.decision_function(problem.view(), all, {.threads = 3});
    double size = 1;
    for (const double parameter : model.parameters) size += std::fabs(parameter);
    for (std::int64_t r = 0; r < 150; ++r) {
        model.decision_function(MatrixView<const float>(problem.x.data() + r * 5, 1, 5), one);
        for (int o = 0; o < 3; ++o)  // each of at most 5 + 17 + 5 + 3 sums is at most the sum of all sizes, times that of a row
            EXPECT_NEAR(one[o], all[r * 3 + o], testing::gamma_bound<float>(30) * size * size) << "row " << r;
    }
    EXPECT_TRUE(error_of([&] {
        std::vector<double> weights, biases;
        model.coefficients(weights, biases);
    }));
}

/// The same model in other units of features and targets predicts the same.
TEST(Network, AWarmStartIsBroughtIntoTheUnitsOfTheRun) {
    const RandomProblem<double> problem(200, 4, 0, 4);
    TrainOptions options = small_network();
    options.loss = "squared";
    options.activation = "tanh";
    const Model raw = train(problem.dataset(), options).model;
    TrainOptions next = options;
    next.start = raw;
    next.optimizer = Sgd{.lr = 1e-300};  // too small to move anything
    next.dropout = 0;
    next.epochs = 1;
    next.standardize = next.standardize_target = true;
    const Model moved = train(problem.dataset(), next).model;
    EXPECT_NE(moved.parameters, raw.parameters);
    std::vector<double> before(200), after(200);
    raw.predict(problem.view(), before);
    moved.predict(problem.view(), after);
    double size = 1;
    for (const double parameter : raw.parameters) size += std::fabs(parameter);
    for (std::size_t r = 0; r < before.size(); ++r)
        EXPECT_NEAR(before[r], after[r], testing::gamma_bound<double>(60) * size * size) << "row " << r;
    next.activation = "relu";
    EXPECT_TRUE(error_of([&] { train(problem.dataset(), next); })) << "another activation";
}

}  // namespace
}  // namespace glissade::network_test
