// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "glissade/glissade.hpp"
#include "host/reference/bound.hpp"
#include "host/reference/trainer.hpp"
#include "tests/support/cases.hpp"

namespace glissade::testing {

/// A run of a network and of the reference with the same settings, from the same start, on the same rows in file order.
struct NetworkRun {
    reference::Problem problem;
    reference::Settings settings;
    TrainOptions options;
    std::vector<double> start;

    NetworkRun(const Loss& loss, std::int64_t rows, std::int64_t features, std::vector<std::int64_t> hidden, std::uint64_t seed = 1)
        : problem(make_problem(loss, rows, features, 3, seed)) {
        problem.hidden = hidden;
        copy_to_reference(loss, settings);
        options.loss = loss;
        options.hidden = std::move(hidden);
        options.shuffle = Shuffle::none;
        options.schedule = "constant";
        options.batch_size = 16;
        options.epochs = 2;
        options.device = "cpu";
        options.threads = 2;
        set(Optimizer(Sgd{.lr = .125}));
        set(Activation("tanh"));
    }
    void set(const Optimizer& optimizer) {
        copy_to_reference(optimizer, settings);
        options.optimizer = optimizer;
    }
    void set(const Activation& activation) {
        options.activation = activation;
        settings.activation = activation.name();
        settings.activation_fields.clear();
    }
    /// Row weights of mean 1, to which runs bring them, in numbers that both types hold.
    void weigh() {
        for (std::int64_t r = 0; r < problem.rows; ++r)
            problem.weights.push_back(1 + (r % 2 == 0 ? 1 : -1) * static_cast<double>(r / 2 % 48) / 64);
    }

    ModelSpec spec() const {
        ModelSpec spec;
        spec.features = problem.features;
        spec.outputs = problem.outputs;
        spec.bias = options.bias;
        spec.loss = options.loss;
        spec.hidden = options.hidden;
        spec.activation = options.activation;
        return spec;
    }

    template <class Real>
    Dataset dataset() {
        auto& [x, y, w] = held<Real>();
        x.assign(problem.x.begin(), problem.x.end());
        y.assign(problem.targets.begin(), problem.targets.end());
        w.assign(problem.weights.begin(), problem.weights.end());
        Dataset data = Dataset::borrow(MatrixView<const Real>(x.data(), problem.rows, problem.features), y, w);
        if (options.loss.kind() == LossKind::regression) return data;
        data.task = Task::classification;
        data.class_labels = labels();
        return data;
    }
    std::vector<std::string> labels() const {
        if (options.loss.kind() == LossKind::binary) return {"0", "1"};
        return {"0", "1", "2"};
    }

    /// The options with the start that both runs have.
    template <class Real>
    const TrainOptions& with_start() {
        problem.bias = options.bias;
        if (start.empty()) start = make_start(problem, 5);
        Model model;
        model.spec = spec();
        model.task = options.loss.kind() == LossKind::regression ? Task::regression : Task::classification;
        model.real_type = real_type_of<Real>();
        if (model.task == Task::classification) model.class_labels = labels();
        model.parameters = start;
        options.start = model;
        return options;
    }
    template <class Real>
    Run train_as() {
        with_start<Real>();
        return train(dataset<Real>(), options);
    }
    std::vector<reference::Step> steps() const {
        return reference::steps_in_file_order(problem, options.batch_size == full_batch ? problem.rows : options.batch_size, options.epochs,
                                              options.optimizer.get("lr"));
    }

    /// Trains both and compares parameters, or their running average, within what roundings may do.
    template <class Real>
    void expect_reference(const std::string& label) {
        expect_reference<Real>(label, [this] { return train_as<Real>().model.parameters; });
    }
    /// The same of parameters that `trained` gives.
    template <class Real, class Trained>
    void expect_reference(const std::string& label, const Trained& trained) {
        for (const auto& field : options.activation.fields())
            settings.activation_fields[std::string(field.name)] = static_cast<Real>(options.activation.get(field.name));
        settings.l1 = options.l1;
        settings.l2 = options.l2;
        settings.decay_bias = options.decay_bias;
        settings.clip_norm = options.clip_norm;
        settings.clip_value = options.clip_value;
        settings.label_smoothing = options.label_smoothing;
        settings.average = options.average.on();
        const auto parameters = trained();
        const double unit = sizeof(Real) == 4 ? reference::float32_unit : reference::float64_unit;
        const auto truth = reference::train(problem, settings, steps(), start);
        const auto bounds = reference::error_bounds(problem, settings, steps(), start, unit);
        const bool averaged = options.average.on();
        const std::vector<double>& wanted = averaged ? truth.average : truth.parameters.back();
        const double bound = averaged ? bounds.average : bounds.parameters.back();
        ASSERT_LT(bound, 1e6 * unit) << label << ": the bound says nothing";
        ASSERT_EQ(parameters.size(), wanted.size()) << label;
        double worst = 0;
        std::size_t at = 0;
        for (std::size_t j = 0; j < wanted.size(); ++j)
            if (const double error = std::fabs(static_cast<double>(parameters[j]) - wanted[j]); error > worst) worst = error, at = j;
        EXPECT_LE(worst, bound) << label << (sizeof(Real) == 4 ? " float32" : " float64") << ", parameter " << at;
        EXPECT_NE(wanted, start) << label << ": nothing was trained";
    }
    void expect_both(const std::string& label) {
        expect_reference<float>(label);
        expect_reference<double>(label);
    }

private:
    template <class Real>
    struct Held {
        std::vector<Real> x, y, w;
    };
    Held<float> floats_;
    Held<double> doubles_;
    template <class Real>
    Held<Real>& held() {
        if constexpr (sizeof(Real) == 4)
            return floats_;
        else
            return doubles_;
    }
};

}  // namespace glissade::testing
