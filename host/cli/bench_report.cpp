// SPDX-License-Identifier: Apache-2.0
#include "host/cli/bench_report.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "glissade/device.hpp"
#include "host/cli/card_report.hpp"
#include "host/cli/metrics_json.hpp"
#include "host/cli/report.hpp"
#include "host/cli/text.hpp"
#include "host/data/memory_budget.hpp"
#include "host/execution/machine.hpp"

namespace glissade::cli {
namespace {

std::string gigabytes(double bytes_per_second) {
    return brief(bytes_per_second / 1e9) + " GB/s";
}

std::string probe_line(const MachineProbe& probe) {
    return "probe, " + counted(probe.threads, "thread") + ": read " + gigabytes(probe.read_bytes_per_second) + ", copy " +
           gigabytes(probe.copy_bytes_per_second) + ", rows in shuffled order " + gigabytes(probe.gather_bytes_per_second) +
           (probe.threads > 1 ? ", barrier " + brief(probe.barrier_seconds * 1e6) + " us" : "") + "\n";
}
std::string probe_line(const CardProbe& probe) {
    return "probe, " + probe.name + ": read " + gigabytes(probe.read.median) + ", copy " + gigabytes(probe.copy.median) +
           ", rows in shuffled order " + gigabytes(probe.gather.median) + ", copies from the host " + gigabytes(probe.upload.median) +
           ", barrier " + brief(probe.grid_barrier_seconds.median * 1e6) + " us\n";
}

/// The first run of the same batch size: the CPU with one thread.
const Measurement& base_of(const BenchReport& report, const Measurement& run) {
    return *std::find_if(report.runs.begin(), report.runs.end(), [&](const Measurement& r) { return r.batch_size == run.batch_size; });
}

std::string percent_of_probe(const Measurement& run) {
    return run.bound_bytes_per_second > 0 ? brief(100 * run.bytes_per_second / run.bound_bytes_per_second) + " % of the probe" : "";
}
/// To go after a rate: the share of the probe, or why there is none.
std::string with_share(const Measurement& run) {
    const std::string share = run.in_cache.empty() ? percent_of_probe(run) : "from a cache";
    return share.empty() ? "" : ", " + share;
}

std::string run_lines(const Measurement& run, const Measurement& base) {
    const Spread& epoch = run.epoch_seconds;
    const auto steps = static_cast<double>(run.steps_per_epoch);
    std::string text = run.name + ", batch " + std::to_string(run.batch_size) + "\n";
    text += "  prepare    " + brief(run.prepare_seconds * 1e3) + " ms: checks, statistics" +
            (run.name.starts_with("CUDA") ? ", the data's way to the card" : "") + "\n";
    text += "  epoch      " + brief(epoch.median * 1e3) + " ms (quarters " + brief(epoch.interquartile * 1e3) + " apart, least " +
            brief(epoch.least * 1e3) + ", first " + brief(run.first_epoch_seconds * 1e3) + ")\n";
    text += "  step       " + brief(epoch.median / steps * 1e6) + " us, " + counted(run.steps_per_epoch, "step") + " an epoch\n";
    text += "  rate       " + readable_rate(run.rows_per_second) + "rows/s, " + gigabytes(run.bytes_per_second);
    text += with_share(run) + "\n  held out   loss " + brief(run.held_out.loss) + "\n";
    if (&run != &base) text += "  speed-up   " + brief(base.epoch_seconds.median / epoch.median) + " x " + base.name + "\n";
    return text;
}

std::string verification_text(const Verification& verification) {
    std::string text = "verified on " + counted(verification.rows, "row") + ", " + counted(verification.steps, "step") +
                       ", against the reference in double precision\n";
    for (const Verdict& verdict : verification.verdicts) {
        text += "  " + verdict.backend + std::string(6 - verdict.backend.size(), ' ') + "largest difference " +
                brief(verdict.largest_difference) + ", bound " + brief(verdict.bound) + (verdict.inside() ? ": inside" : ": OUTSIDE");
        if (verdict.backend == "cuda") text += verdict.same_bits_as_cpu ? "; the same bits as the CPU" : "; other bits than the CPU";
        text += "\n";
    }
    return text;
}

std::string cache_note(const BenchReport& report) {
    const std::int64_t cache = last_cache_bytes();
    std::string text;
    if (cache > report.data_bytes)
        text += "the data fits the processor's last cache (" + readable_bytes(cache) + "): no share of the probe of the memory\n";
    if (report.card && report.card->l2_bytes > report.data_bytes)
        text += "the data fits the card's L2 cache (" + readable_bytes(report.card->l2_bytes) + "): no share of the probe of its memory\n";
    return text;
}

Bars rates_of(const BenchReport& report) {
    Bars bars{"rows a second", report.data, {}};
    for (const Measurement& run : report.runs)
        bars.bars.push_back({run.name + ", batch " + std::to_string(run.batch_size), run.rows_per_second,
                             readable_rate(run.rows_per_second) + "rows/s" + with_share(run)});
    return bars;
}

/// Rows a second over the batch size, a curve for each backend; of several sizes.
Chart rates_over_batch(const BenchReport& report) {
    Chart chart;
    chart.title = "rows a second over the batch size";
    chart.x_name = "batch size";
    chart.may_use_log = true;
    std::map<std::string, std::size_t> places;
    for (const Measurement& run : report.runs) {
        const auto [place, is_new] = places.try_emplace(run.name, chart.curves.size());
        if (is_new) chart.curves.push_back({run.name, {}});
        chart.curves[place->second].points.emplace_back(static_cast<double>(run.batch_size), run.rows_per_second);
    }
    for (Curve& curve : chart.curves) std::sort(curve.points.begin(), curve.points.end());
    return chart;
}

Json run_json(const Measurement& run) {
    return {{"name", run.name},
            {"threads", run.threads > 0 ? Json(run.threads) : Json()},
            {"batch_size", run.batch_size},
            {"prepare_seconds", run.prepare_seconds},
            {"epoch_seconds", spread_json(run.epoch_seconds)},
            {"first_epoch_seconds", run.first_epoch_seconds},
            {"steps_per_epoch", run.steps_per_epoch},
            {"step_seconds", run.epoch_seconds.median / static_cast<double>(run.steps_per_epoch)},
            {"rows_per_second", run.rows_per_second},
            {"bytes_per_second", run.bytes_per_second},
            {"fraction_of_probe", run.bound_bytes_per_second > 0 ? Json(run.bytes_per_second / run.bound_bytes_per_second) : Json()},
            {"fits_cache", run.in_cache.empty() ? Json() : Json(run.in_cache)},
            {"held_out", to_json(run.held_out)},
            {"plan", run.plan}};
}

void add_verification(Json& json, const Verification& found) {
    Json& verification = json["verification"];
    verification = {{"rows", found.rows}, {"steps", found.steps}};
    for (const Verdict& verdict : found.verdicts) {
        verification["backends"].push_back({{"name", verdict.backend},
                                            {"largest_difference", verdict.largest_difference},
                                            {"bound", verdict.bound},
                                            {"inside", verdict.inside()},
                                            {"same_bits_as_cpu", verdict.same_bits_as_cpu}});
    }
}

std::vector<std::vector<std::string>> run_table(const BenchReport& report) {
    std::vector<std::vector<std::string>> rows = {
        {"run", "batch", "prepare", "first epoch", "epoch", "step", "rows/s", "GB/s", "of the probe", "held-out loss", "speed-up"}};
    for (const Measurement& run : report.runs) {
        const double epoch = run.epoch_seconds.median;
        rows.push_back({run.name, std::to_string(run.batch_size), brief(run.prepare_seconds * 1e3) + " ms",
                        brief(run.first_epoch_seconds * 1e3) + " ms", brief(epoch * 1e3) + " ms",
                        brief(epoch / static_cast<double>(run.steps_per_epoch) * 1e6) + " us", readable_rate(run.rows_per_second),
                        brief(run.bytes_per_second / 1e9), run.in_cache.empty() ? percent_of_probe(run) : "from a cache",
                        brief(run.held_out.loss), brief(base_of(report, run).epoch_seconds.median / epoch)});
    }
    return rows;
}

}  // namespace

std::string bench_text(const BenchReport& report) {
    std::string text = report.data + "\n" + processor_name() + ", " + counted(usable_processors(), "processor") + "\n" + cache_note(report);
    for (const MachineProbe& probe : report.probes) text += probe_line(probe);
    if (report.card) text += probe_line(*report.card);
    if (!report.caution.empty()) text += report.caution + "\n";
    for (const Measurement& run : report.runs) text += run_lines(run, base_of(report, run));
    text += bars_text(rates_of(report));
    for (const std::string& run : report.threads_left_out) text += "left out, " + run + "\n";
    if (!report.left_out.empty()) text += "CUDA was left out: " + report.left_out + "\n";
    if (report.verification) text += verification_text(*report.verification);
    return text;
}

Json bench_json(const BenchReport& report) {
    Json json = {
        {"data", report.data},
        {"data_bytes", report.data_bytes},
        {"machine", {{"processor", processor_name()}, {"processors", usable_processors()}, {"last_cache_bytes", last_cache_bytes()}}}};
    for (const MachineProbe& probe : report.probes) {
        json["probes"].push_back({{"threads", probe.threads},
                                  {"read_bytes_per_second", probe.read_bytes_per_second},
                                  {"copy_bytes_per_second", probe.copy_bytes_per_second},
                                  {"gather_bytes_per_second", probe.gather_bytes_per_second},
                                  {"barrier_seconds", probe.barrier_seconds}});
    }
    json["card"] = report.card ? card_json(*report.card) : Json();
    for (const Measurement& run : report.runs) json["runs"].push_back(run_json(run));
    json["threads_left_out"] = report.threads_left_out;
    json["caution"] = report.caution.empty() ? Json() : Json(report.caution);
    json["cuda_left_out"] = report.left_out.empty() ? Json() : Json(report.left_out);
    if (report.verification) add_verification(json, *report.verification);
    return json;
}

std::string bench_page(const BenchReport& report) {
    Report page;
    page.title = "Benchmark";
    page.subtitle = report.data + ". " + processor_name() + ", " + counted(usable_processors(), "processor") +
                    (report.card ? "; " + report.card->name : std::string());
    const auto fastest = std::max_element(report.runs.begin(), report.runs.end(),
                                          [](const Measurement& a, const Measurement& b) { return a.rows_per_second < b.rows_per_second; });
    page.figures = {
        {"rows a second, " + fastest->name + ", batch " + std::to_string(fastest->batch_size), readable_rate(fastest->rows_per_second)},
        {"an epoch", brief(fastest->epoch_seconds.median * 1e3) + " ms"},
        {"of what the probe of the same run reads",
         fastest->in_cache.empty() ? percent_of_probe(*fastest).substr(0, percent_of_probe(*fastest).find('%') + 1) : "from a cache"},
        {"held-out loss", brief(fastest->held_out.loss)}};
    page.bars = {rates_of(report)};
    if (Chart chart = rates_over_batch(report); chart.curves.front().points.size() > 1) page.charts = {std::move(chart)};
    page.members = run_table(report);
    page.members_title = "Runs";
    for (const MachineProbe& probe : report.probes) page.notes.push_back(probe_line(probe));
    if (report.card) page.notes.push_back(probe_line(*report.card));
    if (const std::string note = cache_note(report); !note.empty()) page.notes.push_back(note);
    if (!report.caution.empty()) page.notes.push_back(report.caution);
    for (const std::string& run : report.threads_left_out) page.notes.push_back("left out, " + run);
    if (!report.left_out.empty()) page.notes.push_back("CUDA was left out: " + report.left_out);
    if (report.verification) page.notes.push_back(verification_text(*report.verification));
    for (const Measurement& run : report.runs) page.settings.emplace_back(run.name + ", batch " + std::to_string(run.batch_size), run.plan);
    return html_page(page);
}

}  // namespace glissade::cli
