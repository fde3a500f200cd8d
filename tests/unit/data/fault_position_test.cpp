// SPDX-License-Identifier: Apache-2.0
// Each reader x each kind of bad number x each place: an error with the place, never a number.
#include <gtest/gtest.h>

#include <limits>

#include "data_files.hpp"

namespace glissade::fault_position_test {
namespace {

using testing::bytes_of;
using testing::DataFiles;
using testing::idx_of;
using testing::npy_of;

constexpr int rows = 5, columns = 3;  // features; files of text have target and weight behind them

struct Place {
    int row, column;
};
const Place places[] = {{0, 0}, {0, 2}, {2, 1}, {4, 0}, {4, 2}, {0, 3}, {3, 3}, {4, 3}, {0, 4}, {2, 4}, {4, 4}};
const std::string bad_numbers[] = {"nan", "-nan", "inf", "-inf", "1e400"};

double good_value(int row, int column) {
    return column == 3 ? row % 2 : column == 4 ? row + 1 : row * 10 + column + 0.5;
}

std::string text_with(const std::string& bad, const Place& place, const std::string& delimiter) {
    std::string text = "a" + delimiter + "b" + delimiter + "c" + delimiter + "y" + delimiter + "w\n";
    for (int r = 0; r < rows; ++r) {
        for (int c = 0; c < columns + 2; ++c) {
            const bool is_place = r == place.row && c == place.column;
            text += (is_place ? bad : std::to_string(good_value(r, c))) + (c == columns + 1 ? "\n" : delimiter);
        }
    }
    return text;
}

TEST(FaultPosition, TextTablesNameLineAndColumn) {
    const DataFiles files;
    LoadOptions options;
    options.target = "y";
    options.weight = "w";
    EXPECT_NO_THROW(load_training(files.write("good.csv", text_with("7", {0, 0}, ",")), options));
    for (const char* const delimiter : {",", ";", "\t", " "}) {
        for (const std::string& bad : bad_numbers) {
            for (const Place& place : places) {
                const std::string path = files.write("bad.csv", text_with(bad, place, delimiter));
                const std::string where = path + ", line " + std::to_string(place.row + 2) + ", column " + std::to_string(place.column + 1);
                EXPECT_ERROR(ErrorKind::data, where, load_training(path, options));
            }
        }
    }
}

TEST(FaultPosition, GzippedTextTablesToo) {
    const DataFiles files;
    LoadOptions options;
    options.target = "y";
    const std::string path = files.write("bad.csv.gz", testing::gzip_of(text_with("nan", {2, 1}, ",")));
    EXPECT_ERROR(ErrorKind::data, path + ", line 4, column 2: \"nan\"", load_training(path, options));
}

TEST(FaultPosition, NegativeWeightsNameLineAndColumn) {
    const DataFiles files;
    LoadOptions options;
    options.target = "y";
    options.weight = "w";
    for (const int row : {0, 2, 4}) {
        const std::string path = files.write("bad.csv", text_with("-0.5", {row, 4}, ","));
        EXPECT_ERROR(ErrorKind::data, "line " + std::to_string(row + 2) + ", column 5 (\"w\"): the weight is -0.5",
                     load_training(path, options));
    }
}

TEST(FaultPosition, LibsvmNamesLineAndColumn) {
    const DataFiles files;
    for (const std::string& bad : bad_numbers) {
        for (const Place& place : places) {
            if (place.column > columns) continue;
            std::string text;
            std::size_t column = 0;
            for (int r = 0; r < rows; ++r) {
                std::string line = place.row == r && place.column == columns ? bad : std::to_string(r % 2);
                for (int c = 0; c < columns; ++c) {
                    line += " " + std::to_string(c + 1) + ":";
                    if (place.row == r && place.column == c) column = line.size() + 1;
                    line += place.row == r && place.column == c ? bad : "0.5";
                }
                text += line + "\n";
            }
            if (place.column == columns) column = 1;
            const std::string path = files.write("bad.libsvm", text);
            const std::string where = path + ", line " + std::to_string(place.row + 1) + ", column " + std::to_string(column);
            EXPECT_ERROR(ErrorKind::data, where, load_training(path, {}));
        }
    }
}

template <class Real>
void check_arrays(const std::string& descr, char idx_code) {
    const DataFiles files;
    LoadOptions options;
    options.target_file = files.write("y.npy", npy_of("|u1", "(5,)", bytes_of<std::uint8_t>({0, 1, 0, 1, 0})));
    for (const Real bad :
         {std::numeric_limits<Real>::quiet_NaN(), std::numeric_limits<Real>::infinity(), -std::numeric_limits<Real>::infinity()}) {
        for (const Place& place : places) {
            if (place.column >= columns) continue;
            std::vector<Real> x;
            for (int i = 0; i < rows * columns; ++i) x.push_back(static_cast<Real>(i));
            x[static_cast<std::size_t>(place.row * columns + place.column)] = bad;
            const std::string where = ", row " + std::to_string(place.row) + ", column " + std::to_string(place.column);
            for (const std::string& path :
                 {files.write("x.npy", npy_of(descr, "(5, 3)", bytes_of(x))), files.write("x-idx", idx_of(idx_code, {5, 3}, x))}) {
                for (const Toggle standardize : {Toggle::automatic, Toggle::off}) {
                    options.standardize = standardize;
                    EXPECT_ERROR(ErrorKind::data, path + where, load_training(path, options));
                }
            }
        }
    }
}

TEST(FaultPosition, ArraysNameRowAndColumn) {
    check_arrays<float>("<f4", '\x0d');
    check_arrays<double>("<f8", '\x0e');
}

TEST(FaultPosition, TargetAndWeightFilesNameTheirOwnPlace) {
    const DataFiles files;
    const std::string data = files.write("x.npy", npy_of("<f4", "(3, 1)", bytes_of<float>({1, 2, 3})));
    for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
        for (const std::size_t row : {0, 1, 2}) {
            std::vector<double> values = {0.5, 1.5, 2.5};
            LoadOptions options;
            options.target_file = files.write("good.npy", npy_of("<f8", "(3,)", bytes_of(values)));
            values[row] = bad;
            const std::string path = files.write("bad.npy", npy_of("<f8", "(3,)", bytes_of(values)));
            options.weight_file = path;
            EXPECT_ERROR(ErrorKind::data, path + ", row " + std::to_string(row), load_training(data, options));
            options.weight_file.clear();
            options.target_file = path;
            EXPECT_ERROR(ErrorKind::data, path + ", row " + std::to_string(row), load_training(data, options));
        }
    }
}

TEST(FaultPosition, NumbersBeyondFloat32NameTheirPlace) {
    const DataFiles files;
    LoadOptions options = testing::raw_options("y");
    const std::string path = files.write("large.csv", "a,y\n1,0\n1e39,1\n2,1\n");
    const std::string sparse = files.write("large.libsvm", "0 1:1\n1 1:2 3:-1e39\n1 1:3\n");
    for (const Toggle standardize : {Toggle::off, Toggle::automatic, Toggle::on}) {
        options.standardize = standardize;
        EXPECT_ERROR(ErrorKind::data, path + ", line 3, column 1 (\"a\"): 1e+39 does not fit float32", load_training(path, options));
        LoadOptions own_targets = options;
        own_targets.target.reset();
        EXPECT_ERROR(ErrorKind::data, sparse + ", line 2, feature 3: -1e+39 does not fit float32", load_training(sparse, own_targets));
    }
    options.standardize = Toggle::off;
    // The largest float32, and what rounds to it, fit.
    EXPECT_NO_THROW(load_training(files.write("fits.csv", "a,y\n3.4028235e38,0\n-3.40282356e38,1\n"), options));
    options.real_type = RealType::float64;
    EXPECT_NO_THROW(load_training(path, options));
    const std::string huge = files.write("huge.csv", "a,y\n1e308,0\n-1e308,1\n1.7e308,1\n1.7e308,1\n");
    EXPECT_NO_THROW(load_training(huge, options));
    options.standardize = Toggle::automatic;
    EXPECT_ERROR(ErrorKind::data, "too large to standardise", load_training(huge, options));
}

TEST(FaultPosition, NumbersBeyondFloat32NameTheirPlaceInHeldOutRowsTargetsAndWeights) {
    const DataFiles files;
    LoadOptions options;
    options.target = "y";
    const std::string good = files.write("good.csv", "a,y\n1,0.5\n2,1.5\n4,2.5\n");
    options.validation_file = files.write("held_out.csv", "a,y\n1,0.5\n2e39,1.5\n");
    EXPECT_ERROR(ErrorKind::data, "held_out.csv, line 3, column 1 (\"a\"): 2e+39 does not fit float32", load_training(good, options));
    options.validation_file = files.write("far.csv", "a,y\n1,0.5\n3e38,1.5\n");
    EXPECT_NO_THROW(load_training(good, options));
    const std::string close = files.write("close.csv", "a,y\n1e-9,0.5\n2e-9,1.5\n4e-9,2.5\n");
    EXPECT_ERROR(ErrorKind::data, "far.csv, line 3, column 1 (\"a\"): 3e+38 lies too far from the values trained on",
                 load_training(close, options));
    options.validation_file.clear();
    EXPECT_ERROR(ErrorKind::data, "line 3, column 2 (\"y\"): the target 1e+39 does not fit float32",
                 load_training(files.write("t.csv", "a,y\n1,0.5\n2,1e39\n4,2.5\n"), options));
    options.weight = "w";
    EXPECT_ERROR(ErrorKind::data, "line 2, column 3 (\"w\"): the weight 1e+39 does not fit float32",
                 load_training(files.write("t.csv", "a,y,w\n1,0.5,1e39\n2,1.5,1\n4,2.5,1\n"), options));
}

}  // namespace
}  // namespace glissade::fault_position_test
