// SPDX-License-Identifier: Apache-2.0
// Settings that make no sense are refused by their names; none is quietly taken for a default.
#include <gtest/gtest.h>

#include <limits>

#include "problems.hpp"

namespace glissade {
namespace {

using testing::error_of;
using testing::RandomProblem;

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();

struct WholeNumber {
    const char* name;
    std::int64_t least;
    std::function<void(TrainOptions&, std::int64_t)> set;
};
const std::vector<WholeNumber> whole_numbers = {
    {"batch_size", 0, [](TrainOptions& o, std::int64_t v) { o.batch_size = v; }},
    {"epochs", 1, [](TrainOptions& o, std::int64_t v) { o.epochs = v; }},
    {"max_steps", 0, [](TrainOptions& o, std::int64_t v) { o.max_steps = v; }},
    {"patience", 0, [](TrainOptions& o, std::int64_t v) { o.patience = v; }},
    {"segment_steps", 0, [](TrainOptions& o, std::int64_t v) { o.segment_steps = v; }},
    {"threads", 0, [](TrainOptions& o, std::int64_t v) { o.threads = static_cast<int>(v); }},
    {"memory_limit_bytes", 0, [](TrainOptions& o, std::int64_t v) { o.memory_limit_bytes = v; }},
    {"device_memory_limit_bytes", 0, [](TrainOptions& o, std::int64_t v) { o.device_memory_limit_bytes = v; }},
    {"checkpoint.every_steps", 0, [](TrainOptions& o, std::int64_t v) { o.checkpoint.every_steps = v; }},
    {"checkpoint.every_epochs", 0, [](TrainOptions& o, std::int64_t v) { o.checkpoint.every_epochs = v; }},
    {"checkpoint.keep", 1, [](TrainOptions& o, std::int64_t v) { o.checkpoint.keep = static_cast<int>(v); }},
};

struct RealNumber {
    const char* name;
    std::function<void(TrainOptions&, double)> set;
};
const std::vector<RealNumber> real_numbers = {
    {"l1", [](TrainOptions& o, double v) { o.l1 = v; }},
    {"l2", [](TrainOptions& o, double v) { o.l2 = v; }},
    {"clip_norm", [](TrainOptions& o, double v) { o.clip_norm = v; }},
    {"clip_value", [](TrainOptions& o, double v) { o.clip_value = v; }},
    {"max_seconds", [](TrainOptions& o, double v) { o.max_seconds = v; }},
    {"tol", [](TrainOptions& o, double v) { o.tol = v; }},
    {"average.start", [](TrainOptions& o, double v) { o.average.start = v; }},
    {"average.decay", [](TrainOptions& o, double v) { o.average.decay = v; }},
    {"class_weights[1]",
     [](TrainOptions& o, double v) {
         o.class_weights = {1, v};
     }},
    {"members[1].l1",
     [](TrainOptions& o, double v) {
         o.members = {{}, {{}, v, 0, 0}};
     }},
    {"members[1].l2",
     [](TrainOptions& o, double v) {
         o.members = {{}, {{}, 0, v, 0}};
     }},
};

class Options : public ::testing::Test {
protected:
    /// The error of a run with these options must be one of usage and hold the name.
    void expect_refused(const std::string& name, const std::string& value, const TrainOptions& options) {
        for (const bool planned : {false, true}) {
            const auto error = error_of([&] { planned ? void(describe_plan(data_, options)) : void(train(data_, options)); });
            ASSERT_TRUE(error.has_value()) << name << " = " << value;
            EXPECT_EQ(error->kind(), ErrorKind::usage) << error->what();
            EXPECT_NE(std::string(error->what()).find(name + " = " + value), std::string::npos) << error->what();
        }
    }

