// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "glissade/device.hpp"
#include "glissade/error.hpp"
#include "host/cli/card_report.hpp"
#include "host/cli/cpu_calibration.hpp"
#include "host/cli/files.hpp"
#include "host/cli/flags.hpp"
#include "host/cli/text.hpp"
#include "host/cli/verb.hpp"
#include "host/cli/words.hpp"
#include "host/execution/card_probe.hpp"
#include "host/execution/machine.hpp"
#include "host/train/calibration_file.hpp"

namespace glissade::cli {
namespace {

constexpr const char* calibrate_footer = R"(
What is measured goes to $XDG_CACHE_HOME/glissade/calibration.json (~/.cache without that variable), where train and plan find it: predicted times become
those of this machine, and a GPU's work is laid out by what that GPU does. Results of training never depend on it. Measure while nothing else runs: the processor takes
some ten seconds, a GPU a second or two.

Examples
  glissade calibrate
  glissade calibrate --device cpu --json --dry-run)";

struct CalibrateFlags {
    std::string device = "auto", output;
    int threads = 0;
    std::int64_t row_bytes = 128;
    bool json = false, dry_run = false, quiet = false;
};

struct Calibrated {
    Calibration calibration;
    std::vector<CardProbe> cards;
    std::string left_out;  ///< why no card was measured
};

/// The ordinals of the cards that `device` means.
std::vector<int> cards_of(const std::string& device, std::string& left_out) {
    if (device == "cpu") {
        left_out = "--device cpu";
        return {};
    }
    const bool named = device == "cuda" || device.starts_with("cuda:");
    if (device != "auto" && !named) fail(ErrorKind::usage, "--device " + device + ": it is auto, cpu, cuda or cuda:N");
    const CudaAvailability cuda = cuda_availability();
    left_out = cuda.missing;
    if (named && cuda.devices.empty()) fail(ErrorKind::device, "--device " + device + ": " + cuda.missing);
    if (device.starts_with("cuda:")) return {whole_of<int>("--device cuda:N", device.substr(5), 0, std::numeric_limits<int>::max())};
    std::vector<int> ordinals;
    for (const CudaDevice& card : cuda.devices) ordinals.push_back(card.ordinal);
    return ordinals;
}

Calibrated measure_machine(const CalibrateFlags& flags) {
    Calibrated found;
    const std::vector<int> ordinals = cards_of(flags.device, found.left_out);
    if (flags.device == "auto" || flags.device == "cpu")
        found.calibration.cpu = calibrate_cpu(flags.threads > 0 ? flags.threads : usable_processors());
    for (const int ordinal : ordinals) {
        found.cards.push_back(probe_card(ordinal, flags.row_bytes, {}));
        if (!found.calibration.card(found.cards.back().name)) found.calibration.cards.push_back(medians_of(found.cards.back()));
    }
    return found;
}

std::string usual_line(const std::string& name, double seconds, double usual) {
    return time_line(name, seconds, " (usual: " + brief(usual * 1e9) + ")");
}

std::string cpu_text(const CpuRates& rates) {
    const CpuRates usual;
    return processor_name() + ", " + counted(usable_processors(), "processor") + "\n" + usual_line("a row", rates.row, usual.row) +
           usual_line("its slope and loss", rates.output, usual.output) + usual_line("a feature of it", rates.value, usual.value) +
           usual_line("a row out of order, later by", rates.late_row, usual.late_row) +
           usual_line("... and by, each byte of it", rates.late_byte, usual.late_byte) +
           usual_line("update of a parameter", rates.parameter, usual.parameter) +
           usual_line("... and each number of its state", rates.state, usual.state) +
           usual_line("barrier of the threads", rates.barrier, usual.barrier) + usual_line("what a step costs", rates.step, usual.step) +
           usual_line("... of a single row", rates.step_of_single_row, usual.step_of_single_row);
}

Json result_json(const Calibrated& found, const std::string& path) {
    Json json = {{"file", path.empty() ? Json() : Json(path)},
                 {"cards", Json::array()},
                 {"cuda_left_out", found.left_out.empty() ? Json() : Json(found.left_out)}};
    if (found.calibration.cpu) {
        const CpuRates& rates = *found.calibration.cpu;
        json["cpu"] = {{"processor", processor_name()},
                       {"processors", usable_processors()},
                       {"row_seconds", rates.row},
                       {"output_seconds", rates.output},
                       {"value_seconds", rates.value},
                       {"late_row_seconds", rates.late_row},
                       {"late_byte_seconds", rates.late_byte},
                       {"parameter_seconds", rates.parameter},
                       {"state_seconds", rates.state},
                       {"barrier_seconds", rates.barrier},
                       {"step_seconds", rates.step},
                       {"step_of_single_row_seconds", rates.step_of_single_row}};
    }
    for (const CardProbe& probe : found.cards) json["cards"].push_back(card_json(probe));
    return json;
}

}  // namespace

int run_calibrate(const Words& words) {
    CLI::App app("Measures this machine once, CPU and GPUs, so that plans predict times as they are here.", "glissade calibrate");
    CalibrateFlags flags;
    app.add_option("--device", flags.device, "auto (CPU and every GPU), cpu, cuda (every GPU) or cuda:N")->group("Machine");
    add_whole(app, "--threads", flags.threads, {1, most_threads}, "Threads of the barrier's team; all processors if not given")
        ->type_name("N")
        ->group("Machine");
    add_whole(app, "--row-bytes", flags.row_bytes, {1, std::int64_t{1} << 30}, "Rows of so many bytes are gathered on a GPU")
        ->type_name("N")
        ->group("Machine");
    app.add_option("--output", flags.output, "The file to write instead of the one in the cache folder")
        ->type_name("FILE")
        ->group("Output");
    app.add_flag("--dry-run", flags.dry_run, "Measures and tells, writes nothing")->group("Output");
    app.add_flag("--json", flags.json, "The result as one JSON object")->group("Output");
    app.add_flag("-q,--quiet", flags.quiet, "No notes")->group("Output");
    app.footer(calibrate_footer);
    if (!parse_words(app, words)) return exit_done;
    std::string path;
    if (!flags.dry_run) {
        path = flags.output.empty() ? calibration_path() : flags.output;
        if (path.empty()) fail(ErrorKind::usage, "there is no cache folder: neither XDG_CACHE_HOME nor HOME is set; --output names a file");
    }
    if (!flags.quiet) note("measuring: some ten seconds for the processor, a second or two for a GPU; nothing else should run");
    const Calibrated found = measure_machine(flags);
    if (!path.empty()) save_calibration(path, found.calibration);
    if (flags.json) {
        write_stdout(json_text(result_json(found, path)) + "\n");
        return exit_done;
    }
    std::string text;
    if (found.calibration.cpu) text += cpu_text(*found.calibration.cpu);
    for (const CardProbe& probe : found.cards) text += card_text(probe);
    if (found.cards.empty()) text += "no GPU was measured: " + found.left_out + "\n";
    if (!path.empty()) text += "written: " + path + "\n";
    write_stdout(text);
    return exit_done;
}

}  // namespace glissade::cli
