// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>

namespace glissade::python {

void bind_arrow(nanobind::module_& module);

}  // namespace glissade::python