    static TrainOptions quick() {
        TrainOptions options;
        options.loss = "logistic";
        options.epochs = 1;
        options.device = "cpu";
        options.threads = 1;
        return options;
    }

private:
    RandomProblem<float> problem_{30, 3, 2, 1};
    Dataset data_ = problem_.dataset();
};

TEST_F(Options, RefuseWholeNumbersBelowTheirRangeByName) {
    for (const WholeNumber& option : whole_numbers) {
        for (const std::int64_t value : {option.least - 1, std::int64_t{-5}, std::int64_t{std::numeric_limits<int>::min()}}) {
            TrainOptions options = quick();
            option.set(options, value);
            expect_refused(option.name, std::to_string(value), options);
        }
    }
    TrainOptions options = quick();
    options.threads = 1'000'000;
    expect_refused("threads", "1000000", options);
}

TEST_F(Options, RefuseRealNumbersThatAreNegativeOrNotFiniteByName) {
    for (const RealNumber& option : real_numbers) {
        for (const auto& [value, text] : {std::pair(-1.0, "-1"), {-infinity, "-inf"}, {infinity, "inf"}, {not_a_number, "nan"}}) {
            TrainOptions options = quick();
            option.set(options, value);
            expect_refused(option.name, text, options);
        }
    }
}

/// Sets a field past the rule's own check, as a program does that writes to the struct.
template <class Rule>
Rule with_field(const Field<Rule>& field, double value) {
    Rule rule;
    rule.*field.number = value;
    return rule;
}

template <class... Rules, class Set>
void for_each_real_field(RuleList<Rules...>, const Set& set) {
    const auto fields_of = [&]<class Rule>(const Rule&) {
        for (const auto& field : Rule::fields())
            if (field.number != nullptr) set(field);
    };
    (fields_of(Rules{}), ...);
}

TEST_F(Options, RefuseFieldsOfEveryRuleThatAreNotFiniteOrOutOfRangeByName) {
    for (const auto& [value, text] : {std::pair(-1.0, "-1"), {infinity, "inf"}, {not_a_number, "nan"}}) {
        for_each_real_field(UpdateRules{}, [&, value = value, text = text]<class Rule>(const Field<Rule>& field) {
            if (value >= field.low && value <= field.high) return;
            TrainOptions options = quick();
            options.optimizer = with_field(field, value);
            expect_refused(std::string(field.name), text, options);
            options = quick();
            options.members = {{with_field(field, value), 0, 0, 0}};
            expect_refused(std::string(field.name), text, options);
        });
        for_each_real_field(LossRules{}, [&, value = value, text = text]<class Rule>(const Field<Rule>& field) {
            if (value >= field.low && value <= field.high) return;
            TrainOptions options = quick();
            options.loss = with_field(field, value);
            expect_refused(std::string(field.name), text, options);
        });
    }
}

TEST_F(Options, RefuseEveryKeyOfEveryScheduleThatIsNotFinite) {
    for (const Schedule::Entry& entry : Schedule::table()) {
        for (const std::string& key_and_default : entry.keys) {
            const std::string key = key_and_default.substr(0, key_and_default.find('='));
            for (const char* value : {"nan", "inf", "-inf", "1e999"}) {
                const std::string text = std::string(entry.name) + ":" + key + "=" + value;
                const auto error = error_of([&] { Schedule{text}; });
                ASSERT_TRUE(error.has_value()) << text;
                EXPECT_EQ(error->kind(), ErrorKind::usage) << text;
                EXPECT_NE(std::string(error->what()).find("key '" + key + "'"), std::string::npos) << text << ": " << error->what();
            }
        }
    }
}

TEST(PredictOptions, RefuseNumbersOfThreadsThatNoTeamHas) {
    const RandomProblem<float> problem(30, 3, 2, 1);
    TrainOptions options;
    options.loss = "logistic";
    options.epochs = 1;
    options.device = "cpu";
    const Model model = train(problem.dataset(), options).model;
    std::vector<float> out(30), both(60);
    for (const int threads : {-1, -4, 1025, std::numeric_limits<int>::min(), std::numeric_limits<int>::max()}) {
        const PredictOptions how{"cpu", threads};
        const std::vector<std::function<void()>> calls = {
            [&] { model.predict(problem.view(), out, how); }, [&] { model.decision_function(problem.view(), out, how); },
            [&] { model.predict_proba(problem.view(), both, how); }, [&] { model.evaluate(problem.dataset(), how); }};
        for (const auto& call : calls) {
            const auto error = error_of(call);
            ASSERT_TRUE(error.has_value()) << threads;
            EXPECT_EQ(error->kind(), ErrorKind::usage) << error->what();
            EXPECT_NE(std::string(error->what()).find("threads = " + std::to_string(threads)), std::string::npos) << error->what();
        }
    }
}

TEST(CheckpointOptions, RefuseUserDataThatIsNotUtf8) {
    const RandomProblem<float> problem(30, 3, 2, 1);
    TrainOptions options;
    options.checkpoint.user_data = "caf\xe9";
    const auto error = error_of([&] { train(problem.dataset(), options); });
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->kind(), ErrorKind::usage);
    EXPECT_STREQ(error->what(), "checkpoint.user_data must be UTF-8");
}

TEST(ResumeOptions, RefuseADirectoryWithoutAName) {
    const RandomProblem<float> problem(30, 3, 2, 1);
    const auto error = error_of([&] { resume(problem.dataset(), "", {}); });
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->kind(), ErrorKind::usage) << error->what();
}

}  // namespace
}  // namespace glissade
