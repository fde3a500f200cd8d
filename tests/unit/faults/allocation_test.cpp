// SPDX-License-Identifier: Apache-2.0
// Every allocation of the library's public functions fails in turn. Whichever it is, the call ends with std::bad_alloc or Error(memory),
// gives back all memory, threads and files, leaves outputs and files as they were, and works when it is called again.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/faults/sweep.hpp"
#include "tests/unit/persistence/scratch_directory.hpp"
#include "tests/unit/train/problems.hpp"

namespace glissade {
namespace {

using testing::fail_every_allocation;
using testing::RandomProblem;

/// Once: one allocation fails, those after it do not. ForGood: from one on, all fail.
class EveryAllocation : public ::testing::TestWithParam<bool> {
protected:
    bool for_good() const { return GetParam(); }
};
INSTANTIATE_TEST_SUITE_P(Fails, EveryAllocation, ::testing::Values(false, true),
                         [](const auto& p) { return p.param ? "ForGood" : "Once"; });

TrainOptions quick(const char* loss) {
    TrainOptions options;
    options.loss = loss;
    options.batch_size = 8;
    options.epochs = 2;
    options.segment_steps = 3;
    options.device = "cpu";
    options.threads = 3;
    return options;
}

TEST_P(EveryAllocation, OfAPlainRun) {
    const RandomProblem<float> problem(20, 3, 2, 4);
    const Dataset data = problem.dataset();
    const TrainOptions options = quick("logistic");
    const auto wanted = train(data, options).model.parameters;
    fail_every_allocation({.call = [&] { return train(data, options).model.parameters == wanted; }}, for_good());
}

TEST_P(EveryAllocation, OfARunWithEverythingOn) {
    const RandomProblem<double> problem(20, 3, 0, 4), held_out(10, 3, 0, 5);
    const Dataset data = problem.dataset(true);
    TrainOptions options = quick("huber");
    options.start = train(data, options).model;
    options.validation = held_out.dataset();
    options.members = {{NAdam{.lr = .01}, 0, 0, 0}, {NAdam{.lr = 1e300}, 0, .1, 0}};  // the second diverges and leaves
    options.standardize = options.standardize_target = true;
    options.average.kind = AverageKind::mean;
    options.clip_norm = 1;
    options.patience = 5;
    options.on_segment = [](const Progress&) { return Control::go_on; };
    const auto run = train(data, options);
    ASSERT_TRUE(run.members[1].divergence.has_value());
    fail_every_allocation({.call = [&] { return train(data, options).model.parameters == run.model.parameters; }}, for_good());
}

TEST_P(EveryAllocation, OfAPlan) {
    const RandomProblem<float> problem(20, 3, 4, 4);
    const Dataset data = problem.dataset();
    const TrainOptions options = quick("softmax");
    const std::string wanted = describe_plan(data, options);
    fail_every_allocation({.call = [&] { return describe_plan(data, options) == wanted; }}, for_good());
}

/// A run with checkpoints in a directory of its own.
struct SavedRun {
    RandomProblem<float> problem{20, 3, 2, 4};
    Dataset data = problem.dataset();
    test::ScratchDirectory scratch;
    std::string directory = scratch.file("run");
    TrainOptions options = quick("logistic");
    std::vector<double> wanted = train(data, options).model.parameters;

    SavedRun() {
        options.checkpoint.directory = directory;
        options.checkpoint.every_steps = 4;
    }
    void clear() const { std::filesystem::remove_all(directory); }
    /// Checkpoints and nothing else, and the newest leads to the model that an undisturbed run gives.
    void expect_resumable() const {
        if (!std::filesystem::exists(directory) || std::filesystem::is_empty(directory)) return;
        for (const auto& file : std::filesystem::directory_iterator(directory)) EXPECT_EQ(file.path().extension(), ".safetensors");
        EXPECT_EQ(resume(data, directory, options).model.parameters, wanted);
    }
};

TEST_P(EveryAllocation, OfARunThatSavesCheckpoints) {
    const SavedRun run;
    fail_every_allocation({.call = [&] { return train(run.data, run.options).model.parameters == run.wanted; },
                           .before = [&] { run.clear(); },
                           .unharmed = [&] { run.expect_resumable(); }},
                          for_good());
}

TEST_P(EveryAllocation, OfAResumedRun) {
    SavedRun run;
    run.options.checkpoint.every_steps = 1000;  // at the ends only: each save waits for the disk
    TrainOptions stopped = run.options;
    stopped.on_segment = [](const Progress& progress) { return progress.step >= 2 ? Control::stop : Control::go_on; };
    train(run.data, stopped);
    const std::string path = newest_checkpoint(run.directory).path, bytes = test::contents(path);
    fail_every_allocation({.call = [&] { return resume(run.data, run.directory, run.options).model.parameters == run.wanted; },
                           .before =
                               [&] {
                                   run.clear();
                                   std::filesystem::create_directory(run.directory);
                                   test::put(path, bytes);
                               },
                           .unharmed = [&] { run.expect_resumable(); }},
                          for_good());
}

/// A model that has all that a model can have, and the file of another.
struct SavedModel {
    RandomProblem<double> problem{30, 3, 4, 4};
    Model model;
    test::ScratchDirectory scratch;
    std::string path = scratch.file("model"), old_bytes, new_bytes;

