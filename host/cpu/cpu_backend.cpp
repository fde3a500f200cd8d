// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include "glissade/error.hpp"
#include "host/cpu/live_state.hpp"
#include "host/cpu/network_backend.hpp"
#include "host/cpu/score.hpp"
#include "host/cpu/segment_runner.hpp"
#include "host/cpu/sparse_backend.hpp"
#include "host/execution/machine.hpp"
#include "host/execution/probe.hpp"

namespace glissade {

namespace cpu {

namespace {

template <class Real>
class CpuBackend final : public Backend<Real> {
public:
    CpuBackend(const Problem<Real>& problem, int threads, const CpuRates& rates)
        : problem_(problem),
          rates_(rates),
          layout_(problem.members, problem.outputs, problem.features.columns, problem.bias),
          team_(threads),
          runner_(problem_, team_),
          live_(problem.members, problem.parameter_count(), problem.state_vectors()) {}

    void set_state(const TrainingState<Real>& state) override { live_.set(state); }
    TrainingState<Real> get_state() override { return live_.get(); }

    SegmentReport run(const Segment<Real>& segment) override {
        live_.keep();
        return runner_.run(segment, live_.data(), losses_);
    }

    void roll_back() override { live_.roll_back(); }

    void score(MatrixView<const Real> x, const Real* parameters, std::span<Real> scores_out) override {
        score_with(team_, ScoreTask<Real>{x, problem_.affine, parameters, problem_.outputs, problem_.bias}, scores_out);
    }

    using Backend<Real>::score;

    std::string description() const override {
        const int threads = runner_.threads();
        return std::string("CPU, ") + instruction_set() + ", " + std::to_string(threads) + (threads == 1 ? " thread" : " threads") + ", " +
               bytes_text(backend_budget(problem_, team_.size()).total()) + " besides the data";
    }

    StepPrediction predict_step() override {
        const int threads = runner_.threads();
        StepWork work;
        work.rows = problem_.batches.rows(0);
        work.row_bytes = problem_.features.columns * static_cast<std::int64_t>(sizeof(Real));
        work.columns = problem_.features.columns;
        work.models = layout_.models;
        work.parameters = layout_.members * layout_.parameter_count;
        work.state_vectors = problem_.state_vectors();
        const bool at_hand = static_cast<std::int64_t>(std::as_bytes(rows_span()).size()) <= core_cache_bytes();
        work.out_of_order = problem_.batches.order.shuffle != Shuffle::none && !at_hand;
        work.threads = threads;
        work.barriers = threads == 1 ? 0 : runner_.updates_together() ? 3 : 1;
        work.update_threads = runner_.updates_together() ? threads : 1;
        CpuRates rates = rates_;
        rates.read_bytes_per_second = probe::read_rate(threads, std::as_bytes(rows_span()), rates.read_bytes_per_second);
        return glissade::predict_step(work, rates);
    }

private:
    /// The features as they lie in memory, gaps included.
    std::span<const Real> rows_span() const {
        const auto& x = problem_.features;
        return {x.row(0), static_cast<std::size_t>((x.rows - 1) * x.stride + x.columns)};
    }

    Problem<Real> problem_;
    CpuRates rates_;
    Layout layout_;
    ThreadTeam team_;
    SegmentRunner<Real> runner_;
    LiveState<Real> live_;
    std::vector<double> losses_;
};

}  // namespace

}  // namespace cpu

template <class Real>
std::unique_ptr<Backend<Real>> make_cpu_backend(const Problem<Real>& problem, const BackendLimits& limits) {
    const int threads = std::max(limits.threads, 1);
    if (problem.is_network()) return cpu::make_network_backend(problem, threads, limits.memory_limit_bytes);
    const CpuRates rates = limits.calibration.cpu.value_or(CpuRates{});
    if (problem.is_sparse()) return cpu::make_sparse_backend(problem, threads, limits.memory_limit_bytes, rates);
    cpu::check_budget(cpu::backend_budget(problem, threads), threads, limits.memory_limit_bytes);
    return std::make_unique<cpu::CpuBackend<Real>>(problem, threads, rates);
}

template std::unique_ptr<Backend<float>> make_cpu_backend<float>(const Problem<float>&, const BackendLimits&);
template std::unique_ptr<Backend<double>> make_cpu_backend<double>(const Problem<double>&, const BackendLimits&);

}  // namespace glissade
