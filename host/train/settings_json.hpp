// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "glissade/error.hpp"
#include "glissade/optimizer.hpp"
#include "glissade/preparation.hpp"
#include "glissade/trainer.hpp"
#include "host/train/json.hpp"
#include "host/train/problem_setup.hpp"

namespace glissade {

// JSON lives at the edge of files only; the rest of the library has types.
Json to_json(const Optimizer& optimizer);
Json to_json(const Loss& loss);
Json to_json(const Activation& activation);
Json to_json(const std::vector<std::int64_t>& counts);
Json to_json(const Preparation& preparation);
Json to_json(const Metrics& metrics);
Loss loss_from_json(const Json& json);
Activation activation_from_json(const Json& json);
Preparation preparation_from_json(const Json& json);
Metrics metrics_from_json(const Json& json);

/// Every setting that the results of a run depend on, apart from how long it lasts. `members`: those of the run that are to be told of.
Json settings_json(const ResolvedRun& run, std::span<const Member> members, const TrainOptions& options);

/// Runs `read`, turning a JsonError into Error(data) "<file>: <section>: ...".
template <class F>
auto reading_json(const std::string& file_name, const std::string& section, F&& read) {
    try {
        return read();
    } catch (const JsonError& error) {
        fail(ErrorKind::data, file_name + ": " + section + ": " + error.what());
    }
}

}  // namespace glissade
