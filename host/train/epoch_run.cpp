// SPDX-License-Identifier: Apache-2.0
#include "host/train/epoch_run.hpp"

#include <algorithm>
#include <utility>

#include "glissade/error.hpp"
#include "host/train/training_loop.hpp"

namespace glissade {

class EpochRun::Part {
public:
    Part() = default;
    virtual ~Part() = default;
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;
    virtual bool next(double rate) = 0;
    virtual const std::vector<EpochRecord>& history() const = 0;
    virtual const std::optional<Divergence>& divergence() const = 0;
    virtual std::vector<double> parameters(bool best) const = 0;
    virtual RuleState rule_state() const = 0;
};

namespace {

/// A card has its own copy of the rows with their weights, which change from epoch to epoch here.
TrainOptions where_weights_allow(const Dataset& data, TrainOptions options) {
    if (!data.has_weights()) return options;
    if (options.device != "auto" && options.device != "cpu")
        fail(ErrorKind::usage, "device " + options.device + ": row weights that are shared by the batch train on the CPU");
    options.device = "cpu";
    return options;
}

template <class Real>
class PartOf final : public EpochRun::Part {
public:
    PartOf(const Dataset& data, const TrainOptions& options, const EpochTerms& terms)
        : data_(data),
          options_(where_weights_allow(data, options)),
          alpha_(terms.alpha),
          penalty_in_loss_(terms.penalty_in_loss),
          steps_before_(terms.begun.steps),
          run_(resolve(data_, options_)) {
        if (run_.members.size() != 1) fail(ErrorKind::internal, "epochs one by one are of one member");
        rows_ = set_up<Real>(data_, options_, run_);
        rows_->problem.penalty_in_loss = static_cast<Real>(terms.penalty_in_loss);
        loop_.emplace(data_, options_, run_, *rows_);
        loop_->begin(begin_with(terms.begun));
        loop_->scheduler().count_from(steps_before_);
        prepare_epoch();
    }

    bool next(double rate) override {
        const std::size_t finished = history().size();
        if (divergence() || static_cast<std::int64_t>(finished) == run_.total_epochs) return false;
        if (finished > 0 && weighted()) prepare_epoch();
        if (rate > 0) loop_->hold_rate(rate);
        const bool adds_penalty = penalty_in_loss_ > 0 && loop_->on_cuda();
        const double before = adds_penalty ? squared_weights() : 0.0;
        loop_->run_epoch();
        if (track().history.size() == finished) return false;
        history_.push_back(track().history.back());
        if (adds_penalty)
            history_.back().loss += penalty_in_loss_ * alpha_ * static_cast<double>(run_.batches.steps_per_epoch) /
                                    (2 * static_cast<double>(run_.batches.order.rows)) * (before + squared_weights()) / 2;
        return true;
    }

    const std::vector<EpochRecord>& history() const override { return history_; }
    const std::optional<Divergence>& divergence() const override { return track().divergence; }

    std::vector<double> parameters(bool best) const override {
        const bool kept = best && track().best_epoch > 0;
        const std::vector<Real> values = kept ? track().best_parameters : loop_->model_parameters(0);
        return {values.begin(), values.end()};
    }

    RuleState rule_state() const override {
        RuleState out;
        if (divergence()) return out;
        out.steps = steps_before_ + loop_->state().step;
        out.memory = loop_->scheduler().memory;
        const auto& vectors = loop_->state().live.state;
        for (int i = 0; i < rows_->problem.state_count; ++i)
            out.vectors.emplace_back(vectors[static_cast<std::size_t>(i)].begin(), vectors[static_cast<std::size_t>(i)].end());
        return out;
    }

private:
    const MemberTrack<Real>& track() const { return loop_->state().tracks[0]; }

    RunState<Real> begin_with(const RuleState& begun) const {
        RunState<Real> state = initial_state(data_, options_, run_, *rows_);
        if (begun.vectors.empty()) return state;
        const auto count = static_cast<std::size_t>(rows_->problem.parameter_count());
        const bool fits = begun.vectors.size() == static_cast<std::size_t>(rows_->problem.state_count) &&
                          begun.memory.size() == state.rule_memory.size() &&
                          std::all_of(begun.vectors.begin(), begun.vectors.end(), [&](const auto& v) { return v.size() == count; });
        if (!fits) fail(ErrorKind::usage, "the state to go on from is of another rule or of other layers");
        state.rule_memory = begun.memory;
        for (std::size_t i = 0; i < begun.vectors.size(); ++i) state.live.state[i].assign(begun.vectors[i].begin(), begun.vectors[i].end());
        return state;
    }

    double squared_weights() const {
        const std::vector<Real> values = loop_->model_parameters(0);
        double sum = 0;
        for (const DenseLayer& layer : run_.spec.layers())
            for (std::int64_t j = layer.weights_at; j < layer.biases_at(); ++j)
                sum += static_cast<double>(values[static_cast<std::size_t>(j)]) * static_cast<double>(values[static_cast<std::size_t>(j)]);
        return sum;
    }

    /// Penalties of the coming epoch's steps; and its row weights, where there are any, brought to mean 1 within each batch.
    void prepare_epoch() {
        const BatchPlan& batches = run_.batches;
        const EpochOrder order = batches.order.epoch(static_cast<std::int64_t>(history().size()));
        std::vector<double> l2;
        for (std::int64_t b = 0; b < batches.steps_per_epoch; ++b) {
            const std::int64_t begin = batches.begin(b), count = batches.rows(b);
            double sum = weighted() ? 0.0 : static_cast<double>(count);
            if (weighted())
                for (std::int64_t i = begin; i < begin + count; ++i) sum += raw_weight(order(i));
            for (std::int64_t i = begin; weighted() && i < begin + count; ++i) {
                const std::int64_t row = order(i);
                rows_->weights[static_cast<std::size_t>(row)] =
                    sum > 0 ? static_cast<Real>(raw_weight(row) * static_cast<double>(count) / sum) : Real(0);
            }
            l2.push_back(sum > 0 ? alpha_ / sum : 0.0);
        }
        loop_->scheduler().set_step_l2(std::move(l2));
    }

    bool weighted() const { return data_.has_weights(); }
    /// As the caller gave it.
    double raw_weight(std::int64_t row) const { return static_cast<double>(data_.weights<Real>()[static_cast<std::size_t>(row)]); }

    const Dataset data_;
    const TrainOptions options_;
    const double alpha_, penalty_in_loss_;
    const std::int64_t steps_before_;
    const ResolvedRun run_;
    std::unique_ptr<TrainingRows<Real>> rows_;
    std::optional<TrainingLoop<Real>> loop_;
    std::vector<EpochRecord> history_;
};

}  // namespace

EpochRun::EpochRun(const Dataset& data, const TrainOptions& options, const EpochTerms& terms) {
    if (data.real_type() == RealType::float32)
        part_ = std::make_unique<PartOf<float>>(data, options, terms);
    else
        part_ = std::make_unique<PartOf<double>>(data, options, terms);
}

EpochRun::~EpochRun() = default;

bool EpochRun::next(double rate) {
    return part_->next(rate);
}
const std::vector<EpochRecord>& EpochRun::history() const {
    return part_->history();
}
const std::optional<Divergence>& EpochRun::divergence() const {
    return part_->divergence();
}
std::vector<double> EpochRun::parameters(bool best) const {
    return part_->parameters(best);
}
RuleState EpochRun::rule_state() const {
    return part_->rule_state();
}

}  // namespace glissade
