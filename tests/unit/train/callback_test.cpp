// SPDX-License-Identifier: Apache-2.0
// What the user's callback may do to a run: throw whatever it likes, stop it, train another model.
#include <gtest/gtest.h>

#include <algorithm>

#include "problems.hpp"
#include "tests/support/thread_count.hpp"
#include "tests/unit/persistence/scratch_directory.hpp"

namespace glissade::callback_test {
namespace {

using testing::RandomProblem;

TrainOptions quick() {
    TrainOptions options;
    options.loss = "logistic";
    options.batch_size = 16;
    options.epochs = 4;
    options.segment_steps = 3;
    options.device = "cpu";
    options.threads = 3;
    return options;
}

/// No library throws this one: if it arrives, it is the callback's own, not a copy of its message in something else.
struct Mine {
    std::int64_t step;
};

TEST(Callback, MayThrowAnythingAndLeavesTheProcessAsItWas) {
    const RandomProblem<float> problem(100, 4, 2, 4);
    const auto wanted = train(problem.dataset(), quick()).model.parameters;
    const int threads = testing::settled_thread_count();
    for (const std::int64_t when : {3, 7, 9, 28}) {
        TrainOptions options = quick();
        options.on_segment = [when](const Progress& progress) -> Control {
            if (progress.step >= when) throw Mine{progress.step};
            return Control::go_on;
        };
        try {
            train(problem.dataset(), options);
            FAIL() << "no exception";
        } catch (const Mine& mine) {
            EXPECT_EQ(mine.step, std::min<std::int64_t>((when + 2) / 3 * 3, 28)) << "the first segment that reaches it";
        }
        EXPECT_TRUE(testing::thread_count_returns_to(threads));
        EXPECT_EQ(train(problem.dataset(), quick()).model.parameters, wanted);
    }
}

TEST(Callback, MayThrowOutOfARunWhoseCheckpointsThenGoOnToTheSameModel) {
    const RandomProblem<float> problem(100, 4, 2, 4);
    const auto wanted = train(problem.dataset(), quick()).model.parameters;
    const test::ScratchDirectory directory;
    TrainOptions options = quick();
    options.checkpoint.directory = directory.path();
    options.checkpoint.every_steps = 3;
    options.on_segment = [](const Progress& progress) -> Control {
        if (progress.step >= 9) throw Mine{progress.step};
        return Control::go_on;
    };
    EXPECT_THROW(train(problem.dataset(), options), Mine);
    options.on_segment = nullptr;
    EXPECT_EQ(resume(problem.dataset(), directory.path(), options).model.parameters, wanted);
}

TEST(Callback, MayTrainAnotherModel) {
    const RandomProblem<float> problem(100, 4, 2, 4);
    const RandomProblem<double> other(60, 2, 0, 5);
    TrainOptions inner = quick();
    inner.loss = "squared";
    const auto wanted = train(problem.dataset(), quick()).model.parameters;
    const auto wanted_inside = train(other.dataset(), inner).model.parameters;
    TrainOptions options = quick();
    int calls = 0;
    options.on_segment = [&](const Progress&) {
        ++calls;
        EXPECT_EQ(train(other.dataset(), inner).model.parameters, wanted_inside);
        return Control::go_on;
    };
    EXPECT_EQ(train(problem.dataset(), options).model.parameters, wanted);
    EXPECT_GT(calls, 0);
}

}  // namespace
}  // namespace glissade::callback_test
