// SPDX-License-Identifier: Apache-2.0
// A run keeps its family of networks where the free choice would be the other: on another card, and with fewer members.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/emulation/control.hpp"
#include "tests/kernels/compare.hpp"
#include "tests/support/error_of.hpp"
#include "tests/unit/persistence/scratch_directory.hpp"
#include "tests/unit/train/problems.hpp"

namespace glissade::testing {
namespace {

class CudaNetworkResume : public CudaTest {};

void use_card(const char* name) {
    emulation::reset();
    emulation::set_card(name);
}

/// On eight multiprocessors with clusters a segment kernel is expected to be faster, on a single one a graph.
constexpr const char *takes_segments = "hopper-like", *takes_graph = "single";

TrainOptions undecided_network(const std::string& device = "cuda") {
    TrainOptions options;
    options.hidden = {96, 96};
    options.optimizer = Adam{.lr = 1e-2};
    options.batch_size = 64;
    options.epochs = 3;
    options.device = device;
    return options;
}

/// The options of a run that stops after its first step and leaves a checkpoint.
TrainOptions stopped_after_a_step(TrainOptions options, const std::string& directory) {
    options.checkpoint.directory = directory;
    options.checkpoint.every_steps = 1000;  // only the save at the stop counts
    options.segment_steps = 1;
    options.on_segment = [](const Progress& progress) { return progress.step >= 1 ? Control::stop : Control::go_on; };
    return options;
}

bool names_a_family(const std::string& directory) {
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
        std::ifstream in(entry.path(), std::ios::binary);
        const std::string text{std::istreambuf_iterator<char>(in), {}};
        if (text.find("network_family") != std::string::npos) return true;
    }
    return false;
}

TEST_F(CudaNetworkResume, IsExactOnACardThatWouldChooseTheOtherFamily) {
    const RandomProblem<float> problem(64, 8, 2, 4);
    std::vector<std::vector<double>> whole;
    for (const char* begins : {takes_segments, takes_graph}) {
        const char* const other = begins == takes_segments ? takes_graph : takes_segments;
        use_card(begins);
        whole.push_back(train(problem.dataset(), undecided_network()).model.parameters);
        const test::ScratchDirectory directory;
        const std::string run = directory.path() + "/run";
        train(problem.dataset(), stopped_after_a_step(undecided_network(), run));
        EXPECT_TRUE(names_a_family(run));
        use_card(other);
        TrainOptions options = undecided_network();
        options.checkpoint.directory = run;
        const auto resumed = resume(problem.dataset(), run, options);
        EXPECT_EQ(resumed.model.parameters, whole.back()) << begins << ": " << resumed.plan;
    }
    EXPECT_NE(whole[0], whole[1]) << "both cards take one family: the test shows nothing";
}

TEST_F(CudaNetworkResume, FromTheCpuChoosesFreely) {
    const RandomProblem<float> problem(64, 8, 2, 4);
    const test::ScratchDirectory directory;
    const std::string run = directory.path() + "/run";
    train(problem.dataset(), stopped_after_a_step(undecided_network("cpu"), run));
    EXPECT_FALSE(names_a_family(run));
    TrainOptions options = undecided_network();
    options.checkpoint.directory = run;
    use_card(takes_graph);
    const auto resumed = resume(problem.dataset(), run, options);
    EXPECT_NE(resumed.plan.find("a segment kernel would take"), std::string::npos) << resumed.plan;
}

/// A network that no segment kernel takes, said to have begun with one.
TEST_F(CudaNetworkResume, IsRefusedWhereTheFamilyDoesNotFit) {
    CaseShape shape{.rows = 16, .columns = 3, .batch = 16, .steps = 1};
    shape.hidden.assign(kernels::SegmentNetworkParams::most_layers, 4);
    const Case<float> c(shape);
    const auto error = error_of([&] { make_cuda_backend(c.problem, {.network = NetworkFamily::segments}); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind(), ErrorKind::device);
    const std::string text = error->what();
    EXPECT_EQ(
        text.rfind("the run began with a segment kernel for its network and has the same bits only with that, but: networks of more", 0),
        0U)
        << text;
    EXPECT_NE(text.find("on the CPU"), std::string::npos) << text;
    EXPECT_EQ(cuda_refusal(c.problem, {.network = NetworkFamily::segments}), text);
    EXPECT_EQ(cuda_refusal(c.problem, {.network = NetworkFamily::graph}), "");
}

CaseShape two_members() {
    CaseShape shape{.rows = 16,
                    .columns = 8,
                    .members = 2,
                    .batch = 16,
                    .steps = 4,
                    .loss = rule_index<Logistic>(LossRules{}),
                    .rule = rule_index<Adam>(UpdateRules{})};
    shape.hidden = {96, 96};
    return shape;
}

TEST_F(CudaNetworkResume, MembersThatLeaveDoNotChangeTheFamily) {
    use_card(takes_graph);
    Case<float> c(two_members());
    auto backend = cuda::make_cuda_backend_with(c.problem, {}, {});
    ASSERT_EQ(backend->network_family(), NetworkFamily::graph);
    backend->set_state(c.start);
    ASSERT_EQ(backend->run(c.part(0, 2)).steps_done, 2);
    TrainingState<float> state = backend->get_state();
    const std::int64_t count = c.problem.parameter_count();
    c.keep_member(0);
    const auto cut = [count](std::vector<float>& v) { v.resize(static_cast<std::size_t>(count)); };
    cut(state.parameters);
    for (auto& vector : state.state) cut(vector);
    ASSERT_EQ(cuda::plan_steps(c.problem, cuda::usable_card(0), {}, {})->network_family(), NetworkFamily::segments)
        << "the free choice is the same: the test shows nothing";
    ASSERT_TRUE(backend->keep_members(c.problem));
    EXPECT_EQ(backend->network_family(), NetworkFamily::graph);
    backend->set_state(state);
    backend->run(c.part(2, 2));
    const TrainingState<float> end = backend->get_state();
    const auto alone = cuda::make_cuda_backend_with(c.problem, {}, {.network = NetworkFamily::graph});
    alone->set_state(c.start);
    alone->run(c.segment());
    EXPECT_TRUE(same_state(end, alone->get_state()));
}

/// Tables for fewer members could be longer in the same memory, with more epochs in them.
TEST_F(CudaNetworkResume, MembersThatLeaveNeedNoMoreMemory) {
    const CaseShape shape{.rows = 256, .columns = 6, .members = 2, .batch = 256, .steps = 2};
    const Case<float> c(shape);
    const auto budget = [](const Problem<float>& problem) {
        const cuda::Card card = cuda::usable_card(0);
        return cuda::run_budget(problem, *cuda::plan_steps(problem, card, {}, {}), card, {}, {}).memory.total();
    };
    Case<float> fewer(shape);
    fewer.keep_member(0);
    ASSERT_GT(budget(fewer.problem), budget(c.problem)) << "made anew they need no more: the test shows nothing";
    const auto backend = cuda::make_cuda_backend_with(c.problem, {.memory_limit_bytes = budget(c.problem)}, {});
    EXPECT_TRUE(backend->keep_members(fewer.problem));
    EXPECT_LE(static_cast<std::int64_t>(emulation::device_bytes_in_use()), budget(c.problem));
}

/// Members that come need more: no such plan may take more than is allowed.
TEST_F(CudaNetworkResume, APlanForOtherMembersIsRefusedBeforeAnythingIsTaken) {
    CaseShape shape{.rows = 50, .columns = 6, .members = 200, .batch = 10, .steps = 3};
    const Case<float> many(shape);
    Case<float> one(shape);
    one.keep_member(0);
    const auto backend = cuda::make_cuda_backend_with(one.problem, {}, {});
    const auto used = static_cast<std::int64_t>(emulation::device_bytes_in_use());
    const auto limited = cuda::make_cuda_backend_with(one.problem, {.memory_limit_bytes = used}, {});
    limited->set_state(one.start);
    const std::int64_t taken = emulation::count_calls("cudaMalloc");
    const auto error = error_of([&] { limited->keep_members(many.problem); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind(), ErrorKind::memory);
    EXPECT_EQ(emulation::count_calls("cudaMalloc"), taken);
    backend->set_state(one.start);
    EXPECT_EQ(limited->run(one.segment()).steps_done, backend->run(one.segment()).steps_done);
    EXPECT_TRUE(same_state(limited->get_state(), backend->get_state()));
}

}  // namespace
}  // namespace glissade::testing
