// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "glissade/error.hpp"
#include "host/execution/idle.hpp"
#include "host/train/initial_weights.hpp"
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

/// The map of a column or a target: value = scale * x + shift; the identity where there is none.
struct Units {
    double scale = 1, shift = 0;
};
Units units_of(const std::vector<double>& scale, const std::vector<double>& shift, std::size_t i) {
    return {scale.empty() ? 1 : scale[i], shift.empty() ? 0 : shift[i]};
}

/// The network `start` in other units: its first layer takes in the difference of the columns' maps, its last that of the targets'.
std::vector<double> network_in_units(const Model& start, const ColumnAffine& input, const std::vector<double>& target_scale,
                                     const std::vector<double>& target_shift) {
    std::vector<double> out = start.parameters;
    const DenseLayer first = start.spec.layers().front(), last = start.spec.layers().back();
    double* p = out.data();
    const auto move_bias = [&](const DenseLayer& layer, std::int64_t unit, double by) {
        if (by == 0) return;
        if (!layer.bias) fail(ErrorKind::usage, "the model to start from has no biases, which other units of the data would need");
        p[layer.biases_at() + unit] += by;
    };
    for (std::int64_t j = 0; j < first.inputs; ++j) {
        const auto column = static_cast<std::size_t>(j);
        const Units there = units_of(start.input.scale, start.input.shift, column), here = units_of(input.scale, input.shift, column);
        const double ratio = there.scale / here.scale, off = there.shift - ratio * here.shift;
        for (std::int64_t u = 0; u < first.outputs; ++u) {
            double& weight = p[first.weights_at + u * first.inputs + j];
            move_bias(first, u, weight * off);
            weight *= ratio;
        }
    }
    if (start.task == Task::classification) return out;
    for (std::int64_t o = 0; o < last.outputs; ++o) {
        const auto target = static_cast<std::size_t>(o);
        const Units there = units_of(start.target_scale, start.target_shift, target), here = units_of(target_scale, target_shift, target);
        const double ratio = there.scale / here.scale;
        for (std::int64_t j = 0; j < last.inputs; ++j) p[last.weights_at + o * last.inputs + j] *= ratio;
        if (last.bias) p[last.biases_at() + o] *= ratio;
        move_bias(last, o, (there.shift - here.shift) / here.scale);
    }
    return out;
}

/// Parameters of `start` in the units of this run: as they are where the units agree, else by way of the user's units.
std::vector<double> start_parameters(const Model& start, const ColumnAffine& input, const std::vector<double>& target_scale,
                                     const std::vector<double>& target_shift) {
    const std::vector<double> no_scale(target_scale.size(), 1.0), no_shift(target_shift.size(), 0.0);
    const bool same_targets =
        start.task == Task::classification || ((start.target_scale.empty() ? no_scale : start.target_scale) == target_scale &&
                                               (start.target_shift.empty() ? no_shift : start.target_shift) == target_shift);
    if (same(start.input, input) && same_targets) return start.parameters;
    if (start.spec.is_network()) return network_in_units(start, input, target_scale, target_shift);
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
    std::vector<double> start;
    if (options.start) start = start_parameters(*options.start, input_of(data, rows.applied), rows.target_scale, rows.target_shift);
    for (const Member& member : run.members) {
        const auto values = options.start ? start : initial_weights(run.spec, options.init, member.init_seed);
        if (values.size() != count) fail(ErrorKind::internal, "a start of another size than the run's parameters");
        for (std::size_t i = 0; i < count; ++i) {
            state.live.parameters.push_back(static_cast<Real>(values[i]));
            if (!std::isfinite(state.live.parameters.back()))
                fail(ErrorKind::usage, "parameter " + std::to_string(i) + " of the model to start from is not finite in this run's units");
        }
    }
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
