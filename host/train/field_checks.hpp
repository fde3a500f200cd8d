// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "glissade/dataset.hpp"
#include "glissade/model.hpp"

/// Models and data sets have public fields, so anything may have been written to them. Whoever reads numbers by them calls these first.
namespace glissade {

/// What is wrong with a model's description: its counts, task, loss, labels, names and preparation. Empty: nothing.
std::string description_fault(const Model& model);

/// The same of its counts alone: "impossible counts: ...". Empty: nothing.
std::string shape_fault(const ModelSpec& spec);

/// What keeps a model from being used: a fault of its description, numbers of another count than it says, numbers that are not finite
/// in its real type. Empty: nothing. Cost: a pass over the parameters.
std::string model_fault(const Model& model);

/// Throws Error(usage) "<what>: <fault>" if there is one.
void check_model(const Model& model, const std::string& what = "the model");

/// Throws Error(data) unless names, affine maps and preparation of a data set are those of so many columns and targets.
void check_fields(const Dataset& data, const std::string& what);

/// Throws Error(data) unless the view can be read: the check that Dataset::borrow makes.
template <class Real>
void check_view(MatrixView<const Real> x) {
    Dataset::borrow(x, {});
}

}  // namespace glissade
