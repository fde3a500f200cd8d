// SPDX-License-Identifier: Apache-2.0
#include "host/cpu/sparse_backend.hpp"

#include <string>

#include "glissade/error.hpp"
#include "host/cpu/sparse_runner.hpp"
#include "host/execution/machine.hpp"
#include "host/execution/probe.hpp"

namespace glissade::cpu {

namespace {

template <class Real>
class SparseBackend final : public Backend<Real> {
public:
    SparseBackend(const Problem<Real>& problem, const SparsePlan& plan, const CpuRates& rates)
        : problem_(problem), plan_(plan), rates_(rates), team_(plan.team_threads), runner_(problem_, plan_, team_) {}

    void set_state(const TrainingState<Real>& state) override { runner_.set_state(state); }
    TrainingState<Real> get_state() override { return runner_.get_state(); }
    SegmentReport run(const Segment<Real>& segment) override { return runner_.run(segment, losses_); }
    void roll_back() override { runner_.roll_back(); }

    void score(MatrixView<const Real>, const Real*, std::span<Real>) override {
        fail(ErrorKind::internal, "a run on sparse rows was asked to score dense ones");
    }
    void score(SparseView<const Real> x, const Real* parameters, std::span<Real> scores_out) override {
        ScoreTask<Real> task;
        task.sparse = x;
        task.affine = problem_.affine;
        task.parameters = parameters;
        task.outputs = problem_.outputs;
        task.bias = problem_.bias;
        score_sparse_with(team_, task, scores_out);
    }

    std::string description() const override {
        std::string text = "CPU, sparse rows, " + std::to_string(plan_.threads) + (plan_.threads == 1 ? " thread" : " threads") + ", " +
                           bytes_text(plan_.budget.total()) + " besides the data";
        if (!problem_.idle.lazy())
            text += "; every step reads and writes all parameters, " + bytes_text(bytes_of_all(problem_)) + ", since " +
                    problem_.idle.why_all + " (lazy_adam, adagrad and ftrl without penalties and average touch only the batch's columns)";
        return text;
    }

    StepPrediction predict_step() override {
        SparseWork work;
        const double nonzeros = static_cast<double>(problem_.sparse.nonzeros()), rows = static_cast<double>(problem_.features.rows);
        work.entries = nonzeros / std::max(rows, 1.0) * static_cast<double>(plan_.batch_rows);
        work.entry_bytes = sizeof(std::uint32_t) + sizeof(Real);
        work.models = problem_.members * problem_.outputs;
        work.threads = plan_.threads;
        work.bytes_of_all = static_cast<double>(bytes_of_all(problem_));
        CpuRates rates = rates_;
        const std::span<const Real> values(problem_.sparse.values + problem_.sparse.offsets[0],
                                           static_cast<std::size_t>(problem_.sparse.nonzeros()));
        rates.read_bytes_per_second = probe::read_rate(plan_.threads, std::as_bytes(values), rates.read_bytes_per_second);
        return predict_sparse_step(work, rates);
    }

private:
    Problem<Real> problem_;
    SparsePlan plan_;
    CpuRates rates_;
    ThreadTeam team_;
    SparseRunner<Real> runner_;
    std::vector<double> losses_;
};

}  // namespace

template <class Real>
std::unique_ptr<Backend<Real>> make_sparse_backend(const Problem<Real>& problem, int threads, std::int64_t memory_limit_bytes,
                                                   const CpuRates& rates) {
    const SparsePlan plan = plan_sparse(problem, threads);
    check_budget(plan.budget, threads, memory_limit_bytes);
    return std::make_unique<SparseBackend<Real>>(problem, plan, rates);
}

template std::unique_ptr<Backend<float>> make_sparse_backend(const Problem<float>&, int, std::int64_t, const CpuRates&);
template std::unique_ptr<Backend<double>> make_sparse_backend(const Problem<double>&, int, std::int64_t, const CpuRates&);

}  // namespace glissade::cpu
