// SPDX-License-Identifier: Apache-2.0
// What is settled before a run on sparse rows: which columns wait and how, what a step costs, and whether it fits.
#include <gtest/gtest.h>

#include <string>

#include "glissade/error.hpp"
#include "host/execution/idle.hpp"
#include "tests/unit/cpu/sparse_cases.hpp"

namespace glissade {
namespace {

using testing::SparseCase;

TEST(SparsePlan, SaysWhichRulesWaitAndWhyTheOthersDoNot) {
    const auto plan = [](const Optimizer& rule, bool decays, bool shrinks, bool averaging) {
        return plan_idle(rule.index(), rule.variant(), decays, shrinks, averaging);
    };
    EXPECT_EQ(plan(Sgd{}, true, true, false).kind, Idle::decays);
    EXPECT_EQ(plan(Sgd{}, false, true, false).kind, Idle::rests);
    EXPECT_EQ(plan(Sgd{.momentum = .9}, false, false, false).why_all, "sgd moves parameters that have no gradient");
    EXPECT_EQ(plan(Adagrad{}, false, true, false).kind, Idle::rests);
    EXPECT_EQ(plan(Adagrad{}, false, true, false).marks(), 1);
    EXPECT_EQ(plan(Adagrad{}, false, false, false).marks(), 0);
    EXPECT_EQ(plan(Adagrad{}, true, false, false).why_all, "weight decay changes the state of adagrad in every step");
    EXPECT_EQ(plan(RmsProp{.centered = true}, false, false, false).kind, Idle::fades);
    EXPECT_EQ(plan(RmsProp{}, false, true, false).why_all, "l1 and the state of rmsprop change in every step");
    EXPECT_EQ(plan(RmsProp{.momentum = .9}, false, false, false).kind, Idle::moves);
    EXPECT_EQ(plan(Ftrl{}, false, false, false).kind, Idle::follows);
    EXPECT_EQ(plan(Ftrl{}, false, false, true).why_all, "the running average follows every parameter");
    EXPECT_EQ(plan(LazyAdam{}, true, true, false).kind, Idle::skips);
    EXPECT_FALSE(plan(LazyAdam{}, true, true, false).shrinks);
    EXPECT_EQ(plan(Adam{}, false, false, false).kind, Idle::moves);
}

TEST(SparsePlan, RaisesToAPowerAsRepeatedProductsDo) {
    EXPECT_EQ(power_of(.5, 0), 1);
    EXPECT_EQ(power_of(.5, 13), 0x1p-13);
    EXPECT_EQ(power_of(3, 20), 3486784401.0);
    EXPECT_EQ(power_of(.5, (1u << 24) - 1), 0);
}

TEST(SparsePlan, SaysWhatEachStepCostsWhereItRunsOverAllParameters) {
    const SparseCase<float> adam({"adam", Adam{}}), lazy({"lazy_adam", LazyAdam{}});
    EXPECT_NE(adam.backend(1)->description().find("every step reads and writes all parameters"), std::string::npos);
    EXPECT_NE(adam.backend(1)->description().find("lazy_adam"), std::string::npos);
    EXPECT_EQ(lazy.backend(1)->description().find("all parameters"), std::string::npos);
    EXPECT_GT(adam.backend(1)->predict_step().seconds, 0);
}

TEST(SparsePlan, RefusesARunThatDoesNotFitItsMemory) {
    const SparseCase<float> c({"adagrad", Adagrad{}});
    EXPECT_THROW(make_cpu_backend<float>(c.problem, {.threads = 1, .memory_limit_bytes = 1000}), Error);
}

}  // namespace
}  // namespace glissade
