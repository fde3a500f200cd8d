// SPDX-License-Identifier: Apache-2.0
// What is learnt from a file is learnt from the rows trained on: held-out rows and dropped ones leave no trace in the preparation.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "data_files.hpp"
#include "host/data/split.hpp"

namespace glissade::training_rows_test {
namespace {

using testing::DataFiles;
using testing::raw_options;
using testing::row_of;

using Labels = std::vector<std::string>;

constexpr std::int64_t rows = 40;

LoadOptions holding_out() {
    LoadOptions options = raw_options("y");
    options.validation_fraction = 0.25;
    options.seed = 5;
    return options;
}

/// A table of columns a, c and y whose held-out rows have `a` and `c` in the first two, and the others a number and p or q.
std::string table_with(const std::string& a, const std::string& c, const LoadOptions& options) {
    std::vector<std::int64_t> all(rows);
    std::iota(all.begin(), all.end(), 0);
    const RowSplit split = split_rows_by_seed(all, options.validation_fraction, options.seed);
    std::vector<std::string> lines;
    for (std::int64_t r = 0; r < rows; ++r) lines.push_back(std::to_string(r) + (r % 3 == 0 ? ",p," : ",q,") + std::to_string(r % 2));
    for (const std::int64_t r : split.validation) lines[static_cast<std::size_t>(r)] = a + "," + c + "," + std::to_string(r % 2);
    std::string text = "a,c,y\n";
    for (const std::string& line : lines) text += line + "\n";
    return text;
}

bool has_note(const std::vector<std::string>& notes, const std::string& wanted) {
    for (const std::string& note : notes)
        if (note.find(wanted) != std::string::npos) return true;
    return false;
}

TEST(TrainingRows, AloneSayMeanAndDeviation) {
    const DataFiles files;
    std::string text = "x,y\n";
    for (int i = 0; i < 100; ++i) text += std::to_string(i * i) + "," + std::to_string(i + 0.5) + "\n";
    LoadOptions options;
    options.target = "y";
    options.validation_fraction = 0.3;
    options.seed = 5;
    const auto data = load_training(files.write("t.csv", text), options);
    ASSERT_EQ(data.train.rows(), 70);
    ASSERT_EQ(data.validation->rows(), 30);
    double mean = 0, target_mean = 0;
    for (std::int64_t r = 0; r < 70; ++r) {
        mean += data.train.features<float>().row(r)[0];
        target_mean += data.train.targets<float>()[static_cast<std::size_t>(r)];
    }
    // Each of 70 values of at most a few units is rounded once to float32.
    EXPECT_LE(std::abs(mean), 70 * 4 * 6e-8);
    EXPECT_LE(std::abs(target_mean), 70 * 4 * 6e-8);
}

TEST(TrainingRows, AloneSayWhatTheCategoriesAre) {
    const DataFiles files;
    LoadOptions options = holding_out();
    const std::string path = files.write("t.csv", table_with("7", "rare", options));
    for (const int threads : {1, 3}) {
        options.threads = threads;
        const auto data = load_training(path, options);
        EXPECT_EQ(data.train.feature_names, (Labels{"a", "c=p", "c=q"}));
        for (std::int64_t r = 0; r < 10; ++r) EXPECT_EQ(row_of(*data.validation, r), (std::vector<float>{7, 0, 0}));
        EXPECT_TRUE(has_note(data.notes, "10 cells of column \"c\" hold categories not seen in training"));
    }
    options.unknown = UnknownPolicy::error;
    EXPECT_ERROR(ErrorKind::data, "the category \"rare\" was not seen in training", load_training(path, options));
}

TEST(TrainingRows, SayNothingOfCategoriesThatAllOfThemHave) {
    const DataFiles files;
    const LoadOptions options = holding_out();
    EXPECT_FALSE(has_note(load_training(files.write("t.csv", table_with("7", "q", options)), options).notes, "not seen in training"));
}

TEST(TrainingRows, AloneSayWhereMissingCellsAreMarked) {
    const DataFiles files;
    LoadOptions options = holding_out();
    options.missing = MissingPolicy::indicator;
    const auto data = load_training(files.write("t.csv", table_with("", "", options)), options);
    EXPECT_EQ(data.train.feature_names, (Labels{"a", "c=p", "c=q"}));
    const auto filled = static_cast<float>(data.contract.preparation.columns[0].fill);
    for (std::int64_t r = 0; r < 10; ++r) EXPECT_EQ(row_of(*data.validation, r), (std::vector<float>{filled, 0, 0}));
}

TEST(TrainingRows, AreNotTheDroppedOnes) {
    const DataFiles files;
    LoadOptions options = raw_options("y");
    options.missing = MissingPolicy::drop;
    const auto data = load_training(files.write("t.csv", "a,c,y\n1,p,0\n,gone,1\n3,q,1\n"), options);
    EXPECT_EQ(data.train.feature_names, (Labels{"a", "c=p", "c=q"}));
}

TEST(TrainingRows, AloneCountAgainstTheLimitOfCategories) {
    const DataFiles files;
    LoadOptions options = raw_options("y");
    options.missing = MissingPolicy::drop;
    std::string text = "a,c,y\n";
    for (int i = 0; i < 1001; ++i) text += (i == 500 ? "" : "1") + (",w" + std::to_string(i)) + "," + std::to_string(i % 2) + "\n";
    EXPECT_EQ(load_training(files.write("t.csv", text), options).train.columns(), 1001);
}

}  // namespace
}  // namespace glissade::training_rows_test
