// SPDX-License-Identifier: Apache-2.0
#include "host/train/lbfgs_backend.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "glissade/rules/update.hpp"
#include "host/execution/idle.hpp"
#include "host/train/lbfgs.hpp"

namespace glissade {

namespace {

template <class Real>
class LbfgsBackend final : public Backend<Real> {
public:
    using Method = LbfgsMethod<Real>;
    using Evaluation = typename Method::Evaluation;

    LbfgsBackend(std::unique_ptr<Backend<Real>> evaluator, const Problem<Real>& problem, std::span<const Member> members)
        : evaluator_(std::move(evaluator)), problem_(problem) {
        for (const Member& member : members) rules_.push_back(std::get<Lbfgs>(member.optimizer.rule()));
    }

    void set_state(const TrainingState<Real>& state) override {
        const auto count = static_cast<std::size_t>(problem_.parameter_count());
        methods_.clear();
        for (std::size_t m = 0; m < rules_.size(); ++m) {
            const auto part = [&](const std::vector<Real>& all) {
                const auto first = all.begin() + static_cast<std::ptrdiff_t>(m * count);
                return std::vector<Real>(first, first + static_cast<std::ptrdiff_t>(count));
            };
            methods_.emplace_back(rules_[m], part(state.parameters), part(state.state[0]),
                                  state.solver.empty() ? LbfgsMemory{} : LbfgsMemory::from(state.solver[m], count));
        }
    }

    TrainingState<Real> get_state() override {
        TrainingState<Real> state;
        state.state.resize(1);
        for (const Method& method : methods_) {
            state.parameters.insert(state.parameters.end(), method.parameters().begin(), method.parameters().end());
            state.state[0].insert(state.state[0].end(), method.gradient().begin(), method.gradient().end());
            state.solver.push_back(method.memory().numbers());
        }
        if (problem_.is_sparse()) state.waiting = waiting_at_start(static_cast<std::int64_t>(methods_.size()));
        return state;
    }

    SegmentReport run(const Segment<Real>& segment) override {
        before_ = methods_;
        losses_.clear();
        for (std::int64_t s = 0; s < segment.steps; ++s) {
            scalars_ = segment.scalars + s * static_cast<std::int64_t>(rules_.size()) * rules::scalars_a_member;
            const bool known = std::all_of(methods_.begin(), methods_.end(), [](const Method& m) { return m.memory().evaluated; });
            const auto frozen = known ? std::nullopt : evaluate([](Method& m, const Evaluation& found) {
                if (!m.memory().evaluated) m.start(found);
            });
            if (frozen) return {s, true, *frozen, losses_};
            for (const Method& method : methods_) losses_.push_back(method.memory().loss_sum);
            iterate();
        }
        return {segment.steps, false, 0, losses_};
    }

    void roll_back() override { methods_ = before_; }
    bool settled(std::int64_t member) const override { return methods_[static_cast<std::size_t>(member)].memory().settled; }
    void score(MatrixView<const Real> x, const Real* parameters, std::span<Real> scores_out) override {
        evaluator_->score(x, parameters, scores_out);
    }
    void score(SparseView<const Real> x, const Real* parameters, std::span<Real> scores_out) override {
        evaluator_->score(x, parameters, scores_out);
    }
    bool judge(const Real* parameters, JudgedSums& out) override { return evaluator_->judge(parameters, out); }
    std::string description() const override { return evaluator_->description() + "; L-BFGS on the host"; }
    StepPrediction predict_step() override { return evaluator_->predict_step(); }
    NetworkFamily network_family() const override { return evaluator_->network_family(); }

private:
    void iterate() {
        for (Method& method : methods_) method.begin();
        const auto searching = [](const Method& method) { return method.searching(); };
        while (std::any_of(methods_.begin(), methods_.end(), searching)) {
            const auto frozen = evaluate([](Method& m, const Evaluation& found) {
                if (m.searching()) m.tell(found);
            });
            // The first member whose trial went too far keeps the others from being evaluated: it tries a shorter one with them.
            if (frozen) methods_[static_cast<std::size_t>(*frozen)].tell({std::numeric_limits<double>::infinity(), 0, {}});
        }
    }

    /// Evaluates each member at its point() and hands it what was found, or says whose sums are not finite. Always the same rows in the
    /// same order: those of the first step, so that it is one function of the parameters, bit for bit.
    template <class Take>
    std::optional<std::int64_t> evaluate(Take&& take) {
        TrainingState<Real> state;
        for (const Method& method : methods_) state.parameters.insert(state.parameters.end(), method.point().begin(), method.point().end());
        state.state.emplace_back(state.parameters.size(), Real(0));
        if (problem_.is_sparse()) state.waiting = waiting_at_start(static_cast<std::int64_t>(methods_.size()));
        evaluator_->set_state(state);
        const SegmentReport report = evaluator_->run({0, 1, scalars_});
        if (report.frozen) return report.frozen_member;
        const std::vector<Real> gradients = evaluator_->get_state().state[0];
        const auto count = static_cast<std::ptrdiff_t>(problem_.parameter_count());
        for (std::size_t m = 0; m < methods_.size(); ++m) {
            const auto first = gradients.begin() + static_cast<std::ptrdiff_t>(m) * count;
            const double mean = report.loss_sums[m] / static_cast<double>(problem_.batches.rows(0));
            take(methods_[m], Evaluation{mean + penalty(m), report.loss_sums[m], {first, first + count}});
        }
        return std::nullopt;
    }

    /// decay/2 * theta^2 over the parameters, of which the gradient has decay * theta.
    double penalty(std::size_t m) const {
        const std::vector<Real>& point = methods_[m].point();
        const Real* row = scalars_ + static_cast<std::ptrdiff_t>(m) * rules::scalars_a_member;
        const double weights = row[rules::ScalarRow::coupled_decay], biases = row[rules::ScalarRow::size + rules::ScalarRow::coupled_decay];
        double sum = 0;
        const auto add = [&](std::int64_t begin, std::int64_t end, double decay) {
            for (std::int64_t j = begin; j < end; ++j) {
                const double value = point[static_cast<std::size_t>(j)];
                sum += decay * value * value;
            }
        };
        for (const DenseLayer& layer : problem_.layers()) {
            add(layer.weights_at, layer.biases_at(), weights);
            add(layer.biases_at(), layer.end(), biases);
        }
        return sum / 2;
    }

    std::unique_ptr<Backend<Real>> evaluator_;
    Problem<Real> problem_;
    std::vector<Lbfgs> rules_;              // of the members
    std::vector<Method> methods_, before_;  // now, and before the last segment
    const Real* scalars_ = nullptr;         // of the step in progress
    std::vector<double> losses_;
};

}  // namespace

template <class Real>
std::unique_ptr<Backend<Real>> drive_lbfgs(std::unique_ptr<Backend<Real>> evaluator, const Problem<Real>& problem,
                                           std::span<const Member> members) {
    return std::make_unique<LbfgsBackend<Real>>(std::move(evaluator), problem, members);
}

template std::unique_ptr<Backend<float>> drive_lbfgs(std::unique_ptr<Backend<float>>, const Problem<float>&, std::span<const Member>);
template std::unique_ptr<Backend<double>> drive_lbfgs(std::unique_ptr<Backend<double>>, const Problem<double>&, std::span<const Member>);

}  // namespace glissade
