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

TEST(RunDirectory, HoldsCheckpointsMetricsAndASelfContainedReport) {
    Workplace place;
    write_points(place, "points.csv", 500);
    const Ended ended =
        place.run({"train", "points.csv", "--target", "y", "--epochs", "6", "--validation-fraction", "0.2", "--checkpoint-every", "1"});
    ASSERT_EQ(ended.code, 0) << ended.err;
    int checkpoints = 0;
    for (const std::string& name : place.names("run")) checkpoints += name.starts_with("checkpoint-");
    EXPECT_EQ(checkpoints, 3) << "the newest few are kept";
    const auto lines = place.lines("run/metrics.jsonl");
    ASSERT_EQ(lines.size(), 6u);
    for (std::size_t e = 0; e < lines.size(); ++e) {
        const auto json = nlohmann::json::parse(lines[e]);
        EXPECT_EQ(json["epoch"], e + 1);
        EXPECT_TRUE(json["loss"].is_number());
        EXPECT_TRUE(json["validation"]["loss"].is_number());
    }
    const std::string report = place.read("run/report.html");
    for (const char* words : {"<svg", "Loss", "Learning rate", "validation accuracy", "--curve-1", "prefers-color-scheme"})
        EXPECT_NE(report.find(words), std::string::npos) << words;
    for (const char* words : {"http:", "https:", "<script", "src="}) EXPECT_EQ(report.find(words), std::string::npos) << words;
}

TEST(RunDirectory, OfShortEpochsGetsACheckpointASecondNotAnEpoch) {
    Workplace place;
    write_points(place, "points.csv", 500);
    ASSERT_EQ(place.run({"train", "points.csv", "--target", "y", "--epochs", "200", "--batch-size", "full", "--run-dir", "run"}).code, 0);
    EXPECT_TRUE(place.has("run/checkpoint-000000000001.safetensors")) << "the first epoch's, which later ones would have pushed out";
    EXPECT_TRUE(place.has("run/checkpoint-000000000200.safetensors")) << "the end is always saved";
    EXPECT_EQ(place.lines("run/metrics.jsonl").size(), 200u);
}

TEST(RunDirectory, OfSeveralMembersTellsThemApart) {
    Workplace place;
    write_points(place, "points.csv", 500);
    const Ended ended = place.run({"train", "points.csv", "--target", "y", "--lr", "1e-4,0.1,1e-2", "--epochs", "4",
                                   "--validation-fraction", "0.2", "--run-dir", "run", "--json"});
    ASSERT_EQ(ended.code, 0) << ended.err;
    const auto lines = place.lines("run/metrics.jsonl");
    ASSERT_EQ(lines.size(), 4u * 3);
    std::vector<double> last(3);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const auto line = nlohmann::json::parse(lines[i]);
        EXPECT_EQ(line["epoch"], i / 3 + 1);
        EXPECT_EQ(line["member"], i % 3);
        last[i % 3] = line["loss"];
    }
    const auto members = ended.json()["members"];
    for (std::size_t m = 0; m < 3; ++m) EXPECT_EQ(last[m], members[m]["loss"]) << "member " << m;
    EXPECT_NE(ended.err.find("member 1  loss"), std::string::npos) << "progress speaks of the member that leads";
    EXPECT_EQ(ended.err.find("member 0  loss"), std::string::npos);
    const std::string report = place.read("run/report.html");
    for (const char* title : {"<h2>Training loss", "<h2>Validation loss", "<h2>Validation accuracy"}) {
        const auto chart = report.find(title);
        ASSERT_NE(chart, std::string::npos) << title;
        const std::string section = report.substr(chart, report.find("</section>", chart) - chart);
        for (const char* name : {"lr 1e-04", "lr 0.1", "lr 0.01"}) EXPECT_NE(section.find(name), std::string::npos) << title << name;
        std::size_t curves = 0;
        for (auto at = section.find("<polyline"); at != std::string::npos; at = section.find("<polyline", at + 1)) ++curves;
        EXPECT_EQ(curves, 3u) << title;
    }
}

