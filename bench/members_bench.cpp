// SPDX-License-Identifier: Apache-2.0
// What the members of one pass cost: seconds an epoch of one model, of several in one run, and of as many runs one after another.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "bench/report.hpp"
#include "glissade/glissade.hpp"
#include "host/execution/probe.hpp"

namespace glissade {
namespace {

using bench::formatted;

constexpr const char* usage =
    R"(usage: members_bench [--json FILE] [--shape ROWSxCOLUMNS] [--batch N] [--members M] [--threads N] [--epochs E]
Trains dense logistic regression with Adam (fp32, generated data, shuffled rows) with M learning rates: the first alone, all in one run,
each in a run of its own; and, as cross-validation does, with row weights of each member's own. Compares the models bit for bit.
)";

struct Options {
    std::string json, command;
    std::int64_t rows = 200'000, columns = 512, batch = 1024, members = 16, epochs = 6;
    int threads = 0;
};

struct Timing {
    std::string name;
    Spread epoch;
    std::vector<double> parameters;  ///< of the first member
};

Dataset generated(const Options& options) {
    Dataset data = Dataset::allocate(RealType::float32, options.rows, options.columns, 1, false);
    data.task = Task::classification;
    data.class_labels = {"0", "1"};
    auto* x = data.mutable_features<float>();
    auto* y = data.mutable_targets<float>();
    for (std::int64_t r = 0; r < options.rows; ++r) {
        double score = 0;
        for (std::int64_t j = 0; j < options.columns; ++j) {
            const double value = 2 * Philox::uniform(3, 1, static_cast<std::uint64_t>(r * options.columns + j)) - 1;
            x[r * data.stride() + j] = static_cast<float>(value);
            score += value * (j % 3 == 0 ? 1.0 : -.5);
        }
        y[r] = score > 0 ? 1.0F : 0.0F;
    }
    return data;
}

TrainOptions train_options(const Options& options, std::int64_t first, std::int64_t count) {
    TrainOptions train;
    train.loss = "logistic";
    train.batch_size = options.batch;
    train.epochs = options.epochs;
    train.device = "cpu";
    train.threads = options.threads;
    train.tol = 1e-300;  // never out of patience, but segments, and so the clock, end with the epochs
    train.patience = 1'000'000;
    for (std::int64_t m = first; m < first + count; ++m) train.members.push_back({Adam{.lr = 1e-3 * static_cast<double>(m + 1)}, 0, 0, 0});
    return train;
}

/// The epochs but the first, which also touches memory.
Timing timed(const std::string& name, const Dataset& data, const TrainOptions& options) {
    const Run run = train(data, options);
    const auto& history = run.members[0].history;
    std::vector<double> seconds;
    for (std::size_t e = 1; e < history.size(); ++e) seconds.push_back(history[e].seconds - history[e - 1].seconds);
    return {name, spread_of(seconds), run.members[0].model.parameters};
}

void print(const Timing& timing, const Timing& one) {
    std::printf("%-28s %9.2f ms an epoch (quarters %.2f apart, least %.2f)  %.2f x one\n", timing.name.c_str(), timing.epoch.median * 1e3,
                timing.epoch.interquartile * 1e3, timing.epoch.least * 1e3, timing.epoch.median / one.epoch.median);
}

void write_json(const Options& options, const std::vector<Timing>& timings, bool same_bits) {
    std::vector<std::string> runs;
    runs.reserve(timings.size());
    for (const Timing& timing : timings)
        runs.push_back(
            formatted("{\"name\": \"%s\", \"epoch_ms\": %.4f, \"least_epoch_ms\": %.4f, \"interquartile_ms\": %.4f, \"times_one\": %.4f}",
                      timing.name.c_str(), timing.epoch.median * 1e3, timing.epoch.least * 1e3, timing.epoch.interquartile * 1e3,
                      timing.epoch.median / timings[0].epoch.median));
    const std::string shape =
        formatted("\"rows\": %lld, \"columns\": %lld, \"batch\": %lld, \"members\": %lld, \"same_bits\": %s,\n ",
                  static_cast<long long>(options.rows), static_cast<long long>(options.columns), static_cast<long long>(options.batch),
                  static_cast<long long>(options.members), same_bits ? "true" : "false");
    bench::write_report(options.json, "members_bench", options.command, shape + "\"runs\": " + bench::list_of(runs));
}

[[noreturn]] void refuse(const std::string& what) {
    std::fprintf(stderr, "members_bench: %s\n%s", what.c_str(), usage);
    std::exit(2);
}

std::int64_t number(const std::string& flag, const std::string& text) {
    char* end = nullptr;
    const long long n = std::strtoll(text.c_str(), &end, 10);
    if (text.empty() || *end != 0 || n < 1) refuse(flag + " takes a number, not " + text);
    return n;
}

Options parse(int argc, char** argv) {
    Options options;
    options.command = bench::command_of(argc, argv);
    for (int i = 1; i < argc; ++i) {
        const std::string flag = argv[i];
        if (i + 1 >= argc) refuse(flag == "--help" ? "" : flag + " needs a value");
        const std::string value = argv[++i];
        if (flag == "--json") {
            options.json = value;
        } else if (flag == "--shape") {
            const auto x = value.find('x');
            if (x == std::string::npos) refuse("--shape takes ROWSxCOLUMNS");
            options.rows = number(flag, value.substr(0, x));
            options.columns = number(flag, value.substr(x + 1));
        } else if (flag == "--batch") {
            options.batch = number(flag, value);
        } else if (flag == "--members") {
            options.members = number(flag, value);
        } else if (flag == "--threads") {
            options.threads = static_cast<int>(number(flag, value));
        } else if (flag == "--epochs") {
            options.epochs = number(flag, value) + 1;
        } else {
            refuse("unknown option " + flag);
        }
    }
    return options;
}

int run(const Options& options) {
    const Dataset data = generated(options);
    const std::string several = std::to_string(options.members);
    std::vector<Timing> timings = {timed("one model", data, train_options(options, 0, 1))};
    timings.push_back(timed(several + " members of one run", data, train_options(options, 0, options.members)));
    TrainOptions folds = train_options(options, 0, 1);
    folds.folds = options.members - 1;
    if (folds.folds > 1) timings.push_back(timed(std::to_string(folds.folds) + " folds and the whole", data, folds));
    Timing each{several + " runs, summed", {}, {}};
    for (std::int64_t m = 0; m < options.members; ++m) {
        const Timing alone = timed("", data, train_options(options, m, 1));
        each.epoch.median += alone.epoch.median;
        each.epoch.least += alone.epoch.least;
        each.epoch.interquartile += alone.epoch.interquartile;
    }
    timings.push_back(each);
    bool same_bits = true;
    for (const Timing& timing : timings) {
        print(timing, timings[0]);
        same_bits = same_bits && (timing.parameters.empty() || timing.parameters == timings[0].parameters);
    }
    std::printf("the first model is %s in all of them\n", same_bits ? "the same to the last bit" : "NOT the same");
    if (!options.json.empty()) write_json(options, timings, same_bits);
    return same_bits ? 0 : 1;
}

}  // namespace
}  // namespace glissade

int main(int argc, char** argv) {
    return glissade::run(glissade::parse(argc, argv));
}
