// SPDX-License-Identifier: Apache-2.0
#include "host/cpu/network_backend.hpp"

#include <algorithm>
#include <chrono>
#include <string>

#include "glissade/error.hpp"
#include "host/cpu/blas.hpp"
#include "host/cpu/budget.hpp"
#include "host/cpu/live_state.hpp"
#include "host/cpu/network_runner.hpp"
#include "host/execution/cost_model.hpp"

namespace glissade::cpu {

namespace {

Budget network_budget(const NetworkSizes& sizes, int threads, std::int64_t real_bytes) {
    Budget budget;
    budget.state_bytes = 2 * sizes.state * real_bytes;
    budget.sums_bytes = (sizes.gradient + sizes.slots * sizes.sum_size) * real_bytes;
    budget.scratch_bytes = threads * (sizes.scratch_a_thread * real_bytes + static_cast<std::int64_t>(sizeof(RowStream)));
    return budget;
}

/// Multiply-adds a second of one thread at products of some size, the best of some that take a few milliseconds in all.
template <class Real>
double product_rate() {
    constexpr std::int64_t size = 256;
    AlignedArray<Real> a(size * size), b(size * size), c(size * size);
    double best = 1;
    const BlasBuffer buffer;
    for (int i = 0; i < 5; ++i) {
        const auto start = std::chrono::steady_clock::now();
        multiply(Product<Real>{size, size, size, {a.data(), size, false}, {b.data(), size, true}, c.data(), size, false}, buffer);
        best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    return static_cast<double>(size * size * size) / std::max(best, 1e-9);
}

template <class Real>
class NetworkBackend final : public Backend<Real> {
public:
    NetworkBackend(const Problem<Real>& problem, const NetworkSizes& sizes, int threads, const Budget& budget)
        : problem_(problem),
          team_(threads),
          runner_(problem_, team_),
          live_(problem.members, sizes.parameter_count, problem.state_vectors()),
          budget_(budget) {}

    void set_state(const TrainingState<Real>& state) override { live_.set(state); }
    TrainingState<Real> get_state() override { return live_.get(); }
    SegmentReport run(const Segment<Real>& segment) override {
        live_.keep();
        return runner_.run(segment, live_.data(), losses_);
    }
    void roll_back() override { live_.roll_back(); }

    void score(MatrixView<const Real> x, const Real* parameters, std::span<Real> scores_out) override {
        ScoreTask<Real> task;
        task.x = x;
        task.affine = problem_.affine;
        task.parameters = parameters;
        task.outputs = problem_.outputs;
        task.bias = problem_.bias;
        task.hidden = problem_.hidden;
        score_network_with(team_, task, scores_out);
    }
    using Backend<Real>::score;

    std::string description() const override {
        const int threads = runner_.threads();
        return std::string("CPU, OpenBLAS and ") + instruction_set() + ", " + std::to_string(threads) +
               (threads == 1 ? " thread" : " threads") + ", " + bytes_text(budget_.total()) + " besides the data";
    }

    StepPrediction predict_step() override {
        const double rows = static_cast<double>(std::min(problem_.batches.batch_size, problem_.batches.order.rows));
        const double threads = runner_.threads(), members = static_cast<double>(problem_.members);
        const double parameters = members * static_cast<double>(problem_.parameter_count());
        const double first = members * static_cast<double>(problem_.layers().front().weight_count());
        const CpuRates rates;
        const double products = rows * (3 * parameters - first) / (product_rate<Real>() * threads);
        const double update = parameters * (rates.parameter + rates.state * problem_.state_vectors()) / threads;
        StepPrediction prediction;
        prediction.seconds = products + update + 3 * rates.barrier + rates.step;
        prediction.limit_seconds =
            rows * static_cast<double>(problem_.features.columns * static_cast<std::int64_t>(sizeof(Real))) / rates.read_bytes_per_second;
        prediction.bound_by = products > update ? "the matrix products" : "the update of the parameters";
        return prediction;
    }

private:
    Problem<Real> problem_;
    ThreadTeam team_;
    NetworkRunner<Real> runner_;
    LiveState<Real> live_;
    Budget budget_;
    std::vector<double> losses_;
};

}  // namespace

template <class Real>
std::unique_ptr<Backend<Real>> make_network_backend(const Problem<Real>& problem, int threads, std::int64_t memory_limit_bytes) {
    if (problem.is_sparse()) fail(ErrorKind::internal, "a network was given sparse rows");
    const NetworkSizes sizes(problem, threads);
    const int used = static_cast<int>(std::min<std::int64_t>(threads, std::max<std::int64_t>(sizes.slots, 1)));
    const Budget budget = network_budget(sizes, used, sizeof(Real));
    check_budget(budget, used, memory_limit_bytes);
    return std::make_unique<NetworkBackend<Real>>(problem, sizes, used, budget);
}

template std::unique_ptr<Backend<float>> make_network_backend(const Problem<float>&, int, std::int64_t);
template std::unique_ptr<Backend<double>> make_network_backend(const Problem<double>&, int, std::int64_t);

}  // namespace glissade::cpu
