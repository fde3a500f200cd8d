// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "tests/end_to_end/exported_header.hpp"

/// Models exported as C++ headers predict what the program predicts; what cannot be exported is told. ONNX is tested by export_onnx.py.
namespace glissade::test::export_test {
namespace {

using namespace exported_header;

/// Numbers, text with signs that C++ gives a meaning to, missing cells of both kinds.
Sheet shop() {
    Sheet sheet{{"hours-per-week", "class", "what?\?/ \"\\",
                 "gr\xc3\xb6\xc3\x9f"
                 "e",
                 "y"},
                {false, true, true, false, true},
                {}};
    Numbers numbers;
    const Cells classes = {"A", "B \"b\"", "?\?/", "\xc3\xa9", ""}, words = {"\\", "it's", "new"};
    for (int r = 0; r < 120; ++r) {
        const double x = 40 + 10 * numbers.next(), z = numbers.next() - .5;
        const auto kind = static_cast<std::size_t>(5 * numbers.next()), word = static_cast<std::size_t>(3 * numbers.next());
        const bool positive = x + 20 * z + 5 * static_cast<double>(kind) + 4 * numbers.next() > 57;
        sheet.rows.push_back(
            {std::to_string(x), classes[kind], words[word], r % 9 == 0 ? "" : std::to_string(z), positive ? "<yes>" : "no"});
    }
    return sheet;
}

class HeaderOfText : public ::testing::TestWithParam<const char*> {};

TEST_P(HeaderOfText, PredictsAsTheProgramDoes) {
    Workplace place;
    const Sheet sheet = shop();
    ASSERT_NO_FATAL_FAILURE(train_and_export(place, sheet, {"--missing", GetParam(), "--standardize", "on"}));
    const double bound = score_bound(place, sheet);
    const auto scores = compiled(place, program_of(sheet, print_label + print_scores));
    expect_close(scores, predicted(place, "--scores"), bound);
    expect_same_labels(scores, predicted(place, "--scores"), bound);
    // The slope of the logistic function is at most a quarter.
    expect_close(compiled(place, program_of(sheet, print_label + print_proba)), predicted(place, "--proba"),
                 bound / 4 + 8 * testing::unit_roundoff<float>());
}

INSTANTIATE_TEST_SUITE_P(Missing, HeaderOfText, ::testing::Values("mean", "indicator"),
                         [](const auto& use) { return std::string(use.param); });

TEST(Header, RefusesTheRowsThatTheProgramRefuses) {
    Workplace place;
    Sheet sheet = shop();
    std::erase_if(sheet.rows, [](const Cells& row) { return row[1].empty() || row[3].empty(); });
    ASSERT_NO_FATAL_FAILURE(train_and_export(place, sheet, {"--unknown", "error"}));
    sheet.rows = {sheet.rows[0], sheet.rows[0], sheet.rows[0], sheet.rows[0]};
    sheet.rows[1][1] = "";
    sheet.rows[2][2] = "never seen";
    sheet.rows[3][3] = "";
    const auto lines = compiled(place, program_of(sheet, print_label + print_proba));
    ASSERT_EQ(lines.size(), 4U);
    EXPECT_NE(lines[0][0], "");
    for (std::size_t r = 1; r < lines.size(); ++r) {
        ASSERT_EQ(lines[r].size(), 3U) << "row " << r;
        EXPECT_EQ(lines[r][0], "") << "row " << r;
        for (const std::size_t p : {1U, 2U}) EXPECT_TRUE(std::isnan(std::atof(lines[r][p].c_str()))) << "row " << r;
    }
}

TEST(Header, OfARegressionGivesValuesInTheUnitsOfTheTarget) {
    Workplace place;
    Sheet sheet{{"a", "b", "y"}, {false, false, false}, {}};
    Numbers numbers;
    for (int r = 0; r < 100; ++r) {
        const double a = 1000 * numbers.next(), b = numbers.next() - .5;
        sheet.rows.push_back({std::to_string(a), std::to_string(b), std::to_string(3 * a - 2 * b + 100)});
    }
    ASSERT_NO_FATAL_FAILURE(train_and_export(place, sheet, {}));
    std::vector<Cells> ours = compiled(place, program_of(sheet, print_value)), theirs = predicted(place, "");
    for (auto* lines : {&ours, &theirs})
        for (Cells& line : *lines) line.insert(line.begin(), "");
    expect_close(ours, theirs, score_bound(place, sheet));
}

TEST(Header, OfCountsGivesTheExponentialOfTheScore) {
    Workplace place;
    Sheet sheet{{"a", "y"}, {false, false}, {}};
    Numbers numbers;
    for (int r = 0; r < 100; ++r) {
        const double a = numbers.next();
        sheet.rows.push_back({std::to_string(a), std::to_string(static_cast<int>(std::exp(2 * a) + 2 * numbers.next()))});
    }
    ASSERT_NO_FATAL_FAILURE(train_and_export(place, sheet, {"--task", "regression", "--loss", "poisson"}));
    const double bound = score_bound(place, sheet), relative = std::expm1(bound) + 4 * testing::unit_roundoff<float>();
    const auto ours = compiled(place, program_of(sheet, print_value)), theirs = predicted(place, "");
    ASSERT_EQ(ours.size(), theirs.size());
    for (std::size_t r = 0; r < ours.size(); ++r) {
        const double value = std::atof(ours[r][0].c_str());
        EXPECT_NEAR(value, std::atof(theirs[r][0].c_str()), relative * value) << "row " << r;
    }
}

class WrongExport : public ::testing::TestWithParam<std::pair<Workplace::Words, const char*>> {};

TEST_P(WrongExport, IsWrongUseAndSaysWhatWouldBeRight) {
    Workplace place;
    write_points(place, "points.csv", 30);
    ASSERT_EQ(place.run({"train", "points.csv", "--target", "y", "--quiet", "--epochs", "1"}).code, 0);
    const Ended ended = place.run(GetParam().first);
    EXPECT_EQ(ended.code, 2) << ended.out << ended.err;
    EXPECT_NE(ended.err.find(GetParam().second), std::string::npos) << ended.err;
}

INSTANTIATE_TEST_SUITE_P(
    Uses, WrongExport,
    ::testing::Values(std::pair(Workplace::Words{"export", "model.safetensors"}, "glissade export MODEL OUT.onnx or OUT.hpp"),
                      std::pair(Workplace::Words{"export", "model.safetensors", "model.pmml"}, "neither .onnx nor .hpp"),
                      std::pair(Workplace::Words{"export", "model.safetensors", ".onnx"}, "neither .onnx nor .hpp"),
                      std::pair(Workplace::Words{"export", "model.safetensors", "m.hpp", "--name", "class"}, "the name class"),
                      std::pair(Workplace::Words{"export", "model.safetensors", "m.hpp", "--name", "a::b"}, "the name a::b")));

TEST(Export, IsTheSameEveryTimeAndReplacesAFileAsAWhole) {
    Workplace place;
    write_points(place, "points.csv", 30);
    ASSERT_EQ(place.run({"train", "points.csv", "--target", "y", "--quiet", "--epochs", "1"}).code, 0);
    for (const char* file : {"model.onnx", "model.hpp"}) {
        ASSERT_EQ(place.run({"export", "model.safetensors", file}).code, 0);
        const std::string first = place.read(file);
        place.write(file, "something else");
        ASSERT_EQ(place.run({"export", "model.safetensors", file, "--quiet"}).code, 0);
        EXPECT_EQ(place.read(file), first);
    }
    EXPECT_EQ(place.run({"export", "points.csv", "model.hpp"}).code, 3) << "not a model";
    EXPECT_EQ(place.run({"export", "model.safetensors", "missing/model.hpp"}).code, 1);
}

}  // namespace
}  // namespace glissade::test::export_test
