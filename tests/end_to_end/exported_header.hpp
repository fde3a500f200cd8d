// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "host/export/cpp_text.hpp"
#include "tests/end_to_end/small_tables.hpp"
#include "tests/support/bounds.hpp"

/// A table, a model of it as a C++ header, and what the compiled header and the program say of its rows.
namespace glissade::test::exported_header {

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

inline std::string literal(const std::string& cell, bool is_text) {
    return is_text ? cpp_quoted(cell) : cell.empty() ? "NAN" : cell;
}

/// A program that includes the header and prints for each row what the functions of `calls` give.
inline std::string program_of(const Sheet& sheet, const std::string& calls) {
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

inline const std::string print_scores =
    "double s[model::outputs]; model::scores(row, s); for (int o = 0; o < model::outputs; ++o) std::printf(\"\\t%.17g\", s[o]);";
inline const std::string print_label = "std::printf(\"%s\", model::predict(row));";
inline const std::string print_proba =
    "double p[model::classes]; model::predict_proba(row, p); for (int k = 0; k < model::classes; ++k) std::printf(\"\\t%.17g\", p[k]);";
inline const std::string print_value = "std::printf(\"%.17g\", model::predict(row));";

inline Cells parted(const std::string& line, char separator) {
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
inline std::vector<Cells> compiled(Workplace& place, const std::string& source) {
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
inline std::vector<Cells> predicted(Workplace& place, const std::string& flag) {
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

inline void train_and_export(Workplace& place, const Sheet& sheet, Workplace::Words flags) {
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
inline double score_bound(Workplace& place, const Sheet& sheet) {
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

inline void expect_close(const std::vector<Cells>& ours, const std::vector<Cells>& theirs, double bound) {
    ASSERT_EQ(ours.size(), theirs.size());
    for (std::size_t r = 0; r < ours.size(); ++r) {
        ASSERT_EQ(ours[r].size(), theirs[r].size()) << "row " << r;
        for (std::size_t c = 1; c < ours[r].size(); ++c)
            EXPECT_NEAR(std::atof(ours[r][c].c_str()), std::atof(theirs[r][c].c_str()), bound) << "row " << r;
    }
}

/// Labels agree in every row whose numbers say which of them is meant.
inline void expect_same_labels(const std::vector<Cells>& ours, const std::vector<Cells>& theirs, double bound) {
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

}  // namespace glissade::test::exported_header
