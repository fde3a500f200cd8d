// SPDX-License-Identifier: Apache-2.0
#include "glissade/error.hpp"
#include "glissade/model.hpp"
#include "host/train/atomic_file.hpp"
#include "host/train/field_checks.hpp"
#include "host/train/settings_json.hpp"
#include "host/train/tensors.hpp"

// A model file: the safetensors layout with tensors `weight` [outputs, features] and `bias` [outputs] in the model's real type, or for a
// network `layer.0.weight` [width, features], `layer.0.bias` [width], `layer.1.weight` ... to the last layer's; `input.scale`,
// `input.shift`, `target.scale`, `target.shift` in F64 where there are any, and metadata `format`, `format_version` and `model` (a JSON
// object).
namespace glissade {

namespace {

constexpr const char* format_name = "glissade-model";
constexpr const char* format_version = "1";

std::string layer_prefix(const ModelSpec& spec, std::size_t layer) {
    return spec.is_network() ? "layer." + std::to_string(layer) + "." : std::string();
}

template <class Real>
void add_parameters(const Model& model, TensorFile& file) {
    const std::vector<Real> values(model.parameters.begin(), model.parameters.end());
    const std::vector<DenseLayer> layers = model.spec.layers();
    for (std::size_t i = 0; i < layers.size(); ++i) {
        const DenseLayer& layer = layers[i];
        const std::string prefix = layer_prefix(model.spec, i);
        const auto part = [&](std::int64_t at, std::int64_t count) {
            return std::span(values).subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(count));
        };
        file.tensors.push_back(
            make_tensor<Real>(prefix + "weight", {layer.outputs, layer.inputs}, part(layer.weights_at, layer.weight_count())));
        if (layer.bias) file.tensors.push_back(make_tensor<Real>(prefix + "bias", {layer.outputs}, part(layer.biases_at(), layer.outputs)));
    }
}

void add_doubles(const std::string& name, const std::vector<double>& values, TensorFile& file) {
    if (!values.empty()) file.tensors.push_back(make_tensor<double>(name, {static_cast<std::int64_t>(values.size())}, values));
}

TensorFile to_file(const Model& model) {
    TensorFile file;
    model.real_type == RealType::float32 ? add_parameters<float>(model, file) : add_parameters<double>(model, file);
    add_doubles("input.scale", model.input.scale, file);
    add_doubles("input.shift", model.input.shift, file);
    add_doubles("target.scale", model.target_scale, file);
    add_doubles("target.shift", model.target_shift, file);
    Json description = Json::object({{"loss", to_json(model.spec.loss)},
                                     {"features", model.spec.features},
                                     {"outputs", model.spec.outputs},
                                     {"bias", model.spec.bias},
                                     {"hidden", to_json(model.spec.hidden)},
                                     {"task", model.task == Task::regression ? "regression" : "classification"},
                                     {"class_labels", model.class_labels},
                                     {"feature_names", model.feature_names},
                                     {"preparation", to_json(model.preparation)},
                                     {"trained_with", model.trained_with}});
    if (model.spec.multi_label) description.add("multi_label", true);
    if (model.spec.is_network()) description.add("activation", to_json(model.spec.activation));
    try {
        file.metadata = {{"format", format_name}, {"format_version", format_version}, {"model", description.dump()}};
    } catch (const JsonError& error) {
        fail(ErrorKind::usage, std::string("class labels, feature names and other text of a model must be UTF-8: ") + error.what());
    }
    return file;
}

/// What the metadata says, checked for sense; the numbers come after.
Model read_description(const TensorFile& file, const std::string& path) {
    const auto text = [&](const char* key) {
        const auto found = file.metadata.find(key);
        if (found == file.metadata.end())
            fail(ErrorKind::data, path + ": header: no \"" + key + "\" in the metadata: not a Glissade model");
        return found->second;
    };
    if (text("format") != format_name)
        fail(ErrorKind::data, path + ": header: its format is \"" + text("format") + "\", not " + format_name);
    if (text("format_version") != format_version)
        fail(ErrorKind::data, path + ": header: format version " + text("format_version") + " is not known to this version of Glissade");
    return reading_json(path, "metadata \"model\"", [&] {
        const Json in = Json::parse(text("model"));
        Model model;
        model.spec.loss = loss_from_json(in.at("loss"));
        model.spec.features = in.at("features").integer();
        model.spec.outputs = in.at("outputs").integer();
        model.spec.bias = in.at("bias").boolean();
        model.spec.multi_label = in.find("multi_label") != nullptr && in.at("multi_label").boolean();
        for (const Json& width : in.at("hidden").array()) model.spec.hidden.push_back(width.integer());
        if (model.spec.is_network()) model.spec.activation = activation_from_json(in.at("activation"));
        model.task = in.at("task").text() == "regression" ? Task::regression : Task::classification;
        model.class_labels = in.at("class_labels").texts();
        model.feature_names = in.at("feature_names").texts();
        model.preparation = preparation_from_json(in.at("preparation"));
        model.trained_with = in.at("trained_with").text();
        return model;
    });
}

template <class Real>
void read_parameters(const TensorFile& file, const std::string& path, Model& model) {
    const std::vector<DenseLayer> layers = model.spec.layers();
    const auto add = [&](const std::string& name, std::int64_t count) {
        const auto values = read_tensor<Real>(file, name, static_cast<std::size_t>(count), path);
        model.parameters.insert(model.parameters.end(), values.begin(), values.end());
    };
    for (std::size_t i = 0; i < layers.size(); ++i) {
        add(layer_prefix(model.spec, i) + "weight", layers[i].weight_count());
        if (layers[i].bias) add(layer_prefix(model.spec, i) + "bias", layers[i].outputs);
    }
}

bool has_tensor(const TensorFile& file, const std::string& name) {
    for (const Tensor& tensor : file.tensors)
        if (tensor.name == name) return true;
    return false;
}

std::vector<double> read_doubles(const TensorFile& file, const std::string& name, std::int64_t count, const std::string& path) {
    if (!has_tensor(file, name)) return {};
    return read_tensor<double>(file, name, static_cast<std::size_t>(count), path);
}

}  // namespace

void Model::save(const std::string& path) const {
    check_model(*this);
    write_file_atomically(posix_io(), path, encode(to_file(*this)));
}

Model Model::load(const std::string& path) {
    const TensorFile file = decode(read_file(posix_io(), path), path);
    Model model = read_description(file, path);
    if (const std::string fault = description_fault(model); !fault.empty()) fail(ErrorKind::data, path + ": metadata \"model\": " + fault);
    model.real_type =
        find_tensor(file, layer_prefix(model.spec, 0) + "weight", path).dtype == DType::f64 ? RealType::float64 : RealType::float32;
    model.real_type == RealType::float32 ? read_parameters<float>(file, path, model) : read_parameters<double>(file, path, model);
    model.input.scale = read_doubles(file, "input.scale", model.spec.features, path);
    model.input.shift = read_doubles(file, "input.shift", model.spec.features, path);
    model.target_scale = read_doubles(file, "target.scale", model.spec.outputs, path);
    model.target_shift = read_doubles(file, "target.shift", model.spec.outputs, path);
    if (const std::string fault = model_fault(model); !fault.empty()) fail(ErrorKind::data, path + ": " + fault);
    return model;
}

}  // namespace glissade
