// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>

#include "glissade/population.hpp"
#include "host/execution/backend.hpp"

namespace glissade {

/// A backend whose step is an iteration of L-BFGS: values and gradients come from `evaluator`, a backend of the rule `lbfgs`, which need
/// not know the method. The members search side by side in the same passes over the data; each ends up where it would alone.
template <class Real>
std::unique_ptr<Backend<Real>> drive_lbfgs(std::unique_ptr<Backend<Real>> evaluator, const Problem<Real>& problem,
                                           std::span<const Member> members);

}  // namespace glissade
