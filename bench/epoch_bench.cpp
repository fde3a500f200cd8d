// SPDX-License-Identifier: Apache-2.0
// Seconds an epoch of dense logistic regression on the CPU backend, beside what the memory could give in the same run.
#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "bench/report.hpp"
#include "glissade/random.hpp"
#include "glissade/rules/catalog.hpp"
#include "host/execution/backend.hpp"
#include "host/execution/probe.hpp"

namespace glissade {
namespace {

using bench::formatted;

constexpr const char* usage =
    R"(usage: epoch_bench [--json FILE] [--shape ROWSxCOLUMNS ...] [--batch N ...] [--threads N ...] [--optimizer sgd|adam ...]
                   [--order shuffled|file ...] [--seconds S]
Times epochs of dense logistic regression (fp32, generated data) and prints ns a feature, GB/s and % of the read bandwidth probed in the same run.
Batch 0 means all rows. S (default 1) is the least time spent on a row of the table.
)";

struct Shape {
    std::int64_t rows, columns;
};

struct Options {
    std::string json, command;
    std::vector<Shape> shapes;
    std::vector<std::int64_t> batches, threads;
    std::vector<std::string> optimizers, orders;
    double seconds = 1;
};

struct Buffer {
    explicit Buffer(std::int64_t count_in) : count(count_in) {
        data = static_cast<float*>(::operator new (bytes(), std::align_val_t{2 << 20}));
        madvise(data, bytes(), MADV_HUGEPAGE);  // as the library does for data that it owns
    }
    ~Buffer() { ::operator delete (data, std::align_val_t{2 << 20}); }
    Buffer(const Buffer&) = delete;
    std::size_t bytes() const { return static_cast<std::size_t>(count) * sizeof(float); }
    std::int64_t count;
    float* data;
};

struct Data {
    explicit Data(Shape shape_in) : shape(shape_in), features(shape.rows * shape.columns), targets(static_cast<std::size_t>(shape.rows)) {
        for (std::int64_t r = 0; r < shape.rows; ++r) {
            double score = 0;
            for (std::int64_t j = 0; j < shape.columns; j += 2) {
                const std::uint64_t word = Philox::word64(3, 1, static_cast<std::uint64_t>(r * shape.columns + j));
                float* x = features.data + r * shape.columns + j;
                x[0] = static_cast<float>(static_cast<double>(word & 0xFFFFFFFFu) * 0x1p-31 - 1);
                if (j + 1 < shape.columns) x[1] = static_cast<float>(static_cast<double>(word >> 32) * 0x1p-31 - 1);
                score += x[0] * (j % 3 == 0 ? 1.0 : -.5);
            }
            targets[static_cast<std::size_t>(r)] = score > 0 ? 1.0f : 0.0f;
        }
    }
    Shape shape;
    Buffer features;
    std::vector<float> targets;
};

struct Setup {
    std::string optimizer, order;
    std::int64_t batch;
    int threads;
};

struct Row {
    Shape shape;
    Setup setup;
    Spread epoch_seconds;
    int epochs = 0;
    double epoch_part = 1;  ///< the share of an epoch that was timed
    double nanoseconds_a_feature = 0, bytes_a_second = 0, part_of_read = 0, part_of_gather = 0, nanoseconds_a_step = 0;
};

struct Probes {
    int threads;
    Spread read, copy, gather, barrier;
    double read_bytes_a_second, copy_bytes_a_second, gather_bytes_a_second;
};

Problem<float> make_problem(const Data& data, const Setup& setup) {
    Problem<float> problem;
    problem.features = MatrixView<const float>(data.features.data, data.shape.rows, data.shape.columns);
    problem.targets = data.targets.data();
    problem.loss = rule_index<Logistic>(LossRules{});
    problem.rule = setup.optimizer == "adam" ? rule_index<Adam>(UpdateRules{}) : rule_index<Sgd>(UpdateRules{});
    problem.state_count = setup.optimizer == "adam" ? 2 : 0;
    problem.batches.order = RowOrder{data.shape.rows, 1, setup.order == "shuffled" ? Shuffle::full : Shuffle::none};
    problem.batches.batch_size = setup.batch == 0 ? data.shape.rows : setup.batch;
    problem.batches.steps_per_epoch = (data.shape.rows + problem.batches.batch_size - 1) / problem.batches.batch_size;
    return problem;
}

std::vector<float> make_scalars(const Setup& setup, std::int64_t steps) {
    std::vector<float> scalars;
    double memory[max_rule_memory] = {};
    for (std::int64_t s = 0; s < steps; ++s)
        for (int kind = 0; kind < 2; ++kind) {
            double k[max_rule_scalars] = {};
            const StepInfo step{s + 1, 1e-3, 0, false};
            if (setup.optimizer == "adam")
                Adam{}.prepare(step, memory, k);
            else
                Sgd{}.prepare(step, memory, k);
            scalars.resize(scalars.size() + rules::ScalarRow::rule);
            for (const double value : k) scalars.push_back(static_cast<float>(value));
            scalars.resize(static_cast<std::size_t>((2 * s + kind + 1) * rules::ScalarRow::size));
        }
    return scalars;
}

/// Steps of an epoch are run in segments that share one table of scalars, so that the table stays small as in a real run.
Row time_epochs(const Data& data, const Setup& setup, double least_seconds) {
    const Problem<float> problem = make_problem(data, setup);
    constexpr std::int64_t segment_steps = 4096;
    const std::int64_t steps = std::min<std::int64_t>(problem.batches.steps_per_epoch, 50 * segment_steps);
    const std::vector<float> scalars = make_scalars(setup, std::min(steps, segment_steps));
    auto backend = make_cpu_backend<float>(problem, {.threads = setup.threads});
    TrainingState<float> state;
    state.parameters.assign(static_cast<std::size_t>(problem.parameter_count()), 0.0f);
    state.state.assign(static_cast<std::size_t>(problem.state_vectors()), state.parameters);
    backend->set_state(state);

    std::vector<double> seconds;
    double total = 0;
    for (int epoch = 0; epoch < 4 || total < least_seconds; ++epoch) {
        const auto start = std::chrono::steady_clock::now();
        const std::int64_t first = epoch * problem.batches.steps_per_epoch;
        for (std::int64_t at = 0; at < steps; at += segment_steps) {
            const SegmentReport report = backend->run({first + at, std::min(segment_steps, steps - at), scalars.data()});
            if (report.frozen) std::abort();
        }
        const double taken = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        if (epoch > 0) seconds.push_back(taken);  // the first touches everything
        total += taken;
        if (epoch > 200) break;
    }
    Row row{data.shape, setup, spread_of(seconds), static_cast<int>(seconds.size())};
    row.epoch_part =
        static_cast<double>(std::min(steps * problem.batches.batch_size, data.shape.rows)) / static_cast<double>(data.shape.rows);
    const double features = static_cast<double>(data.shape.rows * data.shape.columns) * row.epoch_part;
    row.nanoseconds_a_feature = row.epoch_seconds.median / features * 1e9;
    row.nanoseconds_a_step = row.epoch_seconds.median / static_cast<double>(steps) * 1e9;
    row.bytes_a_second = features * sizeof(float) / row.epoch_seconds.median;
    return row;
}

Probes run_probes(Data& data, int threads) {
    ThreadTeam team(threads);
    const auto bytes = std::as_writable_bytes(std::span(data.features.data, static_cast<std::size_t>(data.features.count)));
    const std::int64_t row_bytes = data.shape.columns * static_cast<std::int64_t>(sizeof(float));
    Probes probes{threads,
                  spread_of(probe::read(team, bytes, 7)),
                  {},
                  spread_of(probe::gather_rows(team, bytes, row_bytes, 5)),
                  spread_of(probe::barrier(team, 9)),
                  0,
                  0,
                  0};
    Buffer scratch(64 << 20);
    std::fill_n(scratch.data, scratch.count, 1.0f);
    probes.copy = spread_of(probe::copy(team, std::as_writable_bytes(std::span(scratch.data, static_cast<std::size_t>(scratch.count))), 7));
    probes.read_bytes_a_second = static_cast<double>(bytes.size()) / probes.read.median;
    probes.gather_bytes_a_second = static_cast<double>(bytes.size()) / probes.gather.median;
    probes.copy_bytes_a_second = static_cast<double>(scratch.bytes()) / probes.copy.median;
    return probes;
}

void print(const Row& row) {
    std::printf(
        "%8lld x %-5lld %-5s %-9s batch %-7lld %d thread%s  %9.3f ms an epoch (+-%4.1f %%, least %9.3f)  %6.3f ns a feature  %6.1f GB/s  "
        "%5.1f %% of read",
        static_cast<long long>(row.shape.rows), static_cast<long long>(row.shape.columns), row.setup.optimizer.c_str(),
        row.setup.order.c_str(), static_cast<long long>(row.setup.batch), row.setup.threads, row.setup.threads == 1 ? " " : "s",
        row.epoch_seconds.median / row.epoch_part * 1e3, 100 * row.epoch_seconds.interquartile / row.epoch_seconds.median,
        row.epoch_seconds.least / row.epoch_part * 1e3, row.nanoseconds_a_feature, row.bytes_a_second * 1e-9, 100 * row.part_of_read);
    if (row.setup.order == "shuffled") std::printf(", %.1f %% of gather", 100 * row.part_of_gather);
    std::printf(", %.0f ns a step\n", row.nanoseconds_a_step);
    std::fflush(stdout);
}

void write_json(const Options& options, const std::vector<Row>& rows, const std::vector<std::pair<Shape, Probes>>& probes) {
    std::vector<std::string> probed, epochs;
    for (const auto& [shape, p] : probes)
        probed.push_back(
            formatted("{\"rows\": %lld, \"columns\": %lld, \"threads\": %d, \"read_gb_s\": %.3f, \"copy_gb_s\": %.3f, "
                      "\"row_gather_gb_s\": %.3f, "
                      "\"barrier_ns\": %.1f}",
                      static_cast<long long>(shape.rows), static_cast<long long>(shape.columns), p.threads, p.read_bytes_a_second * 1e-9,
                      p.copy_bytes_a_second * 1e-9, p.gather_bytes_a_second * 1e-9, p.barrier.median * 1e9));
    for (const Row& r : rows)
        epochs.push_back(formatted(
            "{\"rows\": %lld, \"columns\": %lld, \"optimizer\": \"%s\", \"order\": \"%s\", \"batch\": %lld, \"threads\": "
            "%d, \"epoch_ms\": %.4f, "
            "\"least_epoch_ms\": %.4f, \"interquartile_ms\": %.4f, \"epochs\": %d, \"epoch_part\": %.4f, \"ns_a_feature\": %.5f, "
            "\"ns_a_step\": %.1f, "
            "\"gb_s\": %.3f, \"percent_of_read\": %.2f, \"percent_of_row_gather\": %.2f}",
            static_cast<long long>(r.shape.rows), static_cast<long long>(r.shape.columns), r.setup.optimizer.c_str(), r.setup.order.c_str(),
            static_cast<long long>(r.setup.batch), r.setup.threads, r.epoch_seconds.median / r.epoch_part * 1e3,
            r.epoch_seconds.least / r.epoch_part * 1e3, r.epoch_seconds.interquartile / r.epoch_part * 1e3, r.epochs, r.epoch_part,
            r.nanoseconds_a_feature, r.nanoseconds_a_step, r.bytes_a_second * 1e-9, 100 * r.part_of_read, 100 * r.part_of_gather));
    bench::write_report(options.json, "epoch_bench", options.command,
                        "\"probes\": " + bench::list_of(probed) + ",\n \"epochs\": " + bench::list_of(epochs));
}

[[noreturn]] void refuse(const std::string& what) {
    std::fprintf(stderr, "epoch_bench: %s\n%s", what.c_str(), usage);
    std::exit(2);
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
        const auto number = [&](const std::string& text) {
            char* end = nullptr;
            const long long n = std::strtoll(text.c_str(), &end, 10);
            if (text.empty() || *end != 0 || n < 0) refuse(flag + " takes a number, not " + text);
            return static_cast<std::int64_t>(n);
        };
        if (flag == "--json") {
            options.json = value;
        } else if (flag == "--shape") {
            const auto x = value.find('x');
            if (x == std::string::npos) refuse("--shape takes ROWSxCOLUMNS");
            options.shapes.push_back({number(value.substr(0, x)), number(value.substr(x + 1))});
        } else if (flag == "--batch") {
            options.batches.push_back(number(value));
        } else if (flag == "--threads") {
            options.threads.push_back(number(value));
        } else if (flag == "--optimizer") {
            options.optimizers.push_back(value);
        } else if (flag == "--order") {
            options.orders.push_back(value);
        } else if (flag == "--seconds") {
            options.seconds = std::atof(value.c_str());
        } else {
            refuse("unknown option " + flag);
        }
    }
    if (options.shapes.empty()) options.shapes = {{1'000'000, 28}, {200'000, 512}, {50'000, 4096}};
    if (options.batches.empty()) options.batches = {1, 32, 256, 1024, 8192, 0};
    if (options.threads.empty()) options.threads = {1, 2};
    if (options.optimizers.empty()) options.optimizers = {"sgd", "adam"};
    if (options.orders.empty()) options.orders = {"shuffled", "file"};
    return options;
}

