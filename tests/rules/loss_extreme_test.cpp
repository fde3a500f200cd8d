// SPDX-License-Identifier: Apache-2.0
// Scores far out in float and double: finite wherever the exact value is, infinite (never NaN) beyond, and right. The oracle is the
// reference in long double, whose exponent range holds every value here.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "glissade/optimizer.hpp"
#include "host/reference/loss.hpp"
#include "tests/support/bounds.hpp"
#include "tests/support/cases.hpp"

namespace glissade::loss_extreme_test {
namespace {

constexpr double roundings = 24;

template <class Real>
void expect_close(Real value, long double exact, long double scale, const std::string& label) {
    ASSERT_FALSE(std::isnan(value)) << label;
    if (std::fabs(exact) > static_cast<long double>(std::numeric_limits<Real>::max())) {
        EXPECT_TRUE(std::isinf(value) && std::signbit(value) == std::signbit(exact)) << label << ": " << value;
        return;
    }
    ASSERT_TRUE(std::isfinite(value)) << label;
    EXPECT_LE(std::fabs(value - exact), testing::gamma_bound<Real>(roundings) * (std::fabs(exact) + scale)) << label << ": " << value;
}

template <class Real>
std::vector<Real> far_scores() {
    std::vector<Real> list{Real(0), std::numeric_limits<Real>::min(), std::numeric_limits<Real>::denorm_min(),
                           std::numeric_limits<Real>::max() / 4};
    for (const double z :
         {1e-30, 1e-8, 1.0, 15.0, 16.6, 17.0, 36.0, 37.5, 87.0, 88.8, 103.9, 104.1, 709.0, 710.0, 745.2, 746.0, 1e4, 1e9, 1e18, 1e19, 1e30})
        list.push_back(static_cast<Real>(z));
    const std::size_t count = list.size();
    for (std::size_t i = 0; i < count; ++i) list.push_back(-list[i]);
    return list;
}

/// The reference's loss and slopes for the very same numbers.
template <class Real>
long double exact_loss(const Loss& loss, const std::vector<Real>& scores, double target, std::vector<long double>& slopes) {
    reference::Settings settings;
    testing::copy_to_reference(loss, settings);
    const std::vector<long double> wide(scores.begin(), scores.end());
    const std::vector<double> targets(scores.size(), target);
    slopes.assign(scores.size(), 0);
    return reference::evaluate_loss<long double>(settings, wide, targets, slopes);
}

template <class Real>
void expect_extremes() {
    for (const auto name : Loss::names()) {
        const Loss loss(name);
        double constants[max_loss_constants];
        loss.prepare(constants);
        const Real k[max_loss_constants] = {static_cast<Real>(constants[0]), static_cast<Real>(constants[1])};
        const auto check = [&]<class Rule>(const Rule&) {
            for (const Real z : far_scores<Real>())
                for (const Real other : Rule::kind == LossKind::grouped ? far_scores<Real>() : std::vector<Real>{0})
                    for (const int target : {0, 1}) {
                        if (!loss.takes_target(target)) continue;
                        std::vector<Real> scores{z}, slopes(1);
                        if (Rule::kind == LossKind::grouped) scores = {z, other}, slopes.resize(2);
                        Real value;
                        if constexpr (Rule::kind == LossKind::grouped)
                            value = Rule::evaluate_group(scores.data(), 2, 1, Real(target), k, slopes.data());
                        else
                            value = Rule::evaluate(z, Real(target), k, slopes[0]);
                        std::vector<long double> exact_slopes;
                        const long double exact = exact_loss(loss, scores, target, exact_slopes);
                        const std::string label = std::string(name) + " z " + std::to_string(z) + " other " + std::to_string(other) +
                                                  " target " + std::to_string(target);
                        expect_close(value, exact, 1, label + " value");
                        for (std::size_t i = 0; i < slopes.size(); ++i) expect_close(slopes[i], exact_slopes[i], 1, label + " slope");
                    }
        };
        std::visit(check, loss.rule());
    }
}

TEST(LossExtreme, ScoresOfAnySizeGiveTheExactValueOrItsOverflowInFloat) {
    expect_extremes<float>();
}
TEST(LossExtreme, ScoresOfAnySizeGiveTheExactValueOrItsOverflowInDouble) {
    expect_extremes<double>();
}

TEST(LossExtreme, TheLogisticLossOfASureAnswerKeepsItsDigits) {
    // Where other forms round to 0: log1p(e^-z) = e^-z - e^-2z/2 ...
    for (double z = 1; z < 740; z += 0.5) {
        double slope;
        const double value = Logistic::evaluate(z, 1.0, static_cast<const double*>(nullptr), slope);
        EXPECT_LE(testing::ulp_distance(value, std::log1p(std::exp(-static_cast<long double>(z)))), 8) << z;
    }
}

TEST(LossExtreme, ANaNScoreStaysANaNLossSoThatTrainingStops) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    for (const auto name : Loss::names()) {
        const Loss loss(name);
        double constants[max_loss_constants];
        loss.prepare(constants);
        const float k[max_loss_constants] = {static_cast<float>(constants[0]), static_cast<float>(constants[1])};
        const auto check = [&]<class Rule>(const Rule&) {
            for (int position = 0; position < 3; ++position) {
                float scores[3] = {1, 2, 3}, slopes[3];
                scores[position] = nan;
                if constexpr (Rule::kind == LossKind::grouped)
                    EXPECT_TRUE(std::isnan(Rule::evaluate_group(scores, 3, 1, 1.0f, k, slopes))) << name << " " << position;
                else
                    EXPECT_TRUE(std::isnan(Rule::evaluate(nan, 1.0f, k, slopes[0]))) << name;
            }
        };
        std::visit(check, loss.rule());
    }
}

}  // namespace
}  // namespace glissade::loss_extreme_test
