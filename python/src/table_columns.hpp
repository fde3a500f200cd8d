// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>

#include <optional>
#include <string>

#include "host/data/load.hpp"

namespace glissade::python {

/// What a data set or a model knows of the columns of tables: how they become those of its matrix.
struct Columns {
    ModelContract contract;
    bool float64 = false;  ///< what the rows are to be
};

/// What is said of missing cells, of words not seen in training and of hashing, as the command line has it. Throws Error(usage) for other
/// words.
void set_policies(const std::optional<std::string>& missing, const std::optional<std::string>& unknown, int hash_bits,
                  LoadOptions& options);

void bind_columns(nanobind::module_& module);

}  // namespace glissade::python