TEST(RunDirectory, ThatIsNotEmptyIsLeftAloneUnlessToldOtherwise) {
    Workplace place;
    write_points(place, "points.csv", 400);
    const Workplace::Words words = {"train", "points.csv", "--target", "y", "--epochs", "2", "--run-dir", "run"};
    ASSERT_EQ(place.run(words).code, 0);
    place.write("run/notes.txt", "mine");
    const Ended again = place.run(words);
    EXPECT_EQ(again.code, 2);
    EXPECT_NE(again.err.find("--resume"), std::string::npos);
    EXPECT_NE(again.err.find("--overwrite"), std::string::npos);
    auto overwrite = words;
    overwrite.push_back("--overwrite");
    EXPECT_EQ(place.run(overwrite).code, 0);
    EXPECT_EQ(place.lines("run/metrics.jsonl").size(), 2u);
    EXPECT_EQ(place.read("run/notes.txt"), "mine");
}

TEST(ConfigFile, GivesFlagsAndTheCommandLineWins) {
    Workplace place;
    write_points(place, "points.csv", 400);
    place.write(
        "run.toml",
        "# a run\ndata = \"points.csv\"\ntarget = 'y'\nepochs = 7  # passes\nbatch_size = 100\nna = [\"?\",\n  \"none\"]\nquiet = true\n");
    const Ended from_file = place.run({"train", "--config", "run.toml", "--json"});
    ASSERT_EQ(from_file.code, 0) << from_file.err;
    EXPECT_EQ(from_file.json()["epochs"], 7);
    EXPECT_EQ(from_file.json()["steps"], 28);
    EXPECT_EQ(from_file.err, "");
    EXPECT_EQ(place.run({"train", "--config", "run.toml", "--json", "--epochs", "2"}).json()["epochs"], 2);
}

TEST(ConfigFile, ThatWasSavedGivesTheSameModel) {
    Workplace place;
    write_points(place, "points.csv", 400);
    ASSERT_EQ(place
                  .run({"train", "points.csv", "--target", "y", "--optimizer", "sgd", "--momentum", "0.9", "--nesterov", "--lr", "0.1",
                        "--na", "?", "--na", "a \"b\" \\", "--save-config", "run.toml", "-o", "first.safetensors"})
                  .code,
              0);
    const Ended again = place.run({"train", "--config", "run.toml", "-o", "second.safetensors"});
    ASSERT_EQ(again.code, 0) << again.err << place.read("run.toml");
    EXPECT_EQ(place.read("first.safetensors"), place.read("second.safetensors"));
}

class BadConfig : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(BadConfig, IsWrongUseThatNamesLineAndColumn) {
    Workplace place;
    write_points(place, "points.csv", 40);
    place.write("run.toml", std::string("target = \"y\"\n") + GetParam().first);
    const Ended ended = place.run({"train", "points.csv", "--config", "run.toml"});
    EXPECT_EQ(ended.code, 2) << ended.err;
    EXPECT_NE(ended.err.find("run.toml: line 2, column "), std::string::npos) << ended.err;
    EXPECT_NE(ended.err.find(GetParam().second), std::string::npos) << ended.err;
}

INSTANTIATE_TEST_SUITE_P(Lines, BadConfig,
                         testing::Values(std::pair{"epoch = 3\n", "--epochs"}, std::pair{"epochs 3\n", "'='"},
                                         std::pair{"epochs = three\n", "quotes"}, std::pair{"loss = \"squared\n", "not closed"},
                                         std::pair{"[train]\n", "sections"}, std::pair{"target = \"x0\"\n", "twice"},
                                         std::pair{"epochs = 3 4\n", "expected"}, std::pair{"na = []\n", "empty list"},
                                         std::pair{"resume = \"run\"\n", "command line"}, std::pair{"loss = \"a\\q\"\n", "escape"},
                                         std::pair{"epochs = \"x\"\n", "--epochs wants"}, std::pair{"epochs = 1e400\n", "--epochs wants"},
                                         std::pair{"l2 = inf\n", "quotes"}, std::pair{"l2 = \"inf\"\n", "--l2 wants"},
                                         std::pair{"epochs = [1, 2]\n", "one value"}, std::pair{"data = [\"a\", \"b\"]\n", "one value"},
                                         std::pair{"loss = \"squard\"\n", "'squared'"}, std::pair{"lr = [0.1, \"x\"]\n", "--lr wants"},
                                         std::pair{"batch-size = \"some\"\n", "--batch-size wants"},
                                         std::pair{"schedule = \"cosin\"\n", "'cosine'"}, std::pair{"shuffle = \"ful\"\n", "'full'"},
                                         std::pair{"header = \"maybe\"\n", "--header"}, std::pair{"memory-limit = 0\n", "--memory-limit"}));

