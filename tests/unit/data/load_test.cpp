// SPDX-License-Identifier: Apache-2.0
#include "host/data/load.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "data_files.hpp"

namespace glissade {
namespace {

using testing::DataFiles;
using testing::raw_options;
using testing::row_of;
using testing::targets_of;

using Labels = std::vector<std::string>;

TEST(Load, AsksForATargetWithTheFirstRowsNamesAndIndices) {
    const DataFiles files;
    const std::string path = files.write("t.csv", "age,job\n30,cook\n40,smith\n50,clerk\n60,cook\n");
    EXPECT_ERROR(ErrorKind::usage, "0  age  : 30, 40, 50\n  1  job  : cook, smith, clerk", load_training(path, {}));
    EXPECT_ERROR(ErrorKind::usage, "no column \"wage\" (--target)", load_training(path, raw_options("wage")));
    EXPECT_ERROR(ErrorKind::usage, "no column \"2\"", load_training(path, raw_options("2")));
    EXPECT_ERROR(ErrorKind::usage, "no column \"-3\"", load_training(path, raw_options("-3")));
}

TEST(Load, FindsColumnsByNameIndexAndIndexFromTheEnd) {
    const DataFiles files;
    const std::string path = files.write("t.csv", "a,y,b\n1,0,2\n3,1,4\n");
    for (const char* target : {"y", "1", "-2"}) {
        const auto data = load_training(path, raw_options(target));
        EXPECT_EQ(row_of(data.train, 1), (std::vector<float>{3, 4})) << target;
        EXPECT_EQ(data.contract.preparation.target_names, std::vector<std::string>{"y"});
        EXPECT_EQ(data.train.feature_names, (Labels{"a", "b"}));
    }
}

TEST(Load, KeepsAndDropsColumns) {
    const DataFiles files;
    const std::string path = files.write("t.csv", "a,b,c,y,w\n1,2,3,0,1\n4,5,6,1,2\n");
    LoadOptions options = raw_options("y");
    options.weight = "w";
    options.drop_columns = {"b"};
    auto data = load_training(path, options);
    EXPECT_EQ(row_of(data.train, 1), (std::vector<float>{4, 6}));
    EXPECT_EQ(data.train.weights<float>()[1], 2.0f);
    options.drop_columns.clear();
    options.columns = {"c", "0"};
    EXPECT_EQ(row_of(load_training(path, options).train, 1), (std::vector<float>{4, 6}));
    options.columns = {"y"};
    EXPECT_ERROR(ErrorKind::usage, "no feature columns are left", load_training(path, options));
}

TEST(Load, DoesNotReadDroppedColumns) {
    const DataFiles files;
    LoadOptions options = raw_options("y");
    const std::string path = files.write("t.csv", "a,id,y\n1,7,0\n2,8,1\n3,x,1\n");
    EXPECT_ERROR(ErrorKind::data, "\"x\"", load_training(path, options));
    options.drop_columns = {"id"};
    EXPECT_EQ(load_training(path, options).train.columns(), 1);
}

TEST(Load, ReadsTargetsAndWeightsFromFilesOfTheirOwn) {
    const DataFiles files;
    const std::string path = files.write("x.csv", "1,2\n3,4\n5,6\n");
    LoadOptions options = raw_options("");
    options.target.reset();
    options.target_file = files.write("y.csv", "label\nno\nyes\nno\n");
    options.weight_file = files.write("w.csv", "1\n2\n0\n");
    const auto data = load_training(path, options);
    EXPECT_EQ(data.contract.class_labels, (Labels{"no", "yes"}));
    EXPECT_EQ(targets_of(data.train), (std::vector<float>{0, 1, 0}));
    EXPECT_EQ(data.train.weights<float>()[1], 2.0f);
    options.target_file = files.write("short.csv", "no\nyes\n");
    EXPECT_ERROR(ErrorKind::data, "rows", load_training(path, options));
}

TEST(Load, ReadsSeveralRegressionTargetsFromAFile) {
    const DataFiles files;
    LoadOptions options;
    options.target_file = files.write("y.csv", "u,v\n1,10\n2,20\n3,60\n");
    const auto data = load_training(files.write("x.csv", "1\n2\n4\n"), options);
    EXPECT_EQ(data.train.target_count(), 2);
    EXPECT_EQ(data.contract.task, Task::regression);
    EXPECT_EQ(data.contract.target_shift, (std::vector<double>{2, 30}));
    for (std::size_t i = 0; i < 6; ++i) {
        const double back = data.train.targets<float>()[i] * data.contract.target_scale[i % 2] + data.contract.target_shift[i % 2];
        const double expected[] = {1, 10, 2, 20, 3, 60};
        EXPECT_LE(std::abs(back - expected[i]), 60 * 1.2e-7) << i;  // one rounding to float32 of at most 60 / deviation
    }
}

struct TaskCase {
    std::string targets;
    Task task;
    Labels labels;
};

TEST(Load, DecidesTheTaskFromTheTargets) {
    const DataFiles files;
    std::string twenty, twenty_one;
    for (int i = 0; i < 42; ++i) {
        twenty += std::to_string(i % 20) + "\n";
        twenty_one += std::to_string(i % 21) + "\n";
    }
    const auto load = [&](const std::string& targets, std::optional<Task> asked) {
        const auto rows = std::count(targets.begin(), targets.end(), '\n');
        std::string x;
        for (int i = 0; i < rows; ++i) x += std::to_string(i) + "\n";
        LoadOptions options;
        options.task = asked;
        options.header = HeaderMode::no;
        options.target_file = files.write("y.csv", targets);
        return load_training(files.write("x.csv", x), options);
    };
    const TaskCase cases[] = {
        {"1\n-1\n1\n", Task::classification, {"-1", "1"}},
        {"10\n9\n10\n", Task::classification, {"9", "10"}},
        {"+1\n-1\n+1\n", Task::classification, {"-1", "+1"}},
        {"1.0\n0.0\n1.0\n", Task::classification, {"0.0", "1.0"}},
        {"0.5\n1\n2\n", Task::regression, {}},
        {twenty_one, Task::regression, {}},
        {"b\na\nb\n", Task::classification, {"a", "b"}},
        {"10x\n9x\n", Task::classification, {"10x", "9x"}},
        {"False\nTrue\nTrue\n", Task::classification, {"False", "True"}},
    };
    for (const TaskCase& one : cases) {
        const auto data = load(one.targets, {});
        EXPECT_EQ(data.contract.task, one.task) << one.targets;
        EXPECT_EQ(data.contract.class_labels, one.labels) << one.targets;
        EXPECT_EQ(data.train.task, one.task);
    }
    EXPECT_EQ(load(twenty, {}).contract.class_labels.size(), 20u);
    EXPECT_EQ(load(twenty_one, Task::classification).contract.class_labels.size(), 21u);
    EXPECT_EQ(load("1\n0\n1\n", Task::regression).contract.task, Task::regression);
    EXPECT_ERROR(ErrorKind::data, "line 2, column 1: the label 0.5 is a fraction", load("1\n0.5\n1\n", Task::classification));
    EXPECT_ERROR(ErrorKind::data, "all rows have the class \"3\"", load("3\n3\n", {}));
    EXPECT_ERROR(ErrorKind::data, "all rows have the class \"x\"", load("x\nx\n", {}));
    EXPECT_ERROR(ErrorKind::data, "line 1, column 1: the target \"a\" is not a number", load("a\nb\n", Task::regression));
}

TEST(Load, RenamesLabels) {
    const DataFiles files;
    LoadOptions options = raw_options("y");
    const std::string path = files.write("t.csv", "x,y\n1,yes.\n2,no\n3,yes\n4,no.\n");
    options.map_label = {{"yes.", "yes"}, {"no.", "no"}};
    const auto data = load_training(path, options);
    EXPECT_EQ(data.contract.class_labels, (Labels{"no", "yes"}));
    EXPECT_EQ(targets_of(data.train), (std::vector<float>{1, 0, 1, 0}));
    options.map_label = {{"yes.", "1"}, {"yes", "1"}, {"no", "0"}, {"no.", "0"}};
    EXPECT_EQ(load_training(path, options).contract.class_labels, (Labels{"0", "1"}));
    options.map_label = {{"2", "many"}, {"3", "many"}};
    EXPECT_EQ(load_training(files.write("n.csv", "x,y\n1,1\n2,2\n3,3\n"), options).contract.class_labels, (Labels{"1", "many"}));
}

TEST(Load, StandardisesRealColumnsAndNothingElse) {
    const DataFiles files;
    LoadOptions options;
    options.target = "y";
    const auto data = load_training(files.write("t.csv", "real,bit,word,same,y\n1,0,p,7,0\n3,1,q,7,1\n5,1,p,7,0\n7,0,q,7,1\n"), options);
    const double deviation = std::sqrt(5.0);
    EXPECT_EQ(data.contract.input.scale, (std::vector<double>{1 / deviation, 1, 1, 1, 1}));
    EXPECT_EQ(data.contract.input.shift, (std::vector<double>{-4 * (1 / deviation), 0, 0, 0, -7}));
    const std::vector<float> expected = {static_cast<float>(1 / deviation - 4 * (1 / deviation)), 0, 1, 0, 0};
    EXPECT_EQ(row_of(data.train, 0), expected);
    EXPECT_EQ(data.train.feature_names, (Labels{"real", "bit", "word=p", "word=q", "same"}));
    options.standardize = Toggle::off;
    const auto raw = load_training(files.path("t.csv"), options);
    EXPECT_TRUE(raw.contract.input.empty());
    EXPECT_EQ(row_of(raw.train, 3), (std::vector<float>{7, 0, 0, 1, 7}));
    options.standardize = Toggle::on;
    const auto all = load_training(files.path("t.csv"), options);
    EXPECT_EQ(all.contract.input.scale[1], 2.0);
    EXPECT_EQ(row_of(all.train, 1), (std::vector<float>{static_cast<float>(3 / deviation - 4 * (1 / deviation)), 1, -1, 1, 0}));
}

TEST(Load, StandardisesTargetsOfRegressionOnRequest) {
    const DataFiles files;
    LoadOptions options;
    options.target = "y";
    const std::string path = files.write("t.csv", "x,y\n1,10.5\n2,20.5\n3,30.5\n");
    const auto data = load_training(path, options);
    EXPECT_EQ(data.contract.target_shift, (std::vector<double>{20.5}));
    EXPECT_EQ(data.contract.target_scale[0], std::sqrt(200.0 / 3));
    EXPECT_EQ(targets_of(data.train)[1], 0.0f);
    options.loss_standardizes_target = false;
    EXPECT_EQ(targets_of(load_training(path, options).train), (std::vector<float>{10.5, 20.5, 30.5}));
    options.standardize_target = Toggle::on;
    EXPECT_EQ(load_training(path, options).contract.target_shift, (std::vector<double>{20.5}));
    options.standardize_target = Toggle::off;
    options.loss_standardizes_target = true;
    EXPECT_EQ(load_training(path, options).contract.target_scale, (std::vector<double>{1}));
}

TEST(Load, RefusesATextColumnOfTooManyWords) {
    const DataFiles files;
    for (const int words : {1000, 1001}) {
        std::string text = "id,y\n";
        for (int i = 0; i < words; ++i) text += "w" + std::to_string(i) + "," + std::to_string(i % 2) + "\n";
        const std::string path = files.write("t.csv", text);
        if (words == 1000) {
            EXPECT_EQ(load_training(path, raw_options("y")).train.columns(), 1000);
        } else {
            EXPECT_ERROR(ErrorKind::data, "column \"id\" has 1001 different words", load_training(path, raw_options("y")));
        }
    }
}

TEST(Load, GivesTheSameDataSetOnAnyNumberOfThreads) {
    const DataFiles files;
    std::string text = "a,b,word,y\n";
    for (int i = 0; i < 150000; ++i) {
        text += std::to_string(i * 0.37) + "," + (i % 11 == 0 ? "" : std::to_string(std::sin(i))) + ",w" + std::to_string(i * 7 % 13) +
                "," + std::to_string(i % 3) + "\n";
    }
    const std::string path = files.write("t.csv", text);
    LoadOptions options;
    options.target = "y";
    options.missing = MissingPolicy::indicator;
    options.validation_fraction = 0.1;
    const auto one = load_training(path, options);
    for (const int threads : {2, 7}) {
        options.threads = threads;
        const auto many = load_training(path, options);
        EXPECT_EQ(many.fingerprint, one.fingerprint);
        EXPECT_EQ(many.contract.input.scale, one.contract.input.scale);
        EXPECT_EQ(many.notes, one.notes);
    }
}

TEST(Load, FingerprintSeesEveryChange) {
    const DataFiles files;
    LoadOptions options = raw_options("y");
    options.weight = "w";
    const std::string base = "a,b,y,w\n1,2,0,1\n3,4,1,1\n";
    std::set<std::string> seen = {load_training(files.write("t.csv", base), options).fingerprint};
    EXPECT_EQ(load_training(files.write("same.csv", base), options).fingerprint, *seen.begin());
    for (const char* other :
         {"a,b,y,w\n1,2,0,1\n3,5,1,1\n", "a,b,y,w\n1,2,0,1\n3,4,1,2\n", "a,b,y,w\n1,2,1,1\n3,4,0,1\n", "a,c,y,w\n1,2,0,1\n3,4,1,1\n",
          "a,b,y,w\n3,4,1,1\n1,2,0,1\n", "a,b,y,w\n1,2,0,1\n3,4,1,1\n3,4,1,1\n", "a,b,y,w\n1,2,x,1\n3,4,y,1\n"}) {
        EXPECT_TRUE(seen.insert(load_training(files.write("t.csv", other), options).fingerprint).second) << other;
    }
    options.real_type = RealType::float64;
    EXPECT_TRUE(seen.insert(load_training(files.write("t.csv", base), options).fingerprint).second);
}

TEST(Load, RefusesContradictingFlagsAndUnknownFormats) {
    const DataFiles files;
    const std::string path = files.write("t.csv", "x,y\n1,0\n2,1\n");
    LoadOptions options = raw_options("y");
    options.target_file = path;
    EXPECT_ERROR(ErrorKind::usage, "--target and --target-file", load_training(path, options));
    options = raw_options("y");
    options.format = "parquet";
    EXPECT_ERROR(ErrorKind::usage, "unknown format \"parquet\"; the formats are npy, idx, libsvm, vw, csv", load_training(path, options));
    options = raw_options("y");
    options.weight = "y";
    EXPECT_ERROR(ErrorKind::usage, "the same column", load_training(path, options));
    EXPECT_ERROR(ErrorKind::data, "format is not known", load_training(files.write("blob", std::string("\1\2\0\3\4", 5)), {}));
}

TEST(Load, RefusesDataBeyondTheMemoryLimitBeforeItIsAllocated) {
    const DataFiles files;
    LoadOptions options;
    options.memory_limit_bytes = 1 << 20;
    options.target_file = files.write("y-idx", testing::idx_of<std::uint8_t>('\x08', {1000}, std::vector<std::uint8_t>(1000, 1)));
    const std::string path =
        files.write("x-idx", testing::idx_of<std::uint8_t>('\x08', {1000, 1000}, std::vector<std::uint8_t>(1000000, 7)));
    options.task = Task::regression;
    EXPECT_ERROR(ErrorKind::memory, "1000 rows by 1000 columns as a dense matrix needs 3.9 MiB; the memory limit is 1.0 MiB",
                 load_training(path, options));
}

}  // namespace
}  // namespace glissade
