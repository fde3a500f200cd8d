// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "glissade/trainer.hpp"

namespace glissade::cli {

/// Objects that keep the order in which they were filled. Numbers read back as they were; what is not finite is null.
using Json = nlohmann::ordered_json;

Json to_json(const Metrics& metrics);
Json to_json(const EpochRecord& epoch);

/// Whether a line of metrics.jsonl is whole and speaks of an epoch that ended by `step`.
bool line_is_of_step_up_to(const std::string& line, std::int64_t step);

/// Text for people and files: bytes that are not UTF-8 are replaced, since a name of a file may hold anything.
std::string json_text(const Json& json);

}  // namespace glissade::cli
