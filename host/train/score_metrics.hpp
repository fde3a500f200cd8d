// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "glissade/dataset.hpp"
#include "glissade/metrics.hpp"
#include "glissade/model.hpp"

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

/// Sums in double precision, in row order.
template <class Real>
Metrics score_metrics(const ModelSpec& spec, const ScoredRows<Real>& rows, LossUnits units);

}  // namespace glissade
