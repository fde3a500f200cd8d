// SPDX-License-Identifier: Apache-2.0
#include "glissade/optimizer.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "glissade/error.hpp"

namespace glissade {
namespace {

std::string message_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::usage);
        return error.what();
    }
    return "no error";
}

TEST(OptimizerCatalog, EveryNameBecomesItsRuleWithItsDefaults) {
    const auto names = Optimizer::names();
    ASSERT_EQ(static_cast<int>(names.size()), UpdateRules::count);
    for (int i = 0; i < UpdateRules::count; ++i) {
        const auto name = names[static_cast<std::size_t>(i)];
        const Optimizer optimizer = Optimizer::named(name);
        EXPECT_EQ(optimizer.name(), name);
        EXPECT_EQ(optimizer.index(), i);
        EXPECT_NO_THROW(optimizer.check());
        for (const auto& field : optimizer.fields()) EXPECT_EQ(optimizer.get(field.name), field.default_value) << name << " " << field.name;
        EXPECT_TRUE(optimizer.has("lr") && optimizer.has("weight_decay")) << name;
        EXPECT_EQ(static_cast<int>(optimizer.state_names().size()), optimizer.state_count()) << name;
        EXPECT_LT(optimizer.state_count(), max_rule_state) << name << ": one place is the average's";
    }
}

TEST(OptimizerCatalog, FieldsOfEveryRuleTakeTheirRangeAndNothingElse) {
    for (const auto name : Optimizer::names()) {
        for (const auto& field : Optimizer::named(name).fields()) {
            Optimizer optimizer = Optimizer::named(name);
            const auto label = std::string(name) + " " + std::string(field.name);
            EXPECT_FALSE(field.help.empty()) << label;
            const double inside = field.is_flag ? 1 : (field.low_open ? field.low + 1e-9 : field.low);
            optimizer.set(field.name, inside);
            EXPECT_EQ(optimizer.get(field.name), inside) << label;
            for (const double outside : {field.low - 1, field.high * 2 + 1, std::nan(""), HUGE_VAL, -HUGE_VAL})
                EXPECT_THROW(optimizer.set(field.name, outside), Error) << label << " " << outside;
            const double border = field.is_flag ? .5 : (field.low_open ? field.low : -1);
            EXPECT_THROW(optimizer.set(field.name, border), Error) << label << " " << border;
            EXPECT_EQ(optimizer.get(field.name), inside) << label << ": a refused value must leave the old one";
        }
    }
}

TEST(OptimizerCatalog, SettingsChooseTheVariantAndItsState) {
    using Names = std::vector<std::string>;
    EXPECT_EQ(Optimizer(Sgd{}).state_names(), Names{});
    EXPECT_EQ(Optimizer(Sgd{.momentum = .9}).state_names(), Names{"momentum_buffer"});
    EXPECT_EQ(Optimizer(Adam{.amsgrad = true}).state_names(), (Names{"exp_avg", "exp_avg_sq", "max_exp_avg_sq"}));
    EXPECT_EQ(Optimizer(RmsProp{}).state_names(), Names{"square_avg"});
    EXPECT_EQ(Optimizer(RmsProp{.momentum = .9}).state_names(), (Names{"square_avg", "momentum_buffer"}));
    EXPECT_EQ(Optimizer(RmsProp{.centered = true}).state_names(), (Names{"square_avg", "grad_avg"}));
    EXPECT_EQ(Optimizer(RmsProp{.momentum = .9, .centered = true}).state_names(), (Names{"square_avg", "grad_avg", "momentum_buffer"}));
    EXPECT_EQ(Optimizer(Adagrad{.initial_accumulator_value = .5}).initial_state(0), .5);
}

TEST(OptimizerCatalog, MistakesNameTheNearestRuleOrSetting) {
    EXPECT_EQ(
        message_of([] { Optimizer::named("adem"); }),
        "unknown optimizer 'adem'; did you mean 'adam'? There are: sgd, adagrad, adadelta, rmsprop, adam, adamw, adamax, nadam, yogi, "
        "radam, adabelief, lion, ftrl, lazy_adam, rprop, lbfgs");
    EXPECT_EQ(message_of([] { Optimizer::named("amsgrad"); }), "unknown optimizer 'amsgrad': it is a setting of adam, adamw");
    EXPECT_EQ(message_of([] { Optimizer::named("nesterov"); }), "unknown optimizer 'nesterov': it is a setting of sgd");
    EXPECT_EQ(message_of([] { Optimizer(Sgd{}).get("beta1"); }).substr(0, 32), "unknown setting of sgd 'beta1'; ");
    EXPECT_EQ(message_of([] { Optimizer(Adam{.beta1 = 1}).check(); }), "adam: beta1 = 1 must be at least 0 and below 1");
    EXPECT_EQ(message_of([] { Optimizer(Adam{.lr = 0}).check(); }), "adam: lr = 0 must be above 0");
    EXPECT_EQ(message_of([] { Optimizer(Sgd{.nesterov = true}).check(); }), "sgd: nesterov needs momentum > 0 and dampening 0");
    EXPECT_EQ(message_of([] { Optimizer(Sgd{.momentum = .5, .decay_to_zero = true}).check(); }), "sgd: decay_to_zero needs momentum 0");
    EXPECT_EQ(Optimizer::named("RMS-prop").name(), "rmsprop");
}

TEST(LossCatalog, EveryNameAndAliasBecomesItsLoss) {
    const auto names = Loss::names();
    ASSERT_EQ(static_cast<int>(names.size()), LossRules::count);
    for (int i = 0; i < LossRules::count; ++i) {
        const Loss loss(names[static_cast<std::size_t>(i)]);
        EXPECT_FALSE(loss.is_auto());
        EXPECT_EQ(loss.name(), names[static_cast<std::size_t>(i)]);
        EXPECT_EQ(loss.index(), i);
    }
    const std::pair<const char*, const char*> aliases[] = {{"mse", "squared"},  {"log_loss", "logistic"},
                                                           {"bce", "logistic"}, {"cross_entropy", "softmax"},
                                                           {"svm", "hinge"},    {"Squared-Hinge", "squared_hinge"}};
    for (const auto& [alias, name] : aliases) EXPECT_EQ(Loss(alias).name(), name);
    EXPECT_TRUE(Loss().is_auto());
    EXPECT_TRUE(Loss("auto").is_auto());
    EXPECT_EQ(Loss().name(), "auto");
}

TEST(LossCatalog, SettingsReachTheFormulaAndMistakesAreNamed) {
    double constants[max_loss_constants];
    Loss huber("huber");
    huber.set("delta", 2.5);
    huber.prepare(constants);
    EXPECT_EQ(constants[0], 2.5);
    EXPECT_EQ(Loss(Huber{.delta = 2.5}).get("delta"), 2.5);
    EXPECT_EQ(message_of([] { Loss("logstic"); }).substr(0, 55), "unknown loss 'logstic'; did you mean 'logistic'? There ");
    EXPECT_EQ(message_of([&] { huber.set("delta", 0); }), "huber: delta = 0 must be above 0");
    EXPECT_EQ(message_of([&] { Loss(Huber{.delta = -1}).prepare(constants); }), "huber: delta = -1 must be above 0");
    EXPECT_EQ(message_of([] { Loss("squared").set("delta", 1); }),
              "unknown setting of squared 'delta'; did you mean 'error_scale'? There are: error_scale");
}

}  // namespace
}  // namespace glissade
