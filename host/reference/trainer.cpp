// SPDX-License-Identifier: Apache-2.0
#include "host/reference/trainer.hpp"

#include <algorithm>
#include <utility>

#include "glissade/error.hpp"
#include "host/reference/activation.hpp"
#include "host/reference/loss.hpp"

namespace glissade::reference {
namespace {

std::vector<bool> decaying(const Problem& problem, const Settings& settings) {
    std::vector<bool> decays(static_cast<std::size_t>(problem.parameter_count()), true);
    for (const Layer& layer : problem.layers())
        if (problem.bias && !settings.decay_bias) std::fill_n(decays.begin() + layer.biases_at, layer.outputs, false);
    return decays;
}

template <class T>
std::vector<double> in_double(const std::vector<T>& values) {
    std::vector<double> out;
    out.reserve(values.size());
    for (const T& value : values) out.push_back(Numbers<T>::to_double(value));
    return out;
}

}  // namespace

template <class T>
Trainer<T>::Trainer(const Problem& problem, const Settings& settings, std::span<const double> start)
    : problem_(problem),
      layers_(problem.layers()),
      settings_(settings),
      decays_(decaying(problem, settings)),
      theta_(start.begin(), start.end()),
      optimizer_(settings, decays_) {
    const auto fits = [](std::size_t size, std::int64_t expected) { return static_cast<std::int64_t>(size) == expected; };
    if (!fits(start.size(), problem.parameter_count()) ||
        !fits(problem.x.size(), problem.offsets.empty() ? problem.rows * problem.features : problem.offsets.back()) ||
        !fits(problem.targets.size(), problem.rows * problem.target_count) ||
        !(problem.weights.empty() || fits(problem.weights.size(), problem.rows)))
        fail(ErrorKind::usage, "reference: the sizes of data, targets, weights or start do not fit");
}

/// Calls f(position in x, feature) for what a row stores.
template <class T>
template <class F>
void Trainer<T>::for_each_stored(std::int64_t row, F&& f) const {
    const auto features = static_cast<std::size_t>(problem_.features), at = static_cast<std::size_t>(row);
    if (problem_.offsets.empty())
        for (std::size_t j = 0; j < features; ++j) f(at * features + j, j);
    else
        for (auto k = static_cast<std::size_t>(problem_.offsets[at]); k < static_cast<std::size_t>(problem_.offsets[at + 1]); ++k)
            f(k, problem_.indices[k]);
}

/// Of each parameter, whether a row of the batch stores its feature; biases count as stored.
template <class T>
std::vector<bool> Trainer<T>::stored_in(const Step& step) const {
    if (problem_.offsets.empty()) return std::vector<bool>(theta_.size(), true);
    std::vector<bool> stored(theta_.size(), false);
    std::fill(stored.begin() + problem_.weight_count(), stored.end(), true);
    for (const std::int64_t row : step.rows)
        for_each_stored(row, [&](std::size_t, std::size_t j) {
            for (std::int64_t o = 0; o < problem_.outputs; ++o) stored[static_cast<std::size_t>(o * problem_.features) + j] = true;
        });
    return stored;
}

template <class T>
std::vector<T> Trainer<T>::read_row(std::int64_t row) const {
    std::vector<T> x(static_cast<std::size_t>(problem_.features), T(0));
    for_each_stored(row, [&](std::size_t k, std::size_t j) { x[j] = T(problem_.x[k]); });
    if (!problem_.scale.empty())
        for (std::size_t j = 0; j < x.size(); ++j) x[j] = x[j] * Numbers<T>::from(problem_.scale[j]) + Numbers<T>::from(problem_.shift[j]);
    return x;
}

template <class T>
std::vector<T> Trainer<T>::sums_of(const Layer& layer, const std::vector<T>& input) const {
    std::vector<T> sums(static_cast<std::size_t>(layer.outputs), T(0));
    for (std::int64_t o = 0; o < layer.outputs; ++o) {
        T& sum = sums[static_cast<std::size_t>(o)];
        for (std::int64_t j = 0; j < layer.inputs; ++j)
            sum = sum + theta_[static_cast<std::size_t>(layer.weights_at + o * layer.inputs + j)] * input[static_cast<std::size_t>(j)];
        if (problem_.bias) sum = sum + theta_[static_cast<std::size_t>(layer.biases_at + o)];
    }
    return sums;
}

template <class T>
void Trainer<T>::add_layer(const Layer& layer, const std::vector<T>& input, const std::vector<T>& slopes, std::vector<T>& gradient) const {
    for (std::int64_t o = 0; o < layer.outputs; ++o) {
        const T slope = slopes[static_cast<std::size_t>(o)];
        for (std::int64_t j = 0; j < layer.inputs; ++j) {
            T& g = gradient[static_cast<std::size_t>(layer.weights_at + o * layer.inputs + j)];
            g = g + slope * input[static_cast<std::size_t>(j)];
        }
        if (!problem_.bias) continue;
        T& g = gradient[static_cast<std::size_t>(layer.biases_at + o)];
        g = g + slope;
    }
}

template <class T>
T Trainer<T>::add_row(std::int64_t row, long place, std::vector<T>& gradient) const {
    std::vector<std::vector<T>> inputs = {read_row(row)}, bends;  // of each layer; the slopes of the activations
    for (std::size_t i = 0; i + 1 < layers_.size(); ++i) {
        std::vector<T> values = sums_of(layers_[i], inputs.back());
        std::vector<T> bend(values.size(), T(0));
        for (std::size_t u = 0; u < values.size(); ++u) {
            values[u] = evaluate_activation<T>(settings_, values[u], bend[u]);
            if (!settings_.dropout) continue;
            const T factor = Numbers<T>::from(settings_.dropout(steps_, static_cast<long>(i), place, static_cast<long>(u)));
            values[u] = values[u] * factor;
            bend[u] = bend[u] * factor;
        }
        inputs.push_back(std::move(values));
        bends.push_back(std::move(bend));
    }
    const std::vector<T> scores = sums_of(layers_.back(), inputs.back());
    std::vector<T> slopes(scores.size(), T(0));
    const std::span<const double> targets(problem_.targets.data() + row * problem_.target_count,
                                          static_cast<std::size_t>(problem_.target_count));
    T loss = evaluate_loss<T>(settings_, scores, targets, slopes);
    if (!problem_.weights.empty()) {
        const T weight(problem_.weights[static_cast<std::size_t>(row)]);
        loss = loss * weight;
        for (T& slope : slopes) slope = slope * weight;
    }
    for (std::size_t i = layers_.size(); i-- > 0;) {
        const Layer& layer = layers_[i];
        add_layer(layer, inputs[i], slopes, gradient);
        if (i == 0) break;
        std::vector<T> before(static_cast<std::size_t>(layer.inputs), T(0));
        for (std::size_t j = 0; j < before.size(); ++j) {
            for (std::int64_t o = 0; o < layer.outputs; ++o)
                before[j] = before[j] +
                            slopes[static_cast<std::size_t>(o)] * theta_[static_cast<std::size_t>(layer.weights_at + o * layer.inputs) + j];
            before[j] = before[j] * bends[i - 1][j];
        }
        slopes = std::move(before);
    }
    return loss;
}

template <class T>
void Trainer<T>::clip(std::vector<T>& gradient) const {
    if (settings_.clip_value > 0) {
        const T most(settings_.clip_value);
        for (T& g : gradient) g = g > most ? most : (g < -most ? -most : g);
    }
    if (settings_.clip_norm > 0) {
        T squares(0);
        for (const T& g : gradient) squares = squares + g * g;
        const T norm = Numbers<T>::sqrt(squares), most(settings_.clip_norm);
        if (norm > most)
            for (T& g : gradient) g = g * (most / (norm + T(1e-6)));
    }
}

template <class T>
void Trainer<T>::add_to_average() {
    const long count = steps_ - settings_.average_from + 1;
    average_.resize(theta_.size(), T(0));
    if (count < 1) return;
    const long double fresh = count > 1 && settings_.average_decay > 0 ? 1.0L - settings_.average_decay : 1.0L / count;
    for (std::size_t j = 0; j < theta_.size(); ++j) average_[j] = average_[j] + (theta_[j] - average_[j]) * Numbers<T>::from(fresh);
}

template <class T>
double Trainer<T>::step(const Step& step) {
    std::vector<T> gradient(theta_.size(), T(0));
    const T count(static_cast<double>(step.rows.size()));
    T loss(0);
    long place = 0;
    for (const std::int64_t row : step.rows) loss = loss + add_row(row, place++, gradient);
    for (T& g : gradient) g = g / count;
    clip(gradient);
    const auto to_zero = settings_.fields.find("decay_to_zero");
    const bool stops_at_zero = to_zero != settings_.fields.end() && to_zero->second != 0;
    const double l2 = stops_at_zero && step.lr * settings_.l2 > 1 ? 1 / step.lr : settings_.l2;
    for (std::size_t j = 0; j < theta_.size(); ++j)
        if (decays_[j] && l2 != 0) gradient[j] = gradient[j] + T(l2) * theta_[j];
    const std::vector<bool> stored = stored_in(step);
    const bool skips = settings_.optimizer == "lazy_adam";  // what the batch does not hold is not moved, by penalties neither
    optimizer_.step(gradient, step.lr, step.momentum, theta_, stored);
    const T shrink = Numbers<T>::from(static_cast<long double>(step.lr) * settings_.l1);
    for (std::size_t j = 0; j < theta_.size(); ++j) {
        if (!decays_[j] || settings_.l1 == 0 || (skips && !stored[j])) continue;
        T& w = theta_[j];
        w = w > shrink ? w - shrink : (w < -shrink ? w + shrink : T(0));
    }
    ++steps_;
    if (settings_.average) add_to_average();
    return Numbers<T>::to_double(loss / count);
}

template <class T>
std::vector<double> Trainer<T>::parameters() const {
    return in_double(theta_);
}

template <class T>
std::vector<double> Trainer<T>::average() const {
    return in_double(average_);
}

template <class T>
std::vector<double> Trainer<T>::state(std::string_view name) const {
    const auto found = optimizer_.state().find(name);
    return found == optimizer_.state().end() ? std::vector<double>() : in_double(found->second);
}

template <class T>
std::vector<std::string> Trainer<T>::state_names() const {
    std::vector<std::string> names;
    for (const auto& [name, values] : optimizer_.state()) names.push_back(name);
    return names;
}

template class Trainer<double>;
template class Trainer<long double>;
template class Trainer<Noisy>;

Trajectory train(const Problem& problem, const Settings& settings, std::span<const Step> steps, std::span<const double> start) {
    Trainer<double> trainer(problem, settings, start);
    Trajectory run;
    run.parameters.push_back(trainer.parameters());
    for (const Step& step : steps) {
        run.losses.push_back(trainer.step(step));
        run.parameters.push_back(trainer.parameters());
    }
    run.average = trainer.average();
    return run;
}

std::vector<Step> steps_in_file_order(const Problem& problem, std::int64_t batch_size, std::int64_t epochs, double lr) {
    std::vector<Step> steps;
    for (std::int64_t epoch = 0; epoch < epochs; ++epoch)
        for (std::int64_t begin = 0; begin < problem.rows; begin += batch_size) {
            Step step;
            step.lr = lr;
            for (std::int64_t row = begin; row < std::min(begin + batch_size, problem.rows); ++row) step.rows.push_back(row);
            steps.push_back(std::move(step));
        }
    return steps;
}

}  // namespace glissade::reference
