// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/train/problem_setup.hpp"

namespace glissade {

/// The largest eigenvalue of the Hessian of the mean squared loss (1/2 e^2) over the training rows, biases included, by power iteration;
/// for losses of bounded curvature, that bound times the same matrix. Nothing for losses without one (hinge), and for rows in the memory of
/// a device, which the host does not read. Cost: up to 100 passes over the data.
template <class Real>
std::optional<double> largest_curvature(const Problem<Real>& problem, const Loss& loss, double l2);

/// The largest stable rate of gradient descent with momentum mu over curvature lambda: 2(1+mu)/lambda, with Nesterov 2(1+mu)/((1+2mu)
/// lambda).
struct StableRate {
    double limit = 0;
    std::string formula;  ///< "2/lambda_max"
};
StableRate stable_rate(const Optimizer& sgd, double lambda);

/// One sentence where it is due, else empty: a rate beyond the stable one in full-batch descent, a loss that rose or ended worse than that
/// of no model at all, a best epoch long gone, a loss that still fell when the run was over. Cost: one look at each target.
template <class Real>
std::string advise(const Problem<Real>& problem, const ResolvedRun& run, const TrainOptions& options, const MemberResult& best,
                   StopReason stop);

/// "diverged at step 812 (epoch 3, batch 12): ..." with the likely cause.
template <class Real>
std::string explain_divergence(const Problem<Real>& problem, const ResolvedRun& run, const TrainOptions& options, const Divergence& where);

}  // namespace glissade
