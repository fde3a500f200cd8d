// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "glissade/glissade.hpp"
#include "tests/support/error_of.hpp"

namespace glissade::testing {

/// Random rows with targets that a linear rule makes, for tests that look at the trainer rather than at the data.
template <class Real>
struct RandomProblem {
    std::vector<Real> x, y, weights;
    std::int64_t rows, columns;

    /// `classes` 0: regression with some noise; else class indices 0 ... classes-1.
    RandomProblem(std::int64_t rows_in, std::int64_t columns_in, int classes, std::uint64_t seed) : rows(rows_in), columns(columns_in) {
        auto draw = [&, counter = std::uint64_t{0}]() mutable { return 2 * Philox::uniform(seed, 99, counter++) - 1; };
        for (std::int64_t i = 0; i < rows * columns; ++i) x.push_back(static_cast<Real>(draw()));
        for (std::int64_t r = 0; r < rows; ++r) {
            double score = .3 * draw();
            for (std::int64_t j = 0; j < columns; ++j) score += (j % 2 == 0 ? 1.0 : -.5) * x[static_cast<std::size_t>(r * columns + j)];
            if (classes == 0) y.push_back(static_cast<Real>(score));
            if (classes == 2) y.push_back(score > 0 ? Real(1) : Real(0));
            if (classes > 2) y.push_back(static_cast<Real>(std::min(classes - 1, static_cast<int>(std::abs(2 * score)))));
            weights.push_back(static_cast<Real>(.5 + std::abs(draw())));
        }
    }
    MatrixView<const Real> view() const { return {x.data(), rows, columns}; }
    Dataset dataset(bool weighted = false) const {
        return Dataset::borrow(view(), y, weighted ? std::span<const Real>(weights) : std::span<const Real>{});
    }
};

/// Random rows of which most values are 0, in both forms.
template <class Real>
struct SparseProblem {
    RandomProblem<Real> dense;
    std::vector<std::int64_t> offsets = {0};
    std::vector<std::uint32_t> indices;
    std::vector<Real> values;

    SparseProblem(std::int64_t rows, std::int64_t columns, int classes, std::uint64_t seed) : dense(rows, columns, classes, seed) {
        for (std::int64_t r = 0; r < rows; ++r) {
            for (std::int64_t j = 0; j < columns; ++j) {
                Real& x = dense.x[static_cast<std::size_t>(r * columns + j)];
                if (std::abs(x) < Real(.6)) x = 0;
                if (x == 0) continue;
                indices.push_back(static_cast<std::uint32_t>(j));
                values.push_back(x);
            }
            offsets.push_back(static_cast<std::int64_t>(values.size()));
        }
    }
    SparseView<const Real> view() const { return {offsets.data(), indices.data(), values.data(), dense.rows, dense.columns}; }
    Dataset dataset(bool weighted = false) const {
        return Dataset::borrow(view(), dense.y, weighted ? std::span<const Real>(dense.weights) : std::span<const Real>{});
    }
};

}  // namespace glissade::testing
