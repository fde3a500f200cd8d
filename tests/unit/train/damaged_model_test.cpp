// SPDX-License-Identifier: Apache-2.0
// Models whose public fields were written to: every way in answers with an error that says what is wrong.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "damage.hpp"

namespace glissade::damaged_model_test {
namespace {

using testing::Damage;
using testing::Entry;
using testing::error_of;
using testing::infinity;
using testing::not_a_number;
using testing::quick;
using testing::RandomProblem;

constexpr std::int64_t rows = 40, columns = 3;
template <class Real>
struct Outputs {
    std::vector<Real> values;
    void untouched(const std::string& where) const {
        for (const Real value : values) ASSERT_EQ(value, Real(-7)) << where;
    }
};

/// A trained model, its data, and every public function that reads a model's numbers.
template <class Real>
class ModelEntries {
public:
    ModelEntries(const char* loss, int classes) : problem_(rows, columns, classes, 3), loss_(loss) {
        TrainOptions options = quick(loss);
        options.standardize = true;
        options.standardize_target = classes == 0;
        sound = train(problem_.dataset(), options).model;
    }

    void expect_refused(const Damage<Model>& damage) {
        model_ = sound;
        damage.inflict(model_);
        for (const Entry& entry : entries()) {
            const std::string where = std::string(entry.name) + " of a model with " + damage.name;
            const auto error = error_of(entry.call);
            ASSERT_TRUE(error.has_value()) << where;
            EXPECT_EQ(error->kind(), ErrorKind::usage) << where << ": " << error->what();
            narrow_.untouched(where);
            wide_.untouched(where);
            EXPECT_EQ(weights_, std::vector<double>{-7}) << where;
            EXPECT_FALSE(std::filesystem::exists(path_)) << where;
        }
    }

    Model sound;

private:
    std::vector<Entry> entries() {
        const std::int64_t outputs = std::max<std::int64_t>(1, sound.spec.outputs);
        const auto scores = static_cast<std::size_t>(rows * outputs),
                   both = static_cast<std::size_t>(rows * std::max<std::int64_t>(2, outputs));
        narrow_.values.assign(both, -7);
        wide_.values.assign(both, -7);
        const auto narrow = [this](std::size_t count) { return std::span(narrow_.values).first(count); };
        const auto wide = [this](std::size_t count) { return std::span(wide_.values).first(count); };
        const MatrixView<const float> f = floats_.view();
        const MatrixView<const double> d = doubles_.view();
        std::vector<Entry> all = {{"decision_function, float", [=, this] { model_.decision_function(f, narrow(scores)); }},
                                  {"decision_function, double", [=, this] { model_.decision_function(d, wide(scores)); }},
                                  {"predict, float", [=, this] { model_.predict(f, narrow(rows)); }},
                                  {"predict, double", [=, this] { model_.predict(d, wide(rows)); }},
                                  {"predict_proba, float", [=, this] { model_.predict_proba(f, narrow(both)); }},
                                  {"predict_proba, double", [=, this] { model_.predict_proba(d, wide(both)); }},
                                  {"evaluate", [this] { model_.evaluate(problem_.dataset()); }},
                                  {"coefficients", [this] { model_.coefficients(weights_, biases_); }},
                                  {"save", [this] { model_.save(path_); }},
                                  {"warm start", [this] {
                                       TrainOptions options = quick(loss_);
                                       options.start = model_;
                                       train(problem_.dataset(), options);
                                   }}};
        return all;
    }

