// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "host/reference/noisy.hpp"
#include "host/reference/problem.hpp"

namespace glissade::reference {

/// The loss of one row and its slope in each score. `targets` has target_count values. Throws Error(usage) for a name that it does not
/// know.
template <class T>
T evaluate_loss(const Settings& settings, std::span<const T> scores, std::span<const double> targets, std::span<T> slopes);

}  // namespace glissade::reference
