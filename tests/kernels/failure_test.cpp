// SPDX-License-Identifier: Apache-2.0
// What the CUDA backend does when something is missing or fails. Only the emulation can make it fail.
#include <gtest/gtest.h>

#include "glissade/device.hpp"
#include "glissade/error.hpp"
#include "host/cuda/segment_steps.hpp"
#include "tests/emulation/control.hpp"
#include "tests/kernels/compare.hpp"
#include "tests/kernels/score_on_card.hpp"
#include "tests/support/error_of.hpp"

namespace glissade::testing {
namespace {

class CudaFailure : public CudaTest {};

CaseShape small_shape() {
    return {.rows = 40, .columns = 5, .batch = 16, .steps = 4, .rule = rule_index<Adam>(UpdateRules{}), .affine = true};
}
Placement small_placement(bool graph = false) {
    Placement p{cards().front(), {}};
    p.wishes.graph = graph;
    p.wishes.blocks = 2;
    p.wishes.threads = 32;
    p.wishes.staging_bytes = 500;  // several trips
    p.wishes.table_steps = 3;      // several launches
    return p;
}

/// Everything that a backend does, once.
void use_everything(const Case<float>& c, const cuda::PlanWishes& wishes) {
    const auto backend = cuda::make_cuda_backend_with(c.problem, {}, wishes);
    backend->set_state(c.start);
    backend->run(c.segment());
    backend->roll_back();
    backend->start(c.part(0, 2));
    backend->start(c.part(2, 2));
    backend->wait();
    backend->discard();
    (void)backend->get_state();
    std::vector<float> scores(40);
    backend->score(c.problem.features, c.start.parameters.data(), scores);
    score_on_card({c.problem.features, c.problem.affine, c.start.parameters.data(), 1, true}, scores);
}

std::string failing_name() {
    for (const emulation::Call& call : emulation::call_log())
        if (call.result != cudaSuccess) return call.name;
    return "";
}

void fail_each_call(const Case<float>& c, const Placement& p) {
    use(p.card);
    use_everything(c, p.wishes);
    const std::int64_t calls = emulation::count_calls();
    ASSERT_GT(calls, 80);
    for (std::int64_t n = 1; n <= calls; ++n) {
        use(p.card);
        emulation::fail_call(n);
        try {
            use_everything(c, p.wishes);
            // Only calls whose failure changes nothing may go unnoticed: giving back, and facts that have a substitute.
            const std::string name = failing_name();
            EXPECT_TRUE(name == "cudaFree" || name == "cudaFreeHost" || name == "cudaStreamDestroy" || name == "cudaEventDestroy" ||
                        name == "cudaSetDevice" || name == "cudaStreamSynchronize" || name == "cudaDeviceGetAttribute" ||
                        name == "cudaRuntimeGetVersion" || name == "cudaGraphDestroy" || name == "cudaGraphExecDestroy")
                << "call " << n << ", " << name << ", failed unnoticed";
        } catch (const Error& error) {
            EXPECT_TRUE(error.kind() == ErrorKind::device || error.kind() == ErrorKind::memory) << error.what();
            EXPECT_NE(std::string(error.what())
                          .find(failing_name() == "cudaGetDeviceCount" || failing_name() == "cudaDriverGetVersion" ? "CUDA" : "failed"),
                      std::string::npos)
                << error.what();
        }
        for (const std::string& fault : take_faults()) ADD_FAILURE() << "call " << n << ": " << fault;
    }
}

TEST_F(CudaFailure, OfAnyCallIsATypedErrorAndLeavesNothingBehind) {
    fail_each_call(Case<float>(small_shape()), small_placement());
}

TEST_F(CudaFailure, LongOfAnyCallWithLaunchesOfAGraphIsTheSame) {
    fail_each_call(Case<float>(small_shape()), small_placement(true));
}

TEST_F(CudaFailure, GraphsOfStepsAreMadeBeforeTheFirst) {
    const Case<float> c(small_shape());
    const Placement p = small_placement(true);
    const auto backend = cuda_backend(c, p);
    const std::int64_t made = emulation::count_calls("cudaGraphInstantiate");
    EXPECT_GT(made, 0);
    backend->run(c.part(0, 1));
    backend->run(c.part(1, 2));
    backend->run(c.part(3, 1));
    EXPECT_EQ(emulation::count_calls("cudaGraphInstantiate"), made);
    const cuda::RunBudget budget = cuda::run_budget(c.problem, backend->runner(), cuda::usable_card(0), {}, p.wishes);
    EXPECT_EQ(static_cast<std::int64_t>(emulation::device_bytes_in_use()), budget.memory.total());
}

TEST_F(CudaFailure, InASegmentKeepsTheStateBeforeIt) {
    const Case<float> c(small_shape());
    for (std::int64_t n = 1; n <= 24; ++n) {
        const auto backend = cuda_backend(c, small_placement(n % 2 == 0));
        backend->run(c.part(0, 1));
        const TrainingState<float> before = backend->get_state();
        emulation::fail_call((n + 1) / 2);
        bool failed = false;
        try {
            backend->run(c.part(1, 3));
        } catch (const Error&) {
            failed = true;
        }
        emulation::fail_call(1000000);
        if (failed) {
            EXPECT_TRUE(same_state(backend->get_state(), before)) << "call " << n;
        }
    }
}

TEST_F(CudaFailure, InASegmentThatWasStartedKeepsTheStateBeforeIt) {
    const Case<float> c(small_shape());
    const Placement p = small_placement();
    std::int64_t failures = 0;
    for (std::int64_t n = 1; n <= 20; ++n) {
        const auto backend = cuda_backend(c, p);
        backend->run(c.part(0, 1));
        std::vector<TrainingState<float>> states = {backend->get_state()};
        emulation::fail_call(n);
        const auto failed = error_of([&] {
            backend->start(c.part(1, 1));
            backend->start(c.part(2, 2));
            backend->wait();
            states.push_back({});
            backend->wait();
            states.push_back({});
        });
        emulation::fail_call(1000000);
        failures += failed ? 1 : 0;
        const auto whole = c.backend(1);
        whole->run(c.part(0, states.size() == 1 ? 1 : states.size() == 2 ? 2 : 4));
        EXPECT_TRUE(same_state(backend->get_state(), whole->get_state())) << "call " << n;
    }
    EXPECT_GT(failures, 10);
}

TEST_F(CudaFailure, OfAllocationNamesSizeAndPurpose) {
    const Case<float> c(small_shape());
    const Placement p = small_placement();
    use(p.card);
    std::int64_t calls_before = 0;
    use_everything(c, p.wishes);
    for (const emulation::Call& call : emulation::call_log()) {
        ++calls_before;
        if (std::string(call.name) == "cudaMalloc") break;
    }
    use(p.card);
    emulation::fail_call(calls_before, cudaErrorMemoryAllocation);
    try {
        use_everything(c, p.wishes);
        FAIL() << "unnoticed";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::memory);
        EXPECT_NE(std::string(error.what()).find("cudaMalloc (1.3 KB for the training rows) failed: out of memory"), std::string::npos)
            << error.what();
    }
}

TEST_F(CudaFailure, OfTheBudgetIsRefusedBeforeAnythingIsAllocated) {
    const Case<float> c(small_shape());
    use(cards().front());
    try {
        make_cuda_backend(c.problem, {.memory_limit_bytes = 20000});
        FAIL() << "allowed";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::memory);
        const std::string message = error.what();
        EXPECT_NE(message.find("20.0 KB are allowed"), std::string::npos) << message;
        EXPECT_EQ(message, cuda_refusal(c.problem, {.memory_limit_bytes = 20000}));
    }
    EXPECT_EQ(emulation::count_calls("cudaMalloc") + emulation::count_calls("cudaHostAlloc"), 0);
    EXPECT_EQ(cuda_refusal(c.problem, {}), "");
}