TEST(ConfigFile, MayListSeedsAndAskForTensorBoard) {
    Workplace place;
    write_points(place, "points.csv", 100);
    place.write("run.toml", "seed = [3, 1]\ntensorboard = \"\"\n");
    const Ended ended =
        place.run({"train", "points.csv", "--target", "y", "--config", "run.toml", "--save-config", "saved.toml", "--run-dir", "run"});
    ASSERT_EQ(ended.code, 0) << ended.err;
    EXPECT_TRUE(place.has("run/tensorboard"));
    const Ended again = place.run({"train", "--config", "saved.toml", "--run-dir", "other", "--json"});
    ASSERT_EQ(again.code, 0) << again.err;
    EXPECT_EQ(again.json()["settings"]["seed"], nlohmann::json({3, 1}));
    EXPECT_TRUE(place.has("other/tensorboard"));
}

TEST(RunDirectory, ReportTellsWhichClassesAreTakenForEachOtherAndOnWhichRows) {
    Workplace place;
    write_points(place, "points.csv", 300);
    const Workplace::Words words = {"train", "points.csv", "--target", "y", "--epochs", "3", "--run-dir", "run"};
    ASSERT_EQ(place.run(words).code, 0);
    std::string report = place.read("run/report.html");
    for (const char* part :
         {"<h2>Metrics", "<h2>Confusion", "300 training rows", "<h2>Calibration", "probability of yes", "<h2>Largest weights", "for yes"})
        EXPECT_NE(report.find(part), std::string::npos) << part;
    Workplace::Words hinge = words;
    hinge.insert(hinge.end(), {"--overwrite", "--loss", "hinge", "--validation-fraction", "0.2"});
    ASSERT_EQ(place.run(hinge).code, 0);
    report = place.read("run/report.html");
    EXPECT_NE(report.find("60 validation rows"), std::string::npos);
    EXPECT_EQ(report.find("<h2>Calibration"), std::string::npos) << "the hinge loss knows no probabilities";
    write_line(place, "line.csv", 100);
    ASSERT_EQ(place.run({"train", "line.csv", "--target", "y", "--epochs", "3", "--run-dir", "run", "--overwrite"}).code, 0);
    EXPECT_EQ(place.read("run/report.html").find("<h2>Confusion"), std::string::npos);
}

TEST(RunDirectory, ReportOfManyClassesNamesThePairsThatAreConfused) {
    Workplace place;
    for (const int classes : {20, 150}) {
        Numbers numbers;
        std::string text = "a,b,y\n";
        for (int r = 0; r < 900; ++r)
            text += std::to_string(numbers.next()) + "," + std::to_string(numbers.next()) + ",class " + std::to_string(r % classes) +
                    " <&> " + std::string(80, 'x') + "\n";
        place.write("many.csv", text);
        const Ended ended = place.run({"train", "many.csv", "--target", "y", "--epochs", "1", "--run-dir", "run", "--overwrite"});
        ASSERT_EQ(ended.code, 0) << ended.err;
        const std::string report = place.read("run/report.html");
        EXPECT_NE(report.find("<th>taken for</th>"), std::string::npos);
        EXPECT_EQ(report.find("class=\"map\"") != std::string::npos, classes <= 100);
        EXPECT_EQ(report.find(" <&> "), std::string::npos) << "names are escaped";
    }
}

TEST(ConfigFile, MayListRates) {
    Workplace place;
    write_points(place, "points.csv", 400);
    place.write("run.toml", "lr = [0.1, 1e-2,\n  0.2]\n");
    const Ended ended =
        place.run({"train", "points.csv", "--target", "y", "--config", "run.toml", "--save-config", "saved.toml", "--json"});
    ASSERT_EQ(ended.code, 0) << ended.err;
    EXPECT_EQ(ended.json()["settings"]["lr"], nlohmann::json({.1, .01, .2}));
    EXPECT_EQ(place.run({"train", "--config", "saved.toml", "--json"}).json()["settings"]["lr"], nlohmann::json({.1, .01, .2}));
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
