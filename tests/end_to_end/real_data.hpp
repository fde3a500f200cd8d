// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/end_to_end/program.hpp"

namespace glissade::test {

/// Trains, then scores the model on a second file.
inline nlohmann::json scores_after(Workplace& place, Workplace::Words train, const Workplace::Words& evaluate) {
    train.insert(train.begin(), "train");
    const Ended trained = place.run(train);
    EXPECT_EQ(trained.code, 0) << trained.err;
    Workplace::Words words = {"evaluate", "model.safetensors", "--json"};
    words.insert(words.end(), evaluate.begin(), evaluate.end());
    const Ended scored = place.run(words);
    EXPECT_EQ(scored.code, 0) << scored.err;
    return scored.json();
}

/// Rows with an empty cell dropped, then rows 0, 5, 10, ... held out.
inline void split_housing(Workplace& place) {
    const auto lines = split_lines(data_text("california_housing/housing.csv"));
    std::string train = lines.front() + "\n", test = train;
    std::size_t row = 0;
    for (std::size_t i = 1; i < lines.size(); ++i) {
        if (lines[i].empty() || lines[i].find(",,") != std::string::npos) continue;
        (row++ % 5 == 0 ? test : train) += lines[i] + "\n";
    }
    place.write("train.csv", train);
    place.write("test.csv", test);
}

inline const std::string fashion = "/usr/share/datasets/fashion-mnist/";

/// A file of Fashion-MNIST, plain or gzipped.
inline std::string fashion_file(const std::string& name) {
    return fashion + name + (std::filesystem::exists(fashion + name) ? "" : ".gz");
}

}  // namespace glissade::test
