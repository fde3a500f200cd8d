// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace glissade::cli {

/// One curve of a chart: points (x, y) in the order of x, values that are not finite left out.
struct Curve {
    std::string name;
    std::vector<std::pair<double, double>> points;
};

struct Chart {
    std::string title, x_name;
    std::vector<Curve> curves;
    bool may_use_log = false;  ///< y on a logarithmic scale where its range asks for it
};

/// The chart as an inline <svg> whose colours are CSS variables of the page around it: --ink, --faint, --curve-1 ... --curve-6.
std::string svg(const Chart& chart);

std::string html_text(std::string_view text);

/// A length or place in a drawing, to a tenth of a pixel.
std::string pixels(double value);

}  // namespace glissade::cli