TEST_F(CudaFailure, NeverComesFromABudgetThatSaysTooLittle) {
    for (const bool affine : {false, true})
        for (const bool state_in_memory : {false, true}) {
            CaseShape shape = small_shape();
            shape.affine = affine;
            const Case<float> c(shape);
            use(cards().front());
            const cuda::PlanWishes wishes{.state_in_memory = state_in_memory};
            const auto backend = cuda::make_cuda_backend_with(c.problem, {}, wishes);
            EXPECT_EQ(static_cast<std::int64_t>(emulation::device_bytes_in_use()),
                      cuda::run_budget(c.problem, backend->runner(), cuda::usable_card(0), {}, wishes).memory.total());
        }
}

TEST_F(CudaFailure, NothingIsAllocatedAfterTheFirstSegment) {
    const Case<float> c(small_shape());
    const auto backend = cuda_backend(c, small_placement());
    const auto allocations = [] { return emulation::count_calls("cudaMalloc") + emulation::count_calls("cudaHostAlloc"); };
    const std::int64_t before = allocations();
    backend->run(c.part(0, 2));
    backend->run(c.part(2, 2));
    std::vector<float> scores(40);
    backend->score(c.problem.features, c.start.parameters.data(), scores);
    EXPECT_EQ(allocations(), before);
    EXPECT_EQ(emulation::count_calls("cudaDeviceSynchronize"), 0);
}

