// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "host/execution/calibration.hpp"
#include "host/train/io.hpp"

namespace glissade {

/// glissade/calibration.json in the user's cache folder: $XDG_CACHE_HOME, else $HOME/.cache. Empty if the environment names neither.
std::string calibration_path();

/// What the file says of this machine: its CPU part only where processor and number of usable processors are those that it was measured
/// on. Nothing if there is no such file or `path` is empty. Throws Error(data) that names the file where it cannot be used.
Calibration load_calibration(const std::string& path);

/// Keeps what the file says of cards that `calibration` does not name. Makes missing folders; whole or not at all. Throws Error(io).
void save_calibration(const std::string& path, const Calibration& calibration);

}  // namespace glissade
