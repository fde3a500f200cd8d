// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/reference/noisy.hpp"
#include "host/reference/problem.hpp"

namespace glissade::reference {

/// What a hidden unit gives for a sum, and the derivative there. Throws Error(usage) for a name that it does not know.
template <class T>
T evaluate_activation(const Settings& settings, T z, T& slope);

}  // namespace glissade::reference
