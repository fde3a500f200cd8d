// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "host/export/cpp_text.hpp"
#include "tests/end_to_end/small_tables.hpp"
#include "tests/support/bounds.hpp"

/// Models exported as C++ headers predict what the program predicts; what cannot be exported is told. ONNX is tested by export_onnx.py.
namespace glissade::test {
namespace {

using Cells = std::vector<std::string>;

/// A table in memory, and which of its columns are text. The last column is the target.
struct Sheet {
    Cells names;
    std::vector<bool> is_text;
    std::vector<Cells> rows;

    static std::string quoted(const std::string& cell) {
        if (cell.find_first_of("\",") == std::string::npos) return cell;
        std::string text = "\"";
        for (const char sign : cell) text += sign == '"' ? std::string("\"\"") : std::string(1, sign);
        return text + "\"";
    }

    void write(Workplace& place, const std::string& file) const {
        std::string text;
        const auto add = [&](const Cells& cells) {
            for (std::size_t c = 0; c < cells.size(); ++c) text += (c == 0 ? "" : ",") + quoted(cells[c]);
            text += "\n";
        };
        add(names);
        for (const Cells& row : rows) add(row);
        place.write(file, text);
    }
};

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

std::string literal(const std::string& cell, bool is_text) {
    return is_text ? cpp_quoted(cell) : cell.empty() ? "NAN" : cell;
}

/// A program that includes the header and prints for each row what the functions of `calls` give.
std::string program_of(const Sheet& sheet, const std::string& calls) {
    const bool has_text = std::find(sheet.is_text.begin(), sheet.is_text.end() - 1, true) != sheet.is_text.end() - 1;
    std::string text = "#include \"model.hpp\"\n#include <cstdio>\nint main() {\n";
    text += has_text ? "static const model::Row rows[] = {\n"
                     : "static const double rows[][" + std::to_string(sheet.names.size() - 1) + "] = {\n";
    for (const Cells& row : sheet.rows) {
        text += "{";
        for (std::size_t c = 0; c + 1 < row.size(); ++c) text += literal(row[c], sheet.is_text[c]) + ", ";
        text += "},\n";
    }
    return text + "};\nfor (const auto& row : rows) {\n" + calls + "std::printf(\"\\n\");\n}\n}\n";
}

const std::string print_scores =
    "double s[model::outputs]; model::scores(row, s); for (int o = 0; o < model::outputs; ++o) std::printf(\"\\t%.17g\", s[o]);";
const std::string print_label = "std::printf(\"%s\", model::predict(row));";
const std::string print_proba =
    "double p[model::classes]; model::predict_proba(row, p); for (int k = 0; k < model::classes; ++k) std::printf(\"\\t%.17g\", p[k]);";
const std::string print_value = "std::printf(\"%.17g\", model::predict(row));";

Cells parted(const std::string& line, char separator) {
    Cells cells(1);
    for (const char sign : line) {
        if (sign == separator)
            cells.emplace_back();
        else
            cells.back() += sign;
    }
    return cells;
}

/// What the compiled program prints, cells of its lines.
std::vector<Cells> compiled(Workplace& place, const std::string& source) {
    place.write("main.cpp", source);
    const std::string built = place.path("main");
    const std::string build = std::string(GLISSADE_COMPILER) + " -std=c++11 -Wall -Wextra -Wpedantic -Werror -o " + built + " " +
                              place.path("main.cpp") + " 2> " + place.path("errors");
    EXPECT_EQ(std::system(build.c_str()), 0) << place.read("errors");
    EXPECT_EQ(std::system((built + " > " + place.path("printed")).c_str()), 0);
    std::vector<Cells> lines;
    for (const std::string& line : place.lines("printed")) {
        lines.push_back(parted(line, '\t'));
    }
    return lines;
}

/// The cells of what predict prints, without its head. No label of these tests holds a comma.
std::vector<Cells> predicted(Workplace& place, const std::string& flag) {
    Workplace::Words words = {"predict", "model.safetensors", "sheet.csv", "--quiet"};
    if (!flag.empty()) words.push_back(flag);
    const Ended ended = place.run(words);
    EXPECT_EQ(ended.code, 0) << ended.err;
    std::vector<Cells> lines;
    for (const std::string& line : split_lines(ended.out)) {
        lines.push_back(parted(line, ','));
    }
    lines.erase(lines.begin());
    return lines;
}

void train_and_export(Workplace& place, const Sheet& sheet, Workplace::Words flags) {
    sheet.write(place, "sheet.csv");
    Workplace::Words train = {"train", "sheet.csv", "--target", "-1", "--quiet", "--epochs", "3"};
    train.insert(train.end(), flags.begin(), flags.end());
    const Ended trained = place.run(train);
    ASSERT_EQ(trained.code, 0) << trained.err;
    const Ended exported = place.run({"export", "model.safetensors", "model.hpp"});
    ASSERT_EQ(exported.code, 0) << exported.err;
    EXPECT_NE(exported.out.find("namespace model"), std::string::npos) << exported.out;
}

/// How far scores in float32 may be from those in double: gamma_n times the sum of the sizes of what is added, where a standardised column
/// is at most the coefficient in the units of the file times twice its largest value, and the bias what is left of the intercept.
double score_bound(Workplace& place, const Sheet& sheet) {
    const auto inspected = place.run({"inspect", "model.safetensors", "--coefficients", "--json"}).json();
    double largest = 1, sizes = 0;
    std::size_t features = 0;
    for (const Cells& row : sheet.rows)
        for (const std::string& cell : row) largest = std::max(largest, std::abs(std::atof(cell.c_str())));
    for (const auto& output : inspected["coefficients"]) {
        double size = std::abs(output["intercept"].get<double>()) + largest;
        for (const auto& weight : output["weights"]) size += 3 * largest * std::abs(weight["weight"].get<double>());
        sizes = std::max(sizes, size);
        features = output["weights"].size();
    }
    return testing::gamma_bound<float>(static_cast<double>(features) + 8) * sizes;
}

void expect_close(const std::vector<Cells>& ours, const std::vector<Cells>& theirs, double bound) {
    ASSERT_EQ(ours.size(), theirs.size());
    for (std::size_t r = 0; r < ours.size(); ++r) {
        ASSERT_EQ(ours[r].size(), theirs[r].size()) << "row " << r;
        for (std::size_t c = 1; c < ours[r].size(); ++c)
            EXPECT_NEAR(std::atof(ours[r][c].c_str()), std::atof(theirs[r][c].c_str()), bound) << "row " << r;
    }
}

/// Labels agree in every row whose numbers say which of them is meant.
void expect_same_labels(const std::vector<Cells>& ours, const std::vector<Cells>& theirs, double bound) {
    int sure = 0;
    for (std::size_t r = 0; r < ours.size(); ++r) {
        std::vector<double> values;
        for (std::size_t c = 1; c < theirs[r].size(); ++c) values.push_back(std::atof(theirs[r][c].c_str()));
        if (values.size() == 1) values.push_back(0);
        std::sort(values.rbegin(), values.rend());
        if (values[0] - values[1] <= 2 * bound) continue;
        ++sure;
        EXPECT_EQ(ours[r][0], theirs[r][0]) << "row " << r;
    }
    EXPECT_GT(sure, static_cast<int>(ours.size()) / 2);
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

TEST(Header, OfSeveralClassesKeepsTheirLabels) {
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
TEST(Header, OfOneVersusTheRestSharesOutProbabilities) {
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

TEST(Header, OfSeveralLabelsAnswersForEach) {
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
}  // namespace glissade::test
