// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "glissade/device.hpp"
#include "glissade/error.hpp"
#include "host/cli/bench_report.hpp"
#include "host/cli/description.hpp"
#include "host/cli/files.hpp"
#include "host/cli/flags.hpp"
#include "host/cli/generated_data.hpp"
#include "host/cli/text.hpp"
#include "host/cli/verb.hpp"
#include "host/cli/words.hpp"

namespace glissade::cli {
namespace {

constexpr const char* bench_footer = R"(
Examples
  glissade bench --rows 1000000 --features 28 --batch-size 1024
  glissade bench data.csv --target y --json > bench.json
  glissade bench --batch-sizes 64,1024,16384 --report bench.html
  glissade bench --verify

A run is the training loop alone; reading is not timed. % is of what the probe of the same run reads: whole rows in shuffled order, or in file order with
--shuffle none; of sparse rows, of what it reads of their nonzeros; data that fits a cache has no such share. The held-out loss shows that the runs did the same work.)";

struct BenchFlags {
    TrainCommand command;
    std::int64_t rows = 200000, features = 28;
    std::vector<std::int64_t> batch_sizes;  ///< empty: the one of --batch-size
    std::string page;
    bool verify = false, json = false, quiet = false;
    std::array<CLI::Option*, 2> generated = {};  ///< what only generated data has
};

void add_flags(CLI::App& app, BenchFlags& flags) {
    flags.command.learning.options.epochs = 5;
    flags.command.data.add_training(app);
    flags.command.learning.add_to(app);
    flags.generated[0] = add_whole(app, "--rows", flags.rows, {1}, "Rows of generated data, if no DATA is given")->group("Benchmark");
    flags.generated[1] = add_whole(app, "--features", flags.features, {1}, "Its features")->type_name("D")->group("Benchmark");
    checked(app.add_option("--batch-sizes", "Measures several, each on CPU and GPU, instead of one --batch-size"),
            [&flags](const std::string& text) {
                flags.batch_sizes.clear();
                for (std::string_view rest = text;; rest.remove_prefix(rest.find(',') + 1)) {
                    flags.batch_sizes.push_back(batch_size_of("--batch-sizes", rest.substr(0, rest.find(','))));
                    if (rest.find(',') == std::string_view::npos) return;
                }
            })
        ->type_name("N|full,...")
        ->group("Benchmark");
    app.add_flag("--verify", flags.verify, "Compares CPU and CUDA with the double-precision reference, within a computed bound")
        ->group("Benchmark");
    app.add_option("--report", flags.page, "Writes the result as a page: chart, table, plans")->type_name("FILE")->group("Output");
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
    for (const CLI::Option* flag : flags.generated)
        if (flag->count() > 0)
            fail(ErrorKind::usage,
                 flag->get_name() + " is of generated data, and " + command.data.path + " was given: leave one of them out");
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
std::string cuda_left_out(const BenchFlags& flags) {
    if (flags.command.learning.options.device == "cpu") return "--device cpu";
    if (flags.command.learning.real_type != RealType::float32) return "float64 is for the CPU";
    return cuda_availability().missing;
}

/// The ordinal that "cuda" or "cuda:N" means.
int ordinal_of(const std::string& device) {
    return device.find(':') == std::string::npos ? 0 : std::stoi(device.substr(device.find(':') + 1));
}

/// What the machine allows, before anything is trained.
void probe_all(const BenchData& data, const TrainOptions& options, BenchReport& report) {
    const std::int64_t row_bytes = stored_row_bytes(data.train);
    report.probes.push_back(probe_machine(1, row_bytes));
    if (const int all = thread_count(options.threads); all > 1) report.probes.push_back(probe_machine(all, row_bytes));
    if (!report.left_out.empty()) return;
    report.card = probe_card(ordinal_of(options.device), card_row_bytes(data.train), {});
}

BenchReport measure_all(const BenchFlags& flags, const BenchData& data) {
    TrainOptions options = flags.command.learning.options;
    options.loss = chosen_loss(options.loss, data.train);
    BenchReport report;
    report.data = data.name;
    report.data_bytes = data.train.rows() * stored_row_bytes(data.train);
    if (data.train.is_sparse()) report.caution = sparse_caution;
    report.left_out = cuda_left_out(flags);
    if (!report.left_out.empty() && options.device.starts_with("cuda"))
        fail(ErrorKind::device, "--device " + options.device + ": " + report.left_out);
    probe_all(data, options, report);
    const std::vector<std::int64_t> batches = flags.batch_sizes.empty() ? std::vector<std::int64_t>{options.batch_size} : flags.batch_sizes;
    for (const std::int64_t batch : batches) {
        options.batch_size = batch;
        for (Measurement& run : measure_batch(report.probes, report.card, data, options, report.threads_left_out))
            report.runs.push_back(std::move(run));
    }
    if (flags.verify) report.verification = verify(data.train, options, report.left_out.empty());
    return report;
}

}  // namespace

int run_bench(const Words& words) {
    CLI::App app("Speed of the CPU and the GPU on a data set, against what the memory of this machine allows.", "glissade bench");
    BenchFlags flags;
    add_flags(app, flags);
    if (!parse_words(app, words)) return exit_done;
    if (!flags.page.empty()) check_writable("--report", flags.page);
    flags.command.learning.resolve();
    const BenchData data = load(flags);
    flags.command.learning.settle(data.train);
    if (!flags.quiet) note("measuring " + data.name);
    const BenchReport report = measure_all(flags, data);
    if (!flags.page.empty()) write_text(flags.page, bench_page(report));
    write_stdout(flags.json ? json_text(bench_json(report)) + "\n" : bench_text(report));
    if (!report.verification) return exit_done;
    for (const Verdict& verdict : report.verification->verdicts) {
        if (!verdict.inside()) fail(ErrorKind::internal, verdict.backend + " is further from the reference than its roundings explain");
    }
    return exit_done;
}

}  // namespace glissade::cli
