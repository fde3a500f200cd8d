// SPDX-License-Identifier: Apache-2.0
#include "host/cli/report.hpp"

#include "host/cli/report_parts.hpp"

namespace glissade::cli {
namespace {

constexpr const char* page_style = R"(<style>
:root { color-scheme: light dark; --paper: #fbfbf9; --card: #ffffff; --ink: #1d2330; --soft: #5d6678; --faint: #e4e6ea;
  --curve-1: #2563c9; --curve-2: #d9622b; --curve-3: #1f8a5b; --curve-4: #9747b8; --curve-5: #b88a00; --curve-6: #c23b63; }
@media (prefers-color-scheme: dark) { :root { --paper: #12151c; --card: #1a1f29; --ink: #e8ebf1; --soft: #98a2b5; --faint: #2c3340;
  --curve-1: #6ea3f7; --curve-2: #f2935f; --curve-3: #5cc795; --curve-4: #c98be3; --curve-5: #e0bb4a; --curve-6: #ef7f9f; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 800px; margin: 0 auto; padding: 32px 20px 56px; }
h1 { font-size: 26px; margin: 0; letter-spacing: -.01em; }
h2 { font-size: 16px; margin: 0 0 8px; }
h2 small { color: var(--soft); font-weight: 400; }
.subtitle { color: var(--soft); margin: 4px 0 24px; overflow-wrap: anywhere; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(160px, 1fr)); gap: 12px; margin-bottom: 12px; }
.figures div, section { background: var(--card); border: 1px solid var(--faint); border-radius: 10px; padding: 14px 18px; }
.figures b { display: block; font-size: 20px; font-variant-numeric: tabular-nums; letter-spacing: -.01em; white-space: nowrap; }
.figures span { color: var(--soft); font-size: 13px; }
section { margin: 12px 0; overflow-x: auto; }
svg { width: 100%; height: auto; display: block; }
.grid { stroke: var(--faint); stroke-width: 1; }
.tick { fill: var(--soft); font-size: 12px; font-variant-numeric: tabular-nums; }
.curve { fill: none; stroke-width: 2; stroke-linejoin: round; }
.legend { margin: 0 0 6px; color: var(--soft); font-size: 13px; }
.legend span { margin-right: 16px; white-space: nowrap; }
.legend i { display: inline-block; width: 16px; margin-right: 6px; vertical-align: middle; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
td, th { text-align: left; padding: 4px 12px 4px 0; border-bottom: 1px solid var(--faint); vertical-align: top; overflow-wrap: anywhere; }
tr:last-child > * { border-bottom: 0; }
th { color: var(--soft); font-weight: 500; white-space: nowrap; }
</style>
)";

}  // namespace

std::string html_page(const Report& report) {
    std::string out =
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><meta name=\"viewport\" "
        "content=\"width=device-width\">\n<title>" +
        html_text(report.title) + "</title>\n" + page_style + parts_style() + "</head>\n<body><main>\n<h1>" + html_text(report.title) +
        "</h1>\n<p class=\"subtitle\">" + html_text(report.subtitle) + "</p>\n<div class=\"figures\">\n";
    for (const auto& [name, value] : report.figures)
        out += "<div><b>" + html_text(value) + "</b><span>" + html_text(name) + "</span></div>\n";
    out += "</div>\n";
    if (report.metrics.size() > 1)
        out += "<section><h2>Metrics <small>of the kept model, in the units of the data</small></h2>\n" + html_table(report.metrics, true) +
               "</section>\n";
    for (const Chart& chart : report.charts) out += svg(chart);
    for (const Bars& bars : report.bars) out += bars_section(bars);
    if (!report.members.empty())
        out += "<section><h2>" + report.members_title + "</h2>\n" + html_table(report.members, true) + "</section>\n";
    if (report.evaluation) {
        out += confusion_section(report.evaluation->confusion, report.rows_name);
        if (report.evaluation->reliability) out += reliability_section(*report.evaluation->reliability, report.rows_name);
    }
    if (!report.weights.empty()) out += weights_section(report.weights, report.weights_of, report.standardised);
    std::vector<std::vector<std::string>> settings;
    for (const auto& [name, value] : report.settings) settings.push_back({name, value});
    out += "<section><h2>Settings</h2>\n" + html_table(settings, false) + "</section>\n";
    if (!report.notes.empty()) {
        out += "<section><h2>Notes</h2>\n<ul>\n";
        for (const std::string& text : report.notes) out += "<li>" + html_text(text) + "</li>\n";
        out += "</ul></section>\n";
    }
    return out + "</main></body>\n</html>\n";
}

}  // namespace glissade::cli
