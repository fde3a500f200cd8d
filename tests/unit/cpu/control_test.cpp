// SPDX-License-Identifier: Apache-2.0
// Freezing, rolling back, refusing, scoring: what a backend does besides arithmetic.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <limits>

#include "glissade/error.hpp"
#include "tests/unit/cpu/cases.hpp"

namespace glissade::testing {
namespace {

CaseShape diverging(std::int64_t batch, std::int64_t members) {
    CaseShape shape{.rows = 64, .columns = 5, .members = members, .batch = batch, .steps = 40};
    shape.loss = rule_index<Squared>(LossRules{});
    shape.rate = 1e6;
    return shape;
}

TEST(CpuBackend, FreezesBeforeTheFirstStepWithASumThatIsNotFinite) {
    for (std::int64_t batch : {1, 8, 64})
        for (std::int64_t members : {1, 3})
            for (int threads : {1, 2}) {
                const Case<float> c(diverging(batch, members));
                const auto expected = oracle::run(c.problem, c.start, c.segment());
                ASSERT_TRUE(expected.frozen);
                ASSERT_GT(expected.steps_done, 0);
                EXPECT_TRUE(runs_to(c, threads, expected)) << "batch " << batch << ", " << members << " members, " << threads << " threads";
            }
}

TEST(CpuBackend, FreezesAlikeWhenTheUpdateIsShared) {
    CaseShape shape = diverging(16, 2);
    shape.columns = 6000;
    const Case<float> c(shape);
    const auto expected = oracle::run(c.problem, c.start, c.segment());
    ASSERT_TRUE(expected.frozen);
    for (int threads : {1, 2, 3}) EXPECT_TRUE(runs_to(c, threads, expected)) << threads << " threads";
}

TEST(CpuBackend, NamesTheFirstMemberThatFroze) {
    for (std::int64_t member : {0, 1, 2}) {
        Case<double> c({.rows = 30, .columns = 4, .members = 3, .batch = 10, .steps = 3});
        c.start.parameters[member * c.problem.parameter_count()] = std::numeric_limits<double>::quiet_NaN();
        auto backend = c.backend(1);
        const SegmentReport report = backend->run(c.segment());
        EXPECT_TRUE(report.frozen);
        EXPECT_EQ(report.steps_done, 0);
        EXPECT_EQ(report.frozen_member, member);
        EXPECT_TRUE(report.loss_sums.empty());
        EXPECT_TRUE(same_state(backend->get_state(), c.start));
    }
}

TEST(CpuBackend, GoesOnAfterAFrozenSegmentWasRolledBack) {
    const Case<float> c(diverging(8, 1));
    auto backend = c.backend(1);
    backend->run(c.part(0, 2));
    const TrainingState<float> before = backend->get_state();
    EXPECT_TRUE(backend->run(c.part(2, 38)).frozen);
    backend->roll_back();
    EXPECT_TRUE(same_state(backend->get_state(), before));
    EXPECT_FALSE(backend->run(c.part(2, 1)).frozen);
}

TEST(CpuBackend, RollsBackTheLastSegmentAndOnlyThat) {
    CaseShape shape{.rows = 50, .columns = 6, .batch = 10, .steps = 9};
    shape.rule = rule_index<Adam>(UpdateRules{});
    const Case<float> c(shape);
    auto backend = c.backend(1);
    EXPECT_THROW(backend->roll_back(), Error);
    backend->run(c.part(0, 5));
    const TrainingState<float> after_five = backend->get_state();
    backend->run(c.part(5, 4));
    const TrainingState<float> after_nine = backend->get_state();
    backend->roll_back();
    EXPECT_TRUE(same_state(backend->get_state(), after_five));
    EXPECT_THROW(backend->roll_back(), Error);
    backend->run(c.part(5, 4));
    EXPECT_TRUE(same_state(backend->get_state(), after_nine));
}

TEST(CpuBackend, RunsASegmentOfNoSteps) {
    const Case<float> c(CaseShape{});
    auto backend = c.backend(2);
    const SegmentReport report = backend->run(c.part(0, 0));
    EXPECT_EQ(report.steps_done, 0);
    EXPECT_FALSE(report.frozen);
    EXPECT_TRUE(same_state(backend->get_state(), c.start));
}

TEST(CpuBackend, RefusesABudgetBeyondItsLimitWithFiguresAndARemedy) {
    const Case<float> c({.rows = 100, .columns = 1000, .batch = 100});
    try {
        make_cpu_backend<float>(c.problem, {.threads = 2, .memory_limit_bytes = 10'000});
        FAIL() << "10 kB were enough";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::memory);
        const std::string message = error.what();
        for (const char* part : {"10.0 kB", "partial sums of 2 threads", "fewer threads"})
            EXPECT_NE(message.find(part), std::string::npos) << message;
    }
    EXPECT_NO_THROW(make_cpu_backend<float>(c.problem, {.threads = 2, .memory_limit_bytes = 10'000'000}));
}

TEST(CpuBackend, RefusesAStateOfAnotherSize) {
    const Case<float> c(CaseShape{});
    auto backend = c.backend(1);
    TrainingState<float> state = c.start;
    state.parameters.pop_back();
    EXPECT_THROW(backend->set_state(state), Error);
    state = c.start;
    state.state.emplace_back(state.parameters);
    EXPECT_THROW(backend->set_state(state), Error);
}

TEST(CpuBackend, SaysWhatRuns) {
    const Case<float> small({.rows = 10, .columns = 2, .batch = 5});
    EXPECT_NE(small.backend(4)->description().find("1 thread,"), std::string::npos) << small.backend(4)->description();
    const Case<float> large({.rows = 1000, .columns = 200, .batch = 1000});
    EXPECT_NE(large.backend(4)->description().find("4 threads,"), std::string::npos) << large.backend(4)->description();
}

template <class Real>
void expect_exact_scores(std::int64_t rows, std::int64_t outputs, bool affine, int threads) {
    CaseShape shape{.rows = rows, .columns = 70, .outputs = outputs};
    shape.loss = rule_index<Squared>(LossRules{});
    shape.affine = affine;
    const Case<Real> c(shape);
    std::vector<Real> expected, scores(static_cast<std::size_t>(rows * outputs)), free_scores(scores.size());
    for (std::int64_t r = 0; r < rows; ++r)
        for (std::int64_t o = 0; o < outputs; ++o) {
            std::vector<Real> x(c.problem.features.row(r), c.problem.features.row(r) + 70);
            for (std::int64_t j = 0; affine && j < 70; ++j) x[j] = oracle::fma_of(x[j], c.scale[j], c.shift[j]);
            expected.push_back(oracle::dot(x.data(), c.start.parameters.data() + o * 70, 70) + c.start.parameters[outputs * 70 + o]);
        }
    c.backend(threads)->score(c.problem.features, c.start.parameters.data(), scores);
    EXPECT_TRUE(same_bits(scores, expected)) << rows << " rows, " << outputs << " outputs, " << threads << " threads";
    score_on_cpu<Real>({c.problem.features, c.problem.affine, c.start.parameters.data(), outputs, true}, threads, free_scores);
    EXPECT_TRUE(same_bits(free_scores, expected));
}

TEST(CpuBackend, ScoresRowsAsTheContractSays) {
    for (std::int64_t rows : {0, 1, 15, 16, 17, 100})
        for (std::int64_t outputs : {1, 2, 5})
            for (int threads : {1, 3}) {
                expect_exact_scores<float>(rows, outputs, rows % 2 == 0, threads);
                expect_exact_scores<double>(rows, outputs, rows % 2 == 1, threads);
            }
}

template <class Real>
void expect_exact_zero(std::int64_t columns, std::int64_t outputs, const Real* bias) {
    // Products that round to -0: lanes without an element are +0 and must not be mixed with those that hold one.
    const Real tiny = std::numeric_limits<Real>::min();
    const std::vector<Real> x(static_cast<std::size_t>(5 * columns), tiny);
    std::vector<Real> parameters(static_cast<std::size_t>(outputs * columns), -tiny), scores(static_cast<std::size_t>(5 * outputs));
    Real expected = oracle::dot(x.data(), parameters.data(), columns);
    if (bias) {
        expected = expected + *bias;
        parameters.insert(parameters.end(), static_cast<std::size_t>(outputs), *bias);
    }
    score_on_cpu<Real>({MatrixView<const Real>(x.data(), 5, columns), {}, parameters.data(), outputs, bias != nullptr}, 1, scores);
    EXPECT_TRUE(same_bits(scores, std::vector<Real>(scores.size(), expected)))
        << columns << " columns, " << outputs << " outputs, bias " << (bias ? *bias : 1);
}

TEST(CpuBackend, KeepsTheSignOfZero) {
    for (std::int64_t columns = 1; columns <= 200; ++columns)
        for (std::int64_t outputs : {1, 2, 3}) {
            const float plus = 0, minus = -0.0f;
            for (const float* bias : {static_cast<const float*>(nullptr), &plus, &minus}) expect_exact_zero<float>(columns, outputs, bias);
            const double none = -0.0;
            expect_exact_zero<double>(columns, outputs, &none);
            expect_exact_zero<double>(columns, outputs, nullptr);
        }
}

TEST(CpuBackend, RefusesScoresOfAnotherSize) {
    const Case<float> c(CaseShape{});
    std::vector<float> scores(3);
    EXPECT_THROW(c.backend(1)->score(c.problem.features, c.start.parameters.data(), scores), Error);
}

/// Memory that ends where the process may not read.
class EndOfMemory {
public:
    explicit EndOfMemory(std::size_t bytes)
        : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))), size_((bytes + page_ - 1) / page_ * page_ + page_) {
        block_ = static_cast<std::byte*>(mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        mprotect(block_ + size_ - page_, page_, PROT_NONE);
        begin_ = block_ + size_ - page_ - bytes;
    }
    ~EndOfMemory() { munmap(block_, size_); }
    EndOfMemory(const EndOfMemory&) = delete;
    void* begin() const { return begin_; }

private:
    std::size_t page_, size_;
    std::byte *block_ = nullptr, *begin_ = nullptr;
};

TEST(CpuBackend, ReadsNothingBeyondTheLastRow) {
    for (std::int64_t columns = 1; columns < 70; ++columns)
        for (std::int64_t batch : {1, 10}) {
            Case<float> c({.rows = 20, .columns = columns, .batch = batch, .steps = 40});
            const EndOfMemory memory(c.features.size() * sizeof(float));
            std::memcpy(memory.begin(), c.features.data(), c.features.size() * sizeof(float));
            c.problem.features.data = static_cast<const float*>(memory.begin());
            EXPECT_FALSE(c.backend(1)->run(c.segment()).frozen);
            std::vector<float> scores(20);
            c.backend(1)->score(c.problem.features, c.start.parameters.data(), scores);
        }
}

}  // namespace
}  // namespace glissade::testing
