// SPDX-License-Identifier: Apache-2.0
#include "host/reference/bound.hpp"

#include <algorithm>
#include <cmath>

#include "host/reference/trainer.hpp"

namespace glissade::reference {
namespace {

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
    double largest = 0;
    for (std::size_t j = 0; j < a.size(); ++j) largest = std::max(largest, std::fabs(a[j] - b[j]));
    return largest;
}

struct Samples {
    std::vector<Trainer<Noisy>> trainers;
    std::vector<Noise> noises;
};

Samples make_samples(const Problem& problem, const Settings& settings, std::span<const double> start, double unit) {
    Samples samples;
    for (int i = 0; i < bound_samples; ++i) {
        samples.trainers.emplace_back(problem, settings, start);
        samples.noises.push_back({unit, 0x5DEECE66Dull * static_cast<std::uint64_t>(i + 1), i % 2 == 1, 0});
    }
    return samples;
}

double largest_size(const std::vector<double>& values) {
    double largest = 0;
    for (const double value : values) largest = std::max(largest, std::fabs(value));
    return largest;
}

}  // namespace

double Bounds::worst_parameter() const {
    return parameters.empty() ? 0.0 : *std::max_element(parameters.begin(), parameters.end());
}

Bounds error_bounds(const Problem& problem, const Settings& settings, std::span<const Step> steps, std::span<const double> start,
                    double unit) {
    Trainer<long double> exact(problem, settings, start);
    Samples samples = make_samples(problem, settings, start, unit);
    const double factor = bound_safety * (1.0 + float64_unit / unit);
    Bounds bounds;
    for (const Step& step : steps) {
        const double loss = exact.step(step);
        const std::vector<double> parameters = exact.parameters();
        // What the conversion to double hides of the deviations.
        double parameter_error = float64_unit * largest_size(parameters), loss_error = float64_unit * std::fabs(loss);
        for (int i = 0; i < bound_samples; ++i) {
            Trainer<Noisy>& trainer = samples.trainers[static_cast<std::size_t>(i)];
            noise = samples.noises[static_cast<std::size_t>(i)];
            noise.begin_step();
            const double noisy_loss = trainer.step(step);
            samples.noises[static_cast<std::size_t>(i)] = noise;
            loss_error = std::max(loss_error, std::fabs(noisy_loss - loss));
            parameter_error = std::max(parameter_error, largest_difference(trainer.parameters(), parameters));
        }
        bounds.losses.push_back(factor * loss_error);
        bounds.parameters.push_back(factor * parameter_error);
    }
    noise = {};
    const auto deviation = [&](const std::vector<double>& noisy, const std::vector<double>& truth) {
        return factor * (largest_difference(noisy, truth) + float64_unit * largest_size(truth));
    };
    for (const auto& trainer : samples.trainers) {
        bounds.average = std::max(bounds.average, deviation(trainer.average(), exact.average()));
        for (const std::string& name : exact.state_names()) {
            double& bound = bounds.state[name];
            bound = std::max(bound, deviation(trainer.state(name), exact.state(name)));
        }
    }
    return bounds;
}

}  // namespace glissade::reference
