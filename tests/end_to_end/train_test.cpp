// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/end_to_end/program.hpp"
#include "tests/end_to_end/small_tables.hpp"

/// What `train` and `plan` print and write.
namespace glissade::test {
namespace {

TEST(Train, PrintsWhatItWillDoAndTheFlagsThatChangeIt) {
    Workplace place;
    write_points(place, "points.csv", 400);
    const Ended ended = place.run({"train", "points.csv", "--target", "y"});
    ASSERT_EQ(ended.code, 0) << ended.err;
    for (const char* words : {"logistic", "--loss", "adam: lr 0.01", "--beta1", "cosine", "--schedule", "256 rows", "--batch-size",
                              "no yes", "--task", "--device"}) {
        EXPECT_NE(ended.err.find(words), std::string::npos) << words << "\n" << ended.err;
    }
    EXPECT_NE(ended.err.find("epoch 20/20"), std::string::npos) << "a plain line an epoch where stderr is no terminal";
    EXPECT_EQ(ended.err.find('\r'), std::string::npos);
    EXPECT_NE(ended.out.find("model.safetensors"), std::string::npos);
    EXPECT_TRUE(place.has("model.safetensors"));
}

TEST(Train, QuietPrintsNothingToStderr) {
    Workplace place;
    write_points(place, "points.csv", 400);
    const Ended ended = place.run({"train", "points.csv", "--target", "y", "--epochs", "2", "--quiet", "--output", "m.safetensors"});
    EXPECT_EQ(ended.code, 0);
    EXPECT_EQ(ended.err, "");
    EXPECT_TRUE(place.has("m.safetensors"));
    EXPECT_FALSE(place.has("model.safetensors"));
}

TEST(Train, JsonIsOneObjectOnStdout) {
    Workplace place;
    write_points(place, "points.csv", 500);
    const auto json = place.run({"train", "points.csv", "--target", "y", "--epochs", "3", "--validation-fraction", "0.2", "--json"}).json();
    EXPECT_EQ(json["stop"], "finished");
    EXPECT_EQ(json["rows"], 400);
    EXPECT_EQ(json["features"], 2);
    EXPECT_EQ(json["epochs"], 3);
    EXPECT_EQ(json["steps"], 3 * 2);
    EXPECT_EQ(json["validation"]["rows"], 100);
    EXPECT_TRUE(json["validation"]["accuracy"].is_number());
    EXPECT_EQ(json["model"], "model.safetensors");
}

TEST(Train, JsonHasEverySettingUnderTheNameOfItsFlag) {
    Workplace place;
    write_points(place, "points.csv", 500);
    const auto json = place
                          .run({"train", "points.csv", "--target", "y", "--epochs", "3", "--clip-norm", "1", "--clip-value", "2", "--l1",
                                "1e-3", "--na", "?", "--na", "none", "--json"})
                          .json();
    const auto settings = json["settings"];
    EXPECT_EQ(settings["data"], "points.csv");
    EXPECT_EQ(settings["target"], "y");
    EXPECT_EQ(settings["na"], nlohmann::json({"?", "none"}));
    EXPECT_EQ(settings["loss"], "logistic");
    EXPECT_EQ(settings["optimizer"], "adam");
    EXPECT_EQ(settings["lr"], .01);
    EXPECT_EQ(settings["beta1"], .9);
    EXPECT_EQ(settings["amsgrad"], false);
    EXPECT_EQ(settings["schedule"], "cosine");
    EXPECT_EQ(settings["batch_size"], 256);
    EXPECT_EQ(settings["epochs"], 3);
    EXPECT_EQ(settings["seed"], 0);
    EXPECT_EQ(settings["clip_norm"], 1);
    EXPECT_EQ(settings["clip_value"], 2);
    EXPECT_EQ(settings["l1"], 1e-3);
    EXPECT_EQ(settings["drop_last"], false);
    EXPECT_TRUE(settings["memory_limit"].is_null());
    EXPECT_TRUE(settings["threads"].is_number_integer());
    std::string sentences;
    for (const auto& [name, sentence] : json["description"].items()) sentences += name + ": " + sentence.get<std::string>() + "\n";
    for (const char* words : {"largest norm: 1 ", "largest value: 2 ", "adam: lr 0.01"})
        EXPECT_NE(sentences.find(words), std::string::npos) << words << " in\n" << sentences;
    EXPECT_EQ(place.run({"plan", "points.csv", "--target", "y", "--batch-size", "full", "--json"}).json()["settings"]["batch_size"],
              "full");
}

TEST(Train, AnExplicitLossDecidesTheTask) {
    Workplace place;
    place.write("whole.csv", "x,y\n1,1\n2,2\n3,3\n4,1\n5,2\n6,3\n");
    EXPECT_EQ(place.run({"train", "whole.csv", "--target", "y", "--json"}).json()["task"], "classification");
    EXPECT_EQ(place.run({"train", "whole.csv", "--target", "y", "--json", "--loss", "mse"}).json()["task"], "regression");
}

TEST(Train, SeveralRatesAreMembersAndTheBestIsKept) {
    Workplace place;
    write_points(place, "points.csv", 1000);
    const Ended many = place.run({"train", "points.csv", "--target", "y", "--lr", "1e-5,1e-1,1e-3", "--json", "-o", "many.safetensors"});
    ASSERT_EQ(many.code, 0) << many.err;
    const auto json = many.json();
    EXPECT_EQ(json["best_member"], 1);
    ASSERT_EQ(json["members"].size(), 3u);
    EXPECT_LT(json["members"][1]["loss"], json["members"][0]["loss"]);
    ASSERT_EQ(place.run({"train", "points.csv", "--target", "y", "--lr", "1e-1", "-o", "one.safetensors"}).code, 0);
    const auto weights = [&](const std::string& model) { return place.run({"inspect", model, "--coefficients"}).out; };
    EXPECT_EQ(weights("many.safetensors"), weights("one.safetensors")) << "a member is bit for bit the model of a run of its own";
    const Ended table = place.run({"train", "points.csv", "--target", "y", "--lr", "1e-5,1e-1"});
    EXPECT_NE(table.out.find("best, kept"), std::string::npos) << table.out;
}

TEST(Train, PatienceWithoutValidationHoldsOutATenthAndSaysSo) {
    Workplace place;
    write_points(place, "points.csv", 1000);
    const Ended ended = place.run({"train", "points.csv", "--target", "y", "--early-stopping", "2", "--json"});
    ASSERT_EQ(ended.code, 0) << ended.err;
    EXPECT_EQ(ended.json()["rows"], 900);
    EXPECT_EQ(ended.json()["validation"]["rows"], 100);
    EXPECT_NE(ended.err.find("10 %"), std::string::npos);
}

TEST(Train, TolStopsWithoutAValidationSet) {
    Workplace place;
    write_points(place, "points.csv", 500);
    const auto json = place.run({"train", "points.csv", "--target", "y", "--tol", "10", "--patience", "3", "--json"}).json();
    EXPECT_EQ(json["stop"], "tol");
    EXPECT_EQ(json["rows"], 500);
    EXPECT_LT(json["epochs"], 20);
}

TEST(Train, ThreadsDoNotChangeTheModel) {
    Workplace place;
    write_points(place, "points.csv", 3000);
    std::vector<std::string> models;
    for (const char* threads : {"1", "2", "3"}) {
        ASSERT_EQ(place.run({"train", "points.csv", "--target", "y", "--epochs", "3", "--batch-size", "full", "--threads", threads}).code,
                  0);
        models.push_back(place.read("model.safetensors"));
    }
    EXPECT_EQ(models[0], models[1]);
    EXPECT_EQ(models[0], models[2]);
}

TEST(Train, FlagsMayBeTypedWithUnderscores) {
    Workplace place;
    write_points(place, "points.csv", 400);
    EXPECT_EQ(place.run({"train", "points.csv", "--target", "y", "--batch_size", "100", "--epochs=2", "--json"}).json()["steps"], 8);
}

TEST(Plan, ShowsTheRunAndDoesNotRunIt) {
    Workplace place;
    write_points(place, "points.csv", 400);
    const Ended ended = place.run({"plan", "points.csv", "--target", "y", "--run-dir", "run"});
    ASSERT_EQ(ended.code, 0) << ended.err;
    EXPECT_NE(ended.out.find("logistic"), std::string::npos);
    EXPECT_NE(ended.out.find("--epochs"), std::string::npos);
    EXPECT_FALSE(place.has("model.safetensors"));
    EXPECT_FALSE(place.has("run"));
    EXPECT_EQ(place.run({"plan", "points.csv", "--target", "y", "--json"}).json()["rows"], 400);
}

TEST(Plan, PredictsTimesAndShowsTheNotesOfTheData) {
    Workplace place;
    write_points(place, "points.csv", 400);
    const Workplace::Words words = {"plan", "points.csv", "--target", "y", "--epochs", "5"};
    const Ended ended = place.run(words);
    ASSERT_EQ(ended.code, 0) << ended.err;
    for (const char* part : {"note: task: classification with 2 classes", "\npredicted ", " a step, ", " an epoch, ", "\nbound by "})
        EXPECT_NE(ended.out.find(part), std::string::npos) << part << " in\n" << ended.out;
    auto as_json = words;
    as_json.push_back("--json");
    const auto predicted = place.run(as_json).json()["predicted"];
    EXPECT_GT(predicted["step_seconds"], 0);
    EXPECT_EQ(predicted["epoch_seconds"], predicted["step_seconds"].get<double>() * 2) << "two steps";
    EXPECT_EQ(predicted["seconds"], predicted["step_seconds"].get<double>() * 10);
    EXPECT_LT(predicted["limit_step_seconds"], predicted["step_seconds"]);
    EXPECT_TRUE(predicted["bound_by"].is_string());
}

}  // namespace
}  // namespace glissade::test
