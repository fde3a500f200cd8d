// SPDX-License-Identifier: Apache-2.0
// Which family a network is given to, and that what is said of it is so. On an emulated card of the size of an H200.
#include <gtest/gtest.h>

#include <cmath>
#include <utility>

#include "glissade/error.hpp"
#include "tests/emulation/control.hpp"
#include "tests/kernels/compare.hpp"

namespace glissade::testing {
namespace {

class CudaNetworkFamily : public CudaTest {
protected:
    void SetUp() override {
        emulation::reset();
        emulation::Card card = emulation::card("hopper-like");
        card.multiprocessors = 132;
        emulation::set_card(card, 1);
    }
    static std::string described(std::vector<std::int64_t> hidden, std::int64_t columns, std::int64_t batch, cuda::PlanWishes wishes = {}) {
        CaseShape shape{.rows = batch, .columns = columns, .batch = batch, .steps = 1, .rule = rule_index<Adam>(UpdateRules{})};
        shape.hidden = std::move(hidden);
        const Case<float> c(shape);
        return cuda::plan_steps(c.problem, cuda::usable_card(0), {}, wishes)->description() + "; " +
               cuda::plan_steps(c.problem, cuda::usable_card(0), {}, wishes)->other_family();
    }
    static bool takes_segments(const std::string& text) { return text.find("a graph of matrix products would take") != std::string::npos; }
    static bool takes_graph(const std::string& text) { return text.find("a segment kernel would take") != std::string::npos; }
};

TEST_F(CudaNetworkFamily, SegmentsTakeSmallNetworksAndGraphsLargeOnes) {
    for (const std::int64_t batch : {64, 1024}) {
        EXPECT_TRUE(takes_segments(described({64, 64}, 28, batch))) << described({64, 64}, 28, batch);
        EXPECT_TRUE(takes_segments(described({16}, 10, batch))) << described({16}, 10, batch);
        EXPECT_TRUE(takes_graph(described({1024, 1024}, 512, batch))) << described({1024, 1024}, 512, batch);
    }
}

TEST_F(CudaNetworkFamily, DeepNetworksHaveNoSegmentKernel) {
    const std::vector<std::int64_t> deep(kernels::SegmentNetworkParams::most_layers, 4);
    const std::string text = described(deep, 4, 64);
    EXPECT_EQ(text.rfind("a graph of", 0), 0U) << text;
    EXPECT_FALSE(takes_graph(text)) << "there is nothing to compare with: " << text;
    try {
        described(deep, 4, 64, {.network = cuda::NetworkFamily::segments});
        ADD_FAILURE() << "planned";
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("more than 8 layers"), std::string::npos) << error.what();
    }
}

/// Training by either family, from the same state, differs by roundings only; by the one that is planned not at all.
TEST_F(CudaNetworkFamily, ThePlannedOneRuns) {
    CaseShape shape{.rows = 40, .columns = 5, .outputs = 3, .batch = 16, .steps = 4, .loss = rule_index<Softmax>(LossRules{})};
    shape.hidden = {6};
    const Case<float> c(shape);
    const auto state_of = [&](cuda::NetworkFamily family) {
        const auto backend = cuda::make_cuda_backend_with(c.problem, {}, {.network = family});
        backend->set_state(c.start);
        backend->run(c.segment());
        return backend->get_state();
    };
    const auto planned = state_of(cuda::NetworkFamily::faster);
    EXPECT_TRUE(same_state(planned, state_of(cuda::NetworkFamily::segments)));
    EXPECT_FALSE(same_state(planned, c.start));
}

/// The stand-in of the products adds in one order however many members there are, so that by either family a member is its own run.
TEST_F(CudaNetworkFamily, MembersHaveRowWeightsOfTheirOwn) {
    CaseShape shape{
        .rows = 50, .columns = 5, .outputs = 3, .members = 3, .batch = 20, .steps = 6, .loss = rule_index<Softmax>(LossRules{})};
    shape.hidden = {6, 3};
    shape.weights = true;
    shape.weight_sets = 2;
    for (const auto family : {cuda::NetworkFamily::graph, cuda::NetworkFamily::segments}) {
        const auto parameters_of = [&](const Case<float>& c) {
            const auto backend = cuda::make_cuda_backend_with(c.problem, {}, {.network = family});
            backend->set_state(c.start);
            EXPECT_FALSE(backend->run(c.segment()).frozen);
            return backend->get_state().parameters;
        };
        const std::vector<float> all = parameters_of(Case<float>(shape));
        for (std::int64_t m = 0; m < shape.members; ++m) {
            Case<float> alone(shape);
            alone.keep_member(m);
            const std::vector<float> one = parameters_of(alone);
            const auto count = static_cast<std::ptrdiff_t>(one.size());
            const auto from = all.begin() + m * count;
            EXPECT_TRUE(same_bits(std::vector<float>(from, from + count), one)) << m;
            alone.problem.member_sets = nullptr;  // the first set
            EXPECT_EQ(parameters_of(alone) == one, m % 2 == 0) << m;
        }
    }
}

/// With features and parameters of few bits the first step's products are exact, so that its loss is that of float32; later ones are not.
TEST_F(CudaNetworkFamily, PrecisionReachesTheProducts) {
    CaseShape shape{.rows = 32, .columns = 5, .outputs = 3, .batch = 16, .steps = 4, .loss = rule_index<Softmax>(LossRules{})};
    shape.hidden = {6};
    Case<float> c(shape);
    for (float& value : c.features) value = std::nearbyint(value * 8) / 8;
    for (float& value : c.start.parameters) value = std::nearbyint(value * 8) / 8;
    c.problem.hidden.activation = rule_index<Relu>(ActivationRules{});
    const auto trained = [&](MatmulPrecision precision, std::string& text_out) {
        Problem<float> problem = c.problem;
        problem.matmul_precision = precision;
        const auto backend = cuda::make_cuda_backend_with(problem, {}, {});
        backend->set_state(c.start);
        text_out = backend->description();
        const SegmentReport report = backend->run(c.segment());
        return std::pair(report.loss_sums[0], backend->get_state());
    };
    std::string text;
    const auto [loss, state] = trained(MatmulPrecision::float32, text);
    std::vector<TrainingState<float>> states = {state};
    for (const auto& [precision, name] : {std::pair(MatmulPrecision::tf32, "tf32"), std::pair(MatmulPrecision::bfloat16, "bfloat16")}) {
        const auto [first_loss, rounded] = trained(precision, text);
        EXPECT_NE(text.find("by cuBLASLt in " + std::string(name)), std::string::npos) << text;
        EXPECT_EQ(first_loss, loss) << name;
        for (const auto& other : states) EXPECT_FALSE(same_state(rounded, other)) << name;
        states.push_back(rounded);
    }
}

TEST_F(CudaNetworkFamily, PrecisionThatTheCardLacksIsRefused) {
    emulation::Card card = emulation::card("hopper-like");
    card.compute_major = 7;
    card.compute_minor = 5;
    emulation::reset();
    emulation::set_card(card, 1);
    CaseShape shape{.rows = 16, .columns = 3, .batch = 16, .steps = 1};
    shape.hidden = {4};
    Case<float> c(shape);
    c.problem.matmul_precision = MatmulPrecision::tf32;
    try {
        cuda::make_cuda_backend_with(c.problem, {}, {});
        ADD_FAILURE() << "planned";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::device);
        EXPECT_NE(std::string(error.what()).find("compute capability 8.0"), std::string::npos) << error.what();
    }
}

}  // namespace
}  // namespace glissade::testing
