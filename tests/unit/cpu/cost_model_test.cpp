// SPDX-License-Identifier: Apache-2.0
#include "host/execution/cost_model.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace glissade {
namespace {

StepWork logistic_with_adam(std::int64_t rows, std::int64_t columns) {
    StepWork work;
    work.rows = rows;
    work.row_bytes = columns * 4;
    work.columns = columns;
    work.parameters = columns + 1;
    work.state_vectors = 2;
    return work;
}

TEST(CostModel, NamesWhatAStepIsMostlyMadeOf) {
    const CpuRates rates;
    EXPECT_EQ(std::string_view(predict_step(logistic_with_adam(1024, 4096), rates).bound_by), "memory: reading the rows");
    EXPECT_EQ(std::string_view(predict_step(logistic_with_adam(1, 4096), rates).bound_by), "the update of the parameters");
    EXPECT_EQ(std::string_view(predict_step(logistic_with_adam(2, 4), rates).bound_by), "what every step costs");
    StepWork softmax = logistic_with_adam(256, 784);
    softmax.models = 10;
    EXPECT_EQ(std::string_view(predict_step(softmax, rates).bound_by), "arithmetic on the rows");
    CpuRates slow_team;
    slow_team.barrier = 1e-3;
    StepWork shared = logistic_with_adam(1024, 28);
    shared.threads = 2;
    shared.barriers = 1;
    EXPECT_EQ(std::string_view(predict_step(shared, slow_team).bound_by), "the barriers of the threads");
}

TEST(CostModel, HasTheRowsAloneAsItsLimit) {
    CpuRates rates;
    rates.read_bytes_per_second = 1e9;
    const StepPrediction prediction = predict_step(logistic_with_adam(1000, 250), rates);
    EXPECT_EQ(prediction.limit_seconds, 1000 * 1000 / 1e9);
    EXPECT_GT(prediction.seconds, prediction.limit_seconds);
}

TEST(CostModel, GrowsWithTheWorkAndShrinksWithThreads) {
    const CpuRates rates;
    const auto seconds = [&](const StepWork& work) { return predict_step(work, rates).seconds; };
    StepWork work = logistic_with_adam(8192, 28);
    StepWork in_order = work, shared = work, members = work;
    in_order.out_of_order = false;
    shared.threads = 2;
    shared.barriers = 1;
    members.models = 16;
    members.parameters *= 16;
    EXPECT_LT(seconds(in_order), seconds(work));
    EXPECT_LT(seconds(shared), seconds(work));
    EXPECT_GT(seconds(members), seconds(work));
    EXPECT_LT(seconds(members), 16 * seconds(work)) << "each row is read once for all of them";
}

/// The constants are one machine's: there they must tell the truth, to a factor of two either way, over every shape that was measured.
TEST(CostModel, AgreesWithTheBenchmarkThatItWasFittedTo) {
    std::ifstream file(std::string(GLISSADE_BENCH_RESULTS) + "/2026-11-28-zen3-epoch.json");
    ASSERT_TRUE(file);
    const auto bench = nlohmann::json::parse(file);
    std::map<std::pair<std::int64_t, int>, double> read;
    for (const auto& probe : bench["probes"])
        read[{probe["rows"].get<std::int64_t>(), probe["threads"].get<int>()}] = probe["read_gb_s"].get<double>() * 1e9;
    ASSERT_GT(bench["epochs"].size(), 100u);
    for (const auto& run : bench["epochs"]) {
        const auto rows = run["rows"].get<std::int64_t>(), batch = run["batch"].get<std::int64_t>();
        StepWork work = logistic_with_adam(batch == 0 ? rows : batch, run["columns"].get<std::int64_t>());
        if (run["optimizer"] == "sgd") work.state_vectors = 0;
        work.out_of_order = run["order"] == "shuffled";
        constexpr std::int64_t work_for_a_team = 12'000;  // below, the backend takes one thread
        const int threads = run["threads"].get<int>();
        if (threads > 1 && work.rows > 1 && work.rows * work.columns >= work_for_a_team) {
            work.threads = threads;
            work.barriers = 1;
        }
        CpuRates rates;
        rates.read_bytes_per_second = read.at({rows, threads});
        const double steps = static_cast<double>((rows + work.rows - 1) / work.rows);
        const double measured = run["least_epoch_ms"].get<double>() * 1e-3 / steps, predicted = predict_step(work, rates).seconds;
        EXPECT_GT(predicted, measured / 2) << run;
        EXPECT_LT(predicted, measured * 2) << run;
    }
}

TEST(CostModel, AgreesWithTheBenchmarkOfSparseRows) {
    std::ifstream file(std::string(GLISSADE_BENCH_RESULTS) + "/2026-11-28-zen3-sparse.json");
    ASSERT_TRUE(file);
    const auto bench = nlohmann::json::parse(file);
    std::map<int, double> read;
    for (const auto& probe : bench["probes"]) read[probe["threads"].get<int>()] = probe["read_gb_s"].get<double>() * 1e9;
    ASSERT_GT(bench["steps"].size(), 30u);
    for (const auto& run : bench["steps"]) {
        SparseWork work;
        work.entries = run["batch"].get<double>() * bench["nonzeros_a_row"].get<double>();
        work.threads = run["batch"] == 1 ? 1 : run["threads"].get<int>();
        CpuRates rates;
        rates.read_bytes_per_second = read.at(run["threads"].get<int>());
        const double measured = run["least_ns_a_nonzero"].get<double>() * 1e-9 * work.entries;
        const double predicted = predict_sparse_step(work, rates).seconds;
        EXPECT_GT(predicted, measured / 2) << run;
        EXPECT_LT(predicted, measured * 2) << run;
    }
}

}  // namespace
}  // namespace glissade
