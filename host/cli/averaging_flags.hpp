// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "glissade/averaging.hpp"
#include "host/cli/flag_parser.hpp"

namespace glissade::cli {

/// Which mean of the parameters the model is: --average, --average-start, --average-decay.
class AveragingFlags {
public:
    void add_to(CLI::App& app, const std::string& group);
    /// Throws Error(usage) for a word or a place that means nothing, and for settings that do not go together.
    Averaging read() const;

private:
    std::string kind_ = "none", start_, decay_;
};

}  // namespace glissade::cli
