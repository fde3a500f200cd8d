// SPDX-License-Identifier: Apache-2.0
// The activations of the catalog: against PyTorch, against the reference, slopes against differences of values, and at the ends of the
// range.
#include "glissade/activation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "glissade/error.hpp"
#include "host/reference/activation.hpp"
#include "tests/support/bounds.hpp"
#include "tests/support/golden.hpp"

namespace glissade::activation_test {
namespace {

/// No activation has more roundings than this on the way to its value or slope, each of a term no larger than 2 + 2|z| (functions counted
/// as 8).
constexpr double roundings = 40;

template <class Real>
struct Point {
    Real value = 0, slope = 0;
};

template <class Real>
Point<Real> at(const Activation& activation, Real z) {
    double constants[max_activation_constants];
    activation.prepare(constants);
    Real k[max_activation_constants];
    std::copy_n(constants, max_activation_constants, k);
    Point<Real> point;
    std::visit([&]<class Rule>(const Rule&) { point.value = Rule::evaluate(z, k, point.slope); }, activation.rule());
    return point;
}

template <class Real>
double bound_at(double z) {
    return testing::gamma_bound<Real>(roundings) * (2 + 2 * std::fabs(z));
}

/// Every activation, and each with another value of each field.
std::vector<Activation> activations() {
    std::vector<Activation> list;
    for (const auto name : Activation::names()) {
        list.emplace_back(name);
        for (const auto& field : Activation(name).fields()) {
            list.emplace_back(name);
            list.back().set(field.name, .75);
        }
    }
    return list;
}

std::vector<double> sums() {
    std::vector<double> list;
    for (int i = -3000; i <= 3000; ++i) list.push_back(i / 256.0);
    for (double z = 12; z < 90; z *= 1.02) list.insert(list.end(), {static_cast<float>(z), -static_cast<float>(z)});
    return list;
}

TEST(Activations, AreThoseOfPyTorch) {
    const auto golden = testing::read_golden("activations.json").at("activations");
    const std::map<std::string, std::string> keys = {{"leaky_relu", "leaky_relu_0_01"}};
    for (const auto name : Activation::names()) {
        if (name == "identity") continue;
        const std::string own(name);
        const auto& rows = golden.at(keys.contains(own) ? keys.at(own) : own);
        for (std::size_t i = 0; i < rows.at("z").size(); ++i) {
            const double z = rows.at("z").at(i);
            const auto here = at<double>(Activation(name), z);
            EXPECT_NEAR(here.value, rows.at("y").at(i).get<double>(), bound_at<double>(z)) << name << " of " << z;
            EXPECT_NEAR(here.slope, rows.at("dz").at(i).get<double>(), bound_at<double>(z)) << name << "' of " << z;
        }
    }
}

template <class Real>
void expect_reference() {
    for (const Activation& activation : activations()) {
        reference::Settings settings;
        settings.activation = activation.name();
        for (const auto& field : activation.fields())
            settings.activation_fields[std::string(field.name)] = static_cast<Real>(activation.get(field.name));
        for (const double z : sums()) {
            long double slope = 0;
            const long double value = reference::evaluate_activation<long double>(settings, z, slope);
            const auto here = at(activation, static_cast<Real>(z));
            EXPECT_NEAR(here.value, static_cast<double>(value), bound_at<Real>(z)) << activation.name() << " of " << z;
            EXPECT_NEAR(here.slope, static_cast<double>(slope), bound_at<Real>(z)) << activation.name() << "' of " << z;
        }
    }
}

TEST(Activations, AreThoseOfTheReference) {
    expect_reference<float>();
    expect_reference<double>();
}

/// The difference quotient is the slope somewhere between; within so short a stretch slopes change by less than twice its length, but at a
/// corner, which both ends show.
TEST(Activations, SlopesAreTheDerivativesOfTheValues) {
    const double h = std::ldexp(1.0, -26);
    for (const Activation& activation : activations())
        for (const double z : sums()) {
            const auto below = at(activation, z - h), here = at(activation, z), above = at(activation, z + h);
            const double quotient = (above.value - below.value) / ((z + h) - (z - h));
            const double slack = 2 * h + bound_at<double>(z) * (1 + 1 / h);
            EXPECT_GE(quotient, std::min({below.slope, here.slope, above.slope}) - slack) << activation.name() << " at " << z;
            EXPECT_LE(quotient, std::max({below.slope, here.slope, above.slope}) + slack) << activation.name() << " at " << z;
        }
}

template <class Real>
void expect_ends() {
    const Real huge = std::numeric_limits<Real>::max();
    for (const Activation& activation : activations()) {
        EXPECT_TRUE(std::isnan(at(activation, std::numeric_limits<Real>::quiet_NaN()).value)) << activation.name();
        for (const Real z : {huge, -huge, Real(1e6), Real(-1e6), Real(0), Real(-0.0)}) {
            const auto here = at(activation, z);
            EXPECT_TRUE(std::isfinite(here.value) && std::isfinite(here.slope))
                << activation.name() << " of " << z << " gives " << here.value << ", slope " << here.slope;
            EXPECT_LE(std::fabs(here.slope), Real(1)) << activation.name() << " at " << z;
        }
    }
}

TEST(Activations, AreFiniteForEveryFiniteSumAndKeepNaN) {
    expect_ends<float>();
    expect_ends<double>();
}

TEST(Activations, AreFoundByNameAndAliasAndFarNamesAreRefused) {
    EXPECT_EQ(Activation("SiLU").name(), "silu");
    EXPECT_EQ(Activation("swish").name(), "silu");
    EXPECT_EQ(Activation("leaky-relu").get("negative_slope"), .01);
    EXPECT_EQ(Activation().name(), "relu");
    try {
        Activation("rellu");
        FAIL() << "there is no rellu";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::usage);
        EXPECT_NE(std::string(error.what()).find("did you mean 'relu'"), std::string::npos) << error.what();
    }
    EXPECT_THROW(Activation("leaky_relu").set("negative_slope", -1), Error);
    double constants[max_activation_constants];
    EXPECT_THROW(Activation(Elu{.elu_alpha = 0}).prepare(constants), Error);
}

}  // namespace
}  // namespace glissade::activation_test
