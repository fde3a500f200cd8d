// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "glissade/model.hpp"

/// What a report says of a trained model, in numbers.
namespace glissade::cli {

/// How many rows of each class were taken for which.
struct Confusion {
    std::vector<std::string> labels;
    std::vector<std::int64_t> counts;  ///< [true class][predicted class]

    std::int64_t count(std::size_t truth, std::size_t predicted) const { return counts[truth * labels.size() + predicted]; }
    std::int64_t rows_of(std::size_t truth) const;
    std::int64_t rows() const;
};

/// Rows whose predicted probability lies in one tenth of [0, 1].
struct ReliabilityBin {
    std::int64_t rows = 0;
    double predicted = 0, observed = 0;  ///< mean probability, and the share of rows for which it came true
};

struct Reliability {
    std::string of;                    ///< what the probability is of
    std::vector<ReliabilityBin> bins;  ///< ten, empty ones among them
};

/// Of a classifier, on some rows. Row weights do not count: rows do.
struct Evaluation {
    Confusion confusion;
    std::optional<Reliability> reliability;  ///< absent where the loss knows no probability
};
/// `data` is as the model's training data: its features have undergone the model's `input` where the data set says so.
Evaluation evaluate_classifier(const Model& model, const Dataset& data, const PredictOptions& options);

/// A weight in the units of the file, and of a standardised feature what a deviation more of it adds.
struct LargeWeight {
    std::string feature, output;  ///< `output` is empty where there is one
    double weight = 0;
    std::optional<double> a_deviation;
};
/// The largest of all weights by size, at most `count`, the largest first.
std::vector<LargeWeight> largest_weights(const Model& model, std::size_t count);

}  // namespace glissade::cli
