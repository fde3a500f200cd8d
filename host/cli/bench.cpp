// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "glissade/device.hpp"
#include "glissade/error.hpp"
#include "host/cli/bench_measures.hpp"
#include "host/cli/bench_verify.hpp"
#include "host/cli/description.hpp"
#include "host/cli/files.hpp"
#include "host/cli/flags.hpp"
#include "host/cli/generated_data.hpp"
#include "host/cli/metrics_json.hpp"
#include "host/cli/text.hpp"
#include "host/cli/verb.hpp"
#include "host/cli/words.hpp"
#include "host/data/memory_budget.hpp"
#include "host/execution/machine.hpp"

namespace glissade::cli {
namespace {

constexpr const char* bench_footer = R"(
Examples
  glissade bench --rows 1000000 --features 28 --batch-size 1024
  glissade bench data.csv --target y --json > bench.json
  glissade bench --verify

A run is the training loop alone; reading is not timed. % is of what the probe of the same run reads: whole rows in shuffled order, or in file order with
--shuffle none. The held-out loss shows that the runs did the same work.)";

struct BenchFlags {
    TrainCommand command;
    std::int64_t rows = 200000, features = 28;
    bool verify = false, json = false, quiet = false;
};

struct BenchData {
    Dataset train, held_out;
    std::string name;
};

struct BenchReport {
    std::string data, left_out;
    std::int64_t data_bytes = 0;
    std::vector<MachineProbe> probes;
    std::vector<Measurement> runs;
    std::optional<Verification> verification;
};

void add_flags(CLI::App& app, BenchFlags& flags) {
    flags.command.learning.options.epochs = 5;
    flags.command.data.add_training(app);
    flags.command.learning.add_to(app);
    add_whole(app, "--rows", flags.rows, {1}, "Rows of generated data, if no DATA is given")->group("Benchmark");
    add_whole(app, "--features", flags.features, {1}, "Its features")->type_name("D")->group("Benchmark");
    app.add_flag("--verify", flags.verify, "Compares CPU and CUDA with the double-precision reference, within a computed bound")
        ->group("Benchmark");
    app.add_flag("--json", flags.json, "The result as one JSON object")->group("Output");
    app.add_flag("-q,--quiet", flags.quiet, "No notes")->group("Output");
    app.footer(bench_footer);
}

BenchData load(const BenchFlags& flags) {
    const auto& command = flags.command;
    BenchData data;
    if (command.data.path.empty()) {
        if (command.learning.real_type != RealType::float32)
            fail(ErrorKind::usage, "generated data is float32; --precision float64 wants DATA");
        const std::uint64_t seed = command.learning.options.seed;
        data.train = generated_classes(flags.rows, flags.features, seed);
        data.held_out = generated_classes(std::max<std::int64_t>(1000, flags.rows / 10), flags.features, seed, flags.rows);
        data.name = "generated: " + counted(flags.rows, "row") + " x " + counted(flags.features, "feature");
        return data;
    }
    TrainingInput input = read_training(command.data, command.learning.options, command.learning.real_type);
    data.name = command.data.path + ": " + counted(input.train.rows(), "row") + " x " + counted(input.train.columns(), "feature");
    if (input.validation.rows() > 0) {
        data.train = input.train;
        data.held_out = input.validation;
    } else {
        data.train = data.held_out = input.train;
        data.name += " (no validation set: the loss is that of the training rows)";
    }
    return data;
}

/// Why CUDA takes no part; empty if it does.
std::string cuda_left_out(const BenchFlags& flags, const BenchData& data) {
    if (flags.command.learning.options.device == "cpu") return "--device cpu";
    if (flags.command.learning.real_type != RealType::float32) return "float64 is for the CPU";
    if (data.train.is_sparse()) return "sparse rows are for the CPU";
    if (!flags.command.learning.options.hidden.empty()) return "hidden layers are for the CPU";
    if (flags.command.learning.options.label_smoothing > 0) return "label smoothing is for the CPU";
    return cuda_availability().missing;
}

/// Bytes from one row to the next in memory; of sparse rows, on average.
std::int64_t stored_row_bytes(const Dataset& data) {
    if (data.is_sparse()) return std::max<std::int64_t>(1, std::llround(row_bytes_of(data)));
    return data.stride() * real_bytes(data.real_type());
}

void measure_cpu(const BenchData& data, const TrainOptions& options, BenchReport& report) {
    std::vector<int> counts = {1};
    if (const int all = thread_count(options.threads); all > 1) counts.push_back(all);
    const std::int64_t row_bytes = stored_row_bytes(data.train);
    for (const int threads : counts) {
        report.probes.push_back(probe_machine(threads, row_bytes));
        TrainOptions on_cpu = options;
        on_cpu.device = "cpu";
        on_cpu.threads = threads;
        report.runs.push_back(measure("CPU, " + counted(threads, "thread"), data.train, data.held_out, on_cpu));
        const MachineProbe& probe = report.probes.back();
        report.runs.back().bound_bytes_per_second =
            options.shuffle == Shuffle::none ? probe.read_bytes_per_second : probe.gather_bytes_per_second;
    }
}

/// The card that "cuda" or "cuda:N" means.
std::string card_name(const std::string& device) {
    const int ordinal = device.find(':') == std::string::npos ? 0 : std::stoi(device.substr(device.find(':') + 1));
    for (const CudaDevice& card : cuda_availability().devices)
        if (card.ordinal == ordinal) return card.name;
    return device;
}

BenchReport measure_all(const BenchFlags& flags, const BenchData& data) {
    TrainOptions options = flags.command.learning.options;
    options.loss = chosen_loss(options.loss, data.train);
    BenchReport report;
    report.data = data.name;
    report.data_bytes = data.train.rows() * stored_row_bytes(data.train);
    report.left_out = cuda_left_out(flags, data);
    if (!report.left_out.empty() && options.device.starts_with("cuda"))
        fail(ErrorKind::device, "--device " + options.device + ": " + report.left_out);
    measure_cpu(data, options, report);
    if (report.left_out.empty()) {
        TrainOptions on_cuda = options;
        on_cuda.device = options.device == "auto" ? "cuda" : options.device;
        report.runs.push_back(measure("CUDA, " + card_name(on_cuda.device), data.train, data.held_out, on_cuda));
    }
    if (flags.verify) report.verification = verify(data.train, options, report.left_out.empty());
    return report;
}

std::string gigabytes(double bytes_per_second) {
    return brief(bytes_per_second / 1e9) + " GB/s";
}

std::string probe_line(const MachineProbe& probe) {
    return "probe, " + counted(probe.threads, "thread") + ": read " + gigabytes(probe.read_bytes_per_second) + ", copy " +
           gigabytes(probe.copy_bytes_per_second) + ", rows in shuffled order " + gigabytes(probe.gather_bytes_per_second) +
           (probe.threads > 1 ? ", barrier " + brief(probe.barrier_seconds * 1e6) + " us" : "") + "\n";
}

std::string run_lines(const Measurement& run, const Measurement& first) {
    const Spread& epoch = run.epoch_seconds;
    const auto steps = static_cast<double>(run.steps_per_epoch);
    std::string text = run.name + "\n";
    text += "  epoch      " + brief(epoch.median * 1e3) + " ms (quarters " + brief(epoch.interquartile * 1e3) + " apart, least " +
            brief(epoch.least * 1e3) + ", first " + brief(run.first_epoch_seconds * 1e3) + ")\n";
    text += "  step       " + brief(epoch.median / steps * 1e6) + " us, " + counted(run.steps_per_epoch, "step") + " an epoch\n";
    text += "  rate       " + readable_rate(run.rows_per_second) + "rows/s, " + gigabytes(run.bytes_per_second);
    if (run.bound_bytes_per_second > 0) text += ", " + brief(100 * run.bytes_per_second / run.bound_bytes_per_second) + " % of the probe";
    text += "\n  held out   loss " + brief(run.held_out.loss) + "\n";
    if (&run != &first) text += "  speed-up   " + brief(first.epoch_seconds.median / epoch.median) + " x " + first.name + "\n";
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

std::string report_text(const BenchReport& report) {
    std::string text = report.data + "\n" + processor_name() + ", " + counted(usable_processors(), "processor") + "\n";
    const std::int64_t cache = last_cache_bytes();
    if (cache > report.data_bytes)
        text += "the data fits the last cache (" + readable_bytes(cache) + "): rates may exceed the probe of the memory\n";
    for (const MachineProbe& probe : report.probes) text += probe_line(probe);
    for (const Measurement& run : report.runs) text += run_lines(run, report.runs.front());
    if (!report.left_out.empty()) text += "CUDA was left out: " + report.left_out + "\n";
    if (report.verification) text += verification_text(*report.verification);
    return text;
}

Json run_json(const Measurement& run) {
    return {
        {"name", run.name},
        {"epoch_seconds",
         {{"median", run.epoch_seconds.median}, {"interquartile", run.epoch_seconds.interquartile}, {"least", run.epoch_seconds.least}}},
        {"first_epoch_seconds", run.first_epoch_seconds},
        {"steps_per_epoch", run.steps_per_epoch},
        {"step_seconds", run.epoch_seconds.median / static_cast<double>(run.steps_per_epoch)},
        {"rows_per_second", run.rows_per_second},
        {"bytes_per_second", run.bytes_per_second},
        {"fraction_of_probe", run.bound_bytes_per_second > 0 ? Json(run.bytes_per_second / run.bound_bytes_per_second) : Json()},
        {"held_out", to_json(run.held_out)},
        {"plan", run.plan}};
}

Json report_json(const BenchReport& report) {
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
    for (const Measurement& run : report.runs) json["runs"].push_back(run_json(run));
    json["cuda_left_out"] = report.left_out.empty() ? Json() : Json(report.left_out);
    if (!report.verification) return json;
    Json& verification = json["verification"];
    verification = {{"rows", report.verification->rows}, {"steps", report.verification->steps}};
    for (const Verdict& verdict : report.verification->verdicts) {
        verification["backends"].push_back({{"name", verdict.backend},
                                            {"largest_difference", verdict.largest_difference},
                                            {"bound", verdict.bound},
                                            {"inside", verdict.inside()},
                                            {"same_bits_as_cpu", verdict.same_bits_as_cpu}});
    }
    return json;
}

}  // namespace

int run_bench(const Words& words) {
    CLI::App app("Speed of the CPU and the GPU on a data set, against what the memory of this machine allows.", "glissade bench");
    BenchFlags flags;
    add_flags(app, flags);
    if (!parse_words(app, words)) return exit_done;
    flags.command.learning.resolve();
    const BenchData data = load(flags);
    flags.command.learning.settle(data.train);
    if (!flags.quiet) note("measuring " + data.name);
    const BenchReport report = measure_all(flags, data);
    write_stdout(flags.json ? json_text(report_json(report)) + "\n" : report_text(report));
    if (!report.verification) return exit_done;
    for (const Verdict& verdict : report.verification->verdicts) {
        if (!verdict.inside()) fail(ErrorKind::internal, verdict.backend + " is further from the reference than its roundings explain");
    }
    return exit_done;
}

}  // namespace glissade::cli
