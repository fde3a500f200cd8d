// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "glissade/dataset.hpp"
#include "host/train/problem_setup.hpp"

namespace glissade {

/// Puts the z-score of every dense column into `rows.applied`; a column that does not vary is only shifted. Two passes over the data.
template <class Real>
void standardize_columns(const Dataset& data, TrainingRows<Real>& rows);
/// The same for sparse rows, which are scaled only: a shift would fill them.
template <class Real>
void scale_columns(const Dataset& data, TrainingRows<Real>& rows);
/// Puts z-scores of the targets into `rows.targets`, and how to undo them on top of what the data set had already undergone.
template <class Real>
void standardize_targets(const Dataset& data, TrainingRows<Real>& rows);

}  // namespace glissade
