// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>

#include "glissade/metrics.hpp"

namespace glissade::python {

nanobind::dict dict_of(const Metrics& metrics);

void bind_model(nanobind::module_& module);

}  // namespace glissade::python
