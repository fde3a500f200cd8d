// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <string>
#include <vector>

#include "glissade/dataset.hpp"

namespace glissade::python {

/// An array of any element type that is only read: NumPy's, or of whoever speaks DLPack.
using InputArray = nanobind::ndarray<nanobind::ro>;

/// A data set and the arrays whose memory it borrows: they live as long as it does.
struct HeldDataset {
    Dataset data;
    std::vector<InputArray> arrays;
    std::vector<std::string> notes = {};  ///< of a file: what was found out and decided
};

/// float32 or float64. Throws Error(data), naming `what`, for any other element type and for memory that the CPU cannot read.
RealType real_type_of(const InputArray& array, const char* what);

void bind_dataset(nanobind::module_& module);

}  // namespace glissade::python