    SavedModel() {
        TrainOptions options = quick("softmax");
        options.standardize = true;
        model = train(problem.dataset(), options).model;
        model.save(path);
        old_bytes = test::contents(path);
        model.feature_names = {"the first feature of the table", "the second feature of the table", "c"};
        model.preparation.format = "csv";
        model.preparation.file_columns = 2;
        model.preparation.columns = {{"the first column of the file", 0, ColumnKind::numeric, false, .5, {}},
                                     {"the second column of the file", 1, ColumnKind::categorical, false, 1, {"a", "b"}}};
        model.save(path);
        new_bytes = test::contents(path);
    }
};

TEST_P(EveryAllocation, OfASave) {
    const SavedModel saved;
    fail_every_allocation({.call =
                               [&] {
                                   saved.model.save(saved.path);
                                   return true;
                               },
                           .before = [&] { test::put(saved.path, saved.old_bytes); },
                           .unharmed =
                               [&] {
                                   EXPECT_EQ(test::contents(saved.path), saved.old_bytes);
                                   EXPECT_EQ(saved.scratch.names(), std::vector<std::string>{"model"});
                               }},
                          for_good());
    EXPECT_EQ(test::contents(saved.path), saved.new_bytes);
}

TEST_P(EveryAllocation, OfALoad) {
    const SavedModel saved;
    fail_every_allocation({.call = [&] { return Model::load(saved.path).parameters == saved.model.parameters; }}, for_good());
}

TEST_P(EveryAllocation, OfPredictionsOfEitherType) {
    const SavedModel saved;
    const RandomProblem<float> other(30, 3, 0, 4);
    std::vector<double> scores(120), wanted_scores(120);
    std::vector<float> probabilities(120), wanted_probabilities(120), classes(30), wanted_classes(30);
    const auto predict = [&](std::vector<double>& s, std::vector<float>& p, std::vector<float>& c) {
        saved.model.decision_function(saved.problem.view(), s);
        saved.model.predict_proba(other.view(), p);
        saved.model.predict(other.view(), c);
    };
    predict(wanted_scores, wanted_probabilities, wanted_classes);
    fail_every_allocation({.call =
                               [&] {
                                   predict(scores, probabilities, classes);
                                   return scores == wanted_scores && probabilities == wanted_probabilities && classes == wanted_classes;
                               }},
                          for_good());
}

TEST_P(EveryAllocation, OfAPredictionThatThreadsShare) {
    const RandomProblem<float> problem(1 << 14, 160, 2, 4);  // enough values that their check is shared, too
    const RandomProblem<float> few(30, 160, 2, 4);
    const Model model = train(few.dataset(), quick("logistic")).model;
    std::vector<float> scores(1 << 14), wanted(1 << 14);
    model.decision_function(problem.view(), wanted);
    fail_every_allocation({.call =
                               [&] {
                                   model.decision_function(problem.view(), scores, {.device = "cpu", .threads = 3});
                                   return scores == wanted;
                               },
                           .before = [&] { std::fill(scores.begin(), scores.end(), 0.0f); }},
                          for_good());
}

TEST_P(EveryAllocation, OfAnEvaluation) {
    const SavedModel saved;
    const RandomProblem<float> other(30, 3, 4, 4);
    const Dataset data = other.dataset(true);
    const double loss = saved.model.evaluate(data).loss;
    fail_every_allocation({.call = [&] { return saved.model.evaluate(data).loss == loss; }}, for_good());
}

TEST_P(EveryAllocation, OfCoefficients) {
    const SavedModel saved;
    std::vector<double> weights, biases, wanted_weights, wanted_biases;
    saved.model.coefficients(wanted_weights, wanted_biases);
    fail_every_allocation({.call =
                               [&] {
                                   saved.model.coefficients(weights, biases);
                                   return weights == wanted_weights && biases == wanted_biases;
                               },
                           .before =
                               [&] {
                                   weights = std::vector<double>{-7};  // moved in, so that no larger block lies ready
                                   biases = std::vector<double>{-7};
                               },
                           .unharmed =
                               [&] {
                                   EXPECT_EQ(weights, std::vector<double>{-7});
                                   EXPECT_EQ(biases, std::vector<double>{-7});
                               }},
                          for_good());
}

TEST_P(EveryAllocation, OfASelectionOfRows) {
    const RandomProblem<float> problem(20, 3, 2, 4);
    Dataset data = problem.dataset(true);
    data.class_labels = {"a label that is too long to lie in the string itself", "b"};
    const std::vector<std::int64_t> rows = {3, 1, 4, 1, 5};
    fail_every_allocation({.call = [&] { return data.select(rows).targets<float>()[1] == data.targets<float>()[1]; }}, for_good());
}

TEST_P(EveryAllocation, OfASchedule) {
    const std::string text = "warmup:length=500,unit=sample + cosine:eta_min=0.001 * step:every=10";
    fail_every_allocation({.call = [&] { return Schedule(text).text() == text; }}, for_good());
}

}  // namespace
}  // namespace glissade
