// SPDX-License-Identifier: Apache-2.0
// Data sets that say what was done to their numbers: the model repeats it, and sets that disagree do not meet.
#include <gtest/gtest.h>

#include <functional>
#include <numeric>

#include "problems.hpp"

namespace glissade::units_test {
namespace {

using testing::RandomProblem;

TrainOptions quick(const char* loss) {
    TrainOptions options;
    options.loss = loss;
    options.batch_size = 16;
    options.epochs = 4;
    options.device = "cpu";
    return options;
}

/// As if the columns had been halved and shifted, and the targets divided by 4: powers of two, so that undoing it is exact.
Dataset standardised(Dataset data) {
    data.input.scale.assign(static_cast<std::size_t>(data.columns()), .5);
    data.input.shift.assign(static_cast<std::size_t>(data.columns()), .25);
    data.target_scale = {4};
    data.target_shift = {0};
    return data;
}

void expect_refused(const std::string& says, const std::function<void()>& action) {
    try {
        action();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::data) << error.what();
        EXPECT_NE(std::string(error.what()).find(says), std::string::npos) << error.what();
        return;
    }
    ADD_FAILURE() << "accepted; an error with \"" << says << "\" was due";
}

TEST(Units, AModelOfASelectionIsTheModelOfThoseRows) {
    const RandomProblem<double> problem(60, 4, 0, 3);
    const Dataset whole = standardised(problem.dataset());
    std::vector<std::int64_t> rows(40);
    std::iota(rows.begin(), rows.end(), 0);
    const Dataset first = standardised(Dataset::borrow(MatrixView<const double>(problem.x.data(), 40, 4), std::span(problem.y).first(40)));
    const Model wanted = train(first, quick("squared")).model, model = train(whole.select(rows), quick("squared")).model;
    EXPECT_EQ(model.parameters, wanted.parameters);
    EXPECT_EQ(model.input.scale, whole.input.scale);
    EXPECT_EQ(model.target_scale, whole.target_scale);
    const Metrics of_selection = model.evaluate(whole.select(rows)), of_rows = model.evaluate(first);
    EXPECT_EQ(of_selection.loss, of_rows.loss);
    EXPECT_EQ(*of_selection.rmse, *of_rows.rmse);
}

TEST(Units, ValidationDataStandardisedOtherwiseIsRefused) {
    const RandomProblem<float> problem(60, 4, 0, 3);
    const Dataset raw = problem.dataset(), prepared = standardised(problem.dataset());
    Dataset other = prepared;
    other.input.shift[2] = .5;
    struct Pair {
        const Dataset &data, &validation;
        const char* says;
    };
    for (const Pair& pair : {Pair{prepared, raw, "validation data, column 1"}, Pair{raw, prepared, "validation data, column 1"},
                             Pair{prepared, other, "validation data, column 3"}}) {
        TrainOptions options = quick("squared");
        options.validation = pair.validation;
        expect_refused(pair.says, [&] { train(pair.data, options); });
    }
    TrainOptions options = quick("squared");
    options.validation = prepared;
    EXPECT_TRUE(train(prepared, options).history.back().validation.has_value());
    options.validation = raw;
    options.standardize = true;
    EXPECT_TRUE(train(raw, options).history.back().validation.has_value());
}

TEST(Units, ValidationTargetsMayBeInOtherUnits) {
    const RandomProblem<double> problem(60, 4, 0, 3);
    const Dataset data = standardised(problem.dataset());
    std::vector<double> in_units = problem.y;
    for (double& y : in_units) y *= 4;
    Dataset validation = Dataset::borrow(MatrixView<const double>(problem.x.data(), 60, 4), in_units);
    validation.input = data.input;
    TrainOptions options = quick("squared");
    options.validation = data;
    const auto wanted = train(data, options).history.back();
    options.validation = validation;
    EXPECT_EQ(train(data, options).history.back().validation->loss, wanted.validation->loss);
}

TEST(Units, DataStandardisedOtherwiseIsNotEvaluated) {
    const RandomProblem<float> problem(60, 4, 0, 3);
    const Dataset raw = problem.dataset(), prepared = standardised(problem.dataset());
    Dataset other = prepared;
    other.input.scale[1] = 2;
    const Model of_prepared = train(prepared, quick("squared")).model, of_raw = train(raw, quick("squared")).model;
    expect_refused("the data, column 2", [&] { of_prepared.evaluate(other); });
    expect_refused("the data, column 1", [&] { of_raw.evaluate(prepared); });
    EXPECT_NO_THROW(of_prepared.evaluate(prepared));
    EXPECT_NO_THROW(of_prepared.evaluate(raw)) << "raw rows are standardised as in training";
}

TEST(Units, ClassesNamedOtherwiseAreRefused) {
    const RandomProblem<float> problem(60, 4, 2, 3);
    Dataset data = problem.dataset(), swapped = problem.dataset();
    data.task = swapped.task = Task::classification;
    data.class_labels = {"no", "yes"};
    swapped.class_labels = {"yes", "no"};
    TrainOptions options = quick("logistic");
    options.validation = swapped;
    expect_refused("validation data names its classes otherwise", [&] { train(data, options); });
    const Model model = train(data, quick("logistic")).model;
    expect_refused("the data names its classes otherwise", [&] { model.evaluate(swapped); });
    EXPECT_NO_THROW(model.evaluate(problem.dataset())) << "class indices without names";
}

}  // namespace
}  // namespace glissade::units_test
