// SPDX-License-Identifier: Apache-2.0
// Runs whose epochs are asked for one by one, on a card: the next segment is set off ahead, but never past an epoch.
#include "host/train/epoch_run.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/kernels/cards.hpp"
#include "tests/unit/train/problems.hpp"

namespace glissade::testing {
namespace {

class CudaEpochRun : public CudaTest {};

double squared_weights(const ModelSpec& spec, const std::vector<double>& parameters) {
    double sum = 0;
    for (const DenseLayer& layer : spec.layers())
        for (std::int64_t j = layer.weights_at; j < layer.biases_at(); ++j) sum += std::pow(parameters[static_cast<std::size_t>(j)], 2);
    return sum;
}

TEST_F(CudaEpochRun, EpochsOneByOneAreTheBitsOfTheRun) {
    const RandomProblem<float> problem(96, 5, 3, 3);
    TrainOptions options;
    options.loss = "softmax";
    options.hidden = {6};
    options.optimizer = Adam{.lr = 1e-2};
    options.schedule = "constant";
    options.batch_size = 32;
    options.epochs = 3;
    options.segment_steps = 1;
    options.device = "cuda";
    options.l2 = .5 / 32;
    const glissade::Run whole = train(problem.dataset(), options);
    EpochRun parts(problem.dataset(), options, {.5, 1, {}});
    std::vector<double> squares;
    for (std::size_t epoch = 0; epoch < 3; ++epoch) {
        squares.push_back(squared_weights(whole.model.spec, parts.parameters(false)));
        ASSERT_TRUE(parts.next(0));
        squares.push_back(squared_weights(whole.model.spec, parts.parameters(false)));
        // Three steps of 32 rows, each with the penalty .5/32 * |w|^2 / 2: added to the loss of the run as it is.
        const double penalty = .5 / 32 / 2 * (squares[2 * epoch] + squares[2 * epoch + 1]) / 2, loss = whole.history[epoch].loss;
        EXPECT_NEAR(parts.history()[epoch].loss, loss + penalty, 16 * 0x1p-53 * (loss + penalty)) << epoch;
    }
    EXPECT_EQ(parts.parameters(false), whole.model.parameters);
    EXPECT_EQ(parts.rule_state().steps, 9);
}

}  // namespace
}  // namespace glissade::testing
