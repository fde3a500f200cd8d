// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <filesystem>

#include "tests/end_to_end/program.hpp"
#include "tests/end_to_end/small_tables.hpp"

/// Sparse rows and hashed text, from the outside.
namespace glissade::test {
namespace {

using Words = Workplace::Words;

nlohmann::json trained(Workplace& place, Words words, const std::string& model = "model.safetensors") {
    words.insert(words.begin(), "train");
    words.insert(words.end(), {"--output", model, "--json"});
    const Ended ended = place.run(words);
    EXPECT_EQ(ended.code, 0) << ended.err;
    return ended.code == 0 ? ended.json() : nlohmann::json();
}

nlohmann::json scores_of(Workplace& place, Words words, const std::string& model = "model.safetensors") {
    words.insert(words.begin(), {"evaluate", model});
    words.push_back("--json");
    const Ended ended = place.run(words);
    EXPECT_EQ(ended.code, 0) << ended.err;
    return ended.code == 0 ? ended.json() : nlohmann::json();
}

/// The numbers of a column of the CSV that predict writes.
std::vector<double> column_of(const std::string& csv, std::size_t column) {
    std::vector<double> values;
    const auto lines = split_lines(csv);
    for (std::size_t i = 1; i < lines.size(); ++i) {
        std::size_t at = 0;
        for (std::size_t c = 0; c < column; ++c) at = lines[i].find(',', at) + 1;
        if (!lines[i].empty()) values.push_back(std::stod(lines[i].substr(at)));
    }
    return values;
}

std::vector<double> predicted_scores(Workplace& place, const std::string& model, const std::string& data) {
    const Ended ended = place.run({"predict", model, data, "--scores", "--quiet"});
    EXPECT_EQ(ended.code, 0) << ended.err;
    return column_of(ended.out, 1);
}

TEST(Sparse, A9aIsTheModelOfTheDenseMatrixWithinRounding) {
    Workplace place;
    const Words words = {data_file("a9a/a9a"), "--loss", "logistic", "--epochs", "20"};
    for (const std::string& form : {std::string("on"), std::string("off")}) {
        Words with_form = words;
        with_form.insert(with_form.end(), {"--sparse", form});
        const auto result = trained(place, with_form, form);
        EXPECT_EQ(result["sparse"], form == "on");
    }
    const auto sparse = scores_of(place, {data_file("a9a/a9a.t")}, "on"), dense = scores_of(place, {data_file("a9a/a9a.t")}, "off");
    EXPECT_LE(sparse["log_loss"], .3260);
    EXPECT_GE(sparse["accuracy"], .848);
    // The log loss moves no more than a score does, and a row changes its class only if its score is nearer to 0 than scores moved.
    const auto a = predicted_scores(place, "on", data_file("a9a/a9a.t")), b = predicted_scores(place, "off", data_file("a9a/a9a.t"));
    ASSERT_EQ(a.size(), 16281u);
    double moved = 0;
    for (std::size_t r = 0; r < a.size(); ++r) moved = std::max(moved, std::abs(a[r] - b[r]));
    const auto undecided = std::count_if(b.begin(), b.end(), [&](double score) { return std::abs(score) <= moved; });
    EXPECT_LE(std::abs(sparse["log_loss"].get<double>() - dense["log_loss"].get<double>()), moved);
    EXPECT_LE(std::abs(sparse["accuracy"].get<double>() - dense["accuracy"].get<double>()) * 16281, static_cast<double>(undecided) + .5);
    EXPECT_LE(undecided, 1) << "the two agree but for a row that stands on the line; scores moved by " << moved;
}

TEST(Sparse, A9aKeepsToTheBoundOfTheReference) {
    Workplace place;
    const Ended ended =
        place.run({"bench", data_file("a9a/a9a"), "--sparse", "on", "--verify", "--device", "cpu", "--epochs", "2", "--json", "--quiet"});
    ASSERT_EQ(ended.code, 0) << ended.err;
    const auto verdict = ended.json()["verification"]["backends"][0];
    EXPECT_EQ(verdict["inside"], true);
    EXPECT_LE(verdict["largest_difference"], verdict["bound"]);
}

TEST(Sparse, MushroomsAreToldApartWithoutAnError) {
    Workplace place;
    const auto result = trained(place, {data_file("agaricus/agaricus.txt.train"), "--sparse", "on", "--lr", "0.1"});
    EXPECT_EQ(result["rows"], 6513);
    EXPECT_EQ(result["features"], 126);
    EXPECT_EQ(result["nonzeros"], 6513 * 22);
    EXPECT_EQ(result["density"], 22. / 126);
    EXPECT_EQ(result["settings"]["sparse"], true);
    EXPECT_EQ(scores_of(place, {data_file("agaricus/agaricus.txt.test")})["accuracy"], 1.0);
}

TEST(Sparse, AdultWithItsTextHashedIsAsGoodAsOneHot) {
    Workplace place;
    const Words train = {data_file("adult/adult.data"),
                         "--target",
                         "-1",
                         "--na",
                         "?",
                         "--missing",
                         "indicator",
                         "--optimizer",
                         "adagrad",
                         "--lr",
                         "0.1"},
                test = {data_file("adult/adult-test.csv"), "--map-label", "<=50K.=<=50K", "--map-label", ">50K.=>50K"};
    Words hashed = train;
    hashed.insert(hashed.end(), {"--hash-bits", "18"});
    const auto one_hot = trained(place, train, "one-hot"), result = trained(place, hashed, "hashed");
    EXPECT_EQ(one_hot["sparse"], false);
    EXPECT_EQ(result["sparse"], true);
    EXPECT_EQ(result["features"], 6 + (1 << 18)) << "six columns of numbers";
    EXPECT_EQ(result["settings"]["hash_bits"], 18);
    EXPECT_LE(result["nonzero_weights"], 6 + 108) << "no more than there are numbers and texts";
    const double a = scores_of(place, test, "one-hot")["accuracy"], b = scores_of(place, test, "hashed")["accuracy"];
    EXPECT_GE(b, .845 - .003);
    EXPECT_LE(std::abs(a - b), .003);
}

/// Rows of 10 words out of 3 x 400, most of them from the class's own, as libsvm or vw.
void write_topics(Workplace& place, const std::string& name, int rows, bool vw) {
    Numbers numbers;
    std::string text;
    for (int r = 0; r < rows; ++r) {
        const int topic = static_cast<int>(3 * numbers.next());
        std::vector<int> words;
        while (words.size() < 10) {
            const int from = numbers.next() < .7 ? topic : static_cast<int>(3 * numbers.next());
            words.push_back(400 * from + static_cast<int>(400 * numbers.next()) + 1);
            std::sort(words.begin(), words.end());
            words.erase(std::unique(words.begin(), words.end()), words.end());
        }
        text += std::to_string(topic + 1) + (vw ? " |w" : "");
        for (const int word : words) text += " " + (vw ? "word" + std::to_string(word) : std::to_string(word) + ":1");
        text += "\n";
    }
    place.write(name, text);
}

TEST(Sparse, SoftmaxLearnsTopicsFromLibsvmAndFromVw) {
    Workplace place;
    for (const bool vw : {false, true}) {
        const std::string train = vw ? "train.vw" : "train.libsvm";
        write_topics(place, train, 4000, vw);
        const auto result = trained(place, {train, "--validation-fraction", "0.2"});
        EXPECT_EQ(result["sparse"], true) << "10 of 1200 columns are few";
        EXPECT_EQ(result["settings"]["loss"], "softmax");
        EXPECT_LE(result["nonzeros"], 3200 * 10);
        EXPECT_GE(result["nonzeros"], vw ? 3200 * 10 - 32 : 3200 * 10) << "a few rows hold two words that share a hashed column";
        EXPECT_GE(result["validation"]["accuracy"], .95);
    }
}

TEST(Sparse, AVwModelScoresPredictsAndIsInspected) {
    Workplace place;
    place.write("train.vw", "1 2 |color red |size:2 width:1.5\n-1 |color blue |size:2 width:0.5\n1 |color red\n-1 'x |color blue green\n");
    place.write("new.vw", "|color red\n|color blue\n|color unheard-of\n");
    const auto result = trained(place, {"train.vw", "--hash-bits", "12", "--batch-size", "full", "--epochs", "50", "--lr", "0.1"});
    EXPECT_EQ(result["features"], 4096);
    EXPECT_EQ(result["nonzero_weights"], 4) << "red, blue, green and width";
    EXPECT_NE(result["description"]["data"].get<std::string>().find("sparse: 7 nonzeros"), std::string::npos) << result["description"];
    EXPECT_NE(result["notes"].dump().find("4 features in 4 of 4096 hashed columns: no collisions"), std::string::npos) << result["notes"];
    EXPECT_EQ(scores_of(place, {"train.vw"})["accuracy"], 1.0);
    const Ended predicted = place.run({"predict", "model.safetensors", "new.vw"});
    EXPECT_EQ(predicted.code, 0) << predicted.err;
    EXPECT_TRUE(predicted.out.starts_with("prediction\n1\n-1\n")) << predicted.out;
    const auto inspected = place.run({"inspect", "model.safetensors", "--json"}).json();
    EXPECT_EQ(inspected["sparse"], true);
    EXPECT_EQ(inspected["hash_bits"], 12);
    EXPECT_EQ(inspected["nonzero_weights"], 4);
    const auto coefficients = split_lines(place.run({"inspect", "model.safetensors", "--coefficients"}).out);
    EXPECT_EQ(coefficients.size(), 1u + 4 + 1) << "hashed columns without weight are left out";
    EXPECT_TRUE(coefficients[1].starts_with("hashed ")) << coefficients[1];
}

TEST(Sparse, CoefficientsBesideHashedColumnsAreInTheUnitsOfTheData) {
    Workplace place;
    std::string text = "a,kind,y\n";
    for (int i = 0; i < 40; ++i) {
        const double a = 2000 + 10 * i;
        text += std::to_string(a) + "," + (i % 2 == 0 ? "p" : "q") + "," + std::to_string(3 * a + (i % 2 == 0 ? 500 : -500)) + "\n";
    }
    place.write("line.csv", text);
    trained(place, {"line.csv", "--target", "y", "--hash-bits", "10", "--batch-size", "full", "--optimizer", "sgd", "--lr", "0.5",
                    "--schedule", "constant", "--epochs", "400", "--precision", "float64"});
    const auto lines = split_lines(place.run({"inspect", "model.safetensors", "--coefficients"}).out);
    ASSERT_EQ(lines.size(), 1u + 3 + 1);
    const auto number_in = [](const std::string& line) { return std::stod(line.substr(line.find(',') + 1)); };
    EXPECT_TRUE(lines[1].starts_with("a,")) << lines[1];
    // Gradient descent on a quadratic: what is left of the way to 3 after 400 steps is far below a float32 unit of it.
    EXPECT_NEAR(number_in(lines[1]), 3, 3 * 0x1p-24);
    const auto predictions = column_of(place.run({"predict", "model.safetensors", "line.csv"}).out, 0);
    ASSERT_EQ(predictions.size(), 40u);
    for (std::size_t i = 0; i < 40; ++i) {
        const double wanted = 3 * (2000 + 10. * static_cast<double>(i)) + (i % 2 == 0 ? 500 : -500);
        EXPECT_NEAR(predictions[i], wanted, wanted * 0x1p-24);
    }
}

TEST(Sparse, AModelOfHashedTextIsNotExported) {
    Workplace place;
    place.write("shops.csv", "shop,y\nnorth,1\nsouth,0\nwest,1\nnorth,0\n");
    place.write("towns.csv", "shop,size,town,y\nnorth,1,Ulm,1\nsouth,2,Hof,0\nwest,3,Ulm,1\nnorth,4,Hof,0\n");
    place.write("a.vw", "1 |f red\n-1 |f blue\n1 |f red\n");
    const std::vector<std::pair<Words, std::string>> cases = {
        {{"shops.csv", "--target", "y", "--hash-bits", "6"}, "the model's text column \"shop\" is hashed"},
        {{"towns.csv", "--target", "y", "--hash-bits", "6"}, "the model's text columns \"shop\", \"town\" are hashed"},
        {{"a.vw"}, "the model's features are names that are hashed"}};
    for (const auto& [words, why] : cases) {
        trained(place, words);
        for (const char* out : {"model.onnx", "model.hpp"}) {
            const Ended ended = place.run({"export", "model.safetensors", out});
            EXPECT_EQ(ended.code, 2) << ended.err;
            EXPECT_NE(ended.err.find(out + (": " + why)), std::string::npos) << ended.err;
            EXPECT_FALSE(std::filesystem::exists(place.path(out)));
        }
    }
}

TEST(Sparse, AStoppedRunGoesOnToTheSameModel) {
    Workplace place;
    write_topics(place, "train.libsvm", 2000, false);
    const Words words = {"train", "train.libsvm", "--epochs",           "200", "--validation-fraction",
                         "0.1",   "--quiet",      "--checkpoint-every", "1",   "--run-dir"};
    auto undisturbed = words, stopped = words;
    undisturbed.push_back("undisturbed");
    stopped.push_back("run");
    ASSERT_EQ(place.run(undisturbed).code, 0);
    const std::string wanted = place.read("model.safetensors");
    for (const int signal : {SIGKILL, SIGINT}) {
        std::filesystem::remove_all(place.path("run"));
        std::filesystem::remove(place.path("model.safetensors"));
        const Ended ended = place.run_and_signal(stopped, signal, [&] { return place.names("run").size() > 2; });
        ASSERT_TRUE(signal == SIGKILL ? ended.signal == SIGKILL : ended.code == 128 + SIGINT) << ended.err;
        ASSERT_EQ(place.run({"train", "--resume", "run", "--quiet"}).code, 0);
        EXPECT_TRUE(place.read("model.safetensors") == wanted) << "the same bytes";
    }
}

TEST(Sparse, IsWrongUseOrBadDataWhereItCannotBeMeant) {
    Workplace place;
    write_points(place, "points.csv", 40);
    write_topics(place, "a.libsvm", 40, false);
    write_topics(place, "a.vw", 40, true);
    place.write("bad.vw", "1 |f a\n0 |f b:x\n");
    place.write("bad.libsvm", "1 1:1\n0 2:1 1:1\n");
    struct Case {
        Words words;
        int code;
        std::string says;
    };
    const Case cases[] = {
        {{"points.csv", "--target", "x0", "--hash-bits", "0"}, 2, "--hash-bits"},
        {{"points.csv", "--target", "x0", "--hash-bits", "31"}, 2, "--hash-bits"},
        {{"points.csv", "--target", "x0", "--hash-bits", "many"}, 2, "--hash-bits"},
        {{"points.csv", "--target", "y", "--hash-bits", "8"}, 2, "no feature column of text"},
        {{"points.csv", "--target", "y", "--sparse", "on"}, 2, "--sparse on is for libsvm, vw and hashed text"},
        {{"points.csv", "--target", "y", "--sparse", "maybe"}, 2, "--sparse"},
        {{"a.libsvm", "--hash-bits", "8"}, 2, "columns are numbered"},
        {{"a.vw", "--sparse", "off"}, 2, "hashed columns are sparse"},
        {{"a.vw", "--target", "0"}, 2, "carries its own targets"},
        {{"bad.vw"}, 3, "bad.vw, line 2, column 8"},
        {{"a.libsvm", "--format", "vw"}, 3, "a.libsvm, line 1, column 1: no '|' on the line"},
        {{"a.vw", "--format", "libsvm"}, 3, "a.vw, line 1, column 3"},
        {{"bad.libsvm", "--sparse", "on"}, 3, "bad.libsvm, line 2, column 7"},
    };
    for (const Case& use : cases) {
        Words words = use.words;
        words.insert(words.begin(), "train");
        const Ended ended = place.run(words);
        EXPECT_EQ(ended.code, use.code) << testing::PrintToString(use.words) << ended.err;
        EXPECT_NE(ended.err.find(use.says), std::string::npos) << ended.err;
        EXPECT_FALSE(place.has("model.safetensors"));
    }
}

TEST(Sparse, MoreFeaturesThanTheModelAreBadData) {
    Workplace place;
    write_topics(place, "a.libsvm", 200, false);
    place.write("more.libsvm", "1 1:1\n2 1:1 100000:1\n");
    EXPECT_EQ(trained(place, {"a.libsvm", "--epochs", "1"})["sparse"], true);
    const Ended ended = place.run({"evaluate", "model.safetensors", "more.libsvm"});
    EXPECT_EQ(ended.code, 3);
    EXPECT_NE(ended.err.find("more.libsvm, line 2, column 7: feature index 100000, but the model has"), std::string::npos) << ended.err;
}

}  // namespace
}  // namespace glissade::test
