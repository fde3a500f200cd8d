// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "glissade/dataset.hpp"
#include "glissade/metrics.hpp"
#include "glissade/model.hpp"
#include "host/execution/judged_rows.hpp"

namespace glissade {

/// Scores against what they should have been.
template <class Real>
struct ScoredRows {
    std::span<const Real> scores;      ///< rows x outputs
    std::span<const Real> targets;     ///< rows x targets, in the units that the model was trained on
    std::span<const Real> weights;     ///< rows, or empty: all 1
    std::vector<double> target_scale;  ///< to the user's units: stored * scale (errors do not feel the shift); empty: 1
};

/// Which numbers the loss of a regression is taken of. All other metrics are in the user's units.
enum class LossUnits {
    trained,  ///< the standardised targets: what training minimises, to be compared with the training loss
    user,     ///< the user's: to be compared with other metrics and other models; lengths of the loss, Huber's delta, are scaled too
};

/// The mean loss a row alone, of the numbers that training minimises it on.
template <class Real>
double mean_loss(const ModelSpec& spec, const ScoredRows<Real>& rows);

/// Sums are FoldedSums in double precision.
template <class Real>
Metrics score_metrics(const ModelSpec& spec, const ScoredRows<Real>& rows, LossUnits units);

// The same in parts, for rows that are judged where they lie.

/// All of `rows` but its features (their count is set) and its place; scores do not matter.
template <class Real>
JudgedRows<Real> judged_rows(const ModelSpec& spec, const ScoredRows<Real>& rows, LossUnits units);
template <class Real>
JudgedSums judge_scores(const JudgedRows<Real>& rows, std::span<const Real> scores, std::int64_t outputs);

/// What metrics take from the rows alone, whatever the scores are.
struct JudgedTotals {
    double weight = 0, positives = 0, negatives = 0;
    std::vector<double> spreads;  ///< of each output: weight * (target - mean)^2 in the user's units
};
template <class Real>
JudgedTotals judged_totals(const JudgedRows<Real>& rows);
Metrics metrics_of(const ModelSpec& spec, std::int64_t rows, const JudgedTotals& totals, const JudgedSums& sums);

}  // namespace glissade