    RandomProblem<Real> problem_;
    const char* loss_;
    RandomProblem<float> floats_{rows, columns, 0, 5};
    RandomProblem<double> doubles_{rows, columns, 0, 5};
    Model model_;
    Outputs<float> narrow_;
    Outputs<double> wide_;
    std::vector<double> weights_ = {-7}, biases_ = {-7};
    std::string path_ = (std::filesystem::temp_directory_path() / ("glissade-damaged-" + std::to_string(getpid()))).string();
};

/// A preparation that makes three columns of a file of four, damaged.
std::function<void(Model&)> prepared(std::function<void(Preparation&)> damage) {
    return [damage = std::move(damage)](Model& m) {
        m.preparation.format = "csv";
        m.preparation.file_columns = 4;
        m.preparation.target_names = {"y"};
        m.preparation.target_positions = {3};
        m.preparation.columns = {{"a", 0, ColumnKind::numeric, false, .5, {}}, {"b", 1, ColumnKind::categorical, false, 1, {"p", "q"}}};
        damage(m.preparation);
    };
}

/// What no model may have, whatever it is for.
const std::vector<Damage<Model>> damages_of_any_model = {
    {"no parameters", [](Model& m) { m.parameters.clear(); }},
    {"one parameter too few", [](Model& m) { m.parameters.pop_back(); }},
    {"one parameter too many", [](Model& m) { m.parameters.push_back(1); }},
    {"a parameter that is not a number", [](Model& m) { m.parameters[1] = not_a_number; }},
    {"an infinite parameter", [](Model& m) { m.parameters.back() = -infinity; }},
    {"a short input.scale", [](Model& m) { m.input.scale.pop_back(); }},
    {"a short input",
     [](Model& m) {
         m.input = {{1}, {0}};
     }},
    {"a long input", [](Model& m) { m.input.scale.push_back(1), m.input.shift.push_back(0); }},
    {"no input.shift", [](Model& m) { m.input.shift.clear(); }},
    {"no input.scale", [](Model& m) { m.input.scale.clear(); }},
    {"an input.shift that is not a number", [](Model& m) { m.input.shift[0] = not_a_number; }},
    {"a short target_scale", [](Model& m) { m.target_scale = {}, m.target_shift = {0}; }},
    {"a long target_scale", [](Model& m) { m.target_scale.resize(17, 1), m.target_shift.resize(17, 1); }},
    {"an input.scale of 0", [](Model& m) { m.input.scale[1] = 0; }},
    {"an infinite target_shift", [](Model& m) { m.target_scale.assign(1, 1), m.target_shift.assign(1, infinity); }},
    {"no features", [](Model& m) { m.spec.features = 0; }},
    {"another feature", [](Model& m) { ++m.spec.features; }},
    {"fewer features than none", [](Model& m) { m.spec.features = -columns; }},
    {"more features than a number holds", [](Model& m) { m.spec.features = std::int64_t{1} << 62; }},
    {"no outputs", [](Model& m) { m.spec.outputs = 0; }},
    {"another output", [](Model& m) { ++m.spec.outputs; }},
    {"more outputs than a number holds", [](Model& m) { m.spec.outputs = std::int64_t{1} << 62; }},
    {"no bias", [](Model& m) { m.spec.bias = false; }},
    {"a loss still to be chosen", [](Model& m) { m.spec.loss = Loss(); }},
    {"a short list of feature names", [](Model& m) { m.feature_names = {"a"}; }},
    {"a file of other columns", prepared([](Preparation& p) { p.columns.pop_back(); })},
    {"a column past the file", prepared([](Preparation& p) { p.columns[0].position = 4; })},
    {"a column before the file", prepared([](Preparation& p) { p.columns[0].position = -1; })},
    {"a column that is the target", prepared([](Preparation& p) { p.columns[0].position = 3; })},
    {"a target past the file", prepared([](Preparation& p) { p.target_positions = {4}; })},
    {"a target without a name", prepared([](Preparation& p) { p.target_names.clear(); })},
    {"labels of a loss of numbers", [](Model& m) { m.spec.multi_label = true; }},
    {"a fill that is no category", prepared([](Preparation& p) { p.columns[1].fill = 2; })},
    {"a fill before the categories", prepared([](Preparation& p) { p.columns[1].fill = -1; })},
    {"a fill that is not a number", prepared([](Preparation& p) { p.columns[0].fill = not_a_number; })},
    {"a number that is scaled by 0", prepared([](Preparation& p) { p.columns[0].scale = 0; })},
    {"a number that is shifted without end", prepared([](Preparation& p) { p.columns[0].shift = infinity; })},
    {"too many hashed columns", prepared([](Preparation& p) { p.hash_bits = 31; })},
    {"fewer hashed columns than none", prepared([](Preparation& p) { p.hash_bits = -1; })},
    {"hashed columns beside categories", prepared([](Preparation& p) {
         p.hash_bits = 1;  // 2^1 and one of numbers are three, but for the categories
         p.columns[1].categories.clear();
     })},
};

TEST(DamagedModel, IsRefusedByEveryWayIn) {
    ModelEntries<float> logistic("logistic", 2);
    ModelEntries<double> softmax("softmax", 4), huber("huber", 0);
    for (const Damage<Model>& damage : damages_of_any_model) {
        logistic.expect_refused(damage);
        softmax.expect_refused(damage);
        huber.expect_refused(damage);
    }
}

TEST(DamagedModel, IsRefusedWhereTaskLossAndLabelsContradictEachOther) {
    ModelEntries<float> logistic("logistic", 2);
    ModelEntries<double> softmax("softmax", 4), huber("huber", 0);
    logistic.expect_refused({"parameters beyond float32", [](Model& m) { m.parameters[0] = 1e300; }});
    logistic.expect_refused({"the task of a regression", [](Model& m) { m.task = Task::regression; }});
    logistic.expect_refused({"the loss of a regression", [](Model& m) { m.spec.loss = "squared"; }});
    logistic.expect_refused({"one class", [](Model& m) { m.class_labels.pop_back(); }});
    softmax.expect_refused({"no labels", [](Model& m) { m.class_labels.clear(); }});
    softmax.expect_refused({"a label too many", [](Model& m) { m.class_labels.push_back("z"); }});
    ModelEntries<float> pair("softmax", 2);
    pair.expect_refused({"two outputs for a loss of two classes", [](Model& m) { m.spec.loss = "logistic"; }});
    huber.expect_refused({"the task of a classification", [](Model& m) { m.task = Task::classification; }});
    huber.expect_refused({"class labels", [](Model& m) { m.class_labels = {"a", "b"}; }});
    huber.expect_refused({"a loss with a setting out of range", [](Model& m) { m.spec.loss = Huber{.delta = -1}; }});
}

TEST(DamagedModel, IsRefusedIfNothingWasEverPutIntoIt) {
    const RandomProblem<float> problem(rows, columns, 2, 3);
    std::vector<float> out(rows);
    const auto error = error_of([&] { Model().predict(problem.view(), out); });
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->kind(), ErrorKind::usage);
}

TEST(DamagedModel, SaysWhatIsWrong) {
    Model model = ModelEntries<float>("logistic", 2).sound;
    model.parameters.pop_back();
    std::vector<double> weights, biases;
    const auto error = error_of([&] { model.coefficients(weights, biases); });
    ASSERT_TRUE(error.has_value());
    EXPECT_STREQ(error->what(), "the model: parameters holds 3 values where there should be 4");
}

TEST(WarmStart, IsRefusedWhereTheStartIsNotFiniteInTheUnitsOfTheRun) {
    const RandomProblem<float> problem(rows, columns, 2, 3);
    TrainOptions options = quick("logistic");
    options.start = train(problem.dataset(), options).model;
    Dataset shrunk = problem.dataset();
    shrunk.input = {std::vector<double>(columns, 1e-300), std::vector<double>(columns, 0.0)};
    const auto error = error_of([&] { train(shrunk, options); });
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->kind(), ErrorKind::usage) << error->what();
}

}  // namespace
}  // namespace glissade::damaged_model_test
