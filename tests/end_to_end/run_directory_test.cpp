// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/end_to_end/program.hpp"
#include "tests/end_to_end/small_tables.hpp"

/// What a run leaves in its directory.
namespace glissade::test {
namespace {

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

/// The report predicts rows that were standardised as they were read.
TEST(RunDirectory, ReportCountsTheRowsThatTheMetricsCount) {
    Workplace place;
    write_points(place, "points.csv", 400);
    const Ended ended = place.run({"train", "points.csv", "--target", "y", "--lr", "0.1", "--epochs", "10", "--validation-fraction", "0.25",
                                   "--standardize", "on", "--run-dir", "run", "--json"});
    ASSERT_EQ(ended.code, 0) << ended.err;
    std::string table = place.read("run/report.html");
    table = table.substr(table.find("<table class=\"confusion\">"));
    table.resize(table.find("</table>"));
    std::vector<int> counts;  // of the lines "no" and "yes", each followed by its recall
    for (std::size_t at = table.find("<td"); at != std::string::npos; at = table.find("<td", at + 1))
        counts.push_back(std::atoi(table.c_str() + table.find('>', at) + 1));
    ASSERT_EQ(counts.size(), 6u) << table;
    EXPECT_EQ(counts[0] + counts[1] + counts[3] + counts[4], 100);
    const double accuracy = ended.json()["validation"]["accuracy"];
    EXPECT_EQ((counts[0] + counts[4]) / 100.0, accuracy) << table;
    EXPECT_GT(accuracy, .9);
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

}  // namespace
}  // namespace glissade::test
