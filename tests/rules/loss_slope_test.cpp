// SPDX-License-Identifier: Apache-2.0
// Value against slope for every loss of the catalog. Every loss here is convex in each score, so its slope rises, and the central
// difference (f(z+h)-f(z-h))/2h lies between the slopes at z-h and z+h, kinks or not: no tolerance but rounding is needed.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "glissade/optimizer.hpp"
#include "tests/support/bounds.hpp"
#include "tests/support/cases.hpp"

namespace glissade::loss_slope_test {
namespace {

/// No loss has more roundings than this on the way to its value or slope, each of a term no larger than value + |score| + 1 (functions
/// counted as 4).
constexpr double roundings = 24;

struct Point {
    double value, slope;
};

template <class Function>
void expect_slope(const Function& f, double z, const std::string& label) {
    const double h = std::ldexp(1.0, -26) * std::fmax(1.0, std::fabs(z)), up = z + h, down = z - h;
    const Point above = f(up), below = f(down), here = f(z);
    const double difference = (above.value - below.value) / (up - down);
    const double slack = testing::gamma_bound<double>(roundings);
    const double value_error = slack * (std::fabs(above.value) + std::fabs(below.value) + 2 * std::fabs(z) + 2) / (up - down);
    const double slope_error = slack * (1 + std::fabs(here.slope) + std::fabs(z));
    EXPECT_GE(difference, below.slope - slope_error - value_error) << label << " z " << z;
    EXPECT_LE(difference, above.slope + slope_error + value_error) << label << " z " << z;
    EXPECT_GE(here.slope, below.slope - 2 * slope_error) << label << " z " << z;
    EXPECT_LE(here.slope, above.slope + 2 * slope_error) << label << " z " << z;
}

/// Dense near 0, reaching 700 on both sides, with every kink that a loss may have.
std::vector<double> scores() {
    std::vector<double> list;
    for (int i = -2000; i <= 2000; ++i) list.push_back(i / 100.0);
    for (double z = 20; z < 700; z *= 1.03) list.insert(list.end(), {z, -z});
    for (const double kink : {0.0, 0.5, 1.0, 2.0, 3.0})
        for (const double offset : {0.0, 1e-9, -1e-9, 1e-6, -1e-6}) list.insert(list.end(), {kink + offset, -kink + offset});
    return list;
}

std::vector<Loss> losses() {
    std::vector<Loss> list;
    for (const auto name : Loss::names()) {
        list.push_back(name);
        for (const auto& field : Loss(name).fields()) {
            Loss varied(name);
            varied.set(field.name, (field.low + field.default_value) / 2);
            list.push_back(varied);
        }
    }
    return list;
}

TEST(LossSlope, IsTheDerivativeOfTheValueOverTheWholeRangeForLossesOfOneScore) {
    for (const Loss& loss : losses()) {
        double k[max_loss_constants];
        loss.prepare(k);
        const auto check = [&]<class Rule>(const Rule&) {
            if constexpr (Rule::kind != LossKind::grouped)
                for (const double y : {0.0, 1.0, 0.25, -2.5}) {
                    if (Rule::kind == LossKind::binary ? y != 0 && y != 1 : !loss.takes_target(y)) continue;
                    const auto f = [&](double z) {
                        Point p{};
                        p.value = Rule::evaluate(z, y, k, p.slope);
                        return p;
                    };
                    for (const double z : scores()) expect_slope(f, z, std::string(Rule::name) + " y " + std::to_string(y));
                }
        };
        std::visit(check, loss.rule());
    }
}

TEST(LossSlope, IsTheDerivativeInEachScoreForGroupedLosses) {
    const auto list = scores();
    for (const Loss& loss : losses()) {
        double k[max_loss_constants];
        loss.prepare(k);
        const auto check = [&]<class Rule>(const Rule&) {
            if constexpr (Rule::kind == LossKind::grouped)
                for (int classes = 2; classes <= 5; ++classes)
                    for (int c = 0; c < classes; ++c)
                        for (int moved = 0; moved < classes; ++moved) {
                            const auto f = [&](double z) {
                                double s[5], slopes[5];
                                for (int i = 0; i < classes; ++i) s[i] = i == moved ? z : testing::uniform_value(5, i, -3, 3);
                                Point p{};
                                p.value = Rule::evaluate_group(s, classes, 1, double(c), k, slopes);
                                p.slope = slopes[moved];
                                return p;
                            };
                            for (std::size_t i = 0; i < list.size(); i += 37)
                                expect_slope(f, list[i],
                                             std::string(Rule::name) + " class " + std::to_string(c) + " moved " + std::to_string(moved));
                        }
        };
        std::visit(check, loss.rule());
    }
}

TEST(LossSlope, SlopesOfGroupedLossesSumToZeroAndMayReplaceTheScores) {
    double apart[6], together[6], strided[18], scores_in[6];
    for (std::int64_t trial = 0; trial < 50; ++trial) {
        for (int i = 0; i < 6; ++i) scores_in[i] = together[i] = strided[3 * i] = testing::uniform_value(6, trial * 6 + i, -30, 30);
        const double target = static_cast<double>(trial % 6);
        const double value = Softmax::evaluate_group(scores_in, 6, 1, target, static_cast<const double*>(nullptr), apart);
        EXPECT_EQ(Softmax::evaluate_group(together, 6, 1, target, static_cast<const double*>(nullptr), together), value);
        EXPECT_EQ(Softmax::evaluate_group(strided, 6, 3, target, static_cast<const double*>(nullptr), strided), value);
        double sum = 0;
        for (int i = 0; i < 6; ++i) {
            EXPECT_EQ(apart[i], together[i]);
            EXPECT_EQ(apart[i], strided[3 * i]);
            sum += apart[i];
        }
        EXPECT_NEAR(sum, 0, testing::gamma_bound<double>(6 * 6));
    }
}

}  // namespace
}  // namespace glissade::loss_slope_test
