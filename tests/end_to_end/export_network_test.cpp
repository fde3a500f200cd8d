// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "glissade/model.hpp"
#include "tests/end_to_end/small_tables.hpp"
#include "tests/support/bounds.hpp"

/// Networks exported as C++ headers score what the program scores, for every activation of the catalog. ONNX is tested by export_onnx.py.
namespace glissade::test {
namespace {

/// How far scores in float32 may be from those in double precision: each layer adds gamma_n of the sum of the sizes that it adds, and
/// passes on what came in times the sizes of its weights and the steepest slope of the activation.
double network_bound(const Model& model, const std::vector<double>& row) {
    constexpr double steepest = 1.13, function_units = 16;  // gelu; ours and the standard library's functions together
    const double unit = testing::unit_roundoff<float>();
    double size = 0, error = 0;  // the largest of a layer's values
    for (std::size_t j = 0; j < row.size(); ++j) {
        const double scaled = std::fabs(row[j] * model.input.scale[j]), shift = std::fabs(model.input.shift[j]);
        size = std::max(size, scaled + shift);
        error = std::max(error, testing::gamma_bound<float>(4) * (scaled + shift));
    }
    for (const DenseLayer& layer : model.spec.layers()) {
        double most = 0;  // of the sums of sizes of a unit's weights
        for (std::int64_t o = 0; o < layer.outputs; ++o) {
            double sum = std::fabs(model.parameters[static_cast<std::size_t>(layer.biases_at() + o)]) / std::max(size, 1.0);
            for (std::int64_t j = 0; j < layer.inputs; ++j)
                sum += std::fabs(model.parameters[static_cast<std::size_t>(layer.weights_at + o * layer.inputs + j)]);
            most = std::max(most, sum);
        }
        size = std::max(size, 1.0) * most;
        error = steepest * (error * most + testing::gamma_bound<float>(static_cast<double>(layer.inputs) + 2) * size) +
                function_units * unit * (size + 1);
    }
    return error;
}

TEST(HeaderOfNetwork, ScoresAsTheProgramDoesForEveryActivation) {
    Workplace place;
    write_points(place, "points.csv", 60);
    std::string source = "#include <cstdio>\n", calls;
    const auto names = Activation::names();
    for (const auto name : names) {
        const std::string id(name);
        const Ended trained = place.run({"train", "points.csv", "--target", "y", "--quiet", "--epochs", "3", "--lr", "0.05", "--hidden",
                                         "7,4", "--activation", id, "--standardize", "on", "--output", id + ".safetensors"});
        ASSERT_EQ(trained.code, 0) << trained.err;
        const Ended exported = place.run({"export", id + ".safetensors", id + ".hpp", "--name", "net_" + id});
        ASSERT_EQ(exported.code, 0) << exported.err;
        source += "#include \"" + id + ".hpp\"\n";
        calls += "{ double s[1]; net_" + id + "::scores(row, s); std::printf(\"%.17g \", s[0]); }\n";
    }
    std::string rows;
    const auto lines = place.lines("points.csv");
    for (std::size_t r = 1; r < lines.size(); ++r) rows += "{" + lines[r].substr(0, lines[r].rfind(',')) + "},\n";
    source += "int main() {\nstatic const double rows[][2] = {\n" + rows + "};\nfor (const auto& row : rows) {\n" + calls +
              "std::printf(\"\\n\");\n}\n}\n";
    place.write("main.cpp", source);
    const std::string build = std::string(GLISSADE_COMPILER) + " -std=c++11 -Wall -Wextra -Wpedantic -Werror -o " + place.path("main") +
                              " " + place.path("main.cpp") + " 2> " + place.path("errors");
    ASSERT_EQ(std::system(build.c_str()), 0) << place.read("errors");
    ASSERT_EQ(std::system((place.path("main") + " > " + place.path("printed")).c_str()), 0);
    const auto printed = place.lines("printed");
    ASSERT_EQ(printed.size(), lines.size() - 1);
    for (std::size_t a = 0; a < names.size(); ++a) {
        const std::string file = std::string(names[a]) + ".safetensors";
        const Model model = Model::load(place.path(file));
        const auto predicted = split_lines(place.run({"predict", file, "points.csv", "--scores", "--quiet"}).out);
        for (std::size_t r = 0; r < printed.size(); ++r) {
            const char* at = printed[r].c_str();
            double theirs = 0;
            for (std::size_t i = 0; i <= a; ++i) theirs = std::strtod(at, const_cast<char**>(&at));
            const double ours = std::atof(predicted[r + 1].substr(predicted[r + 1].rfind(',') + 1).c_str());
            const auto comma = lines[r + 1].find(',');
            const std::vector<double> row = {std::atof(lines[r + 1].c_str()), std::atof(lines[r + 1].c_str() + comma + 1)};
            const double bound = network_bound(model, row);
            ASSERT_LT(bound, 1e-3) << names[a] << ": the bound says nothing";
            EXPECT_NEAR(ours, theirs, bound) << names[a] << ", row " << r;
        }
    }
}

}  // namespace
}  // namespace glissade::test
