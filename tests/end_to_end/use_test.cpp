// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>

#include "tests/end_to_end/program.hpp"
#include "tests/end_to_end/small_tables.hpp"

/// Wrong use, help, and exit codes.
namespace glissade::test {
namespace {

using Words = Workplace::Words;

TEST(Program, SaysItsVersion) {
    const Ended ended = Workplace().run({"--version"});
    EXPECT_EQ(ended.code, 0);
    EXPECT_TRUE(ended.out.starts_with("glissade ")) << ended.out;
}

TEST(Program, HelpGoesToStdoutAndIsNoError) {
    Workplace place;
    for (const Words& words : {Words{"--help"}, Words{"train", "--help"}, Words{"predict", "-h"}, Words{"evaluate", "--help"},
                               Words{"inspect", "--help"}, Words{"plan", "--help"}, Words{"bench", "--help"}}) {
        const Ended ended = place.run(words);
        EXPECT_EQ(ended.code, 0) << words.front();
        EXPECT_NE(ended.out.find("glissade"), std::string::npos);
        EXPECT_NE(ended.out.find("Examples"), std::string::npos);
        EXPECT_EQ(ended.err, "");
    }
}

TEST(Program, HelpThatCannotBeWrittenIsAFailure) {
    for (const char* words :
         {"--help", "train --help", "predict --help", "evaluate --help", "inspect --help", "plan --help", "--version"}) {
        const std::string command = std::string(GLISSADE_PROGRAM) + " " + words + " > /dev/full 2> /dev/null";
        const int status = std::system(command.c_str());
        ASSERT_TRUE(WIFEXITED(status));
        EXPECT_EQ(WEXITSTATUS(status), 1) << words;
    }
}

TEST(Program, HelpOfTrainNamesTheDefaultsAndEveryRulesSettings) {
    const std::string help = Workplace().run({"train", "--help"}).out;
    for (const char* word : {"--lr", "--learning-rate", "--early-stopping", "--labels", "--momentum", "--nesterov", "--beta1", "--rho",
                             "--amsgrad", "--delta", "TEXT=cosine", "N|full=256", "N=20", "NAME=adam"}) {
        EXPECT_NE(help.find(word), std::string::npos) << word;
    }
}

TEST(Program, HelpOfPlanIsItsOwn) {
    const Workplace place;
    const std::string plan = place.run({"plan", "--help"}).out, train = place.run({"train", "--help"}).out;
    EXPECT_NE(plan.find("runs nothing"), std::string::npos) << plan;
    EXPECT_EQ(plan.find("Trains a model"), std::string::npos);
    EXPECT_EQ(plan.find("  glissade train "), std::string::npos) << "an example of train";
    for (const char* flag : {"  --run-dir ", "--checkpoint-every ", "--overwrite ", "--save-config "}) {
        EXPECT_EQ(plan.find(flag), std::string::npos) << flag;
        EXPECT_NE(train.find(flag), std::string::npos) << flag;
    }
    EXPECT_NE(plan.find("--epochs"), std::string::npos);
    EXPECT_NE(place.run({"plan"}).err.find("glissade plan DATA"), std::string::npos);
}

struct Misuse {
    std::string name;
    Words words;
    std::string says;  ///< in the message
};

class Misused : public testing::TestWithParam<Misuse> {};

TEST_P(Misused, EndsWithTwoAndSaysWhatIsMeant) {
    Workplace place;
    write_points(place, "points.csv", 40);
    const Ended ended = place.run(GetParam().words);
    EXPECT_EQ(ended.code, 2) << ended.err;
    EXPECT_NE(ended.err.find(GetParam().says), std::string::npos) << ended.err;
    EXPECT_EQ(ended.out, "");
    EXPECT_FALSE(place.has("model.safetensors"));
}

Words train_with(const Words& more) {
    Words words = {"train", "points.csv", "--target", "y"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

INSTANTIATE_TEST_SUITE_P(
    Uses, Misused,
    testing::Values(Misuse{"NoVerb", {}, "verb"}, Misuse{"UnknownVerb", {"trian"}, "'train'"},
                    Misuse{"VerbOfALaterVersion", {"sweep"}, "not part of this version"},
                    Misuse{"UnknownFlag", train_with({"--epoch", "3"}), "--epochs"},
                    Misuse{"UnknownFlagWithValue", train_with({"--bacth-size=3"}), "--batch-size"},
                    Misuse{"UnknownLoss", train_with({"--loss", "squard"}), "'squared'"},
                    Misuse{"UnknownOptimizer", train_with({"--optimizer", "adma"}), "'adam'"},
                    Misuse{"UnknownSchedule", train_with({"--schedule", "cosin"}), "'cosine'"},
                    Misuse{"UnknownShuffle", train_with({"--shuffle", "ful"}), "'full'"},
                    Misuse{"UnknownTask", train_with({"--task", "classifcation"}), "'classification'"},
                    Misuse{"UnknownDevice", train_with({"--device", "gpu"}), "cuda"},
                    Misuse{"StorageOfALaterVersion", train_with({"--storage", "int8"}), "reserved for a later version"},
                    Misuse{"UnknownPrecision", train_with({"--precision", "flaot64"}), "'float64'"},
                    Misuse{"PrecisionThatNeverMeansAnything", train_with({"--precision", "foo"}),
                           "There are: float32, float64, tf32, bfloat16\n"},
                    Misuse{"CompatOfAnUnknownWord", train_with({"--compat", "kears"}), "did you mean 'keras'?"},
                    Misuse{"RuleThatKerasHasInAnotherForm", train_with({"--compat", "keras", "--optimizer", "nadam"}), "in another form"},
                    Misuse{"UnknownCompat", train_with({"--compat", "pytroch"}), "'torch'"},
                    Misuse{"ValidationTargetsAlone", train_with({"--validation-target-file", "y.npy"}), "--validation"},
                    Misuse{"SettingOfAnotherRule", train_with({"--momentum", "0.9"}), "sgd"},
                    Misuse{"SettingOfAnotherLoss", train_with({"--delta", "2"}), "huber"},
                    Misuse{"SettingOutOfRange", train_with({"--beta1", "1.5"}), "beta1"},
                    Misuse{"RateIsNoNumber", train_with({"--lr", "fast"}), "--lr"},
                    Misuse{"EpochsIsNoNumber", train_with({"--epochs", "many"}), "epochs"},
                    Misuse{"NoEpochs", train_with({"--epochs", "0"}), "epochs"},
                    Misuse{"BatchOfNone", train_with({"--batch-size", "0"}), "--batch-size"},
                    Misuse{"TwoDecays", train_with({"--l2", "1e-3", "--weight-decay", "1e-3"}), "--weight-decay"},
                    Misuse{"DecayOfTheRuleItself", train_with({"--l2", "1e-3", "--optimizer", "adamw"}), "--weight-decay 0"},
                    Misuse{"ClassWeight", train_with({"--class-weight", "balance"}), "'balanced'"}, Misuse{"NoData", {"train"}, "DATA"},
                    Misuse{"TwoFiles", train_with({"more.csv"}), "more.csv"}, Misuse{"NoTarget", {"train", "points.csv"}, "--target"},
                    Misuse{"NoSuchTarget", {"train", "points.csv", "--target", "z"}, "x1"},
                    Misuse{"Memory", train_with({"--memory-limit", "much"}), "--memory-limit"},
                    Misuse{"MapLabel", train_with({"--map-label", "a"}), "OLD=NEW"},
                    Misuse{"OverwriteOfNothing", train_with({"--overwrite"}), "--run-dir"},
                    Misuse{"CheckpointEvery", train_with({"--checkpoint-every", "5weeks"}), "epochs"},
                    Misuse{"TwoValidations", train_with({"--validation", "points.csv", "--validation-fraction", ".5"}), "--validation"},
                    Misuse{"PredictWithoutData", {"predict", "model.safetensors"}, "DATA"}, Misuse{"InspectNothing", {"inspect"}, "FILE"},
                    Misuse{"FlagGivenTwice", train_with({"--epochs", "1", "--epochs", "2"}), "--epochs"}),
    [](const auto& use) { return use.param.name; });

class BadNumber : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(BadNumber, IsRefusedAndTheFlagAndWhatItWantsAreNamed) {
    const auto [flag, value] = GetParam();
    Workplace place;
    write_points(place, "points.csv", 40);
    const Ended ended = place.run(train_with({std::string(flag) + "=" + value}));
    EXPECT_EQ(ended.code, 2) << ended.err;
    EXPECT_NE(ended.err.find(std::string(flag) + " wants a"), std::string::npos) << ended.err;
    EXPECT_NE(ended.err.find(std::string("not \"") + value + "\""), std::string::npos) << ended.err;
    EXPECT_FALSE(place.has("model.safetensors"));
}

std::vector<std::pair<const char*, const char*>> bad_numbers() {
    std::vector<std::pair<const char*, const char*>> all;
    constexpr const char* huge = "99999999999999999999";
    for (const char* flag : {"--seed", "--epochs", "--batch-size", "--max-steps", "--patience", "--threads"}) {
        for (const char* value : {"-1", huge, "1e3", "2.5", "x", "nan", "1 "}) all.emplace_back(flag, value);
    }
    all.emplace_back("--threads", "4294967297");  // 1, if it wrapped
    for (const char* flag : {"--l1", "--l2", "--clip-norm", "--clip-value", "--max-seconds", "--tol", "--validation-fraction"}) {
        for (const char* value : {"inf", "nan", "-inf", "1e999", "-1", "x"}) all.emplace_back(flag, value);
    }
    for (const char* flag : {"--l1", "--clip-norm", "--folds"}) all.emplace_back(flag, "1,5");
    for (const char* flag : {"--lr", "--beta1", "--weight-decay"}) {
        for (const char* value : {"inf", "nan", "1e999"}) all.emplace_back(flag, value);
    }
    return all;
}

INSTANTIATE_TEST_SUITE_P(Numbers, BadNumber, testing::ValuesIn(bad_numbers()),
                         [](const auto& use) { return "Case" + std::to_string(use.index); });

TEST(Program, TheLargestSeedIsASeed) {
    Workplace place;
    write_points(place, "points.csv", 40);
    EXPECT_EQ(place.run(train_with({"--seed", "18446744073709551615"})).code, 0);
    EXPECT_EQ(place.run(train_with({"--seed", "18446744073709551616"})).code, 2);
}

TEST(Program, ATableWithoutATargetIsShownWithItsFirstRows) {
    Workplace place;
    write_points(place, "points.csv", 40);
    const Ended ended = place.run({"train", "points.csv"});
    EXPECT_EQ(ended.code, 2);
    for (const char* word : {"x0", "x1", "y", "0", "1", "2"}) EXPECT_NE(ended.err.find(word), std::string::npos) << ended.err;
}

TEST(Program, BadDataEndsWithThreeAndNamesLineAndColumn) {
    Workplace place;
    place.write("bad.csv", "x,y\n1,2\n3,4\n5,nan\n7,8\n");
    const Ended ended = place.run({"train", "bad.csv", "--target", "y"});
    EXPECT_EQ(ended.code, 3) << ended.err;
    EXPECT_NE(ended.err.find("bad.csv"), std::string::npos);
    EXPECT_NE(ended.err.find("line 4"), std::string::npos) << ended.err;
    EXPECT_NE(ended.err.find("column 2"), std::string::npos) << ended.err;
    EXPECT_FALSE(place.has("model.safetensors"));
}

TEST(Program, MissingCellsAreCountedAndTheFlagIsNamed) {
    Workplace place;
    place.write("gaps.csv", "x,y\n1,2.5\n,4.5\n5,6.5\n,8.5\n");
    const Ended ended = place.run({"train", "gaps.csv", "--target", "y"});
    EXPECT_EQ(ended.code, 3) << ended.err;
    EXPECT_NE(ended.err.find("--missing"), std::string::npos) << ended.err;
    EXPECT_NE(ended.err.find("2"), std::string::npos) << ended.err;
}

TEST(Program, AMistypedIndexDoesNotTakeTheMachinesMemory) {
    Workplace place;
    place.write("wide.svm", "1 1:1\n0 2000000000:1\n");
    for (const Words& words :
         {Words{"train", "wide.svm"}, Words{"train", "wide.svm", "--memory-limit", "1G"}, Words{"train", "wide.svm", "--sparse", "on"}}) {
        const Ended ended = place.run(words);
        EXPECT_EQ(ended.code, 1) << ended.err;
        EXPECT_NE(ended.err.find("line 2: feature index 2000000000"), std::string::npos) << ended.err;
        EXPECT_NE(ended.err.find("29.8 GiB"), std::string::npos) << ended.err;
        EXPECT_NE(ended.err.find("--memory-limit"), std::string::npos) << ended.err;
    }
}

TEST(Program, AFileThatIsNotThereFailsWithOne) {
    const Ended ended = Workplace().run({"train", "nowhere.csv", "--target", "y"});
    EXPECT_EQ(ended.code, 1) << ended.err;
    EXPECT_NE(ended.err.find("nowhere.csv"), std::string::npos);
}

TEST(Program, ADivergingRunEndsWithFourAndWritesNoModel) {
    Workplace place;
    write_line(place, "line.csv", 200);
    const Ended ended = place.run(
        {"train", "line.csv", "--target", "y", "--optimizer", "sgd", "--lr", "1000", "--schedule", "constant", "--epochs", "400"});
    EXPECT_EQ(ended.code, 4) << ended.err;
    EXPECT_NE(ended.err.find("step"), std::string::npos) << ended.err;
    EXPECT_FALSE(place.has("model.safetensors"));
}

TEST(Program, CudaAskedForByNameSaysWhatIsMissing) {
    Workplace place;
    write_points(place, "points.csv", 40);
    const Ended ended = place.run({"train", "points.csv", "--target", "y", "--device", "cuda"});
    if (ended.code == 0) GTEST_SKIP() << "this machine has a usable GPU";
    EXPECT_EQ(ended.code, 1);
    // What is missing differs: this build has no CUDA, there is no driver, or no card.
    const std::string beginning = "error: device cuda cannot be used: ";
    const auto found = ended.err.find(beginning);
    ASSERT_NE(found, std::string::npos) << ended.err;
    EXPECT_GT(ended.err.size(), found + beginning.size() + 10) << ended.err;
    EXPECT_FALSE(place.has("model.safetensors"));
}

}  // namespace
}  // namespace glissade::test
