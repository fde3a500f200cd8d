// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>

#include "glissade/trainer.hpp"

namespace glissade::python {

/// The settings of a run from a dictionary, by the names of TrainOptions' fields. Throws Error(usage) for a name that there is not,
/// TypeError for a value of the wrong type.
TrainOptions options_from(const nanobind::dict& settings);

void bind_rules(nanobind::module_& module);

}  // namespace glissade::python
