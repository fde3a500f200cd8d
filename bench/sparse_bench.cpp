// SPDX-License-Identifier: Apache-2.0
// Nanoseconds a nonzero of sparse logistic regression on the CPU backend, beside what the memory could give in the same run; or whole runs
// with held-out losses, with their rows in files for others to train on.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "bench/report.hpp"
#include "bench/sparse_rows.hpp"
#include "glissade/trainer.hpp"
#include "host/cpu/aligned_array.hpp"
#include "host/execution/idle.hpp"
#include "host/execution/probe.hpp"
#include "host/scheduler/scheduler.hpp"

namespace glissade {
namespace {

using bench::formatted, bench::list_of;

constexpr const char* usage =
    R"(usage: sparse_bench [--json FILE] [--rows N] [--log2-columns N] [--nonzeros N] [--batch N ...] [--threads N ...]
                    [--optimizer NAME ...] [--seconds S] [--peers DIRECTORY [--epochs N]]
Times steps of sparse logistic regression (fp32, columns by Zipf's law) and prints ns a nonzero, beside a streaming read and a random gather
of 16 bytes out of 2^N records in the same run. With --peers it writes its rows to DIRECTORY instead and trains on all but the last fifth.
)";

struct Options {
    std::string json, command, peers;
    std::int64_t rows = 1'000'000, log2_columns = 20, nonzeros = 39, epochs = 3;
    std::vector<std::int64_t> batches, threads;
    std::vector<std::string> optimizers;
    double seconds = 1;
};

struct Row {
    std::string optimizer;
    std::int64_t batch = 0;
    int threads = 1;
    double ns_a_nonzero = 0, least_ns = 0, ns_a_step = 0;
};

struct Probes {
    int threads;
    double read_gb_s, gather_ns;
};

double since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Optimizer named(const std::string& name) {
    Optimizer optimizer = Optimizer::named(name);
    optimizer.set("lr", name == "lazy_adam" || name == "adam" ? .001 : .1);
    return optimizer;
}

Problem<float> make_problem(const SparseRows& data, const Optimizer& optimizer, std::int64_t batch) {
    Problem<float> problem;
    problem.features = {nullptr, data.rows, data.columns, 0};
    problem.sparse = data.view();
    problem.targets = data.targets().data();
    problem.loss = rule_index<Logistic>(LossRules{});
    problem.rule = optimizer.index();
    problem.variant = optimizer.variant();
    problem.state_count = optimizer.state_count();
    problem.idle = plan_idle(problem.rule, problem.variant, false, false, false);
    problem.batches = plan_batches(data.rows, batch, false, 1, Shuffle::full);
    return problem;
}

/// Segments of some 20 ms, each timed.
Row time_steps(const SparseRows& data, const std::string& name, std::int64_t batch, int threads, double least_seconds) {
    const Optimizer optimizer = named(name);
    const Problem<float> problem = make_problem(data, optimizer, batch);
    auto backend = make_cpu_backend<float>(problem, {.threads = threads});
    TrainingState<float> state;
    state.parameters.assign(static_cast<std::size_t>(problem.parameter_count()), 0.0f);
    state.state.assign(static_cast<std::size_t>(problem.state_vectors()), state.parameters);
    state.waiting = waiting_at_start(1);
    backend->set_state(state);
    constexpr std::int64_t most_steps = std::int64_t{1} << 40;
    Scheduler<float> scheduler({problem.batches, {{optimizer, 0, 0, 0}}, "constant", most_steps, false, {}});
    std::vector<double> a_step;
    const auto begun = std::chrono::steady_clock::now();
    std::int64_t step = 0, wanted = std::max<std::int64_t>(1, 50'000 / batch);
    while (step < 4 * wanted || since(begun) < least_seconds) {
        const Segment<float> segment = scheduler.next(step, wanted, false);
        const auto start = std::chrono::steady_clock::now();
        if (backend->run(segment).frozen) std::abort();
        a_step.push_back(since(start) / static_cast<double>(segment.steps));
        step += segment.steps;
    }
    a_step.erase(a_step.begin());  // the first touches everything
    const Spread spread = spread_of(a_step);
    const double nonzeros = static_cast<double>(batch * data.nonzeros) / static_cast<double>(data.rows);
    return {name, batch, threads, spread.median / nonzeros * 1e9, spread.least / nonzeros * 1e9, spread.median * 1e9};
}

Probes run_probes(const SparseRows& data, int threads) {
    ThreadTeam team(threads);
    const cpu::AlignedArray<float> records(data.columns * 4);
    const auto values = std::as_bytes(std::span(data.view().values, static_cast<std::size_t>(data.nonzeros)));
    const Spread read = spread_of(probe::read(team, values, 5));
    const Spread gather =
        spread_of(probe::gather_rows(team, std::as_bytes(std::span(records.data(), static_cast<std::size_t>(records.size()))), 16, 5));
    return {threads, static_cast<double>(values.size()) / read.median * 1e-9, gather.median / static_cast<double>(data.columns) * 1e9};
}

void write_json(const Options& options, const std::string& figures) {
    if (options.json.empty()) return;
    bench::write_report(
        options.json, "sparse_bench", options.command,
        bench::formatted("\"rows\": %lld, \"columns\": %lld, \"nonzeros_a_row\": %lld,\n ", static_cast<long long>(options.rows),
                         1LL << options.log2_columns, static_cast<long long>(options.nonzeros)) +
            figures);
}

void time_all(const Options& options, const SparseRows& data) {
    std::vector<std::string> probes, rows;
    for (const std::int64_t threads : options.threads) {
        const Probes p = run_probes(data, static_cast<int>(threads));
        std::printf("probes, threads %d: read %.1f GB/s, gather %.2f ns a record\n", p.threads, p.read_gb_s, p.gather_ns);
        probes.push_back(formatted("{\"threads\": %d, \"read_gb_s\": %.5g, \"gather_ns\": %.5g}", p.threads, p.read_gb_s, p.gather_ns));
        for (const std::string& optimizer : options.optimizers)
            for (const std::int64_t batch : options.batches) {
                const Row r = time_steps(data, optimizer, batch, static_cast<int>(threads), options.seconds);
                std::printf("%-10s batch %-6lld threads %d  %7.2f ns a nonzero (least %.2f), %.0f ns a step\n", optimizer.c_str(),
                            static_cast<long long>(batch), r.threads, r.ns_a_nonzero, r.least_ns, r.ns_a_step);
                std::fflush(stdout);
                rows.push_back(formatted(
                    "{\"optimizer\": \"%s\", \"batch\": %lld, \"threads\": %d, \"ns_a_nonzero\": %.5g, \"least_ns_a_nonzero\": %.5g, "
                    "\"ns_a_step\": %.5g}",
                    optimizer.c_str(), static_cast<long long>(batch), r.threads, r.ns_a_nonzero, r.least_ns, r.ns_a_step));
            }
    }
    write_json(options, "\"probes\": " + list_of(probes) + ",\n \"steps\": " + list_of(rows));
}

template <class T>
void dump(const std::string& path, const T* values, std::int64_t count) {
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(values), count * static_cast<std::streamsize>(sizeof(T)));
    if (file.flush()) return;
    std::fprintf(stderr, "sparse_bench: cannot write %s\n", path.c_str());
    std::exit(1);
}

/// Runs with held-out losses after each epoch, on rows that others find in files.
void train_for_peers(const Options& options, const SparseRows& data) {
    dump(options.peers + "/offsets.i64", data.view().offsets, data.rows + 1);
    dump(options.peers + "/indices.u32", data.view().indices, data.nonzeros);
    dump(options.peers + "/values.f32", data.view().values, data.nonzeros);
    dump(options.peers + "/targets.f32", data.targets().data(), data.rows);
    const std::int64_t held_out = data.rows / 5;
    const Dataset train_rows = data.part(0, data.rows - held_out);
    std::vector<std::string> runs;
    for (const std::string& optimizer : options.optimizers)
        for (const std::int64_t batch : options.batches) {
            TrainOptions settings;
            settings.loss = "logistic";
            settings.optimizer = named(optimizer);
            if (optimizer == "sgd") settings.optimizer.set("lr", batch == 1 ? .02 : .5);  // the first as scikit-learn has it
            settings.schedule = "constant";
            settings.batch_size = batch;
            settings.epochs = options.epochs;
            settings.validation = data.part(data.rows - held_out, held_out);
            settings.device = "cpu";
            settings.threads = static_cast<int>(options.threads.back());
            const Run run = train(train_rows, settings);
            std::string epochs;
            for (const EpochRecord& epoch : run.history) {
                std::printf("%-10s batch %-6lld epoch %lld  %.3f s  held-out log loss %.5f\n", optimizer.c_str(),
                            static_cast<long long>(batch), static_cast<long long>(epoch.epoch), epoch.seconds, epoch.validation->loss);
                epochs +=
                    (epochs.empty() ? "" : ", ") + formatted("{\"seconds\": %.5g, \"loss\": %.5g}", epoch.seconds, epoch.validation->loss);
            }
            runs.push_back(formatted("{\"optimizer\": \"%s\", \"batch\": %lld, \"epochs\": [%s]}", optimizer.c_str(),
                                     static_cast<long long>(batch), epochs.c_str()));
        }
    write_json(options, "\"runs\": " + list_of(runs));
}

[[noreturn]] void refuse(const std::string& what) {
    std::fprintf(stderr, "sparse_bench: %s\n%s", what.c_str(), usage);
    std::exit(2);
}

std::int64_t whole(const std::string& flag, const std::string& text, std::int64_t least) {
    char* end = nullptr;
    const long long n = std::strtoll(text.c_str(), &end, 10);
    if (text.empty() || *end != 0 || n < least) refuse(flag + " takes a whole number from " + std::to_string(least) + ", not " + text);
    return n;
}

Options parse(int argc, char** argv) {
    Options options;
    options.command = bench::command_of(argc, argv);
    for (int i = 1; i < argc; ++i) {
        const std::string flag = argv[i];
        if (flag == "--help") {
            std::fputs(usage, stdout);
            std::exit(0);
        }
        if (i + 1 >= argc) refuse(flag + " needs a value");
        const std::string value = argv[++i];
        if (flag == "--json")
            options.json = value;
        else if (flag == "--peers")
            options.peers = value;
        else if (flag == "--rows")
            options.rows = whole(flag, value, 10);
        else if (flag == "--log2-columns")
            options.log2_columns = whole(flag, value, 8);
        else if (flag == "--nonzeros")
            options.nonzeros = whole(flag, value, 1);
        else if (flag == "--epochs")
            options.epochs = whole(flag, value, 1);
        else if (flag == "--batch")
            options.batches.push_back(whole(flag, value, 1));
        else if (flag == "--threads")
            options.threads.push_back(whole(flag, value, 1));
        else if (flag == "--optimizer")
            options.optimizers.push_back(value);
        else if (flag == "--seconds")
            options.seconds = std::atof(value.c_str());
        else
            refuse("unknown option " + flag);
    }
    if (options.log2_columns > 32 || options.nonzeros > 100) refuse("at most 2^32 columns and 100 nonzeros a row");
    if (options.batches.empty()) options.batches = {1, 256, 1024, 8192};
    if (options.threads.empty()) options.threads = {1, 2};
    if (options.optimizers.empty()) options.optimizers = {"sgd", "adagrad", "ftrl", "lazy_adam"};
    return options;
}

}  // namespace
}  // namespace glissade

int main(int argc, char** argv) {
    using namespace glissade;
    const Options options = parse(argc, argv);
    const SparseRows data(options.rows, std::int64_t{1} << options.log2_columns, options.nonzeros);
    options.peers.empty() ? time_all(options, data) : train_for_peers(options, data);
    return 0;
}
