// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "glissade/export.hpp"

namespace glissade {

/// What a model scores on a data set, in the units of the user's targets. What does not fit the task is absent.
/// Rows count with their weights. Sums are taken in double precision, in an order that the rows alone decide: the same
/// bits from a GPU. Of no rows: `loss` 0 and nothing else.
struct GLISSADE_EXPORT Metrics {
    std::int64_t rows = 0;
    /// Mean of the training loss. From Model::evaluate it is in the user's units as all else (squared: half of rmse squared, for each
    /// output); in the history of a run it is what the run minimises, of standardised targets where they were, as the training loss beside
    /// it.
    double loss = 0;
    std::optional<double> accuracy;        ///< share of the rows whose predicted class is theirs; of several labels, all of them
    std::optional<double> log_loss;        ///< logistic and softmax; one-vs-rest, of the probabilities that predict_proba gives
    std::optional<double> auc;             ///< two classes with both present; ties count half
    std::optional<double> rmse, mae, r2;   ///< over all targets of all rows; r2 is the mean of the targets' and absent if one is constant
    std::optional<double> label_accuracy;  ///< of several labels a row: the share of all labels that are right

    /// Name and value of each metric that is present, `loss` first.
    std::vector<std::pair<std::string, double>> list() const;
};

}  // namespace glissade
