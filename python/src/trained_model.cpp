// SPDX-License-Identifier: Apache-2.0
#include "python/src/trained_model.hpp"

#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "glissade/device.hpp"
#include "glissade/error.hpp"
#include "glissade/model.hpp"
#include "host/data/load.hpp"
#include "host/export/exported.hpp"
#include "host/train/atomic_file.hpp"
#include "host/train/io.hpp"
#include "python/src/held_dataset.hpp"

namespace nb = nanobind;

namespace glissade::python {
namespace {

using OutputArray = nb::ndarray<nb::c_contig, nb::device::cpu>;
using DoubleArray = nb::ndarray<double, nb::c_contig, nb::device::cpu>;
using ReadDoubles = nb::ndarray<const double, nb::c_contig, nb::device::cpu>;

enum class Answer { decision, value, probability };

/// Options of one prediction; warns of the CPU in place of the GPU that device auto found. Made and asked with the interpreter's lock held.
class Prediction {
public:
    Prediction(std::string device, int threads) : options_{std::move(device), threads} {
        options_.on_fallback = [this](const std::string& text) { fallback_ = text; };
    }
    Prediction(const Prediction&) = delete;
    Prediction& operator=(const Prediction&) = delete;
    const PredictOptions& options() const { return options_; }
    void warn() const {
        if (!fallback_.empty() && PyErr_WarnEx(PyExc_RuntimeWarning, fallback_.c_str(), 1) < 0) throw nb::python_error();
    }

private:
    PredictOptions options_;
    std::string fallback_;
};

template <class Real>
void answer(const Model& model, Answer wanted, const Dataset& data, std::span<Real> out, const PredictOptions& options) {
    const nb::gil_scoped_release unlocked;
    if (wanted == Answer::decision) return model.decision_function(data, out, options);
    if (wanted == Answer::value) return model.predict(data, out, options);
    model.predict_proba(data, out, options);
}

template <Answer Wanted>
void fill(const Model& model, const HeldDataset& rows, OutputArray out, std::string device, int threads) {
    const Prediction prediction(std::move(device), threads);
    const std::size_t count = out.size();
    if (out.dtype() == nb::dtype<float>())
        answer(model, Wanted, rows.data, std::span(static_cast<float*>(out.data()), count), prediction.options());
    else if (out.dtype() == nb::dtype<double>())
        answer(model, Wanted, rows.data, std::span(static_cast<double*>(out.data()), count), prediction.options());
    else
        fail(ErrorKind::usage, "out must be float32 or float64");
    prediction.warn();
}

/// A linear model of given numbers, to start from.
Model linear_model(const Loss& loss, const ReadDoubles& weights, const ReadDoubles& biases, bool bias, std::vector<std::string> labels,
                   bool float64) {
    if (weights.ndim() != 2 || biases.ndim() != 1 || biases.shape(0) != weights.shape(0))
        fail(ErrorKind::usage, "weights are outputs x features, biases one an output");
    Model model;
    model.spec.features = static_cast<std::int64_t>(weights.shape(1));
    model.spec.outputs = static_cast<std::int64_t>(weights.shape(0));
    model.spec.bias = bias;
    model.spec.loss = loss;
    model.task = labels.empty() ? Task::regression : Task::classification;
    model.real_type = float64 ? RealType::float64 : RealType::float32;
    model.class_labels = std::move(labels);
    model.parameters.assign(weights.data(), weights.data() + weights.size());
    if (bias) model.parameters.insert(model.parameters.end(), biases.data(), biases.data() + biases.size());
    if (!float64)
        for (double& value : model.parameters) value = static_cast<float>(value);
    return model;
}

/// A network of given numbers, layer by layer weights [outputs][inputs], then biases [outputs]. Several outputs of a loss of two classes
/// are as many labels.
Model network_model(const Loss& loss, std::int64_t features, std::vector<std::int64_t> hidden, const std::string& activation,
                    std::int64_t outputs, const ReadDoubles& parameters, std::vector<std::string> labels, bool float64) {
    Model model;
    model.spec.features = features;
    model.spec.hidden = std::move(hidden);
    model.spec.activation = Activation(activation);
    model.spec.outputs = outputs;
    model.spec.loss = loss;
    model.spec.multi_label = loss.kind() == LossKind::binary && outputs > 1;
    model.task = labels.empty() ? Task::regression : Task::classification;
    model.real_type = float64 ? RealType::float64 : RealType::float32;
    model.class_labels = std::move(labels);
    if (model.spec.parameter_count() != static_cast<std::int64_t>(parameters.size()))
        fail(ErrorKind::usage, "a network of these layers has " + std::to_string(model.spec.parameter_count()) + " parameters, not " +
                                   std::to_string(parameters.size()));
    model.parameters.assign(parameters.data(), parameters.data() + parameters.size());
    if (!float64)
        for (double& value : model.parameters) value = static_cast<float>(value);
    return model;
}

/// Weights, outputs x inputs, and biases (empty without) of each layer, views of one copy.
nb::list layers(const Model& model) {
    auto* kept = new std::vector<double>(model.parameters);
    const nb::capsule owner(kept, [](void* p) noexcept { delete static_cast<std::vector<double>*>(p); });
    nb::list result;
    for (const DenseLayer& layer : model.spec.layers()) {
        const std::size_t shape[] = {static_cast<std::size_t>(layer.outputs), static_cast<std::size_t>(layer.inputs)};
        const std::size_t count[] = {layer.bias ? shape[0] : 0};
        result.append(nb::make_tuple(nb::ndarray<nb::numpy, double>(kept->data() + layer.weights_at, 2, shape, owner),
                                     nb::ndarray<nb::numpy, double>(kept->data() + layer.biases_at(), 1, count, owner)));
    }
    return result;
}

void coefficients(const Model& model, DoubleArray weights_out, DoubleArray biases_out) {
    std::vector<double> weights, biases;
    model.coefficients(weights, biases);
    if (weights.size() != weights_out.size() || biases.size() != biases_out.size()) fail(ErrorKind::usage, "the arrays have another size");
    std::copy(weights.begin(), weights.end(), weights_out.data());
    std::copy(biases.begin(), biases.end(), biases_out.data());
}

HeldDataset read_for(const Model& model, const std::string& path, const std::string& target, const std::string& target_file,
                     bool with_targets) {
    LoadOptions options;
    if (!target.empty()) options.target = target;
    options.target_file = target_file;
    options.real_type = model.real_type;
    options.threads = usable_processors();
    options.memory_limit_bytes = available_memory_bytes();
    const ModelContract contract{model.preparation,  model.input,           model.task, model.class_labels, model.target_scale,
                                 model.target_shift, model.spec.multi_label};
    const nb::gil_scoped_release unlocked;
    LoadedData loaded = load_for_model(path, options, contract, with_targets);
    return {std::move(loaded.data), {}, std::move(loaded.notes)};
}

/// As `glissade export` does.
void export_to(const Model& model, const std::string& path, const std::string& name) {
    const Exported made = exported(model, path, name, GLISSADE_VERSION);
    write_file_atomically(posix_io(), path, std::as_bytes(std::span(made.content.data(), made.content.size())));
}

}  // namespace

nb::dict dict_of(const Metrics& metrics) {
    nb::dict result;
    result["rows"] = metrics.rows;
    for (const auto& [name, value] : metrics.list()) result[name.c_str()] = value;
    return result;
}

void bind_model(nb::module_& module) {
    nb::class_<Model>(module, "Model")
        .def_prop_ro("features", [](const Model& m) { return m.spec.features; })
        .def_prop_ro("outputs", [](const Model& m) { return m.spec.outputs; })
        .def_prop_ro("class_count", [](const Model& m) { return m.spec.class_count(); })
        .def_prop_ro("multi_label", [](const Model& m) { return m.spec.multi_label; })
        .def_prop_ro("hidden", [](const Model& m) { return m.spec.hidden; })
        .def_prop_ro("bias", [](const Model& m) { return m.spec.bias; })
        .def_prop_ro("loss", [](const Model& m) { return m.spec.loss; })
        .def_prop_ro("is_float64", [](const Model& m) { return m.real_type == RealType::float64; })
        .def_ro("class_labels", &Model::class_labels)
        .def_ro("feature_names", &Model::feature_names)
        .def_ro("trained_with", &Model::trained_with)
        .def("decision_function", &fill<Answer::decision>, nb::arg("rows"), nb::arg("out").noconvert(), nb::arg("device"),
             nb::arg("threads"))
        .def("predict", &fill<Answer::value>, nb::arg("rows"), nb::arg("out").noconvert(), nb::arg("device"), nb::arg("threads"))
        .def("predict_proba", &fill<Answer::probability>, nb::arg("rows"), nb::arg("out").noconvert(), nb::arg("device"),
             nb::arg("threads"))
        .def(
            "evaluate",
            [](const Model& model, const HeldDataset& rows, std::string device, int threads) {
                const Prediction prediction(std::move(device), threads);
                Metrics metrics;
                {
                    const nb::gil_scoped_release unlocked;
                    metrics = model.evaluate(rows.data, prediction.options());
                }
                prediction.warn();
                return dict_of(metrics);
            },
            nb::arg("rows"), nb::arg("device"), nb::arg("threads"))
        .def("coefficients", &coefficients, nb::arg("weights_out").noconvert(), nb::arg("biases_out").noconvert())
        .def("layers", &layers)
        .def("read", &read_for, nb::arg("path"), nb::arg("target"), nb::arg("target_file"), nb::arg("with_targets"))
        .def("export_to", &export_to, nb::arg("path"), nb::arg("name"), nb::call_guard<nb::gil_scoped_release>())
        .def("save", &Model::save, nb::arg("path"), nb::call_guard<nb::gil_scoped_release>())
        .def_static("load", &Model::load, nb::arg("path"), nb::call_guard<nb::gil_scoped_release>());
    module.def("linear_model", &linear_model, nb::arg("loss"), nb::arg("weights").noconvert(), nb::arg("biases").noconvert(),
               nb::arg("bias"), nb::arg("class_labels"), nb::arg("float64"));
    module.def("network_model", &network_model, nb::arg("loss"), nb::arg("features"), nb::arg("hidden"), nb::arg("activation"),
               nb::arg("outputs"), nb::arg("parameters").noconvert(), nb::arg("class_labels"), nb::arg("float64"));
}

}  // namespace glissade::python
