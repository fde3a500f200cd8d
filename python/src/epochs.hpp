// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>

namespace glissade::python {

void bind_epochs(nanobind::module_& module);

}  // namespace glissade::python
