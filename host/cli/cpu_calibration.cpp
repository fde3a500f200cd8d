// SPDX-License-Identifier: Apache-2.0
#include "host/cli/cpu_calibration.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <memory>

#include "glissade/error.hpp"
#include "host/cli/generated_data.hpp"
#include "host/execution/backend.hpp"
#include "host/execution/machine.hpp"
#include "host/execution/probe.hpp"
#include "host/scheduler/scheduler.hpp"

namespace glissade::cli {
namespace {

constexpr std::int64_t far_bytes = std::int64_t{256} << 20;  ///< of data that no cache holds
constexpr double timed_seconds = .03;                        ///< of one timing, about
constexpr int repetitions = 5;
constexpr double least = 1e-12;  ///< of a constant: noise may leave nothing of what is small

/// Seconds of a step of logistic regression with one thread: the least of several timings, since what disturbs a run only makes it longer.
double step_seconds(const Dataset& data, std::int64_t batch, const Optimizer& optimizer, Shuffle shuffle) {
    Problem<float> problem;
    problem.features = data.features<float>();
    problem.targets = data.targets<float>().data();
    const Loss loss("logistic");
    problem.loss = loss.index();
    std::array<double, max_loss_constants> constants{};
    loss.prepare(constants.data());
    std::copy(constants.begin(), constants.end(), problem.loss_constants);
    problem.rule = optimizer.index();
    problem.variant = optimizer.variant();
    problem.state_count = optimizer.state_count();
    problem.batches = plan_batches(data.rows(), batch, true, 1, shuffle);
    const auto backend = make_cpu_backend<float>(problem, {.threads = 1});
    const auto parameters = static_cast<std::size_t>(problem.parameter_count());
    backend->set_state({std::vector<float>(parameters),
                        std::vector<std::vector<float>>(static_cast<std::size_t>(problem.state_count), std::vector<float>(parameters))});
    Member member;
    member.optimizer = optimizer;
    Scheduler<float> scheduler({problem.batches, {member}, Schedule(), std::numeric_limits<std::int64_t>::max() / 2, false, {}});
    std::int64_t step = 0, wanted = 1;
    const auto run = [&] {
        const Segment<float> segment = scheduler.next(step, std::min(wanted, scheduler.longest_segment()), false);
        const auto start = std::chrono::steady_clock::now();
        const SegmentReport report = backend->run(segment);
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        if (report.frozen) fail(ErrorKind::internal, "a calibration run met a sum that is not finite");
        step += segment.steps;
        wanted = segment.steps;
        return seconds;
    };
    while (run() < timed_seconds && wanted < scheduler.longest_segment()) wanted *= 2;
    double best = std::numeric_limits<double>::infinity();
    for (int i = 0; i < repetitions; ++i) best = std::min(best, run());
    return best / static_cast<double>(wanted);
}

/// The same on a few batches that a core's own cache holds.
double near_seconds(std::int64_t batch, std::int64_t columns, const Optimizer& optimizer) {
    return step_seconds(generated_classes(2 * batch, columns, 1), batch, optimizer, Shuffle::none);
}

/// By how much a row comes later when rows that no cache holds are taken out of order.
double late_seconds(std::int64_t columns) {
    constexpr std::int64_t batch = 1024;
    const std::int64_t row_bytes = padded_stride(columns, RealType::float32) * real_bytes(RealType::float32);
    const Dataset data = generated_classes(far_bytes / row_bytes, columns, 1);
    const Optimizer sgd = Sgd{.lr = 1e-6};
    const double late = step_seconds(data, batch, sgd, Shuffle::full) - step_seconds(data, batch, sgd, Shuffle::none);
    return std::max(late / batch, least);
}

}  // namespace

CpuRates calibrate_cpu(int threads) {
    const Optimizer sgd = Sgd{.lr = 1e-6}, adam = Adam{.lr = 1e-6};
    CpuRates rates;
    const auto positive = [](double seconds) { return std::max(seconds, least); };

    constexpr std::int64_t many = 1024, half = 1024, wider = 8192, few = 16;
    const double short_rows = near_seconds(many, 1, sgd) / many;
    rates.value = positive((near_seconds(few, 2 * half, sgd) - near_seconds(few, half, sgd)) / (few * half));
    const double row_and_output = positive(short_rows - rates.value);
    const double share = CpuRates().row / (CpuRates().row + CpuRates().output);  // the two are hard to tell apart
    rates.row = row_and_output * share;
    rates.output = row_and_output * (1 - share);

    const double single = near_seconds(1, 1, sgd), single_wide = near_seconds(1, wider, sgd);
    rates.parameter = positive((single_wide - single) / wider - rates.value);
    rates.state = positive((near_seconds(1, wider, adam) - single_wide) / (2 * wider));
    rates.step_of_single_row = positive(single - row_and_output - rates.value - rates.parameter);
    rates.step = positive(near_seconds(2, 1, sgd) - 2 * (row_and_output + rates.value) - rates.parameter);
    if (threads > 1) {
        ThreadTeam team(threads);
        rates.barrier = spread_of(probe::barrier(team, repetitions)).least;
    }

    constexpr std::int64_t narrow = 28;
    const double late_narrow = late_seconds(narrow), late_wide = late_seconds(many);
    const auto narrow_bytes = static_cast<double>(narrow * real_bytes(RealType::float32)), wide_bytes = static_cast<double>(many * 4);
    rates.late_byte = positive((late_wide - late_narrow) / (wide_bytes - narrow_bytes));
    rates.late_row = positive(late_narrow - rates.late_byte * narrow_bytes);
    return rates;
}

}  // namespace glissade::cli
