// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "glissade/optimizer.hpp"
#include "glissade/random.hpp"
#include "host/reference/problem.hpp"

/// Problems and settings that several suites go through, generated over the catalog: a new rule is tested without writing a test.
namespace glissade::testing {

/// Uniform in [low, high), from (seed, index).
inline double uniform_value(std::uint64_t seed, std::int64_t index, double low = -1, double high = 1) {
    return low + (high - low) * Philox::uniform(seed, static_cast<std::uint64_t>(RandomStream::data), static_cast<std::uint64_t>(index));
}

struct UpdateCase {
    std::string name;  ///< for messages and test names
    Optimizer optimizer;
};

/// Every rule of the catalog in every form: defaults, each flag alone, each rate at .9, weight decay. Contradictory settings are left out.
inline std::vector<UpdateCase> update_cases() {
    std::vector<UpdateCase> cases;
    for (const auto name : Optimizer::names()) {
        const Optimizer plain = Optimizer::named(name);
        cases.push_back({std::string(name), plain});
        for (const auto& field : plain.fields()) {
            if (field.name == "lr") continue;
            Optimizer varied = plain;
            const double number = field.high < 1 ? .75 : (field.low >= 1 ? field.default_value + 1 : .0625);
            const double other = field.is_flag ? 1 - field.default_value : number;
            if (field.name == "nesterov") varied.set("momentum", .75);
            varied.set(field.name, other);
            if (field.name == "dampening") varied.set("momentum", .75);
            cases.push_back({std::string(name) + "_" + std::string(field.name), varied});
        }
    }
    cases.push_back({"nadam_decoupled", NAdam{.weight_decay = .5, .decoupled_weight_decay = true}});
    cases.push_back({"radam_decoupled", RAdam{.weight_decay = .5, .decoupled_weight_decay = true}});
    cases.push_back({"sgd_rate_in_buffer", Sgd{.momentum = .75, .nesterov = true, .rate_in_buffer = true}});
    cases.push_back({"rmsprop_rate_in_buffer", RmsProp{.momentum = .75, .eps_in_root = true, .rate_in_buffer = true}});
    Optimizer all = RmsProp{.momentum = .9, .centered = true, .weight_decay = .05};
    cases.push_back({"rmsprop_centered_momentum_weight_decay", all});
    return cases;
}

/// The same rule and settings for the reference, which knows neither.
inline void copy_to_reference(const Optimizer& optimizer, reference::Settings& settings) {
    settings.optimizer = optimizer.name();
    settings.fields.clear();
    for (const auto& field : optimizer.fields()) settings.fields[std::string(field.name)] = optimizer.get(field.name);
}
inline void copy_to_reference(const Loss& loss, reference::Settings& settings) {
    settings.loss = loss.name();
    settings.loss_fields.clear();
    for (const auto& field : loss.fields()) settings.loss_fields[std::string(field.name)] = loss.get(field.name);
}

/// Data of a shape, drawn by seed, with targets that the loss takes: values that float32 holds exactly, so that both precisions train on
/// the same numbers. A loss of two classes has as many as `classes` says if it is to be trained one-vs-rest.
inline reference::Problem make_problem(const Loss& loss, std::int64_t rows, std::int64_t features, std::int64_t classes, std::uint64_t seed,
                                       bool one_vs_rest = false) {
    reference::Problem problem;
    problem.rows = rows;
    problem.features = features;
    problem.outputs = loss.kind() == LossKind::grouped || one_vs_rest ? classes : 1;
    for (std::int64_t i = 0; i < rows * features; ++i) problem.x.push_back(static_cast<float>(uniform_value(seed, i)));
    for (std::int64_t r = 0; r < rows; ++r) {
        const double noise = uniform_value(seed + 1, r), first = features > 0 ? problem.x[static_cast<std::size_t>(r * features)] : 0.0;
        const double signal = 2 * first + noise;
        double target = static_cast<float>(signal);
        if (loss.targets() == TargetRange::not_negative) target = std::max(target, 0.0);
        if (loss.targets() == TargetRange::positive) target = std::fabs(target) + .25;
        if (loss.kind() == LossKind::binary) target = signal > 0 ? 1 : 0;
        if (problem.outputs > 1) target = static_cast<double>(static_cast<std::int64_t>((signal + 3) / 6 * static_cast<double>(classes)));
        problem.targets.push_back(target);
    }
    return problem;
}

inline std::vector<double> make_weights(std::int64_t rows, std::uint64_t seed) {
    std::vector<double> weights;
    for (std::int64_t r = 0; r < rows; ++r) weights.push_back(static_cast<float>(uniform_value(seed, r, 0.25, 1.75)));
    return weights;
}

inline std::vector<double> make_start(const reference::Problem& problem, std::uint64_t seed) {
    std::vector<double> start;
    for (std::int64_t j = 0; j < problem.parameter_count(); ++j) start.push_back(static_cast<float>(uniform_value(seed, j, -.5, .5)));
    return start;
}

}  // namespace glissade::testing
