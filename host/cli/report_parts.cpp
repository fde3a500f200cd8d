// SPDX-License-Identifier: Apache-2.0
#include "host/cli/report_parts.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "host/cli/svg_chart.hpp"
#include "host/cli/text.hpp"

namespace glissade::cli {
namespace {

constexpr std::size_t most_classes_in_table = 12, most_classes_in_map = 100, most_pairs = 15;
constexpr double deepest = .65;  ///< of a colour behind text

template <class... Values>
std::string printed(const char* format, Values... values) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), format, values...);
    return text.data();
}

std::string percent(double share) {
    return printed("%.1f %%", 100 * share);
}
double share_of(std::int64_t part, std::int64_t whole) {
    return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

/// A name in a cell that cuts what is too long; the whole of it shows under the pointer.
std::string name_cell(const std::string& element, const std::string& style, const std::string& name) {
    const std::string text = html_text(name);
    return "<" + element + " class=\"" + style + "\" title=\"" + text + "\"><span>" + text + "</span></" + element + ">";
}

std::string heading(const std::string& title, const std::string& rest) {
    return "<section><h2>" + html_text(title) + " <small>" + html_text(rest) + "</small></h2>\n";
}

std::string confusion_table(const Confusion& confusion) {
    const std::size_t classes = confusion.labels.size();
    std::string out = "<table class=\"confusion\">\n<tr><th class=\"corner\">true \\ predicted</th>";
    const auto is_long = [](const std::string& label) { return label.size() > 5; };
    const bool upright = classes > 3 && std::any_of(confusion.labels.begin(), confusion.labels.end(), is_long);
    for (const std::string& label : confusion.labels) out += name_cell("th", upright ? "upright" : "name", label);
    out += "<th>recall</th></tr>\n";
    for (std::size_t truth = 0; truth < classes; ++truth) {
        const std::int64_t rows = confusion.rows_of(truth);
        out += "<tr>" + name_cell("th", "name", confusion.labels[truth]);
        for (std::size_t predicted = 0; predicted < classes; ++predicted) {
            const double share = share_of(confusion.count(truth, predicted), rows);
            const char* colour = truth == predicted ? "--right" : "--wrong";
            out += "<td style=\"background:rgb(var(" + std::string(colour) + ") / " + printed("%.3f", deepest * share) + ")\" title=\"" +
                   percent(share) + " of the line\">" + grouped(confusion.count(truth, predicted)) + "</td>";
        }
        out += "<td>" + (rows > 0 ? percent(share_of(confusion.count(truth, truth), rows)) : "-") + "</td></tr>\n";
    }
    return out + "</table>\n";
}

/// A point for each pair of classes that has rows, as dark as its share of the true class.
std::string confusion_map(const Confusion& confusion) {
    const std::size_t classes = confusion.labels.size();
    const double side = 480, cell = side / static_cast<double>(classes);
    std::string out =
        "<svg class=\"map\" viewBox=\"0 0 520 520\" role=\"img\" aria-label=\"confusion\">\n<rect class=\"frame\" x=\"30\" y=\"10\" "
        "width=\"" +
        pixels(side) + "\" height=\"" + pixels(side) + "\"/>\n";
    for (std::size_t truth = 0; truth < classes; ++truth) {
        const std::int64_t rows = confusion.rows_of(truth);
        for (std::size_t predicted = 0; predicted < classes; ++predicted) {
            const std::int64_t count = confusion.count(truth, predicted);
            if (count == 0) continue;
            const double strength = .15 + .85 * std::sqrt(share_of(count, rows));  // rare mistakes stay visible
            out += "<rect x=\"" + pixels(30 + cell * static_cast<double>(predicted)) + "\" y=\"" +
                   pixels(10 + cell * static_cast<double>(truth)) + "\" width=\"" + pixels(cell) + "\" height=\"" + pixels(cell) +
                   "\" fill=\"rgb(var(" + (truth == predicted ? "--right" : "--wrong") + ") / " + printed("%.2f", strength) + ")\"/>\n";
        }
    }
    return out +
           "<text class=\"tick\" text-anchor=\"middle\" x=\"270\" y=\"508\">predicted, in the order of the classes</text>\n"
           "<text class=\"tick\" text-anchor=\"middle\" transform=\"translate(20 250) rotate(-90)\">true</text>\n</svg>\n";
}

std::string confused_pairs(const Confusion& confusion) {
    struct Pair {
        std::int64_t rows;
        std::size_t truth, predicted;
    };
    std::vector<Pair> pairs;
    for (std::size_t truth = 0; truth < confusion.labels.size(); ++truth)
        for (std::size_t predicted = 0; predicted < confusion.labels.size(); ++predicted)
            if (truth != predicted && confusion.count(truth, predicted) > 0)
                pairs.push_back({confusion.count(truth, predicted), truth, predicted});
    std::stable_sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) { return a.rows > b.rows; });
    pairs.resize(std::min(pairs.size(), most_pairs));
    if (pairs.empty()) return "<p class=\"legend\">No row was taken for another class.</p>\n";
    std::vector<std::vector<std::string>> rows = {{"true class", "taken for", "rows", "of its class"}};
    for (const Pair& pair : pairs)
        rows.push_back({confusion.labels[pair.truth], confusion.labels[pair.predicted], grouped(pair.rows),
                        percent(share_of(pair.rows, confusion.rows_of(pair.truth)))});
    return html_table(rows, true);
}

