// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "data_files.hpp"

namespace glissade::testing {

/// What a training file leaves behind, and other files read with it.
struct Trained {
    DataFiles files;
    PreparedData data;
    Trained(const std::string& text, const LoadOptions& options) : data(load_training(files.write("train.csv", text), options)) {}
    LoadedData load(const std::string& text, bool with_target, const LoadOptions& options = {}) const {
        return load_for_model(files.write("other.csv", text), options, data.contract, with_target);
    }
};

inline LoadOptions with_header(LoadOptions options, HeaderMode header) {
    options.header = header;
    return options;
}

}  // namespace glissade::testing
