// SPDX-License-Identifier: Apache-2.0
#include "host/cli/metrics_json.hpp"

#include <nlohmann/json.hpp>

namespace glissade::cli {

Json to_json(const Metrics& metrics) {
    Json json;
    json["rows"] = metrics.rows;
    for (const auto& [name, value] : metrics.list()) json[name] = value;
    return json;
}

Json to_json(const EpochRecord& epoch) {
    Json json = {{"epoch", epoch.epoch}, {"member", epoch.member}, {"step", epoch.step},
                 {"lr", epoch.lr},       {"loss", epoch.loss},     {"seconds", epoch.seconds}};
    if (epoch.validation) json["validation"] = to_json(*epoch.validation);
    return json;
}

bool line_is_of_step_up_to(const std::string& line, std::int64_t step) {
    const Json json = Json::parse(line, nullptr, false);
    if (!json.is_object()) return false;
    const auto found = json.find("step");
    return found != json.end() && found->is_number_integer() && found->get<std::int64_t>() <= step;
}

std::string json_text(const Json& json) {
    return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace glissade::cli
