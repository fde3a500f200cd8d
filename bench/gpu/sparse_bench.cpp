// SPDX-License-Identifier: Apache-2.0
// Logistic regression on sparse rows on a card: 39 nonzeros a row, columns by Zipf's law out of 2^20. Trains a warm-up epoch and some timed
// ones for each optimizer and batch size, and prints one JSON object. Usage: gpu_sparse_bench ROWS EPOCHS BATCH,BATCH,...
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "bench/sparse_rows.hpp"
#include "glissade/error.hpp"
#include "host/cuda/sparse_backend.hpp"
#include "host/scheduler/scheduler.hpp"

namespace glissade::bench {
namespace {

constexpr std::int64_t sparse_columns = std::int64_t{1} << 20, nonzeros_a_row = 39;

Problem<float> sparse_problem(const SparseRows& data, const Optimizer& optimizer, std::int64_t batch) {
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

void run_sparse(const SparseRows& data, const std::string& name, std::int64_t batch, std::int64_t epochs) {
    Optimizer optimizer = Optimizer::named(name);
    optimizer.set("lr", name == "lazy_adam" || name == "adam" ? .001 : .1);
    const Problem<float> problem = sparse_problem(data, optimizer, batch);
    const auto backend = cuda::make_sparse_backend_with(problem, {}, {});
    TrainingState<float> start;
    start.parameters.assign(static_cast<std::size_t>(problem.parameter_count()), 0.0F);
    start.state.assign(static_cast<std::size_t>(problem.state_vectors()), start.parameters);
    start.waiting = waiting_at_start(1);
    backend->set_state(start);
    const std::int64_t steps = problem.batches.steps_per_epoch;
    Scheduler<float> scheduler({problem.batches, {{optimizer}}, Schedule("constant"), steps * (epochs + 1), false, {}});
    std::vector<double> seconds;
    double loss = 0;
    for (std::int64_t e = 0, step = 0; e <= epochs; ++e) {
        const auto begin = std::chrono::steady_clock::now();
        loss = 0;
        for (const std::int64_t end = step + steps; step < end;) {
            const SegmentReport report = backend->run(scheduler.next(step, end - step, true));
            if (report.frozen) fail(ErrorKind::data, name + " diverged");
            for (const double sum : report.loss_sums) loss += sum;
            step += report.steps_done;
        }
        if (e > 0) seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    }
    std::sort(seconds.begin(), seconds.end());
    const double median = seconds[seconds.size() / 2], rows = static_cast<double>(data.rows);
    std::printf("{\"optimizer\": \"%s\", \"batch\": %lld, \"epoch_seconds\": {\"median\": %.6g, \"low\": %.6g, \"high\": %.6g},\n",
                name.c_str(), static_cast<long long>(batch), median, seconds.front(), seconds.back());
    std::printf(
        "  \"rows_a_second\": %.6g, \"ns_a_nonzero\": %.6g, \"step_us\": %.6g, \"predicted_step_us\": %.6g, \"training_loss\": %.9g,\n",
        rows / median, median * 1e9 / static_cast<double>(data.nonzeros), median / static_cast<double>(steps) * 1e6,
        backend->predict_step().seconds * 1e6, loss / rows);
    std::printf("  \"plan\": \"%s\"}", backend->description().c_str());
}

void run_all(std::int64_t rows, std::int64_t epochs, const std::vector<std::int64_t>& batches) {
    const SparseRows data(rows, sparse_columns, nonzeros_a_row);
    std::printf("{\"rows\": %lld, \"columns\": %lld, \"nonzeros\": %lld, \"epochs\": %lld, \"runs\": [\n", static_cast<long long>(rows),
                static_cast<long long>(sparse_columns), static_cast<long long>(data.nonzeros), static_cast<long long>(epochs));
    const char* between = "";
    for (const char* name : {"sgd", "adagrad", "ftrl", "lazy_adam", "adam"})
        for (const std::int64_t batch : batches) {
            std::printf("%s", between);
            between = ",\n";
            run_sparse(data, name, batch, epochs);
        }
    std::printf("\n]}\n");
}

}  // namespace
}  // namespace glissade::bench

int main(int count, char** words) {
    if (count != 4) {
        std::fprintf(stderr, "usage: gpu_sparse_bench ROWS EPOCHS BATCH,...\n");
        return 2;
    }
    std::vector<std::int64_t> batches;
    for (char *text = words[3], *end = text;; text = end + 1) {
        batches.push_back(std::strtoll(text, &end, 10));
        if (*end != ',') break;
    }
    try {
        glissade::bench::run_all(std::atoll(words[1]), std::atoll(words[2]), batches);
    } catch (const glissade::Error& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
