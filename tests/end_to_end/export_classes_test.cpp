// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "tests/end_to_end/exported_header.hpp"

/// Exported C++ headers of several classes and of several labels a row.
namespace glissade::test::export_classes_test {
namespace {

using namespace exported_header;

/// Three classes.
Sheet thirds() {
    Sheet sheet{{"a", "b", "y"}, {false, false, true}, {}};
    Numbers numbers;
    const Cells labels = {"left", "\"right\"", "100 %"};
    for (int r = 0; r < 150; ++r) {
        const double a = numbers.next(), b = numbers.next();
        sheet.rows.push_back({std::to_string(a), std::to_string(b), labels[a > .5 ? 2 : b > .5 ? 1 : 0]});
    }
    return sheet;
}

/// Of them, with the label as it is, not as CSV has it.
std::vector<Cells> predicted_thirds(Workplace& place, const std::string& flag) {
    auto lines = predicted(place, flag);
    for (Cells& line : lines)
        if (line[0] == "\"\"\"right\"\"\"") line[0] = "\"right\"";
    return lines;
}

TEST(HeaderOfClasses, KeepsTheirLabels) {
    Workplace place;
    const Sheet sheet = thirds();
    ASSERT_NO_FATAL_FAILURE(train_and_export(place, sheet, {"--precision", "float64", "--lr", "0.1"}));
    const double bound = score_bound(place, sheet);
    const auto theirs = predicted_thirds(place, "--scores");
    const auto ours = compiled(place, program_of(sheet, print_label + print_scores));
    expect_close(ours, theirs, bound);
    expect_same_labels(ours, theirs, bound);
    // A change of all scores by at most d changes a probability by less than 2 d.
    expect_close(compiled(place, program_of(sheet, print_label + print_proba)), predicted(place, "--proba"),
                 2 * bound + 8 * testing::unit_roundoff<float>());
}

/// Each output's probability by its score, brought to sum 1, as the program has it.
TEST(HeaderOfClasses, SharesOutProbabilitiesOfOneVersusTheRest) {
    Workplace place;
    const Sheet sheet = thirds();
    for (const char* loss : {"logistic", "modified_huber"}) {
        ASSERT_NO_FATAL_FAILURE(train_and_export(place, sheet, {"--precision", "float64", "--lr", "0.1", "--loss", loss}));
        const auto ours = compiled(place, program_of(sheet, print_label + print_proba)), theirs = predicted(place, "--proba");
        const auto scores = predicted_thirds(place, "--scores");
        const double score_blur = score_bound(place, sheet);
        for (std::size_t r = 0; r < ours.size(); ++r) {
            double sum = 0;
            for (std::size_t c = 1; c < scores[r].size(); ++c) {
                const double z = std::atof(scores[r][c].c_str());
                sum += loss[0] == 'l' ? 1 / (1 + std::exp(-z)) : (std::clamp(z, -1.0, 1.0) + 1) / 2;
            }
            // A score passes on half its error at most to its numerator, all three to the sum.
            expect_close({ours[r]}, {theirs[r]},
                         2 * score_blur / std::max(sum - 2 * score_blur, score_blur) + 8 * testing::unit_roundoff<float>());
        }
        expect_same_labels(ours, scores, score_blur);
    }
    ASSERT_NO_FATAL_FAILURE(train_and_export(place, sheet, {"--loss", "hinge"}));
    EXPECT_EQ(place.read("model.hpp").find("predict_proba"), std::string::npos) << "a loss without probabilities";
}

TEST(HeaderOfClasses, AnswersForEachOfSeveralLabels) {
    Workplace place;
    Numbers numbers;
    Sheet sheet{{"a", "b", "wet"}, {false, false, false}, {}};
    std::string text = "a,b,wet,dark\n";
    for (int r = 0; r < 100; ++r) {
        const double a = numbers.next(), b = numbers.next();
        sheet.rows.push_back({std::to_string(a), std::to_string(b), ""});
        text += std::to_string(a) + "," + std::to_string(b) + (a > b ? ",1" : ",0") + (a + b > 1 ? ",1\n" : ",0\n");
    }
    place.write("sheet.csv", text);
    for (const char* loss : {"logistic", "modified_huber"}) {
        const Ended trained =
            place.run({"train", "sheet.csv", "--target", "wet,dark", "--quiet", "--lr", "0.1", "--loss", loss, "--standardize", "on"});
        ASSERT_EQ(trained.code, 0) << trained.err;
        const Ended exported = place.run({"export", "model.safetensors", "model.hpp"});
        ASSERT_EQ(exported.code, 0) << exported.err;
        const auto ours =
            compiled(place, program_of(sheet, "int l[model::outputs]; model::predict(row, l); std::printf(\"%d\\t%d\", l[0], l[1]);" +
                                                  print_scores + print_proba));
        const auto labels = predicted(place, "--scores"), probabilities = predicted(place, "--proba");
        const double bound = score_bound(place, sheet);
        ASSERT_EQ(ours.size(), labels.size());
        for (std::size_t r = 0; r < ours.size(); ++r)
            for (std::size_t k = 0; k < 2; ++k) {
                const double score = std::atof(labels[r][2 + k].c_str());
                EXPECT_NEAR(std::atof(ours[r][2 + k].c_str()), score, bound);
                if (std::fabs(score) > bound) {
                    EXPECT_EQ(ours[r][k], labels[r][k]) << loss << ", row " << r;
                }
                EXPECT_NEAR(std::atof(ours[r][4 + k].c_str()), std::atof(probabilities[r][2 + k].c_str()),
                            bound + 8 * testing::unit_roundoff<float>());
            }
    }
}

}  // namespace
}  // namespace glissade::test::export_classes_test
