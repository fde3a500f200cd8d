// SPDX-License-Identifier: Apache-2.0
// Several threads of a program may use the library at once, on data and models that they share.
#include <gtest/gtest.h>

#include <barrier>
#include <filesystem>
#include <thread>

#include "problems.hpp"
#include "tests/unit/persistence/scratch_directory.hpp"

namespace glissade::concurrency_test {
namespace {

using testing::RandomProblem;

TrainOptions quick(const char* loss) {
    TrainOptions options;
    options.loss = loss;
    options.batch_size = 64;
    options.epochs = 3;
    options.device = "cpu";
    options.threads = 2;
    return options;
}

/// Runs every action on a thread of its own, several times, all beginning each time together.
void run_together(const std::vector<std::function<void()>>& actions) {
    std::barrier begin(static_cast<std::ptrdiff_t>(actions.size()));
    std::vector<std::jthread> threads;
    for (const auto& action : actions)
        threads.emplace_back([&] {
            for (int time = 0; time < 5; ++time) {
                begin.arrive_and_wait();
                action();
            }
        });
}

TEST(Concurrency, RunsOfOneProcessDoNotDisturbEachOther) {
    // Wide enough that the team of each run shares its steps.
    const RandomProblem<float> shared(256, 200, 2, 4);
    const RandomProblem<double> other(200, 120, 0, 5);
    const Dataset data = shared.dataset(), others = other.dataset(true);
    const test::ScratchDirectory directory;
    TrainOptions plain = quick("logistic"), saved = quick("logistic"), wide = quick("squared");
    saved.optimizer = Sgd{.lr = .1, .momentum = .9};
    saved.standardize = true;
    wide.validation = others;
    const auto plain_wanted = train(data, plain).model.parameters, saved_wanted = train(data, saved).model.parameters,
               wide_wanted = train(others, wide).model.parameters;
    int time = 0;
    run_together({[&] { EXPECT_EQ(train(data, plain).model.parameters, plain_wanted); },
                  [&] {
                      saved.checkpoint.directory = directory.file(std::to_string(++time));
                      EXPECT_EQ(train(data, saved).model.parameters, saved_wanted);
                  },
                  [&] { EXPECT_EQ(train(others, wide).model.parameters, wide_wanted); }});
}

TEST(Concurrency, OneModelServesSeveralThreads) {
    const RandomProblem<float> problem(4000, 60, 2, 4);  // enough for a team a call
    const Dataset data = problem.dataset();
    const Model model = train(data, quick("logistic")).model;
    const test::ScratchDirectory directory;
    const double loss = model.evaluate(data).loss;
    std::vector<float> wanted(4000);
    model.decision_function(problem.view(), wanted);
    const auto score = [&] {
        std::vector<float> out(4000);
        model.decision_function(problem.view(), out, {.threads = 3});
        EXPECT_EQ(out, wanted);
    };
    const auto save_and_load = [&](const std::string& path) {
        model.save(path);
        EXPECT_EQ(Model::load(path).parameters, model.parameters);
    };
    run_together({score, score, [&] { EXPECT_EQ(model.evaluate(data).loss, loss); }, [&] { save_and_load(directory.file("a")); },
                  [&] { save_and_load(directory.file("b")); }});
}

TEST(Concurrency, SavesUnderOneNameLeaveOneWholeModel) {
    const RandomProblem<float> problem(100, 5, 2, 4);
    const Model first = train(problem.dataset(), quick("logistic")).model;
    const Model second = train(problem.dataset(), quick("hinge")).model;
    const test::ScratchDirectory directory;
    const std::string path = directory.file("model");
    run_together({[&] { first.save(path); }, [&] { second.save(path); },
                  [&] {
                      if (!std::filesystem::exists(path)) return;
                      const auto loss = Model::load(path).spec.loss.name();
                      EXPECT_TRUE(loss == "logistic" || loss == "hinge");
                  }});
    EXPECT_EQ(directory.names(), std::vector<std::string>{"model"});
}

}  // namespace
}  // namespace glissade::concurrency_test
