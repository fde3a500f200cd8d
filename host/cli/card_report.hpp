// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "host/cli/metrics_json.hpp"
#include "host/execution/calibration.hpp"
#include "host/execution/card_probe.hpp"

namespace glissade::cli {

/// "  name      1.5 ns", in line with others, and a remark.
std::string time_line(const std::string& name, double seconds, const std::string& remark = "");
/// What a card can do, a line a figure.
std::string card_text(const CardProbe& probe);

/// What a calibration keeps.
CardMeasures medians_of(const CardProbe& probe);

Json spread_json(const Spread& spread);
Json card_json(const CardProbe& probe);

}  // namespace glissade::cli
