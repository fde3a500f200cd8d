// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "glissade/device.hpp"
#include "glissade/error.hpp"
#include "glissade/model.hpp"
#include "host/execution/backend.hpp"
#include "host/train/device_choice.hpp"
#include "host/train/field_checks.hpp"
#include "host/train/option_checks.hpp"

namespace glissade {

/// Rows in the memory of a device, as predictions take them.
struct DeviceMatrix {
    explicit DeviceMatrix(const Dataset& data)
        : view(data.device_features()), place(*data.place()), rows(view.rows), columns(view.columns) {}
    MatrixView<const float> view;
    DevicePlace place;
    std::int64_t rows, columns;
};

/// The hidden layers of a model as backends take them.
template <class Real>
HiddenLayers<Real> hidden_layers(const ModelSpec& spec) {
    HiddenLayers<Real> hidden;
    hidden.widths = spec.hidden;
    hidden.activation = spec.activation.index();
    double constants[max_activation_constants] = {};
    spec.activation.prepare(constants);
    for (int i = 0; i < max_activation_constants; ++i) hidden.constants[i] = static_cast<Real>(constants[i]);
    return hidden;
}

/// A model's numbers in the type that it predicts in.
template <class Real>
struct TypedModel {
    explicit TypedModel(const Model& model, bool apply_input) : parameters(model.parameters.begin(), model.parameters.end()) {
        if (!apply_input) return;
        scale.assign(model.input.scale.begin(), model.input.scale.end());
        shift.assign(model.input.shift.begin(), model.input.shift.end());
    }
    ScoreTask<Real> task(const Model& model, MatrixView<const Real> x) const {
        ScoreTask<Real> out = task_without_rows(model);
        out.x = x;
        return out;
    }
    ScoreTask<Real> task(const Model& model, const SparseView<const Real>& x) const {
        if (model.spec.is_network())
            fail(ErrorKind::usage, "the model has hidden layers, which read dense rows: predict on a dense matrix");
        if (std::any_of(shift.begin(), shift.end(), [](Real s) { return s != Real(0); }))
            fail(ErrorKind::usage,
                 "the model shifts its columns, as it learnt on dense data, which would fill sparse rows: predict on a dense matrix");
        ScoreTask<Real> out = task_without_rows(model);
        out.sparse = x;
        return out;
    }
    ScoreTask<Real> task(const Model& model, const DeviceMatrix& x) const {
        ScoreTask<Real> out = task_without_rows(model);
        if constexpr (std::is_same_v<Real, float>) out.x = x.view;
        out.place = x.place;
        return out;
    }
    std::vector<Real> parameters, scale, shift;

private:
    ScoreTask<Real> task_without_rows(const Model& model) const {
        ScoreTask<Real> out;
        if (!scale.empty()) out.affine = {scale.data(), shift.data()};
        out.parameters = parameters.data();
        out.outputs = model.spec.outputs;
        out.bias = model.spec.bias;
        out.hidden = hidden_layers<Real>(model.spec);
        return out;
    }
};

template <class Real>
DeviceChoice choose_for_task(const ScoreTask<Real>& task, const PredictOptions& options) {
    return task.place ? choose_for_place(options.device, *task.place) : choose_device(options.device, real_type_of<Real>());
}

/// What `f` gives on the card that was chosen. None where `auto` found the card and it lacks memory, or where it fails otherwise and there
/// is somebody to tell. A device that was asked for by name keeps its error.
template <class F>
auto on_chosen_card(const DeviceChoice& device, const PredictOptions& options, const F& f) -> std::optional<decltype(f())> {
    try {
        return f();
    } catch (const Error& error) {
        const bool may_go_on = error.kind() == ErrorKind::memory || (error.kind() == ErrorKind::device && options.on_fallback);
        if (device.named || !may_go_on) throw;
        if (options.on_fallback) options.on_fallback(std::string("the GPU cannot be used, the CPU is: ") + error.what());
        return std::nullopt;
    }
}

/// Scores of one matrix after another by one model, where `options` say. On a card everything is taken once.
template <class Real>
class ScoreRuns {
public:
    /// `first`: of the most rows.
    ScoreRuns(const ScoreTask<Real>& first, const PredictOptions& options) : threads_(options.threads) {
        const DeviceChoice device = choose_for_task(first, options);
        if constexpr (sizeof(Real) == 4) {
            if (device.cuda)
                card_ = on_chosen_card(device, options, [&] { return make_card_scorer(first, device.ordinal); }).value_or(nullptr);
        }
    }
    void run(const ScoreTask<Real>& task, std::span<Real> out) const {
        if constexpr (sizeof(Real) == 4) {
            if (card_) return card_->score(task, out);
        }
        score_on_cpu(task, threads_ > 0 ? threads_ : usable_processors(), out);
    }

private:
    int threads_;
    std::unique_ptr<CardScorer> card_;
};

/// What every use of a model presumes of it and of how it is to be run.
inline void check_use(const Model& model, const PredictOptions& options) {
    check_model(model);
    check_threads(options.threads);
}

}  // namespace glissade
