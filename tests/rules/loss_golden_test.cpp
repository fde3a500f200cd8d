// SPDX-License-Identifier: Apache-2.0
// Values and slopes of PyTorch 1.13 (float64). It rounds the logistic loss of a sure answer to 0, so the bound is absolute.
#include <gtest/gtest.h>

#include <cmath>

#include "glissade/optimizer.hpp"
#include "tests/support/bounds.hpp"
#include "tests/support/golden.hpp"

namespace glissade::loss_golden_test {
namespace {

constexpr double roundings = 24;

struct Case {
    const char* golden;
    Loss loss;
    double scale;         ///< PyTorch's value is `scale` times ours
    bool plus_minus_one;  ///< its targets are -1 and 1, ours 0 and 1
};

TEST(LossGolden, ValuesAndSlopesAreThoseOfPyTorch) {
    const auto golden = testing::read_golden("losses.json").at("losses");
    const Case cases[] = {{"bce_with_logits", "logistic", 1, false},
                          {"mse", "squared", 2, false},
                          {"mse", Squared{.error_scale = 1}, 1, false},
                          {"huber_delta1", "huber", 1, false},
                          {"hinge_pm1", "hinge", 1, true},
                          {"squared_hinge_pm1", "squared_hinge", 1, true},
                          {"huber_delta0.5", Huber{.delta = .5}, 1, false},
                          {"l1", "absolute", 1, false},
                          {"soft_margin_pm1", "logistic", 1, true},
                          {"poisson_nll_log", "poisson", 1, false},
                          {"l1", "quantile", 2, false}};
    for (const Case& c : cases) {
        double k[max_loss_constants];
        c.loss.prepare(k);
        for (const auto& row : golden.at(c.golden)) {
            const double z = row.at("z"), y = row.at("y"), target = c.plus_minus_one ? (y + 1) / 2 : y;
            double slope = 0, value = 0;
            const auto evaluate = [&]<class Rule>(const Rule&) {
                if constexpr (Rule::kind != LossKind::grouped) value = Rule::evaluate(z, target, k, slope);
            };
            std::visit(evaluate, c.loss.rule());
            const double expected = row.at("loss"),
                         bound = testing::gamma_bound<double>(roundings) * (1 + std::fabs(z) + std::fabs(expected));
            EXPECT_NEAR(c.scale * value, expected, bound) << c.golden << " z " << z << " y " << y;
            // At the kink of the hinge any slope between -t and 0 is right; PyTorch takes -t, we take 0.
            if (c.loss.name() == "hinge" && y * z == 1) continue;
            EXPECT_NEAR(c.scale * slope, row.at("dz").get<double>(), bound) << c.golden << " z " << z << " y " << y;
        }
    }
}

TEST(LossGolden, SoftmaxIsPyTorchsCrossEntropy) {
    const auto golden = testing::read_golden("losses.json").at("losses").at("cross_entropy").at("label_smoothing_0");
    const std::size_t rows = golden.at("logits").size();
    double mean = 0, largest = 0;
    for (std::size_t r = 0; r < rows; ++r) {
        const auto scores = golden.at("logits").at(r).get<std::vector<double>>();
        std::vector<double> slopes(scores.size());
        mean += Softmax::evaluate_group(scores.data(), static_cast<int>(scores.size()), 1, golden.at("y").at(r).get<double>(),
                                        static_cast<const double*>(nullptr), slopes.data()) /
                static_cast<double>(rows);
        for (std::size_t i = 0; i < scores.size(); ++i) {
            largest = std::fmax(largest, std::fabs(scores[i]));
            EXPECT_NEAR(slopes[i] / static_cast<double>(rows), golden.at("dlogits").at(r).at(i).get<double>(),
                        testing::gamma_bound<double>(roundings))
                << r << " " << i;
        }
    }
    EXPECT_NEAR(mean, golden.at("loss_mean").get<double>(), testing::gamma_bound<double>(roundings) * largest);
}

}  // namespace
}  // namespace glissade::loss_golden_test
