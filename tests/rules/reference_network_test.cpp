// SPDX-License-Identifier: Apache-2.0
// The reference's gradients of whole networks against differences of its losses, in long double.
#include <gtest/gtest.h>

#include <cmath>

#include "host/reference/trainer.hpp"
#include "tests/support/cases.hpp"

namespace glissade::reference_network_test {
namespace {

/// The mean loss of the rows of a batch, and the gradient that a step of plain descent at rate 1 takes.
struct Probe {
    const reference::Problem& problem;
    const reference::Settings& settings;
    reference::Step step;

    double loss(const std::vector<double>& theta) const {
        reference::Trainer<long double> trainer(problem, settings, theta);
        return trainer.step(step);
    }
    std::vector<double> gradient(const std::vector<double>& theta) const {
        reference::Trainer<long double> trainer(problem, settings, theta);
        trainer.step(step);
        std::vector<double> g = trainer.parameters();
        for (std::size_t j = 0; j < g.size(); ++j) g[j] = theta[j] - g[j];
        return g;
    }
};

/// A central difference errs by h^2/6 of the third derivative, and by the rounding of the losses to double over h. The first is measured
/// rather than guessed: halving h takes three quarters of it away.
void expect_gradient(const Probe& probe, const std::vector<double>& theta, const std::string& label) {
    const std::vector<double> g = probe.gradient(theta);
    const double h = 0x1p-12;
    for (std::size_t j = 0; j < theta.size(); ++j) {
        const auto quotient = [&](double by) {
            std::vector<double> up = theta, down = theta;
            up[j] += by;
            down[j] -= by;
            return (probe.loss(up) - probe.loss(down)) / (2 * by);
        };
        const double near = quotient(h / 2), far = quotient(h);
        const double rounding = 4 * 0x1p-53 * (std::fabs(probe.loss(theta)) + 1) / h;
        EXPECT_NEAR(g[j], near, std::fabs(far - near) + rounding + 0x1p-52 * (std::fabs(theta[j]) + std::fabs(g[j])))
            << label << ", parameter " << j;
    }
}

TEST(ReferenceNetwork, GradientsAreDifferencesOfLosses) {
    for (const char* activation : {"elu", "gelu", "gelu_tanh", "silu", "tanh", "sigmoid", "identity"})
        for (const char* loss : {"squared", "logistic", "softmax"})
            for (const double smoothing : {0.0, .125}) {
                if (smoothing > 0 && std::string(loss) == "squared") continue;
                reference::Problem problem = testing::make_problem(Loss(loss), 7, 3, 3, 4);
                problem.hidden = {4, 3};
                problem.weights = testing::make_weights(7, 9);
                reference::Settings settings;
                settings.loss = loss;
                settings.activation = activation;
                settings.label_smoothing = smoothing;
                settings.dropout = [](long, long layer, long row, long unit) { return (layer + row + unit) % 4 == 0 ? 0.0 : 4.0 / 3; };
                reference::Step step = reference::steps_in_file_order(problem, 7, 1, 1)[0];
                expect_gradient({problem, settings, step}, testing::make_start(problem, 6), std::string(activation) + ", " + loss);
            }
}

}  // namespace
}  // namespace glissade::reference_network_test
