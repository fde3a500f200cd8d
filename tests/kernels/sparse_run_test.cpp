// SPDX-License-Identifier: Apache-2.0
// Whole runs on sparse rows on a card: the model, the history and what is predicted with it are those of the CPU.
#include <gtest/gtest.h>

#include <filesystem>

#include "glissade/glissade.hpp"
#include "tests/kernels/cards.hpp"
#include "tests/unit/persistence/scratch_directory.hpp"
#include "tests/unit/train/problems.hpp"

namespace glissade::testing {
namespace {

class CudaSparseRun : public CudaTest {};

TrainOptions sparse_options(const Optimizer& optimizer) {
    TrainOptions options;
    options.loss = "logistic";
    options.optimizer = optimizer;
    options.batch_size = optimizer.full_batch_only() ? full_batch : 10;
    if (optimizer.full_batch_only()) options.schedule = "constant";
    options.epochs = 2;
    options.threads = 1;
    return options;
}

void expect_same_run(const Run& a, const Run& b, const std::string& where) {
    EXPECT_EQ(a.model.parameters, b.model.parameters) << where;
    ASSERT_EQ(a.history.size(), b.history.size()) << where;
    for (std::size_t e = 0; e < a.history.size(); ++e) {
        EXPECT_EQ(a.history[e].loss, b.history[e].loss) << where;
        EXPECT_EQ(a.history[e].validation->loss, b.history[e].validation->loss) << where;
        EXPECT_EQ(a.history[e].validation->accuracy, b.history[e].validation->accuracy) << where;
    }
}

/// Stops after `cut` steps and goes on, on another device.
Run moved(const Dataset& data, TrainOptions options, const std::string& directory, std::int64_t cut, const std::string& device) {
    std::filesystem::remove_all(directory);
    options.checkpoint.directory = directory;
    options.checkpoint.every_steps = 1000;  // only the save at the stop counts
    options.segment_steps = 1;
    options.on_segment = [cut](const Progress& progress) { return progress.step >= cut ? Control::stop : Control::go_on; };
    train(data, options);
    options.on_segment = nullptr;
    options.device = device;
    return resume(data, directory, options);
}

TEST_F(CudaSparseRun, TrainsTheModelOfTheCpu) {
    const SparseProblem<float> problem(45, 20, 2, 3), held_out(30, 20, 2, 4);
    for (const std::string_view name : {"sgd", "ftrl", "lazy_adam", "adam", "rprop", "lbfgs"}) {
        TrainOptions options = sparse_options(Optimizer::named(name));
        options.validation = held_out.dataset();
        options.device = "cpu";
        const auto cpu = train(problem.dataset(true), options);
        options.device = "cuda";
        expect_same_run(train(problem.dataset(true), options), cpu, std::string(name));
    }
}

TEST_F(CudaSparseRun, GoesOnFromACheckpointOfTheOtherDevice) {
    const SparseProblem<float> problem(45, 20, 2, 3), held_out(30, 20, 2, 4);
    const test::ScratchDirectory scratch;
    for (const std::string_view name : {"sgd", "rmsprop", "ftrl"})
        for (const bool from_cuda : {false, true}) {
            TrainOptions options = sparse_options(Optimizer::named(name));
            options.validation = held_out.dataset();
            options.l2 = name == "sgd" ? .1 : 0;
            options.device = "cpu";
            const auto whole = train(problem.dataset(true), options);
            options.device = from_cuda ? "cuda" : "cpu";
            expect_same_run(moved(problem.dataset(true), options, scratch.path(), 6, from_cuda ? "cpu" : "cuda"), whole, std::string(name));
        }
}

TEST_F(CudaSparseRun, PredictsAndEvaluatesAsTheCpu) {
    const SparseProblem<float> problem(45, 20, 3, 3), held_out(30, 20, 3, 4);
    TrainOptions options = sparse_options(Adagrad{});
    options.loss = "softmax";
    options.device = "cuda";
    const Model model = train(problem.dataset(), options).model;
    std::vector<float> there(30), here(30);
    model.predict(held_out.view(), there, {.device = "cuda"});
    model.predict(held_out.view(), here, {.device = "cpu"});
    EXPECT_EQ(there, here);
    const Metrics a = model.evaluate(held_out.dataset(), {.device = "cuda"}), b = model.evaluate(held_out.dataset(), {.device = "cpu"});
    EXPECT_EQ(a.loss, b.loss);
    EXPECT_EQ(a.accuracy, b.accuracy);
}

TEST_F(CudaSparseRun, SeveralMembersAndOneThatDiverges) {
    const SparseProblem<float> problem(45, 20, 2, 3), held_out(30, 20, 2, 4);
    TrainOptions options = sparse_options(Sgd{.lr = .1});
    options.loss = "squared";
    options.members = {{Sgd{.lr = .01}}, {Sgd{.lr = 1e30}}, {Sgd{.lr = .05}}};
    options.validation = held_out.dataset();
    options.device = "cpu";
    const auto cpu = train(problem.dataset(), options);
    options.device = "cuda";
    const auto cuda = train(problem.dataset(), options);
    expect_same_run(cuda, cpu, "the best");
    ASSERT_EQ(cuda.members.size(), cpu.members.size());
    for (std::size_t m = 0; m < cpu.members.size(); ++m) EXPECT_EQ(cuda.members[m].model.parameters, cpu.members[m].model.parameters) << m;
}

TEST_F(CudaSparseRun, ThePlanSaysWhatANonzeroCosts) {
    const SparseProblem<float> problem(60, 20, 2, 10);
    TrainOptions options = sparse_options(Adagrad{});
    options.device = "auto";
    const std::string plan = describe_plan(problem.dataset(), options);
    for (const char* part : {"CUDA device 0", "sparse rows", "bytes a nonzero", "nonzeros, 8 bytes each"})
        EXPECT_NE(plan.find(part), std::string::npos) << plan;
}

}  // namespace
}  // namespace glissade::testing
