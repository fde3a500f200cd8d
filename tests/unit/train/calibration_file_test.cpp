// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "glissade/error.hpp"
#include "host/train/calibration_file.hpp"
#include "host/train/run_plan.hpp"
#include "tests/support/error_of.hpp"
#include "tests/unit/persistence/scratch_directory.hpp"
#include "tests/unit/train/problems.hpp"

namespace glissade::testing {
namespace {

CardMeasures card_named(const std::string& name, double read) {
    CardMeasures card;
    card.name = name;
    card.read_bytes_per_second = read;
    return card;
}

nlohmann::json text_of(const std::string& path) {
    std::ifstream file(path);
    return nlohmann::json::parse(file);
}
void rewrite(const std::string& path, const nlohmann::json& json) {
    std::ofstream(path) << json;
}

TEST(CalibrationFile, ComesBackAsItWasSaved) {
    const test::ScratchDirectory place;
    const std::string path = place.file("deep/er/calibration.json");
    Calibration saved;
    saved.cpu.emplace();
    saved.cpu->value = 1.0 / 3;
    saved.cards = {card_named("made up", 1e12)};
    saved.cards[0].graph_node_seconds = 1e-6;
    saved.cards[0].cluster_grid_barrier_seconds = 2e-6;
    saved.cards[0].scattered_adds_per_second = 3e9;
    saved.cards[0].adds_to_one_per_second = 4e9;
    save_calibration(path, saved);
    const Calibration loaded = load_calibration(path);
    ASSERT_TRUE(loaded.cpu);
    EXPECT_EQ(loaded.cpu->value, 1.0 / 3);
    EXPECT_EQ(loaded.cpu->barrier, CpuRates().barrier);
    ASSERT_TRUE(loaded.card("made up"));
    EXPECT_EQ(loaded.card("made up")->read_bytes_per_second, 1e12);
    EXPECT_EQ(loaded.card("made up")->graph_node_seconds, 1e-6);
    EXPECT_EQ(loaded.card("made up")->cluster_grid_barrier_seconds, 2e-6);
    EXPECT_EQ(loaded.card("made up")->scattered_adds_per_second, 3e9);
    EXPECT_EQ(loaded.card("made up")->adds_to_one_per_second, 4e9);
    EXPECT_EQ(loaded.card("another"), nullptr);
}

TEST(CalibrationFile, OfAnOlderVersionThatMeasuredLessIsStillRead) {
    const test::ScratchDirectory place;
    const std::string path = place.file("calibration.json");
    const std::pair<const char*, double CardMeasures::*> later[] = {
        {"graph_node_seconds", &CardMeasures::graph_node_seconds},
        {"cluster_grid_barrier_seconds", &CardMeasures::cluster_grid_barrier_seconds},
        {"scattered_adds_per_second", &CardMeasures::scattered_adds_per_second},
        {"adds_to_one_per_second", &CardMeasures::adds_to_one_per_second}};
    Calibration saved;
    saved.cards = {card_named("one", 5)};
    for (const auto& [name, member] : later) saved.cards[0].*member = 7;
    for (const auto& [missing, its_member] : later) {
        save_calibration(path, saved);
        nlohmann::json text = text_of(path);
        ASSERT_EQ(text["cards"][0].erase(missing), 1u) << missing;
        rewrite(path, text);
        const Calibration loaded = load_calibration(path);
        for (const auto& [name, member] : later) EXPECT_EQ(loaded.card("one")->*member, name == missing ? 0 : 7) << name << ", " << missing;
        EXPECT_EQ(loaded.card("one")->read_bytes_per_second, 5);
    }
}

TEST(CalibrationFile, KeepsWhatIsNotMeasuredAnew) {
    const test::ScratchDirectory place;
    const std::string path = place.file("calibration.json");
    Calibration first, second;
    first.cpu.emplace();
    first.cards = {card_named("one", 1), card_named("two", 2)};
    second.cards = {card_named("two", 3)};
    save_calibration(path, first);
    save_calibration(path, second);
    const Calibration both = load_calibration(path);
    EXPECT_TRUE(both.cpu);
    EXPECT_EQ(both.card("one")->read_bytes_per_second, 1);
    EXPECT_EQ(both.card("two")->read_bytes_per_second, 3);
}

TEST(CalibrationFile, OfAnotherProcessorSaysNothingOfThisOne) {
    const test::ScratchDirectory place;
    const std::string path = place.file("calibration.json");
    Calibration saved;
    saved.cpu.emplace();
    save_calibration(path, saved);
    nlohmann::json text = text_of(path);
    text["cpu"]["processor"] = "another";
    rewrite(path, text);
    EXPECT_FALSE(load_calibration(path).cpu);
}

TEST(CalibrationFile, ThatIsMissingIsNoErrorAndOneThatIsDamagedIs) {
    const test::ScratchDirectory place;
    const std::string path = place.file("calibration.json");
    EXPECT_FALSE(load_calibration(path).cpu);
    EXPECT_FALSE(load_calibration("").cpu);
    Calibration saved;
    saved.cards = {card_named("one", 1)};
    for (const char* damage : {"format", "version", "name", "nothing", "negative", "later", "text"}) {
        save_calibration(path, saved);
        nlohmann::json text = text_of(path);
        if (std::string(damage) == "format") text["format"] = "other";
        if (std::string(damage) == "version") text["version"] = 99;
        if (std::string(damage) == "name") text["cards"][0].erase("name");
        if (std::string(damage) == "nothing") text["cards"][0].erase("launch_seconds");
        if (std::string(damage) == "negative") text["cards"][0]["launch_seconds"] = -1;
        if (std::string(damage) == "later") text["cards"][0]["adds_to_one_per_second"] = -1;
        rewrite(path, text);
        if (std::string(damage) == "text") std::ofstream(path) << "{";
        const auto error = error_of([&] { (void)load_calibration(path); });
        ASSERT_TRUE(error) << damage;
        EXPECT_EQ(error->kind(), ErrorKind::data);
        EXPECT_NE(std::string(error->what()).find(path), std::string::npos) << error->what();
    }
}

/// XDG_CACHE_HOME for the length of a test.
class CacheFolder {
public:
    explicit CacheFolder(const std::string& path) {
        if (const char* before = std::getenv("XDG_CACHE_HOME")) before_ = before;
        setenv("XDG_CACHE_HOME", path.c_str(), 1);
    }
    CacheFolder(const CacheFolder&) = delete;
    ~CacheFolder() { before_ ? setenv("XDG_CACHE_HOME", before_->c_str(), 1) : unsetenv("XDG_CACHE_HOME"); }

private:
    std::optional<std::string> before_;
};

TEST(CalibrationFile, DecidesWhatAPlanPredictsAndNothingElse) {
    const test::ScratchDirectory place;
    const CacheFolder folder(place.path());
    const RandomProblem<float> rows(200, 4, 2, 1);
    const Dataset data = rows.dataset();
    TrainOptions options;
    options.device = "cpu";
    options.epochs = 2;
    const RunPlan usual = plan_run(data, options);
    const auto before = train(data, options);
    Calibration slow;
    slow.cpu.emplace();
    slow.cpu->step = 1;
    save_calibration(calibration_path(), slow);
    EXPECT_LT(usual.step.seconds, 1);
    EXPECT_GT(plan_run(data, options).step.seconds, 1);
    EXPECT_EQ(train(data, options).model.parameters, before.model.parameters);

    std::ofstream(calibration_path()) << "damaged";
    const RunPlan without = plan_run(data, options);
    EXPECT_LT(without.step.seconds, 1);
    EXPECT_NE(without.text.find("not calibrated: " + calibration_path()), std::string::npos) << without.text;
    EXPECT_EQ(train(data, options).model.parameters, before.model.parameters);
}

}  // namespace
}  // namespace glissade::testing
