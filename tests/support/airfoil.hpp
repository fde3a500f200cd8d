// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "glissade/dataset.hpp"

namespace glissade::testing {

/// NASA's airfoil self-noise data as the optimizer chapter of "Dive into Deep Learning" uses it: six columns standardised over all 1503
/// rows (population deviation), of which the first 1500 rows serve. Read here without the library's own readers.
template <class Real>
struct Airfoil {
    static constexpr std::int64_t rows = 1500, features = 5;
    std::vector<Real> x, y;

    explicit Airfoil(const std::string& path) {
        std::ifstream in(path);
        if (!in) throw std::runtime_error("cannot open " + path);
        std::vector<double> values;
        for (double value = 0; in >> value;) values.push_back(value);
        constexpr std::size_t columns = 6;
        const std::size_t all_rows = values.size() / columns;
        if (all_rows != 1503) throw std::runtime_error(path + " has " + std::to_string(all_rows) + " rows");
        for (std::size_t j = 0; j < columns; ++j) {
            double mean = 0, squares = 0;
            for (std::size_t r = 0; r < all_rows; ++r) mean += values[r * columns + j];
            mean /= static_cast<double>(all_rows);
            for (std::size_t r = 0; r < all_rows; ++r) squares += (values[r * columns + j] - mean) * (values[r * columns + j] - mean);
            const double deviation = std::sqrt(squares / static_cast<double>(all_rows));
            for (std::size_t r = 0; r < all_rows; ++r) values[r * columns + j] = (values[r * columns + j] - mean) / deviation;
        }
        for (std::size_t r = 0; r < static_cast<std::size_t>(rows); ++r) {
            for (std::size_t j = 0; j < static_cast<std::size_t>(features); ++j) x.push_back(static_cast<Real>(values[r * columns + j]));
            y.push_back(static_cast<Real>(values[r * columns + 5]));
        }
    }
    Dataset dataset() const { return Dataset::borrow(MatrixView<const Real>(x.data(), rows, features), y); }
};

}  // namespace glissade::testing
