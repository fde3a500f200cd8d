// SPDX-License-Identifier: Apache-2.0
#include "host/cli/bars.hpp"

#include <algorithm>
#include <cmath>

#include "host/cli/svg_chart.hpp"

namespace glissade::cli {
namespace {

double largest_amount(const Bars& bars) {
    double most = 0;
    for (const Bars::Bar& bar : bars.bars) most = std::max(most, bar.amount);
    return most;
}

}  // namespace

std::string bars_text(const Bars& bars) {
    constexpr std::size_t width = 36;
    const double most = largest_amount(bars);
    std::size_t names = 0;
    for (const Bars::Bar& bar : bars.bars) names = std::max(names, bar.name.size());
    std::string text = bars.title + "\n";
    for (const Bars::Bar& bar : bars.bars) {
        const auto length =
            most > 0 ? static_cast<std::size_t>(std::lround(bar.amount / most * static_cast<double>(width))) : std::size_t{0};
        text += "  " + bar.name + std::string(names - bar.name.size() + 2, ' ') + std::string(length, '#') +
                std::string(width - length, ' ') + "  " + bar.text + "\n";
    }
    return text;
}

std::string bars_section(const Bars& bars) {
    const double most = largest_amount(bars);
    std::string out = "<section><h2>" + html_text(bars.title) + " <small>" + html_text(bars.remark) + "</small></h2>\n<table>\n";
    for (const Bars::Bar& bar : bars.bars) {
        const double share = most > 0 ? 100 * bar.amount / most : 0;
        out += "<tr><th>" + html_text(bar.name) +
               "</th><td style=\"width:55%\"><div style=\"height:14px;border-radius:2px;background:var(--curve-1);width:" + pixels(share) +
               "%\"></div></td><td>" + html_text(bar.text) + "</td></tr>\n";
    }
    return out + "</table></section>\n";
}

}  // namespace glissade::cli
