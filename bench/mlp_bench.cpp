// SPDX-License-Identifier: Apache-2.0
// Rows a second of multi-layer perceptrons on the CPU backend, beside the rate of matrix products that the same run finds.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "bench/report.hpp"
#include "glissade/random.hpp"
#include "glissade/rules/catalog.hpp"
#include "host/cpu/blas.hpp"
#include "host/execution/backend.hpp"
#include "host/execution/probe.hpp"
#include "host/execution/team.hpp"

namespace glissade {
namespace {

using bench::formatted;

constexpr const char* usage =
    R"(usage: mlp_bench [--json FILE] [--network 784-256-128-10 ...] [--batch N ...] [--threads N ...] [--activation NAME] [--seconds S]
                 [--clock wall|cpu]
Times steps of networks (fp32, Adam, generated rows, shuffled; softmax, or logistic for one output) and prints us a row, GFLOP/s and % of
the rate of matrix products probed in the same run on as many threads. S (default 1) is the least time spent on a row of the table.
--clock cpu counts the processor time of the whole program, divided by the threads: for a machine that does other things too.
)";

struct Options {
    std::string json, command, activation = "relu";
    std::vector<std::string> networks;
    std::vector<std::int64_t> batches, threads;
    double seconds = 1;
    bool cpu_clock = false;
};

/// Seconds of one thread.
class Clock {
public:
    Clock(bool cpu, int threads) : clock_(cpu ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC), share_(cpu ? threads : 1), start_(now()) {}
    double seconds() const { return (now() - start_) / share_; }

private:
    double now() const {
        timespec time{};
        clock_gettime(clock_, &time);
        return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
    }
    clockid_t clock_;
    int share_;
    double start_;
};

struct Row {
    std::string network;
    std::int64_t batch = 0;
    int threads = 1;
    Spread step_seconds;
    double gigaflops = 0, part_of_products = 0;
};

/// Steps go over generated rows that no cache holds whole.
struct Data {
    std::int64_t rows, columns;
    std::vector<float> features, targets;
    Data(std::int64_t columns_in, std::int64_t classes)
        : rows(std::max<std::int64_t>(16'384, (64 << 20) / 4 / columns_in)), columns(columns_in) {
        features.resize(static_cast<std::size_t>(rows * columns));
        for (std::size_t i = 0; i < features.size(); ++i) features[i] = static_cast<float>(2 * Philox::uniform(3, 1, i) - 1);
        for (std::int64_t r = 0; r < rows; ++r)
            targets.push_back(
                static_cast<float>(static_cast<int>(Philox::uniform(3, 2, static_cast<std::uint64_t>(r)) * static_cast<double>(classes))));
    }
};

std::vector<std::int64_t> widths_of(const std::string& network) {
    std::vector<std::int64_t> widths;
    for (std::size_t at = 0; at < network.size();) {
        widths.push_back(std::atoll(network.c_str() + at));
        const auto dash = network.find('-', at);
        at = dash == std::string::npos ? network.size() : dash + 1;
    }
    return widths;
}

struct FindActivation {
    std::string name;
    int at = 0, found = -1;
    template <class Rule>
    void operator()() {
        if (name == Rule::name) found = at;
    }
};
int activation_index(const std::string& name) {
    FindActivation find{name};
    for (; find.at < ActivationRules::count; ++find.at) visit_rule(ActivationRules{}, find.at, find);
    return find.found;
}

/// Multiplications and additions of matrix products a row: forward and twice back, but nothing goes back into the features.
double flops_a_row(const std::vector<std::int64_t>& widths) {
    double flops = 0;
    for (std::size_t i = 1; i < widths.size(); ++i) flops += (i == 1 ? 4.0 : 6.0) * static_cast<double>(widths[i - 1] * widths[i]);
    return flops;
}

/// GFLOP/s of products of 512 x 512 matrices, one a thread at the same time.
double product_rate(int threads, bool cpu_clock) {
    constexpr std::int64_t size = 512;
    ThreadTeam team(threads);
    std::vector<std::vector<float>> a(static_cast<std::size_t>(threads), std::vector<float>(size * size, 1e-3F)), b = a, c = a;
    const std::vector<cpu::BlasBuffer> buffers(static_cast<std::size_t>(threads));
    std::vector<double> seconds;
    for (int i = 0; i < 20; ++i) {
        const Clock clock(cpu_clock, threads);
        team.run([&](int t) {
            const auto at = static_cast<std::size_t>(t);
            cpu::multiply(
                cpu::Product<float>{size, size, size, {a[at].data(), size, false}, {b[at].data(), size, true}, c[at].data(), size, false},
                buffers[at]);
        });
        seconds.push_back(clock.seconds());
    }
    return 2.0 * size * size * size * threads / spread_of(seconds).median * 1e-9;
}

Problem<float> make_problem(const Data& data, const std::vector<std::int64_t>& widths, std::int64_t batch, int activation) {
    Problem<float> problem;
    problem.features = MatrixView<const float>(data.features.data(), data.rows, data.columns);
    problem.targets = data.targets.data();
    problem.outputs = widths.back();
    problem.hidden.widths.assign(widths.begin() + 1, widths.end() - 1);
    problem.hidden.activation = activation;
    problem.hidden.constants[0] = .01F;
    problem.loss = widths.back() == 1 ? rule_index<Logistic>(LossRules{}) : rule_index<Softmax>(LossRules{});
    problem.rule = rule_index<Adam>(UpdateRules{});
    problem.state_count = 2;
    problem.batches.order = RowOrder{data.rows, 1, Shuffle::full};
    problem.batches.batch_size = batch;
    problem.batches.steps_per_epoch = data.rows / batch;
    return problem;
}

std::vector<float> make_scalars(std::int64_t steps) {
    std::vector<float> scalars(static_cast<std::size_t>(steps * rules::scalars_a_member), 0.0F);
    double memory[max_rule_memory] = {};
    for (std::int64_t s = 0; s < steps; ++s)
        for (int kind = 0; kind < 2; ++kind) {
            double k[max_rule_scalars] = {};
            Adam{}.prepare({s + 1, 1e-3, 0, false}, memory, k);
            std::copy_n(k, max_rule_scalars, scalars.data() + (2 * s + kind) * rules::ScalarRow::size + rules::ScalarRow::rule);
        }
    return scalars;
}

TrainingState<float> make_state(const Problem<float>& problem) {
    TrainingState<float> state;
    for (const DenseLayer& layer : problem.layers())
        for (std::int64_t j = layer.weights_at; j < layer.end(); ++j) {
            const double size = j < layer.biases_at() ? 1 / std::sqrt(static_cast<double>(layer.inputs)) : 0;
            state.parameters.push_back(static_cast<float>(size * (2 * Philox::uniform(4, 1, static_cast<std::uint64_t>(j)) - 1)));
        }
    state.state.assign(static_cast<std::size_t>(problem.state_vectors()), std::vector<float>(state.parameters.size(), 0.0F));
    return state;
}

Row time_steps(const Data& data, const std::string& network, std::int64_t batch, int threads, const Options& options) {
    const std::vector<std::int64_t> widths = widths_of(network);
    const Problem<float> problem = make_problem(data, widths, batch, activation_index(options.activation));
    const std::int64_t steps = std::clamp<std::int64_t>(20'000 / batch, 2, 64);
    const std::vector<float> scalars = make_scalars(steps);
    auto backend = make_cpu_backend<float>(problem, {.threads = threads});
    backend->set_state(make_state(problem));
    std::vector<double> seconds;
    double total = 0;
    for (int i = 0; i < 4 || total < options.seconds; ++i) {
        const Clock clock(options.cpu_clock, threads);
        if (backend->run({i * steps, steps, scalars.data()}).frozen) std::abort();
        const double taken = clock.seconds();
        if (i > 0) seconds.push_back(taken / static_cast<double>(steps));  // the first touches everything
        total += taken;
    }
    Row row{network, batch, threads, spread_of(seconds)};
    row.gigaflops = flops_a_row(widths) * static_cast<double>(batch) / row.step_seconds.median * 1e-9;
    return row;
}

void print(const Row& row) {
    std::printf("%-20s batch %-6lld %d thread%s %10.2f us a step (+-%4.1f %%)  %8.3f us a row  %7.1f GFLOP/s  %5.1f %% of products\n",
                row.network.c_str(), static_cast<long long>(row.batch), row.threads, row.threads == 1 ? " " : "s",
                row.step_seconds.median * 1e6, 100 * row.step_seconds.interquartile / row.step_seconds.median,
                row.step_seconds.median / static_cast<double>(row.batch) * 1e6, row.gigaflops, 100 * row.part_of_products);
    std::fflush(stdout);
}

void write_json(const Options& options, const std::vector<Row>& rows, const std::vector<std::string>& probes) {
    std::vector<std::string> lines;
    for (const Row& r : rows)
        lines.push_back(
            formatted("{\"network\": \"%s\", \"batch\": %lld, \"threads\": %d, \"step_us\": %.3f, \"least_step_us\": %.3f, "
                      "\"interquartile_us\": %.3f, \"gflop_s\": %.2f, \"percent_of_products\": %.2f}",
                      r.network.c_str(), static_cast<long long>(r.batch), r.threads, r.step_seconds.median * 1e6,
                      r.step_seconds.least * 1e6, r.step_seconds.interquartile * 1e6, r.gigaflops, 100 * r.part_of_products));
    bench::write_report(options.json, "mlp_bench", options.command,
                        "\"activation\": \"" + options.activation + "\",\n \"probes\": " + bench::list_of(probes) +
                            ",\n \"steps\": " + bench::list_of(lines));
}

[[noreturn]] void refuse(const std::string& what) {
    std::fprintf(stderr, "mlp_bench: %s\n%s", what.c_str(), usage);
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
        if (flag == "--json") {
            options.json = value;
        } else if (flag == "--network") {
            const auto widths = widths_of(value);
            if (widths.size() < 3 || std::any_of(widths.begin(), widths.end(), [](std::int64_t w) { return w < 1; }))
                refuse("--network takes widths from the features to the outputs, 784-256-10");
            options.networks.push_back(value);
        } else if (flag == "--batch" || flag == "--threads") {
            const std::int64_t number = std::atoll(value.c_str());
            if (number < 1) refuse(flag + " takes a number, not " + value);
            (flag == "--batch" ? options.batches : options.threads).push_back(number);
        } else if (flag == "--activation") {
            if (activation_index(value) < 0) refuse("there is no activation " + value);
            options.activation = value;
        } else if (flag == "--clock") {
            if (value != "wall" && value != "cpu") refuse("--clock takes wall or cpu");
            options.cpu_clock = value == "cpu";
        } else if (flag == "--seconds") {
            options.seconds = std::atof(value.c_str());
        } else {
            refuse("unknown option " + flag);
        }
    }
    if (options.networks.empty()) options.networks = {"784-256-128-10", "28-64-64-1", "512-1024-1024-10"};
    if (options.batches.empty()) options.batches = {64, 256, 1024, 8192};
    if (options.threads.empty()) options.threads = {1, 2};
    return options;
}

}  // namespace
}  // namespace glissade

int main(int argc, char** argv) {
    using namespace glissade;
    const Options options = parse(argc, argv);
    std::vector<Row> rows;
    std::vector<std::string> probes;
    for (const std::int64_t threads : options.threads)
        for (const std::string& network : options.networks) {
            const Data data(widths_of(network).front(), std::max<std::int64_t>(2, widths_of(network).back()));
            const double rate = product_rate(static_cast<int>(threads), options.cpu_clock);
            probes.push_back(formatted("{\"network\": \"%s\", \"threads\": %lld, \"products_gflop_s\": %.2f}", network.c_str(),
                                       static_cast<long long>(threads), rate));
            std::printf("%-20s products of 512 x 512 on %lld thread%s: %.1f GFLOP/s\n", network.c_str(), static_cast<long long>(threads),
                        threads == 1 ? "" : "s", rate);
            for (const std::int64_t batch : options.batches) {
                Row row = time_steps(data, network, batch, static_cast<int>(threads), options);
                row.part_of_products = row.gigaflops / rate;
                print(row);
                rows.push_back(row);
            }
        }
    if (!options.json.empty()) write_json(options, rows, probes);
    return 0;
}
