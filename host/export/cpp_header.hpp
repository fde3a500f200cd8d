// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "glissade/model.hpp"

namespace glissade {

/// A model as the source of a C++11 header that needs the standard library only: what `glissade predict` does, in a namespace `name`, on a
/// row of the training file's columns. What there is in it, the header says on top. Sums are taken in double precision, so that scores
/// agree with the program's within its rounding. Rows that the program would refuse get NaN scores and an empty label. Throws Error(usage)
/// for a model of more than ten million parameters.
std::string to_cpp_header(const Model& model, const std::string& name, const std::string& producer_version);

}  // namespace glissade
