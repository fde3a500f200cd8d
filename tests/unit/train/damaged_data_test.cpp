// SPDX-License-Identifier: Apache-2.0
// Views and data sets whose public fields were written to: every way in answers with an error that says what is wrong.
#include <gtest/gtest.h>

#include "damage.hpp"

namespace glissade::damaged_data_test {
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
std::vector<Damage<MatrixView<const Real>>> damages_of_views() {
    using View = MatrixView<const Real>;
    return {{"no memory", [](View& x) { x.data = nullptr; }},
            {"fewer rows than none", [](View& x) { x.rows = -1; }},
            {"fewer columns than none", [](View& x) { x.columns = -columns; }},
            {"a stride below its columns", [](View& x) { x.stride = columns - 1; }},
            {"no stride", [](View& x) { x.stride = 0; }},
            {"a stride that goes back", [](View& x) { x.stride = -columns; }},
            {"another row than there is room for", [](View& x) { ++x.rows; }},
            {"rows whose results no number counts", [](View& x) { x.rows = std::int64_t{1} << 62; }}};
}

template <class Real>
void expect_views_refused(const Model& model) {
    const RandomProblem<Real> problem(rows, columns, 0, 5);
    const auto outputs = static_cast<std::size_t>(model.spec.outputs), classes = model.class_labels.size();
    for (const auto& damage : damages_of_views<Real>()) {
        auto x = problem.view();
        damage.inflict(x);
        // Where the number of results wraps round to 0, room for none must not pass for room enough.
        const std::size_t count = x.rows > rows + 1 ? 0 : static_cast<std::size_t>(rows);
        std::vector<Real> scores(count * outputs), probabilities(count * classes), predicted(count);
        const std::vector<Entry> entries = {{"decision_function", [&] { model.decision_function(x, scores); }},
                                            {"predict", [&] { model.predict(x, predicted); }},
                                            {"predict_proba", [&] { model.predict_proba(x, probabilities); }},
                                            {"borrow", [&] { Dataset::borrow(x, predicted); }}};
        for (const Entry& entry : entries) {
            const auto error = error_of(entry.call);
            if (entry.name == std::string("borrow") && count == 0) continue;  // it has no targets, and nothing is read yet
            ASSERT_TRUE(error.has_value()) << entry.name << " of a view with " << damage.name;
            EXPECT_EQ(error->kind(), ErrorKind::data) << entry.name << " of a view with " << damage.name << ": " << error->what();
        }
    }
}

TEST(DamagedView, IsRefusedByEveryWayIn) {
    const RandomProblem<float> two(rows, columns, 2, 3);
    const RandomProblem<double> four(rows, columns, 4, 3);
    const Model logistic = train(two.dataset(), quick("logistic")).model, softmax = train(four.dataset(), quick("softmax")).model;
    for (const Model* model : {&logistic, &softmax}) {
        expect_views_refused<float>(*model);
        expect_views_refused<double>(*model);
    }
}

const std::vector<Damage<Dataset>> damages_of_datasets = {
    {"a short input",
     [](Dataset& d) {
         d.input = {{1}, {0}};
     }},
    {"a long input",
     [](Dataset& d) {
         d.input = {std::vector<double>(columns + 1, 1), std::vector<double>(columns + 1, 0)};
     }},
    {"no input.shift", [](Dataset& d) { d.input.scale.assign(columns, 1); }},
    {"no input.scale", [](Dataset& d) { d.input.shift.assign(columns, 1); }},
    {"an input.scale that is not a number",
     [](Dataset& d) {
         d.input = {{1, not_a_number, 1}, {0, 0, 0}};
     }},
    {"an input.scale of 0",
     [](Dataset& d) {
         d.input = {{1, 0, 1}, {0, 0, 0}};
     }},
    {"no target_shift", [](Dataset& d) { d.target_scale = {1}; }},
    {"no target_scale", [](Dataset& d) { d.target_shift = {1}; }},
    {"a long target_scale",
     [](Dataset& d) {
         d.target_scale = {1, 1}, d.target_shift = {0, 0};
     }},
    {"a target_scale of 0", [](Dataset& d) { d.target_scale = {0}, d.target_shift = {0}; }},
    {"an infinite target_scale", [](Dataset& d) { d.target_scale = {infinity}, d.target_shift = {0}; }},
    {"a short list of feature names", [](Dataset& d) { d.feature_names = {"a"}; }},
    {"a preparation of other columns",
     [](Dataset& d) {
         Preparation other;
         other.format = "npy";
         other.file_columns = columns + 1;
         d.preparation = std::make_shared<const Preparation>(other);
     }},
};

TEST(DamagedDataset, IsRefusedByEveryWayIn) {
    const RandomProblem<float> problem(rows, columns, 0, 3);
    const Model model = train(problem.dataset(), quick("squared")).model;
    std::vector<float> scores(rows);
    for (const Damage<Dataset>& damage : damages_of_datasets) {
        Dataset data = problem.dataset();
        damage.inflict(data);
        TrainOptions held_out = quick("squared");
        held_out.validation = data;
        const std::vector<Entry> entries = {{"train", [&] { train(data, quick("squared")); }},
                                            {"describe_plan", [&] { describe_plan(data, quick("squared")); }},
                                            {"validation", [&] { train(problem.dataset(), held_out); }},
                                            {"evaluate", [&] { model.evaluate(data); }},
                                            {"predict", [&] { model.predict(data, scores); }}};
        for (const Entry& entry : entries) {
            const auto error = error_of(entry.call);
            ASSERT_TRUE(error.has_value()) << entry.name << " of data with " << damage.name;
            EXPECT_EQ(error->kind(), ErrorKind::data) << entry.name << " of data with " << damage.name << ": " << error->what();
        }
    }
}

TEST(DamagedDataset, IsRefusedWhereItNamesFewerClassesThanItHas) {
    const RandomProblem<float> problem(rows, columns, 2, 3);
    for (const char* loss : {"logistic", "softmax", "auto"}) {
        Dataset data = problem.dataset();
        data.task = Task::classification;
        data.class_labels = {"only"};
        TrainOptions options = quick(loss);
        options.balanced = true;
        const auto error = error_of([&] { train(data, options); });
        ASSERT_TRUE(error.has_value()) << loss;
        EXPECT_EQ(error->kind(), ErrorKind::data) << loss << ": " << error->what();
    }
}

}  // namespace
}  // namespace glissade::damaged_data_test
