// SPDX-License-Identifier: Apache-2.0
// What `glissade bench` does with sparse rows where there is a card.
#include <gtest/gtest.h>

#include "host/cli/bench_measures.hpp"
#include "host/cli/bench_report.hpp"
#include "host/cli/bench_verify.hpp"
#include "tests/kernels/cards.hpp"
#include "tests/unit/train/problems.hpp"

namespace glissade::testing {
namespace {

class CudaSparseBench : public CudaTest {};

TrainOptions bench_options() {
    TrainOptions options;
    options.loss = "logistic";
    options.batch_size = 20;
    options.epochs = 2;
    options.device = "auto";
    return options;
}

cli::BenchReport measured(const cli::BenchData& data, const TrainOptions& options, std::int64_t l2_bytes = 0) {
    cli::BenchReport report;
    report.data = data.name;
    report.probes.push_back({.threads = 1, .read_bytes_per_second = 1e9, .copy_bytes_per_second = 1e9, .gather_bytes_per_second = 1e9});
    report.card.emplace();
    report.card->name = "made up";
    report.card->read.median = 4e9;
    report.card->gather.median = 2e9;
    report.card->l2_bytes = l2_bytes;
    report.runs = cli::measure_batch(report.probes, report.card, data, options, report.threads_left_out);
    return report;
}

TEST_F(CudaSparseBench, MeasuresTheCardBesideTheCpuWithTheSameHeldOutLoss) {
    const SparseProblem<float> problem(60, 20, 2, 3), held_out(30, 20, 2, 4);
    const cli::BenchReport report = measured({problem.dataset(), held_out.dataset(), "sparse"}, bench_options());
    ASSERT_EQ(report.runs.size(), 2U);
    EXPECT_EQ(report.runs[1].name, "CUDA, made up");
    EXPECT_EQ(report.runs[1].held_out.list(), report.runs[0].held_out.list());
    EXPECT_EQ(report.runs[0].threads, 1);
    EXPECT_EQ(report.runs[1].threads, 0) << "a card";
    EXPECT_EQ(report.runs[1].bound_bytes_per_second, 2e9);
    EXPECT_NE(report.runs[1].plan.find("CUDA device 0 (hopper-like), sparse rows"), std::string::npos) << report.runs[1].plan;
    EXPECT_GT(report.runs[1].rows_per_second, 0);
}

TEST_F(CudaSparseBench, GivesTheShareOfTheProbeOnlyOfDataThatFitsNoCache) {
    const SparseProblem<float> problem(60, 20, 2, 3), held_out(30, 20, 2, 4);
    const cli::BenchData data{problem.dataset(), held_out.dataset(), "sparse"};
    const std::int64_t bytes = data.train.rows() * cli::stored_row_bytes(data.train);
    const auto bench = [&](std::int64_t l2_bytes) { return measured(data, bench_options(), l2_bytes).runs.back(); };
    const cli::Measurement from_memory = bench(bytes), from_cache = bench(bytes + 1);
    EXPECT_EQ(from_memory.bound_bytes_per_second, 2e9);
    EXPECT_EQ(from_memory.in_cache, "");
    EXPECT_EQ(from_cache.bound_bytes_per_second, 0);
    EXPECT_EQ(from_cache.in_cache, "the card's L2 cache");
}

TEST_F(CudaSparseBench, VerifiesTheCardAgainstTheReference) {
    const SparseProblem<float> problem(60, 20, 2, 3);
    for (const bool atomics : {false, true}) {
        TrainOptions options = bench_options();
        options.nondeterministic = atomics;
        const cli::Verification found = cli::verify(problem.dataset(), options, true);
        ASSERT_EQ(found.verdicts.size(), 2U);
        for (const cli::Verdict& verdict : found.verdicts) EXPECT_TRUE(verdict.inside()) << verdict.backend;
        if (!atomics) {
            EXPECT_TRUE(found.verdicts[1].same_bits_as_cpu);
        }
    }
}

TEST_F(CudaSparseBench, ARowReadsItsNonzeros) {
    const SparseProblem<float> problem(60, 20, 2, 3);
    const Dataset data = problem.dataset();
    EXPECT_EQ(cli::card_row_bytes(data), (problem.view().nonzeros() * 16 + 60) / 120);  // 8 each, the mean to the nearest
    EXPECT_EQ(cli::card_row_bytes(problem.dense.dataset(true)), (20 + 1 + 1) * 4);
}

}  // namespace
}  // namespace glissade::testing
