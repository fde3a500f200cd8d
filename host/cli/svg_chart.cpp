// SPDX-License-Identifier: Apache-2.0
#include "host/cli/svg_chart.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

#include "host/cli/text.hpp"

namespace glissade::cli {
namespace {

constexpr double width = 720, height = 300, left = 76, right = 16, top = 14, bottom = 44;
constexpr std::size_t colours = 6;

/// A linear or logarithmic axis over [low, high], mapped onto [from, to] pixels.
struct Axis {
    double low = 0, high = 1, from = 0, to = 1;
    bool logarithmic = false;

    double place(double value) const {
        const double t =
            logarithmic ? (std::log10(value) - std::log10(low)) / (std::log10(high) - std::log10(low)) : (value - low) / (high - low);
        return from + t * (to - from);
    }
};

std::pair<double, double> range_of(const Chart& chart, bool of_x) {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const Curve& curve : chart.curves) {
        for (const auto& [x, y] : curve.points) {
            low = std::min(low, of_x ? x : y);
            high = std::max(high, of_x ? x : y);
        }
    }
    if (low > high) return {0, 1};
    if (low == high) return {low - (low == 0 ? 1 : std::abs(low) * .1), high + (high == 0 ? 1 : std::abs(high) * .1)};
    return {low, high};
}

/// About `count` round numbers within the axis: multiples, not below `least`, of 1, 2 or 5 times a power of ten; these themselves on a
/// logarithmic one.
std::vector<double> ticks(const Axis& axis, int count, double least = 0) {
    std::vector<double> marks;
    if (axis.logarithmic) {
        for (double power = std::floor(std::log10(axis.low)); power <= std::log10(axis.high); ++power) {
            for (const double digit : {1.0, 2.0, 5.0}) {
                const double mark = digit * std::pow(10.0, power);
                if (mark >= axis.low && mark <= axis.high) marks.push_back(mark);
            }
        }
        const auto stride = marks.size() / 8 + 1;
        std::vector<double> kept;
        for (std::size_t i = 0; i < marks.size(); i += stride) kept.push_back(marks[i]);
        return kept;
    }
    const double rough = (axis.high - axis.low) / count, power = std::pow(10.0, std::floor(std::log10(rough)));
    const double digit = rough / power, step = std::max(least, (digit < 1.5 ? 1 : digit < 3.5 ? 2 : digit < 7.5 ? 5 : 10) * power);
    const double first = std::ceil(axis.low / step);
    for (int i = 0; (first + i) * step <= axis.high + step * 1e-9; ++i) marks.push_back((first + i) * step);
    return marks;
}

std::string grid(const Axis& x, const Axis& y, const Chart& chart) {
    std::string out;
    for (const double mark : ticks(y, 5)) {
        const std::string at = pixels(y.place(mark));
        out += "<line class=\"grid\" x1=\"" + pixels(x.from) + "\" x2=\"" + pixels(x.to) + "\" y1=\"" + at + "\" y2=\"" + at + "\"/>";
        out += "<text class=\"tick\" text-anchor=\"end\" x=\"" + pixels(x.from - 8) + "\" y=\"" + at + "\" dy=\".32em\">" + brief(mark) +
               "</text>\n";
    }
    const double whole = x.high - x.low >= 1 ? 1 : 0;  // nobody asks what happened at epoch 1.2
    for (const double mark : ticks(x, 8, whole)) {
        out += "<text class=\"tick\" text-anchor=\"middle\" x=\"" + pixels(x.place(mark)) + "\" y=\"" + pixels(y.from + 18) + "\">" +
               brief(mark) + "</text>\n";
    }
    out += "<text class=\"tick\" text-anchor=\"middle\" x=\"" + pixels((x.from + x.to) / 2) + "\" y=\"" + pixels(y.from + 36) + "\">" +
           html_text(chart.x_name) + "</text>\n";
    return out;
}

std::string colour_of(std::size_t index) {
    return "var(--curve-" + std::to_string(index % colours + 1) + ")";
}

/// When the colours have been used up they come again, dashed.
bool dashed(std::size_t index) {
    return index / colours % 2 == 1;
}

std::string drawn(const Curve& curve, std::size_t index, const Axis& x, const Axis& y, const Chart& chart) {
    const std::string colour = colour_of(index);
    std::string path, dots;
    for (const auto& [px, py] : curve.points) {
        path += (path.empty() ? "" : " ") + pixels(x.place(px)) + "," + pixels(y.place(py));
        if (curve.points.size() > 60) continue;
        dots += "<circle cx=\"" + pixels(x.place(px)) + "\" cy=\"" + pixels(y.place(py)) + "\" r=\"3\" fill=\"" + colour + "\"><title>" +
                html_text(curve.name) + ", " + html_text(chart.x_name) + " " + brief(px) + ": " + brief(py) + "</title></circle>\n";
    }
    return "<polyline class=\"curve\" style=\"stroke:" + colour + (dashed(index) ? ";stroke-dasharray:6 4" : "") + "\" points=\"" + path +
           "\"/>\n" + dots;
}

std::string legend(const Chart& chart) {
    if (chart.curves.size() < 2) return "";
    std::string out = "<p class=\"legend\">";
    for (std::size_t i = 0; i < chart.curves.size(); ++i) {
        out += "<span><i style=\"border-top:3px " + std::string(dashed(i) ? "dashed " : "solid ") + colour_of(i) + "\"></i>" +
               html_text(chart.curves[i].name) + "</span>";
    }
    return out + "</p>\n";
}

}  // namespace

std::string pixels(double value) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f", value);
    return text.data();
}

std::string html_text(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string svg(const Chart& given) {
    Chart chart = given;
    for (Curve& curve : chart.curves) {
        std::erase_if(curve.points, [](const auto& point) { return !std::isfinite(point.first) || !std::isfinite(point.second); });
    }
    std::erase_if(chart.curves, [](const Curve& curve) { return curve.points.empty(); });
    const auto [x_low, x_high] = range_of(chart, true);
    auto [y_low, y_high] = range_of(chart, false);
    const bool logarithmic = chart.may_use_log && y_low > 0 && y_high / y_low > 20;
    const double margin = logarithmic ? 0 : (y_high - y_low) * .05;
    const Axis x{x_low, x_high, left, width - right, false}, y{y_low - margin, y_high + margin, height - bottom, top, logarithmic};
    std::string out =
        "<section><h2>" + html_text(chart.title) + (logarithmic ? " <small>logarithmic</small>" : "") + "</h2>\n" + legend(chart);
    out +=
        "<svg viewBox=\"0 0 " + pixels(width) + " " + pixels(height) + "\" role=\"img\" aria-label=\"" + html_text(chart.title) + "\">\n";
    out += grid(x, y, chart);
    for (std::size_t i = 0; i < chart.curves.size(); ++i) out += drawn(chart.curves[i], i, x, y, chart);
    return out + "</svg></section>\n";
}

}  // namespace glissade::cli
