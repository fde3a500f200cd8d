// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "glissade/error.hpp"
#include "glissade/optimizer.hpp"
#include "glissade/preparation.hpp"
#include "glissade/trainer.hpp"
#include "host/train/problem_setup.hpp"

namespace glissade {

// JSON lives at the edge of files only; the rest of the library has types.
nlohmann::json to_json(const Optimizer& optimizer);
nlohmann::json to_json(const Loss& loss);
nlohmann::json to_json(const Preparation& preparation);
nlohmann::json to_json(const Metrics& metrics);
Loss loss_from_json(const nlohmann::json& json);
Preparation preparation_from_json(const nlohmann::json& json);
Metrics metrics_from_json(const nlohmann::json& json);

/// Every setting that the results of a run depend on, apart from how long it lasts.
nlohmann::json settings_json(const ResolvedRun& run, const TrainOptions& options);

/// Runs `read`, turning whatever the JSON library throws into Error(data) "<file>: <section>: ...".
template <class F>
auto reading_json(const std::string& file_name, const std::string& section, F&& read) {
    try {
        return read();
    } catch (const nlohmann::json::exception& error) {
        fail(ErrorKind::data, file_name + ": " + section + ": " + error.what());
    }
}

}  // namespace glissade
