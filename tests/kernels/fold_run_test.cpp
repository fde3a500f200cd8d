// SPDX-License-Identifier: Apache-2.0
// Cross-validation on a card: every setting and fold in one pass, with the CPU's bits.
#include <gtest/gtest.h>

#include "tests/kernels/cards.hpp"
#include "tests/unit/train/problems.hpp"

namespace glissade::testing {
namespace {

class CudaFoldRun : public CudaTest {};

TEST_F(CudaFoldRun, HasTheCpusModelsAndScores) {
    const RandomProblem<float> problem(150, 5, 3, 3);
    for (const bool weighted : {false, true}) {
        TrainOptions options;
        options.loss = "softmax";
        options.members = {{Adam{.lr = 1e-2}}, {Adam{.lr = 1e-3}}};
        options.batch_size = 32;
        options.epochs = 2;
        options.folds = 3;
        options.device = "cpu";
        const auto on_cpu = train(problem.dataset(weighted), options);
        options.device = "cuda";
        const auto on_card = train(problem.dataset(weighted), options);
        EXPECT_EQ(on_card.model.parameters, on_cpu.model.parameters);
        ASSERT_EQ(on_card.members.size(), 2U);
        for (std::size_t m = 0; m < 2; ++m) {
            ASSERT_EQ(on_card.members[m].folds.size(), 3U);
            for (std::size_t k = 0; k < 3; ++k) EXPECT_EQ(on_card.members[m].folds[k].loss, on_cpu.members[m].folds[k].loss) << m << k;
        }
    }
}

}  // namespace
}  // namespace glissade::testing
