// SPDX-License-Identifier: Apache-2.0
// The public data sets in tests/data, with what is known about them.
#include <gtest/gtest.h>

#include <cmath>

#include "data_files.hpp"

namespace glissade {
namespace {

const std::string directory = std::string(GLISSADE_TEST_DATA) + "/";

std::int64_t count_class(const Dataset& data, float index) {
    std::int64_t count = 0;
    for (const float target : data.targets<float>()) count += target == index ? 1 : 0;
    return count;
}

TEST(RealFiles, Airfoil) {
    LoadOptions options;
    options.target = "-1";
    options.real_type = RealType::float64;
    const auto data = load_training(directory + "airfoil/airfoil_self_noise.dat", options);
    ASSERT_EQ(data.train.rows(), 1503);
    ASSERT_EQ(data.train.columns(), 5);
    EXPECT_EQ(data.contract.task, Task::regression);
    EXPECT_EQ(data.contract.preparation.delimiter, '\t');
    // The file again, read with the C library, standardised in long double. Rounding: sums of 1503 terms, then a few operations.
    std::ifstream in(directory + "airfoil/airfoil_self_noise.dat");
    std::vector<double> cells;
    for (double cell = 0; in >> cell;) cells.push_back(cell);
    ASSERT_EQ(cells.size(), 1503u * 6);
    for (std::size_t j = 0; j < 6; ++j) {
        long double mean = 0, squares = 0;
        for (std::size_t r = 0; r < 1503; ++r) mean += cells[r * 6 + j] / 1503.0L;
        for (std::size_t r = 0; r < 1503; ++r) squares += (cells[r * 6 + j] - mean) * (cells[r * 6 + j] - mean);
        const long double deviation = std::sqrt(squares / 1503);
        for (std::size_t r = 0; r < 1503; ++r) {
            const auto row = static_cast<std::int64_t>(r);
            const double ours = j < 5 ? data.train.features<double>().row(row)[j] : data.train.targets<double>()[r];
            const double scale = static_cast<double>((std::abs(cells[r * 6 + j]) + std::abs(mean)) / deviation);
            ASSERT_LE(std::abs(ours - static_cast<double>((cells[r * 6 + j] - mean) / deviation)), 1510 * 1.12e-16 * scale)
                << r << " " << j;
        }
    }
}

TEST(RealFiles, Higgs) {
    LoadOptions options;
    options.target = "0";
    options.validation_file = directory + "higgs_sample/binary.test.gz";
    const auto data = load_training(directory + "higgs_sample/binary.train.gz", options);
    EXPECT_EQ(data.train.rows(), 7000);
    EXPECT_EQ(data.train.columns(), 28);
    EXPECT_EQ(data.validation->rows(), 500);
    EXPECT_EQ(data.contract.class_labels, (std::vector<std::string>{"0", "1"}));
    EXPECT_FALSE(data.contract.preparation.has_header);
}

TEST(RealFiles, A9a) {
    LoadOptions options;
    options.validation_file = directory + "a9a/a9a.t.gz";
    const auto data = load_training(directory + "a9a/a9a.gz", options);
    EXPECT_EQ(data.train.rows(), 32561);
    EXPECT_EQ(data.train.columns(), 123);
    EXPECT_EQ(data.validation->rows(), 16281);
    EXPECT_EQ(data.validation->columns(), 123);  // its largest index is 122
    EXPECT_EQ(data.contract.class_labels, (std::vector<std::string>{"-1", "+1"}));
    EXPECT_EQ(count_class(data.train, 1), 7841);
    EXPECT_EQ(count_class(*data.validation, 1), 3846);
    EXPECT_TRUE(data.contract.input.empty());
}

TEST(RealFiles, Agaricus) {
    LoadOptions options;
    options.validation_file = directory + "agaricus/agaricus.txt.test.gz";
    const auto data = load_training(directory + "agaricus/agaricus.txt.train.gz", options);
    EXPECT_EQ(data.train.rows(), 6513);
    EXPECT_EQ(data.train.columns(), 126);
    EXPECT_EQ(data.validation->rows(), 1611);
}

TEST(RealFiles, Adult) {
    LoadOptions options;
    options.target = "-1";
    options.validation_file = directory + "adult/adult-test.csv.gz";
    const std::string path = directory + "adult/adult.data.gz";
    EXPECT_ERROR(ErrorKind::data, "line 1, column 15: the label \"<=50K.\" was not seen in training", load_training(path, options));
    options.map_label = {{"<=50K.", "<=50K"}, {">50K.", ">50K"}};
    options.na_values = {"?"};
    EXPECT_ERROR(ErrorKind::data, "1836 in column index 1, 1843 in column index 6, 583 in column index 13", load_training(path, options));
    options.missing = MissingPolicy::indicator;
    const auto data = load_training(path, options);
    EXPECT_EQ(data.train.rows(), 32561);
    EXPECT_EQ(data.train.columns(), 108);
    EXPECT_EQ(data.validation->rows(), 16281);
    EXPECT_EQ(data.contract.class_labels, (std::vector<std::string>{"<=50K", ">50K"}));
    EXPECT_EQ(count_class(data.train, 1), 7841);
    EXPECT_EQ(count_class(*data.validation, 1), 3846);
    options.missing = MissingPolicy::drop;
    const auto dropped = load_training(path, options);
    EXPECT_EQ(dropped.train.rows(), 30162);
    EXPECT_EQ(dropped.validation->rows(), 15060);
}

TEST(RealFiles, CaliforniaHousing) {
    LoadOptions options;
    options.target = "median_house_value";
    const std::string path = directory + "california_housing/housing.csv.gz";
    EXPECT_ERROR(ErrorKind::data, "line 292, column 5 (\"total_bedrooms\"): a missing cell, the first of 207",
                 load_training(path, options));
    options.missing = MissingPolicy::drop;
    const auto data = load_training(path, options);
    EXPECT_EQ(data.train.rows(), 20433);
    EXPECT_EQ(data.contract.task, Task::regression);
    const std::vector<std::string> names = {"longitude",
                                            "latitude",
                                            "housing_median_age",
                                            "total_rooms",
                                            "total_bedrooms",
                                            "population",
                                            "households",
                                            "median_income",
                                            "ocean_proximity=<1H OCEAN",
                                            "ocean_proximity=INLAND",
                                            "ocean_proximity=ISLAND",
                                            "ocean_proximity=NEAR BAY",
                                            "ocean_proximity=NEAR OCEAN"};
    EXPECT_EQ(data.train.feature_names, names);
    options.drop_columns = {"ocean_proximity"};
    EXPECT_EQ(load_training(path, options).train.columns(), 8);
}

}  // namespace
}  // namespace glissade
