// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "glissade/dataset.hpp"
#include "glissade/model.hpp"

namespace glissade {

/// Whether y is one of 0, 1, ..., below `count`, which fits an integer. std::floor would be a call for each row.
inline bool is_class_index(double y, double count) {
    return y >= 0 && y < count && y == static_cast<double>(static_cast<std::int64_t>(y));
}

/// Throws Error(data) naming the first row and column that is not finite. Cost: one pass at memory speed.
template <class Real>
void check_features(MatrixView<const Real> x, const std::string& what);
/// The same for rows in the memory of a device.
void check_features(MatrixView<const float> x, const DevicePlace& place, const std::string& what);
/// The same for sparse rows; also if their columns do not ascend or there are no such columns.
template <class Real>
void check_features(const SparseView<const Real>& x, const std::string& what);

/// Throws Error(data) unless the data set can be scored by a model of this spec and its targets are usable: columns, public fields, finite
/// values, labels in range.
void check_scorable(const Dataset& data, const ModelSpec& spec, const std::string& what);

/// Throws Error(data) unless the features of `data` have undergone `input`, no more and no less.
void check_same_input(const Dataset& data, const ColumnAffine& input, const std::string& what);

/// Throws Error(data) if the data set names its classes, and not as `class_labels` does.
void check_same_classes(const Dataset& data, const std::vector<std::string>& class_labels, const std::string& what);

}  // namespace glissade
