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

/// The mean loss a row alone.
template <class Real>
double mean_loss(const ModelSpec& spec, const ScoredRows<Real>& rows);

/// Sums in double precision, in row order.
template <class Real>
Metrics score_metrics(const ModelSpec& spec, const ScoredRows<Real>& rows);

}  // namespace glissade
