// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "glissade/dataset.hpp"
#include "glissade/matrix_view.hpp"

/// Memory of CUDA devices, as data sets know it. The CUDA backend defines these; in a build without CUDA each throws Error(device).
/// Whatever reads such memory waits first for what the stream of its place has queued, and has read it when it returns.
namespace glissade::device_memory {

/// Whether `values` is memory of the device; false: it is the host's. Throws Error(device) if it is another device's, or if the device
/// cannot be used. `what` names it in the error.
bool holds(const void* values, const DevicePlace& place, const std::string& what);

/// Copies `count` values of the device's memory to the host's.
void download(float* out, const float* values, std::int64_t count, const DevicePlace& place);

/// Calls `visit` with blocks of rows in host memory, in order. Cost: each row goes over the bus once, with what lies between rows.
void visit_blocks(MatrixView<const float> x, const DevicePlace& place, const std::function<void(MatrixView<const float>)>& visit);

/// row * columns + column of the first value that is not finite, or -1. Cost: one pass at the speed of the device's memory.
std::int64_t first_not_finite(MatrixView<const float> x, const DevicePlace& place);

/// Calls `visit` with the rows of a dense data set as views of host memory, in order: one view, or blocks of what lies on a device.
template <class Real, class F>
void visit_rows(const Dataset& data, F&& visit) {
    if (!data.place()) return visit(data.features<Real>());
    if constexpr (sizeof(Real) == 4) visit_blocks(data.device_features(), *data.place(), visit);
}

}  // namespace glissade::device_memory
