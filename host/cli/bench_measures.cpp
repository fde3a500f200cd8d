// SPDX-License-Identifier: Apache-2.0
#include "host/cli/bench_measures.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include "glissade/error.hpp"
#include "host/cli/text.hpp"
#include "host/execution/machine.hpp"
#include "host/train/run_plan.hpp"

namespace glissade::cli {
namespace {

constexpr int probe_repetitions = 5;
constexpr std::int64_t least_probe_bytes = std::int64_t{256} << 20;

double rate(double bytes, const std::vector<double>& seconds) {
    return bytes / spread_of(seconds).median;
}

/// Those that the plan takes of the threads it may: "2 threads" stands in its text.
int threads_taken(const Dataset& rows, const TrainOptions& options) {
    const std::string plan = plan_run(rows, options).text;
    const std::size_t end = plan.find(" thread");
    const std::size_t space = end == std::string::npos ? end : plan.rfind(' ', end - 1);
    if (space == std::string::npos) fail(ErrorKind::internal, "the plan of a run on the CPU names no threads: " + plan);
    return whole_of<int>("the plan's threads", std::string_view(plan).substr(space + 1, end - space - 1), 1, options.threads);
}

/// Says which part of a probe a run reaches, unless its data is in a cache.
void set_bound(Measurement& run, const BenchData& data, double bytes_per_second, std::int64_t cache_bytes, const char* cache) {
    if (data.train.rows() * stored_row_bytes(data.train) < cache_bytes)
        run.in_cache = cache;
    else
        run.bound_bytes_per_second = bytes_per_second;
}

std::optional<Measurement> measure_cpu(const std::vector<Measurement>& before, const MachineProbe& probe, const BenchData& data,
                                       const TrainOptions& options, std::vector<std::string>& left_out) {
    const int threads = threads_taken(data.train, options);
    const auto same = std::find_if(before.begin(), before.end(), [&](const Measurement& run) { return run.threads == threads; });
    if (same != before.end()) {
        left_out.push_back("batch " + std::to_string(same->batch_size) + ": of " + counted(probe.threads, "thread") + " the plan takes " +
                           std::to_string(threads) + ", which is measured already");
        return std::nullopt;
    }
    const std::string taken = threads == probe.threads ? "" : std::to_string(threads) + " of ";
    Measurement run = measure("CPU, " + taken + counted(probe.threads, "thread"), data.train, data.held_out, options);
    run.threads = threads;
    const double bound = options.shuffle == Shuffle::none ? probe.read_bytes_per_second : probe.gather_bytes_per_second;
    set_bound(run, data, bound, last_cache_bytes(), "the processor's last cache");
    return run;
}

}  // namespace

double row_bytes_of(const Dataset& data) {
    const auto real = static_cast<double>(real_bytes(data.real_type()));
    if (!data.is_sparse()) return static_cast<double>(data.columns()) * real;
    return static_cast<double>(data.nonzeros()) / static_cast<double>(std::max<std::int64_t>(data.rows(), 1)) * (4 + real);
}

std::int64_t stored_row_bytes(const Dataset& data) {
    if (data.is_sparse()) return std::max<std::int64_t>(1, std::llround(row_bytes_of(data)));
    return data.stride() * real_bytes(data.real_type());
}

std::int64_t card_row_bytes(const Dataset& data) {
    if (data.is_sparse()) return stored_row_bytes(data);
    return (data.columns() + data.target_count() + (data.has_weights() ? 1 : 0)) * real_bytes(RealType::float32);
}

MachineProbe probe_machine(int threads, std::int64_t row_bytes) {
    std::vector<std::byte> buffer(static_cast<std::size_t>(std::max(least_probe_bytes, 4 * last_cache_bytes())), std::byte{1});
    const auto bytes = static_cast<double>(buffer.size());
    ThreadTeam team(threads);
    MachineProbe probe;
    probe.threads = threads;
    probe.read_bytes_per_second = rate(bytes, probe::read(team, buffer, probe_repetitions));
    probe.copy_bytes_per_second = rate(bytes, probe::copy(team, buffer, probe_repetitions));
    probe.gather_bytes_per_second = rate(bytes, probe::gather_rows(team, buffer, row_bytes, probe_repetitions));
    probe.barrier_seconds = threads > 1 ? spread_of(probe::barrier(team, 1)).median : 0;
    return probe;
}

Measurement measure(const std::string& name, const Dataset& train_rows, const Dataset& held_out, TrainOptions options) {
    const std::int64_t batch = options.batch_size == full_batch ? train_rows.rows() : std::min(options.batch_size, train_rows.rows());
    Measurement measurement;
    measurement.name = name;
    measurement.batch_size = batch;
    measurement.steps_per_epoch = options.drop_last ? train_rows.rows() / batch : (train_rows.rows() + batch - 1) / batch;
    options.epochs += 1;
    // Never out of patience, but the loss is looked at where an epoch ends, and so is the clock.
    options.tol = std::numeric_limits<double>::min();
    options.patience = std::numeric_limits<std::int64_t>::max();
    const Run run = train(train_rows, options);
    if (run.divergence) fail(ErrorKind::diverged, name + ": " + run.divergence->message);
    if (run.history.size() < 2)
        fail(ErrorKind::usage, name + ": a benchmark needs two whole epochs: raise --epochs, --max-steps or --max-seconds");
    std::vector<double> seconds;
    for (std::size_t e = 1; e < run.history.size(); ++e) seconds.push_back(run.history[e].seconds - run.history[e - 1].seconds);
    measurement.prepare_seconds = run.prepare_seconds;
    measurement.first_epoch_seconds = run.history.empty() ? 0 : run.history.front().seconds;
    measurement.epoch_seconds = spread_of(seconds);
    const double a_second = 1 / std::max(measurement.epoch_seconds.median, 1e-12);
    measurement.rows_per_second = static_cast<double>(train_rows.rows()) * a_second;
    measurement.bytes_per_second = measurement.rows_per_second * row_bytes_of(train_rows);
    measurement.plan = run.plan;
    measurement.model = run.model;
    measurement.held_out = run.model.evaluate(held_out);
    return measurement;
}

std::vector<Measurement> measure_batch(const std::vector<MachineProbe>& probes, const std::optional<CardProbe>& card, const BenchData& data,
                                       TrainOptions options, std::vector<std::string>& left_out) {
    std::vector<Measurement> runs;
    const std::string device = options.device;
    options.device = "cpu";
    for (const MachineProbe& probe : probes) {
        options.threads = probe.threads;
        if (auto run = measure_cpu(runs, probe, data, options, left_out)) runs.push_back(std::move(*run));
    }
    if (!card) return runs;
    options.device = device == "auto" ? "cuda" : device;
    runs.push_back(measure("CUDA, " + card->name, data.train, data.held_out, options));
    const double bound = options.shuffle == Shuffle::none ? card->read.median : card->gather.median;
    set_bound(runs.back(), data, bound, card->l2_bytes, "the card's L2 cache");
    return runs;
}

}  // namespace glissade::cli
