// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "glissade/dataset.hpp"
#include "glissade/matrix_view.hpp"
#include "glissade/rules/loss_kind.hpp"
#include "glissade/sparse_view.hpp"

namespace glissade {

/// Rows and what their scores should have been, to be judged where the rows are.
template <class Real>
struct JudgedRows {
    MatrixView<const Real> features;   ///< of sparse rows: their counts only
    SparseView<const Real> sparse;     ///< offsets are null for dense rows
    std::optional<DevicePlace> place;  ///< of features in the memory of a device; all else is in the host's
    const Real* targets = nullptr;     ///< rows x target_count, in the units that the model was trained on
    const Real* weights = nullptr;     ///< null: all 1
    std::int64_t target_count = 1;

    int loss = 0;  ///< index in LossRules
    double loss_constants[max_loss_constants] = {};
    std::vector<double> loss_factors;  ///< of each output: brings its loss to the units asked for
    std::vector<double> error_scales;  ///< of each output of a regression: to the user's units. Empty: errors are not asked for
    bool shares = false;               ///< the log loss of one-vs-rest probabilities is asked for
    bool labels = false;               ///< the share of right labels is asked for, of rows with several
    bool ranks = false;                ///< the area under the curve is asked for
};

/// What scores sum up to over judged rows. Each sum is a FoldedSum in row order, of terms in double precision.
struct JudgedSums {
    double loss = 0, correct = 0;        ///< of weight * loss; of the weights of rows whose class is, or labels are, predicted
    double right_labels = 0;             ///< of weight * the share of a row's labels that are right
    double share_loss = 0;               ///< of weight * log loss of one-vs-rest probabilities
    double wins = 0;                     ///< of weight * weight of pairs in which the positive outranks the negative, ties half
    std::vector<double> squares, sizes;  ///< of each output: weight * error squared, weight * |error|
};

}  // namespace glissade
