// SPDX-License-Identifier: Apache-2.0
// The project's own kernels under ThreadSanitizer: small launches, few steps, no report.
#include "tests/kernels/kernel_races.hpp"

namespace glissade::testing {
namespace {

TEST_F(KernelRaces, AreNotInTrainingWithAnyLoss) {
    for (int loss = 0; loss < LossRules::count; ++loss) {
        CaseShape shape{.rows = 40, .columns = 9, .outputs = 3, .members = 1 + loss % 2, .batch = 25, .steps = 3, .loss = loss};
        shape.rule = loss % UpdateRules::count;
        shape.rate = .01;
        shape.weights = loss % 2 == 0;
        EXPECT_TRUE(trains_as_on_cpu(shape, small_placement(loss)));
    }
}

TEST_F(KernelRaces, AreNotInTrainingWithAnyOption) {
    for (int bits = 0; bits < 8; ++bits) {
        CaseShape shape{.rows = 45, .columns = bits % 2 == 0 ? 5 : 130, .members = 2, .batch = 30, .steps = 4};
        shape.rule = rule_index<Adam>(UpdateRules{});
        shape.rate = .01;
        shape.bias = bits & 1;
        shape.affine = bits & 2;
        shape.averaging = bits & 4;
        shape.clip_norm = bits % 3 == 0 ? .05 : 0;
        EXPECT_TRUE(trains_as_on_cpu(shape, small_placement(bits)));
    }
}

TEST_F(KernelRaces, AreNotInLaunchesOfAGraph) {
    for (const double clip_norm : {0.0, .05}) {
        CaseShape shape{.rows = 45, .columns = 9, .members = 2, .batch = 40, .steps = 4, .rule = rule_index<Adam>(UpdateRules{})};
        shape.rate = .01;
        shape.clip_norm = clip_norm;
        Placement p{cards().front(), {}};
        p.wishes.graph = true;
        p.wishes.blocks = 4;
        p.wishes.threads = 32;
        EXPECT_TRUE(trains_as_on_cpu(shape, p));
    }
}

TEST_F(KernelRaces, AreNotInScoring) {
    for (int n = 0; n < 4; ++n) {
        const Case<float> c({.rows = 30, .columns = 3 + 40 * n, .outputs = 2, .loss = rule_index<Softmax>(LossRules{})});
        std::vector<float> scores(60);
        cuda_backend(c, small_placement(n))->score(c.problem.features, c.start.parameters.data(), scores);
    }
}

}  // namespace
}  // namespace glissade::testing