std::string missing_with(const emulation::Card& card, int count) {
    emulation::reset();
    emulation::set_card(card, count);
    const Case<float> c(small_shape());
    const std::string missing = cuda_availability().missing;
    EXPECT_EQ(missing.empty(), cuda_refusal(c.problem, {}).empty());
    if (!missing.empty()) {
        EXPECT_THROW(make_cuda_backend(c.problem, {}), Error);
    }
    return missing;
}

TEST_F(CudaFailure, SaysExactlyWhatIsMissing) {
    emulation::Card card = emulation::card("hopper-like");
    EXPECT_EQ(missing_with(card, 1), "");
    EXPECT_NE(missing_with(card, 0).find("sees no device"), std::string::npos);
    card.driver_version = 11080;
    EXPECT_NE(missing_with(card, 1).find("driver is too old: it supports CUDA 11.8, this build needs CUDA 13.0"), std::string::npos)
        << missing_with(card, 1);
    card.driver_version = 0;
    EXPECT_EQ(missing_with(card, 0), "no NVIDIA driver is installed on this machine");
    card = emulation::card("hopper-like");
    card.compute_major = 7;
    card.compute_minor = 0;
    EXPECT_NE(missing_with(card, 1).find("compute capability 7.0, 7.5 or newer is needed"), std::string::npos) << missing_with(card, 1);
}

TEST_F(CudaFailure, OfChoosingADeviceThatIsNotThereCountsThem) {
    const Case<float> c(small_shape());
    use(cards().front());
    EXPECT_NE(cuda_refusal(c.problem, {.cuda_ordinal = 3}).find("there is no CUDA device 3; there are 1"), std::string::npos);
}

TEST_F(CudaFailure, AvailabilityTellsTheFacts) {
    use(cards().front());
    const CudaAvailability found = cuda_availability();
    ASSERT_EQ(found.devices.size(), 1U);
    const CudaDevice& device = found.devices.front();
    EXPECT_EQ(device.multiprocessors, 8);
    EXPECT_EQ(device.shared_bytes_a_block, 227 << 10);
    EXPECT_TRUE(device.cooperative_launch);
    EXPECT_GT(device.free_bytes, 0);
    EXPECT_LE(device.free_bytes, device.memory_bytes);
}

TEST_F(CudaFailure, DescriptionNamesTeamMemoryAndPrediction) {
    const Case<float> c(small_shape());
    const auto backend = cuda_backend(c, small_placement());
    const std::string text = backend->description();
    for (const char* part : {"CUDA device 0", "a grid of 2 blocks x 32 threads", "of shared memory a block", "of device memory", "a step"})
        EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST_F(CudaFailure, KeepingSomeMembersLeavesTheRowsOnTheCard) {
    CaseShape shape = small_shape();
    shape.members = 3;
    Case<float> c(shape);
    const Placement p = small_placement();
    const auto backend = cuda_backend(c, p);
    const std::int64_t copies = emulation::count_calls("cudaMemcpyAsync"), launches = emulation::count_calls("cudaLaunchKernelEx");
    c.keep_member(1);
    ASSERT_TRUE(backend->keep_members(c.problem));
    EXPECT_EQ(emulation::count_calls("cudaMemcpyAsync"), copies);
    EXPECT_EQ(emulation::count_calls("cudaLaunchKernelEx"), launches);
    const cuda::RunBudget budget = cuda::run_budget(c.problem, backend->runner(), cuda::usable_card(0), {}, p.wishes);
    EXPECT_EQ(static_cast<std::int64_t>(emulation::device_bytes_in_use()), budget.memory.total());
}

TEST_F(CudaFailure, OfLargeClustersToFitTheCardMakesThemSmaller) {
    CaseShape shape = small_shape();
    shape.rows = shape.batch = 300;
    const Case<float> c(shape);
    emulation::Card card = emulation::card("hopper-like");
    for (const int group : {8, 2}) {
        emulation::reset();
        card.multiprocessors_per_group = group;
        card.max_blocks_per_multiprocessor = 1;
        emulation::set_card(card, 1);
        const auto backend = cuda::make_cuda_backend_with(c.problem, {}, {});
        backend->set_state(c.start);
        EXPECT_EQ(dynamic_cast<const cuda::SegmentSteps&>(backend->runner()).plan().launch.cluster > 2, group > 2)
            << backend->description();
        const auto cpu = c.backend(1);
        EXPECT_TRUE(same_report(backend->run(c.segment()), cpu->run(c.segment())));
        EXPECT_TRUE(same_state(backend->get_state(), cpu->get_state()));
    }
}

}  // namespace
}  // namespace glissade::testing
