// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "tests/end_to_end/program.hpp"
#include "tests/end_to_end/small_tables.hpp"

/// predict, evaluate and inspect.
namespace glissade::test {
namespace {

std::vector<std::string> cells(const std::string& line) {
    std::vector<std::string> out;
    std::istringstream stream(line);
    for (std::string cell; std::getline(stream, cell, ',');) out.push_back(cell);
    return out;
}

void train_points(Workplace& place) {
    write_points(place, "points.csv", 1000);
    ASSERT_EQ(place.run({"train", "points.csv", "--target", "y", "--lr", "0.1", "--quiet"}).code, 0);
}

TEST(Predict, LabelsComeBackAsTheyWentIn) {
    Workplace place;
    train_points(place);
    const Ended ended = place.run({"predict", "model.safetensors", "points.csv"});
    ASSERT_EQ(ended.code, 0) << ended.err;
    const auto lines = split_lines(ended.out), rows = place.lines("points.csv");
    ASSERT_EQ(lines.size(), rows.size());
    EXPECT_EQ(lines[0], "prediction");
    int right = 0;
    for (std::size_t r = 1; r < lines.size(); ++r) {
        ASSERT_TRUE(lines[r] == "yes" || lines[r] == "no") << lines[r];
        right += lines[r] == cells(rows[r])[2];
    }
    const auto scored = place.run({"evaluate", "model.safetensors", "points.csv", "--json"}).json();
    EXPECT_EQ(right, std::lround(scored["accuracy"].get<double>() * 1000)) << "predict and evaluate agree";
    EXPECT_GT(right, 900);
}

TEST(Predict, ColumnsAreMatchedByNameAndTheTargetMayBeAbsent) {
    Workplace place;
    train_points(place);
    const std::string wanted = place.run({"predict", "model.safetensors", "points.csv", "--scores"}).out;
    std::string swapped = "extra,x1,x0\n";
    const auto rows = place.lines("points.csv");
    for (std::size_t r = 1; r < rows.size(); ++r) {
        const auto row = cells(rows[r]);
        swapped += "7," + row[1] + "," + row[0] + "\n";
    }
    place.write("swapped.csv", swapped);
    const Ended ended = place.run({"predict", "model.safetensors", "swapped.csv", "--scores"});
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_EQ(ended.out, wanted);
}

TEST(Predict, AMissingColumnIsBadData) {
    Workplace place;
    train_points(place);
    place.write("narrow.csv", "x0,z\n0.5,1\n");
    const Ended ended = place.run({"predict", "model.safetensors", "narrow.csv"});
    EXPECT_EQ(ended.code, 3) << ended.err;
    EXPECT_NE(ended.err.find("x1"), std::string::npos) << ended.err;
    EXPECT_EQ(ended.out, "");
}

TEST(Predict, ProbabilitiesStandInColumnsNamedByClassAndAddToOne) {
    Workplace place;
    train_points(place);
    ASSERT_EQ(place.run({"predict", "model.safetensors", "points.csv", "--proba", "--output", "p.csv"}).code, 0);
    const auto lines = place.lines("p.csv");
    EXPECT_EQ(lines[0], "prediction,no,yes");
    for (std::size_t r = 1; r < lines.size(); ++r) {
        const auto row = cells(lines[r]);
        const double no = std::stod(row[1]), yes = std::stod(row[2]);
        EXPECT_LE(std::abs(no + yes - 1), 0x1p-22) << lines[r];  // two float32 numbers below 1, each a few units in the last place
        EXPECT_EQ(row[0], yes > no ? "yes" : "no") << lines[r];
    }
}

/// Three classes by x0 alone.
void train_thirds(Workplace& place) {
    Numbers numbers;
    std::string text = "x0,y\n";
    for (int r = 0; r < 600; ++r) {
        const double x = numbers.next();
        text += std::to_string(x) + "," + (x < 1. / 3 ? "low" : x < 2. / 3 ? "mid" : "high") + "\n";
    }
    place.write("thirds.csv", text);
    ASSERT_EQ(place.run({"train", "thirds.csv", "--target", "y", "--lr", "0.1", "--quiet"}).code, 0);
}

TEST(Predict, ScoresStandInColumnsNamedByClassAndLikeProbabilitiesInTheirOrder) {
    Workplace place;
    train_thirds(place);
    const auto scores = split_lines(place.run({"predict", "model.safetensors", "thirds.csv", "--scores"}).out);
    const auto probabilities = split_lines(place.run({"predict", "model.safetensors", "thirds.csv", "--proba"}).out);
    EXPECT_EQ(scores[0], "prediction,score_high,score_low,score_mid");
    EXPECT_EQ(probabilities[0], "prediction,high,low,mid");
    for (std::size_t r = 1; r < scores.size(); ++r) {
        const auto score = cells(scores[r]), probability = cells(probabilities[r]);
        const std::size_t predicted = score[0] == "high" ? 1 : score[0] == "low" ? 2 : 3;
        for (std::size_t c = 1; c < score.size(); ++c) {
            EXPECT_LE(std::stod(score[c]), std::stod(score[predicted])) << scores[r];
            EXPECT_LE(std::stod(probability[c]), std::stod(probability[predicted])) << probabilities[r];
        }
    }
}

TEST(Predict, TheScoreOfTwoClassesIsNamedByTheOneThatItSpeaksFor) {
    Workplace place;
    train_points(place);
    const auto lines = split_lines(place.run({"predict", "model.safetensors", "points.csv", "--scores"}).out);
    EXPECT_EQ(lines[0], "prediction,score_yes");
    for (std::size_t r = 1; r < lines.size(); ++r) EXPECT_EQ(cells(lines[r])[0], std::stod(cells(lines[r])[1]) > 0 ? "yes" : "no");
}

TEST(Predict, AndEvaluateKeepToAMemoryLimit) {
    Workplace place;
    train_points(place);
    for (const char* verb : {"predict", "evaluate"}) {
        EXPECT_EQ(place.run({verb, "model.safetensors", "points.csv", "--memory-limit", "1G"}).code, 0) << verb;
        const Ended ended = place.run({verb, "model.safetensors", "points.csv", "--memory-limit", "1K"});
        EXPECT_EQ(ended.code, 1) << verb << ended.err;
        EXPECT_EQ(ended.out, "") << verb;
    }
}

TEST(Predict, RegressionIsInTheUnitsOfTheTarget) {
    Workplace place;
    write_line(place, "line.csv", 2000);
    ASSERT_EQ(place.run({"train", "line.csv", "--target", "y", "--lr", "0.1", "--epochs", "40"}).code, 0);
    const auto predictions = split_lines(place.run({"predict", "model.safetensors", "line.csv"}).out);
    const auto rows = place.lines("line.csv");
    ASSERT_EQ(predictions.size(), rows.size());
    double squares = 0;
    for (std::size_t r = 1; r < rows.size(); ++r) squares += std::pow(std::stod(predictions[r]) - std::stod(cells(rows[r])[2]), 2);
    const double rmse = std::sqrt(squares / static_cast<double>(rows.size() - 1));
    const auto scored = place.run({"evaluate", "model.safetensors", "line.csv", "--json"}).json();
    EXPECT_NEAR(rmse, scored["rmse"].get<double>(), 3000 * 0x1p-22) << "float32 predictions of values up to 3000";
    EXPECT_LT(rmse, 10);
    const double printed = scored["rmse"].get<double>();
    EXPECT_NEAR(scored["loss"].get<double>(), printed * printed / 2, printed * printed * 2000 * 0x1p-53) << "two sums of 2000 squares";
    EXPECT_GT(scored["r2"], .99);
    for (const char* name : {"rows", "loss", "rmse", "mae", "r2"}) EXPECT_TRUE(scored.contains(name)) << name;
    EXPECT_FALSE(scored.contains("accuracy"));
}

TEST(Predict, EveryRowIsPredictedAndNoHeaderIs) {
    struct Case {
        std::string text;
        Workplace::Words flags;
    };
    const Case cases[] = {{"edible,red,flat\npoison,green,flat\nedible,green,bell\n", {"--target", "0", "--header", "no"}},
                          {"1990,1991,1992\n1,2,3.5\n2,3,4.5\n5,4,1.5\n", {"--target", "1992", "--header", "yes"}},
                          {"a|b|y\n1|2|3.5\n2|3|4.5\n5|4|1.5\n", {"--target", "y", "--delimiter", "|"}}};
    for (const Case& one : cases) {
        Workplace place;
        place.write("data.csv", one.text);
        Workplace::Words train = {"train", "data.csv", "--quiet"};
        train.insert(train.end(), one.flags.begin(), one.flags.end());
        ASSERT_EQ(place.run(train).code, 0) << one.text;
        const Ended predicted = place.run({"predict", "model.safetensors", "data.csv"});
        EXPECT_EQ(predicted.code, 0) << predicted.err;
        EXPECT_EQ(split_lines(predicted.out).size(), 4u) << one.text << predicted.out;
        EXPECT_EQ(place.run({"evaluate", "model.safetensors", "data.csv", "--json"}).json()["rows"], 3) << one.text;
    }
}

TEST(Predict, CountsAreTheExponentialOfTheScores) {
    Workplace place;
    write_counts(place, "counts.csv", 500);
    ASSERT_EQ(place.run({"train", "counts.csv", "--target", "y", "--loss", "poisson", "--batch-size", "32"}).code, 0);
    const auto lines = split_lines(place.run({"predict", "model.safetensors", "counts.csv", "--scores"}).out);
    ASSERT_EQ(lines.size(), 501u);
    EXPECT_EQ(lines[0], "prediction,score");
    for (std::size_t r = 1; r < lines.size(); ++r) {
        const auto row = cells(lines[r]);
        const double expected = std::exp(std::stod(row[1]));
        EXPECT_NEAR(std::stod(row[0]), expected, 8 * 0x1p-24 * expected) << "a float32 exponential, and a score that was read back";
    }
    EXPECT_GT(place.run({"evaluate", "model.safetensors", "counts.csv", "--json"}).json()["r2"], .8);
    EXPECT_EQ(place.run({"train", "counts.csv", "--target", "y", "--loss", "poisson", "--standardize-target", "on"}).code, 2);
    place.write("negative.csv", "a,y\n1,2\n2,3.5\n3,-1\n");
    const Ended ended = place.run({"train", "negative.csv", "--target", "y", "--loss", "poisson"});
    EXPECT_EQ(ended.code, 3) << ended.err;
    EXPECT_NE(ended.err.find("row 3"), std::string::npos) << ended.err;
}

TEST(Inspect, CoefficientsAreInTheUnitsOfTheData) {
    Workplace place;
    write_line(place, "line.csv", 2000);
    ASSERT_EQ(place.run({"train", "line.csv", "--target", "y", "--lr", "0.1", "--epochs", "40", "--precision", "float64"}).code, 0);
    const auto lines = split_lines(place.run({"inspect", "model.safetensors", "--coefficients"}).out);
    ASSERT_EQ(lines.size(), 4u);
    EXPECT_EQ(lines[0], "name,weight");
    const auto weight = [&](std::size_t line) { return std::stod(cells(lines[line])[1]); };
    const auto predictions = split_lines(place.run({"predict", "model.safetensors", "line.csv"}).out);
    const auto row = cells(place.lines("line.csv")[1]);
    const double by_hand = weight(1) * std::stod(row[0]) + weight(2) * std::stod(row[1]) + weight(3);
    EXPECT_EQ(cells(lines[1])[0], "a");
    EXPECT_EQ(cells(lines[3])[0], "intercept");
    EXPECT_NEAR(by_hand, std::stod(predictions[1]), 1e4 * 16 * 0x1p-53) << "a handful of float64 roundings of values below 10^4";
    EXPECT_GT(weight(1), 2.9);
    EXPECT_LT(weight(1), 3.1);
}

TEST(Inspect, WeightsOfClassesSayWhichTheySpeakFor) {
    Workplace place;
    train_points(place);
    EXPECT_EQ(split_lines(place.run({"inspect", "model.safetensors", "--coefficients"}).out)[0], "name,weight_yes");
    const auto json = place.run({"inspect", "model.safetensors", "--coefficients", "--json"}).json();
    EXPECT_EQ(json["positive_class"], "yes");
    EXPECT_EQ(json["coefficients"][0]["class"], "yes");
    EXPECT_GT(json["coefficients"][0]["weights"][0]["weight"], 0) << "x0 speaks for yes";
    train_thirds(place);
    EXPECT_EQ(split_lines(place.run({"inspect", "model.safetensors", "--coefficients"}).out)[0], "name,weight_high,weight_low,weight_mid");
}

TEST(Inspect, DescribesModelsAndCheckpoints) {
    Workplace place;
    write_points(place, "points.csv", 400);
    ASSERT_EQ(place.run({"train", "points.csv", "--target", "y", "--epochs", "1", "--run-dir", "run"}).code, 0);
    const auto model = place.run({"inspect", "model.safetensors", "--json"}).json();
    EXPECT_EQ(model["kind"], "model");
    EXPECT_EQ(model["loss"], "logistic");
    EXPECT_EQ(model["classes"], nlohmann::json({"no", "yes"}));
    EXPECT_EQ(model["trained_with"]["batch_size"], 256);
    for (const std::string& name : place.names("run")) {
        if (!name.starts_with("checkpoint-")) continue;
        EXPECT_EQ(place.run({"inspect", "run/" + name, "--json"}).json()["kind"], "checkpoint");
        EXPECT_EQ(place.run({"inspect", "run/" + name}).code, 0);
    }
    EXPECT_NE(place.run({"inspect", "model.safetensors"}).out.find("logistic"), std::string::npos);
}

TEST(Inspect, ADamagedModelIsBadData) {
    Workplace place;
    train_points(place);
    std::string bytes = place.read("model.safetensors");
    bytes[bytes.size() - 1] = static_cast<char>(bytes[bytes.size() - 1] ^ 1);
    place.write("damaged.safetensors", bytes);
    EXPECT_EQ(place.run({"inspect", "damaged.safetensors"}).code, 3);
    EXPECT_EQ(place.run({"predict", "damaged.safetensors", "points.csv"}).code, 3);
}

TEST(Evaluate, LabelsThatTrainingNeverSawAreBadData) {
    Workplace place;
    train_points(place);
    place.write("new.csv", "x0,x1,y\n0.1,0.2,no\n0.1,0.2,maybe\n");
    const Ended ended = place.run({"evaluate", "model.safetensors", "new.csv"});
    EXPECT_EQ(ended.code, 3) << ended.err;
    EXPECT_NE(ended.err.find("maybe"), std::string::npos) << ended.err;
    EXPECT_EQ(place.run({"evaluate", "model.safetensors", "new.csv", "--map-label", "maybe=yes"}).code, 0);
}

}  // namespace
}  // namespace glissade::test