/// The plot's frame: probabilities from 0 to 1 in both directions, and a strip of bars under it.
struct ReliabilityFrame {
    double left = 76, right = 704, top = 14, bottom = 234, bars_top = 262, bars_bottom = 312;

    double x(double p) const { return left + p * (right - left); }
    double y(double p) const { return bottom - p * (bottom - top); }
};

std::string reliability_grid(const ReliabilityFrame& frame) {
    std::string out;
    for (const double mark : {0.0, .2, .4, .6, .8, 1.0}) {
        out += "<line class=\"grid\" x1=\"" + pixels(frame.left) + "\" x2=\"" + pixels(frame.right) + "\" y1=\"" + pixels(frame.y(mark)) +
               "\" y2=\"" + pixels(frame.y(mark)) + "\"/><text class=\"tick\" text-anchor=\"end\" x=\"" + pixels(frame.left - 8) +
               "\" y=\"" + pixels(frame.y(mark)) + "\" dy=\".32em\">" + brief(mark) +
               "</text>\n<text class=\"tick\" text-anchor=\"middle\" x=\"" + pixels(frame.x(mark)) + "\" y=\"" +
               pixels(frame.bars_bottom + 18) + "\">" + brief(mark) + "</text>\n";
    }
    out += "<line class=\"ideal\" x1=\"" + pixels(frame.x(0)) + "\" y1=\"" + pixels(frame.y(0)) + "\" x2=\"" + pixels(frame.x(1)) +
           "\" y2=\"" + pixels(frame.y(1)) + "\"/>\n";
    out += "<text class=\"tick\" text-anchor=\"middle\" x=\"" + pixels((frame.left + frame.right) / 2) + "\" y=\"" +
           pixels(frame.bars_bottom + 36) + "\">predicted probability</text>\n<text class=\"tick\" text-anchor=\"end\" x=\"" +
           pixels(frame.left - 8) + "\" y=\"" + pixels(frame.bars_bottom) + "\">rows</text>\n";
    return out;
}

}  // namespace

std::string html_table(const std::vector<std::vector<std::string>>& rows, bool first_is_head) {
    std::string out = "<table>\n";
    for (std::size_t r = 0; r < rows.size(); ++r) {
        out += "<tr>";
        for (std::size_t c = 0; c < rows[r].size(); ++c) {
            const std::string cell = (first_is_head ? r == 0 : c == 0) ? "th" : "td";
            out += "<" + cell + ">" + html_text(rows[r][c]) + "</" + cell + ">";
        }
        out += "</tr>\n";
    }
    return out + "</table>\n";
}

std::string confusion_section(const Confusion& confusion, const std::string& rows_name) {
    const std::size_t classes = confusion.labels.size();
    std::string out = heading("Confusion", grouped(confusion.rows()) + " " + rows_name);
    if (classes <= most_classes_in_table) return out + confusion_table(confusion) + "</section>\n";
    if (classes <= most_classes_in_map) out += confusion_map(confusion);
    return out + confused_pairs(confusion) + "</section>\n";
}

