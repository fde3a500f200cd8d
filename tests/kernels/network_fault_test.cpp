// SPDX-License-Identifier: Apache-2.0
// What networks do on a card where something fails. Only the emulation can make it fail.
#include <gtest/gtest.h>

#include <vector>

#include "glissade/error.hpp"
#include "host/execution/backend.hpp"
#include "tests/emulation/control.hpp"
#include "tests/kernels/compare.hpp"
#include "tests/support/error_of.hpp"

namespace glissade::testing {
namespace {

class CudaNetworkFault : public CudaTest {};

CaseShape faulty_shape() {
    CaseShape shape{.rows = 7, .columns = 2, .members = 2, .batch = 3, .steps = 4, .rule = rule_index<Adam>(UpdateRules{})};
    shape.affine = true;
    shape.clip_norm = 1;
    shape.hidden = {3};
    shape.dropout = .25;
    return shape;
}
Placement faulty_placement() {
    Placement p{cards().front(), {}};
    p.wishes.staging_bytes = 60;
    p.wishes.table_steps = 3;
    p.wishes.network = cuda::NetworkFamily::graph;
    return p;
}

/// Everything that a backend does with a network, once.
void use_network(const Case<float>& c, const cuda::PlanWishes& wishes) {
    const auto backend = cuda::make_cuda_backend_with(c.problem, {}, wishes);
    backend->set_state(c.start);
    backend->start(c.part(0, 3));
    backend->wait();
    (void)backend->get_state();
    std::vector<float> scores(7);
    backend->score(c.problem.features, c.start.parameters.data(), scores);
}

std::string failed_call() {
    for (const emulation::Call& call : emulation::call_log())
        if (call.result != cudaSuccess) return call.name;
    return "";
}

TEST_F(CudaNetworkFault, OfAnyCallIsATypedErrorAndLeavesNothingBehind) {
    const Case<float> c(faulty_shape());
    const Placement p = faulty_placement();
    use(p.card);
    use_network(c, p.wishes);
    const std::int64_t calls = emulation::count_calls();
    ASSERT_EQ(emulation::count_calls("cudaGraphInstantiate"), 9);  // two steps, one and the short last one, for each of three slots
    for (std::int64_t n = 1; n <= calls; ++n) {
        use(p.card);
        emulation::fail_call(n);
        const auto error = error_of([&] { use_network(c, p.wishes); });
        const std::string name = failed_call();
        if (error) {
            EXPECT_TRUE(error->kind() == ErrorKind::device || error->kind() == ErrorKind::memory) << error->what();
        } else {  // only calls whose failure changes nothing may go unnoticed
            EXPECT_TRUE(name == "cudaFree" || name == "cudaFreeHost" || name == "cudaStreamDestroy" || name == "cudaEventDestroy" ||
                        name == "cudaSetDevice" || name == "cudaStreamSynchronize" || name == "cudaDeviceGetAttribute" ||
                        name == "cudaRuntimeGetVersion" || name == "cudaGraphDestroy" || name == "cudaGraphExecDestroy")
                << "call " << n << ", " << name << ", failed unnoticed";
        }
        for (const std::string& fault : take_faults()) ADD_FAILURE() << "call " << n << ", " << name << ": " << fault;
    }
}

/// Which of the calls from the `first` on is the first of that name, counted from 1; 0: none.
std::int64_t place_of(const std::string& name, std::int64_t first) {
    const std::vector<emulation::Call> log = emulation::call_log();
    for (std::int64_t i = first; i < static_cast<std::int64_t>(log.size()); ++i)
        if (log[static_cast<std::size_t>(i)].name == name) return i - first + 1;
    return 0;
}

TEST_F(CudaNetworkFault, OfMakingAGraphIsATypedErrorBeforeTheFirstStep) {
    const Case<float> c(faulty_shape());
    for (const char* call : {"cudaStreamBeginCapture", "cudaStreamEndCapture", "cudaGraphInstantiate"}) {
        use(faulty_placement().card);
        (void)cuda::make_cuda_backend_with(c.problem, {}, faulty_placement().wishes);
        const std::int64_t at = place_of(call, 0);
        ASSERT_GT(at, 0) << call;
        use(faulty_placement().card);
        emulation::fail_call(at);
        const auto error = error_of([&] { (void)cuda::make_cuda_backend_with(c.problem, {}, faulty_placement().wishes); });
        ASSERT_TRUE(error) << call;
        EXPECT_EQ(error->kind(), ErrorKind::device) << error->what();
        EXPECT_NE(std::string(error->what()).find(call), std::string::npos) << error->what();
        EXPECT_EQ(cuda_backend(c, faulty_placement())->run(c.part(0, 1)).steps_done, 1) << call << ": another try works";
    }
}

TEST_F(CudaNetworkFault, OfTheGraphIsATypedErrorAndKeepsTheStateBeforeIt) {
    const Case<float> c(faulty_shape());
    const auto backend = cuda_backend(c, faulty_placement());
    const std::int64_t before = emulation::count_calls();
    backend->run(c.part(0, 1));
    const TrainingState<float> kept = backend->get_state();
    emulation::fail_call(place_of("cudaGraphLaunch", before));
    const auto error = error_of([&] { backend->run(c.part(1, 1)); });
    emulation::fail_call(1000000);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind(), ErrorKind::device) << error->what();
    EXPECT_NE(std::string(error->what()).find("cudaGraphLaunch"), std::string::npos) << error->what();
    EXPECT_TRUE(same_state(backend->get_state(), kept));
    EXPECT_EQ(backend->run(c.part(1, 1)).steps_done, 1) << "another try works";
}

TEST_F(CudaNetworkFault, NeverComesFromABudgetThatSaysTooLittle) {
    for (const bool plain : {false, true})
        for (const auto family : {cuda::NetworkFamily::graph, cuda::NetworkFamily::segments}) {
            CaseShape shape = faulty_shape();
            if (plain) shape.affine = false, shape.dropout = shape.clip_norm = 0, shape.batch = 7;
            const Case<float> c(shape);
            Placement p = faulty_placement();
            p.wishes.network = family;
            const auto backend = cuda_backend(c, p);
            backend->run(c.segment());
            EXPECT_EQ(static_cast<std::int64_t>(emulation::device_bytes_in_use()),
                      cuda::run_budget(c.problem, backend->runner(), cuda::usable_card(0), {}, p.wishes).memory.total());
        }
}

TEST_F(CudaNetworkFault, OfTheBudgetIsRefusedBeforeAnythingIsAllocated) {
    const Case<float> c(faulty_shape());
    use(cards().front());
    const auto error = error_of([&] { make_cuda_backend(c.problem, {.memory_limit_bytes = 2000}); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind(), ErrorKind::memory);
    EXPECT_EQ(error->what(), cuda_refusal(c.problem, {.memory_limit_bytes = 2000}));
    EXPECT_EQ(emulation::count_calls("cudaMalloc") + emulation::count_calls("cudaHostAlloc"), 0);
}

TEST_F(CudaNetworkFault, NothingIsAllocatedOrWrittenDownFromTheFirstStepOn) {
    const Case<float> c(faulty_shape());
    const auto backend = cuda_backend(c, faulty_placement());
    const auto made = [] {
        return emulation::count_calls("cudaMalloc") + emulation::count_calls("cudaHostAlloc") +
               emulation::count_calls("cudaGraphInstantiate");
    };
    const std::int64_t before = made(), launches = emulation::count_calls("cudaGraphLaunch");
    for (int i = 0; i < 3; ++i) backend->run(c.part(0, 3));
    EXPECT_EQ(made(), before);
    EXPECT_EQ(emulation::count_calls("cudaGraphLaunch"), launches + 6) << "two batches at a time, then the last of the epoch";
}

}  // namespace
}  // namespace glissade::testing
