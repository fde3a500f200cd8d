// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "glissade/glissade.hpp"
#include "tests/unit/persistence/scratch_directory.hpp"

namespace glissade::testing {

/// Stops after `cut` steps, as a signal would make it, then goes on in a "fresh process" with other threads and segments.
inline Run interrupted(const Dataset& data, TrainOptions options, const std::string& directory, std::int64_t cut) {
    std::filesystem::remove_all(directory);
    options.checkpoint.directory = directory;
    options.checkpoint.every_steps = 1000;  // only the save at the stop counts
    options.segment_steps = 1;
    options.on_segment = [cut](const Progress& progress) { return progress.step >= cut ? Control::stop : Control::go_on; };
    train(data, options);
    options.on_segment = nullptr;
    options.segment_steps = 3;
    options.threads = 3;
    return resume(data, directory, options);
}

}  // namespace glissade::testing