void bench_shape(const Options& options, Shape shape, std::vector<Row>& rows, std::vector<std::pair<Shape, Probes>>& all_probes) {
    Data data(shape);
    for (const std::int64_t threads : options.threads) {
        const Probes probes = run_probes(data, static_cast<int>(threads));
        all_probes.emplace_back(shape, probes);
        std::printf("%8lld x %-5lld probes, %lld thread%s: read %.1f GB/s, copy %.1f GB/s, row gather %.1f GB/s, barrier %.0f ns\n",
                    static_cast<long long>(shape.rows), static_cast<long long>(shape.columns), static_cast<long long>(threads),
                    threads == 1 ? "" : "s", probes.read_bytes_a_second * 1e-9, probes.copy_bytes_a_second * 1e-9,
                    probes.gather_bytes_a_second * 1e-9, probes.barrier.median * 1e9);
        for (const std::string& optimizer : options.optimizers)
            for (const std::string& order : options.orders)
                for (const std::int64_t batch : options.batches) {
                    Row row = time_epochs(data, {optimizer, order, batch, static_cast<int>(threads)}, options.seconds);
                    row.part_of_read = row.bytes_a_second / probes.read_bytes_a_second;
                    row.part_of_gather = row.bytes_a_second / probes.gather_bytes_a_second;
                    print(row);
                    rows.push_back(row);
                }
    }
}

}  // namespace
}  // namespace glissade

int main(int argc, char** argv) {
    using namespace glissade;
    const Options options = parse(argc, argv);
    std::vector<Row> rows;
    std::vector<std::pair<Shape, Probes>> probes;
    for (const Shape& shape : options.shapes) bench_shape(options, shape, rows, probes);
    if (!options.json.empty()) write_json(options, rows, probes);
    return 0;
}
