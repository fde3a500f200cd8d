// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

/// Golden files: made by other implementations (PyTorch 1.13 in float64, plain Python), kept in tests/golden.
namespace glissade::testing {

inline nlohmann::json read_golden(const std::string& name) {
    const std::string path = std::string(GLISSADE_GOLDEN_DIR) + "/" + name;
    std::ifstream file(path);
    if (!file) throw std::runtime_error("cannot open " + path);
    return nlohmann::json::parse(file);
}

/// The problem of the optimizer trajectories: 16 x 3 design, labels 0 and 1, logistic loss, batches of 4 rows in order or all rows.
struct GoldenProblem {
    static constexpr std::int64_t rows = 16, features = 3, batch = 4;
    std::vector<double> x, y, start;  ///< start: w0, w1, w2, b

    GoldenProblem() {
        const auto json = read_golden("problem.json");
        for (const auto& row : json.at("X"))
            for (const double value : row) x.push_back(value);
        y = json.at("y").get<std::vector<double>>();
        start = json.at("w0").get<std::vector<double>>();
        start.push_back(json.at("b0").at(0));
    }
    /// Rows of the batch at a step (from 0).
    static std::vector<std::int64_t> rows_at(std::int64_t step, bool full) {
        std::vector<std::int64_t> list;
        const std::int64_t count = full ? rows : batch, begin = full ? 0 : step % (rows / batch) * batch;
        for (std::int64_t r = begin; r < begin + count; ++r) list.push_back(r);
        return list;
    }
};

}  // namespace glissade::testing