std::string reliability_section(const Reliability& reliability, const std::string& rows_name) {
    const ReliabilityFrame frame;
    std::int64_t most = 1;
    for (const ReliabilityBin& bin : reliability.bins) most = std::max(most, bin.rows);
    std::string path, dots, bars;
    const double width = (frame.right - frame.left) / static_cast<double>(reliability.bins.size());
    for (std::size_t b = 0; b < reliability.bins.size(); ++b) {
        const ReliabilityBin& bin = reliability.bins[b];
        if (bin.rows == 0) continue;
        const std::string x = pixels(frame.x(bin.predicted)), y = pixels(frame.y(bin.observed));
        path += (path.empty() ? "" : " ") + x + "," + y;
        dots += "<circle cx=\"" + x + "\" cy=\"" + y + "\" r=\"" + pixels(3 + 4 * std::sqrt(share_of(bin.rows, most))) +
                "\" fill=\"var(--curve-1)\"><title>predicted " + brief(bin.predicted) + ", observed " + brief(bin.observed) + ", " +
                counted(bin.rows, "row") + "</title></circle>\n";
        const double height = (frame.bars_bottom - frame.bars_top) * share_of(bin.rows, most),
                     left = frame.left + width * static_cast<double>(b);
        bars += "<rect class=\"bar\" x=\"" + pixels(left + 2) + "\" width=\"" + pixels(width - 4) + "\" y=\"" +
                pixels(frame.bars_bottom - height) + "\" height=\"" + pixels(height) +
                "\"/><text class=\"tick\" text-anchor=\"middle\" x=\"" + pixels(left + width / 2) + "\" y=\"" +
                pixels(frame.bars_bottom - height - 4) + "\">" + grouped(bin.rows) + "</text>\n";
    }
    std::string out = heading("Calibration", "probability " + reliability.of + ", " + rows_name);
    out +=
        "<p class=\"legend\"><span><i style=\"border-top:3px solid var(--curve-1)\"></i>observed share</span><span><i "
        "style=\"border-top:2px dashed "
        "var(--soft)\"></i>as predicted</span></p>\n";
    out += "<svg viewBox=\"0 0 720 356\" role=\"img\" aria-label=\"calibration\">\n" + reliability_grid(frame) + bars +
           "<polyline class=\"curve\" style=\"stroke:var(--curve-1)\" points=\"" + path + "\"/>\n" + dots;
    return out + "</svg></section>\n";
}

std::string weights_section(const std::vector<LargeWeight>& weights, const std::string& subject, bool standardised) {
    double most = 0;
    for (const LargeWeight& weight : weights) most = std::max(most, std::abs(weight.weight));
    const bool several = std::any_of(weights.begin(), weights.end(), [](const LargeWeight& weight) { return !weight.output.empty(); });
    std::string out = heading("Largest weights", "in the units of the data" + (subject.empty() ? "" : ", for " + subject));
    out += "<table class=\"weights\">\n<tr><th>feature</th>" + std::string(several ? "<th>for</th>" : "") +
           "<th class=\"side\"></th><th>weight</th>" + (standardised ? "<th class=\"deviation\">per deviation</th>" : "") + "</tr>\n";
    for (const LargeWeight& weight : weights) {
        const double share = most > 0 ? 50 * std::abs(weight.weight) / most : 0;
        const std::string place = weight.weight < 0 ? "right:50%;background:var(--curve-2)" : "left:50%;background:var(--curve-1)";
        out += "<tr>" + name_cell("td", "name", weight.feature) + (several ? name_cell("td", "name", weight.output) : "");
        out += "<td class=\"side\"><div><i style=\"" + place + ";width:" + printed("%.2f", share) +
               "%\"></i></div></td><td class=\"number\">" + brief(weight.weight) + "</td>" +
               (standardised ? "<td class=\"number deviation\">" + (weight.a_deviation ? brief(*weight.a_deviation) : "") + "</td>" : "") +
               "</tr>\n";
    }
    return out + "</table></section>\n";
}

const char* parts_style() {
    return R"(<style>
:root { --right: 37 99 201; --wrong: 217 98 43; }
@media (prefers-color-scheme: dark) { :root { --right: 110 163 247; --wrong: 242 147 95; } }
.confusion { width: auto; }
.confusion td, .confusion th { text-align: right; padding: 4px 8px; vertical-align: middle; border: 1px solid var(--card);
  white-space: nowrap; }
.confusion .corner { font-size: 12px; vertical-align: bottom; }
.confusion .upright { vertical-align: bottom; text-align: center; padding: 4px 2px; }
.confusion .upright span { writing-mode: vertical-rl; transform: rotate(180deg); max-height: 140px; overflow: hidden;
  text-overflow: ellipsis; display: inline-block; }
.name span { display: inline-block; max-width: 240px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap;
  vertical-align: bottom; }
.weights td, .weights th { vertical-align: middle; white-space: nowrap; }
.weights .side { width: 45%; min-width: 120px; }
.side div { position: relative; height: 14px; background: linear-gradient(var(--soft), var(--soft)) center / 1px 100% no-repeat; }
.side i { position: absolute; top: 1px; bottom: 1px; border-radius: 2px; }
.number { text-align: right; }
.map { max-width: 520px; margin: 0 auto 12px; }
.frame { fill: none; stroke: var(--faint); }
.ideal { stroke: var(--soft); stroke-width: 1.5; stroke-dasharray: 5 5; }
.bar { fill: rgb(var(--right) / .35); }
li { overflow-wrap: anywhere; }
@media (max-width: 560px) { .name span { max-width: 110px; }
  .weights .name span { white-space: normal; overflow-wrap: anywhere; max-width: 130px; }
  .weights .side { min-width: 80px; } .deviation { display: none; }
  .tick { font-size: 18px; } main { padding: 20px 10px; } section { padding: 14px 10px; } }
</style>
)";
}

}  // namespace glissade::cli
