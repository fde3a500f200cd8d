// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "glissade/error.hpp"
#include "host/execution/idle.hpp"
#include "host/train/training_loop.hpp"

namespace glissade {

namespace {

/// What a model trained by this run would carry as its input affine: what the data set had undergone, or what train() adds.
const ColumnAffine& input_of(const Dataset& data, const ColumnAffine& applied) {
    return applied.empty() ? data.input : applied;
}

bool same(const ColumnAffine& a, const ColumnAffine& b) {
    // Sparse data may leave out its shifts, which are 0.
    const auto none = [](const std::vector<double>& shift) {
        return std::all_of(shift.begin(), shift.end(), [](double s) { return s == 0; });
    };
    return a.scale == b.scale && (a.shift == b.shift || (none(a.shift) && none(b.shift)));
}

/// Parameters of `start` in the units of this run: as they are where the units agree, else by way of the user's units.
std::vector<double> start_parameters(const Model& start, const ColumnAffine& input, const std::vector<double>& target_scale,
                                     const std::vector<double>& target_shift) {
    const std::vector<double> no_scale(target_scale.size(), 1.0), no_shift(target_shift.size(), 0.0);
    const bool same_targets =
        start.task == Task::classification || ((start.target_scale.empty() ? no_scale : start.target_scale) == target_scale &&
                                               (start.target_shift.empty() ? no_shift : start.target_shift) == target_shift);
    if (same(start.input, input) && same_targets) return start.parameters;
    std::vector<double> weights, biases;
    start.coefficients(weights, biases);
    const std::int64_t features = start.spec.features;
    for (std::size_t o = 0; o < biases.size(); ++o) {
        const bool scaled = start.task == Task::regression;
        const double factor = scaled ? 1 / target_scale[o] : 1.0;
        biases[o] = (biases[o] - (scaled ? target_shift[o] : 0.0)) * factor;
        for (std::int64_t j = 0; j < features; ++j) {
            double& w = weights[o * static_cast<std::size_t>(features) + static_cast<std::size_t>(j)];
            w *= factor;
            if (input.empty()) continue;
            w /= input.scale[static_cast<std::size_t>(j)];
            if (!input.shift.empty()) biases[o] -= w * input.shift[static_cast<std::size_t>(j)];
        }
    }
    if (start.spec.bias) weights.insert(weights.end(), biases.begin(), biases.end());
    return weights;
}

}  // namespace

template <class Real>
RunState<Real> initial_state(const Dataset& data, const TrainOptions& options, const ResolvedRun& run, const TrainingRows<Real>& rows) {
    const Problem<Real>& problem = rows.problem;
    const auto count = static_cast<std::size_t>(problem.parameter_count());
    RunState<Real> state;
    state.tracks.resize(run.members.size());
    state.rule_memory.assign(run.members.size() * 2 * max_rule_memory, 0.0);
    std::vector<Real> start(count, Real(0));
    if (options.start) {
        const auto values = start_parameters(*options.start, input_of(data, rows.applied), rows.target_scale, rows.target_shift);
        if (values.size() != count) fail(ErrorKind::internal, "a start of another size than the run's parameters");
        for (std::size_t i = 0; i < count; ++i) {
            start[i] = static_cast<Real>(values[i]);
            if (!std::isfinite(start[i]))
                fail(ErrorKind::usage, "parameter " + std::to_string(i) + " of the model to start from is not finite in this run's units");
        }
    }
    const auto repeat = [&](const std::vector<Real>& one) {
        std::vector<Real> all;
        for (std::size_t m = 0; m < run.members.size(); ++m) all.insert(all.end(), one.begin(), one.end());
        return all;
    };
    state.live.parameters = repeat(start);
    for (int i = 0; i < problem.state_count; ++i) {
        std::vector<Real> vector;
        for (const Member& member : run.members) vector.insert(vector.end(), count, static_cast<Real>(member.optimizer.initial_state(i)));
        state.live.state.push_back(std::move(vector));
    }
    if (problem.averaging) state.live.state.emplace_back(state.live.parameters.size(), Real(0));  // the first mean is exact
    for (int i = 0; i < problem.mark_vectors(); ++i) state.live.state.emplace_back(run.members.size() * count, Real(0));
    if (problem.is_sparse()) state.live.waiting = waiting_at_start(static_cast<std::int64_t>(run.members.size()));
    return state;
}

template <class Real>
std::vector<Real> targets_in_units(const Dataset& data, Task task, const std::vector<double>& scale, const std::vector<double>& shift) {
    const auto stored = data.targets<Real>();
    std::vector<Real> out(stored.begin(), stored.end());
    if (task == Task::classification) return out;
    const auto count = static_cast<std::size_t>(data.target_count());
    for (std::size_t i = 0; i < out.size(); ++i) {
        const std::size_t t = i % count;
        const double own_scale = data.target_scale.empty() ? 1.0 : data.target_scale[t],
                     own_shift = data.target_shift.empty() ? 0.0 : data.target_shift[t];
        const double to_scale = scale.empty() ? 1.0 : scale[t], to_shift = shift.empty() ? 0.0 : shift[t];
        if (own_scale != to_scale || own_shift != to_shift)
            out[i] = static_cast<Real>((out[i] * own_scale + own_shift - to_shift) / to_scale);
    }
    return out;
}

template RunState<float> initial_state(const Dataset&, const TrainOptions&, const ResolvedRun&, const TrainingRows<float>&);
template RunState<double> initial_state(const Dataset&, const TrainOptions&, const ResolvedRun&, const TrainingRows<double>&);
template std::vector<float> targets_in_units(const Dataset&, Task, const std::vector<double>&, const std::vector<double>&);
template std::vector<double> targets_in_units(const Dataset&, Task, const std::vector<double>&, const std::vector<double>&);

}  // namespace glissade
