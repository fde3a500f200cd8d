// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <set>

#include "glissade/error.hpp"
#include "glissade/model.hpp"
#include "host/train/atomic_file.hpp"
#include "host/train/settings_json.hpp"
#include "host/train/tensors.hpp"

// A model file: the safetensors layout with tensors `weight` [outputs, features] and `bias` [outputs] in the model's real type,
// `input.scale`, `input.shift`, `target.scale`, `target.shift` in F64 where there are any, and metadata `format`, `format_version` and
// `model` (a JSON object).
namespace glissade {

namespace {

using nlohmann::json;

constexpr const char* format_name = "glissade-model";
constexpr const char* format_version = "1";

template <class Real>
void add_parameters(const Model& model, TensorFile& file) {
    const std::vector<Real> values(model.parameters.begin(), model.parameters.end());
    const auto weights = static_cast<std::size_t>(model.spec.weight_count());
    file.tensors.push_back(make_tensor<Real>("weight", {model.spec.outputs, model.spec.features}, std::span(values).first(weights)));
    if (model.spec.bias) file.tensors.push_back(make_tensor<Real>("bias", {model.spec.outputs}, std::span(values).subspan(weights)));
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
    const json description = {{"loss", to_json(model.spec.loss)},
                              {"features", model.spec.features},
                              {"outputs", model.spec.outputs},
                              {"bias", model.spec.bias},
                              {"hidden", json::array()},
                              {"task", model.task == Task::regression ? "regression" : "classification"},
                              {"class_labels", model.class_labels},
                              {"feature_names", model.feature_names},
                              {"preparation", to_json(model.preparation)},
                              {"trained_with", model.trained_with}};
    try {
        file.metadata = {{"format", format_name}, {"format_version", format_version}, {"model", description.dump()}};
    } catch (const json::exception& error) {
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
        const json in = json::parse(text("model"));
        Model model;
        model.spec.loss = loss_from_json(in.at("loss"));
        model.spec.features = in.at("features").get<std::int64_t>();
        model.spec.outputs = in.at("outputs").get<std::int64_t>();
        model.spec.bias = in.at("bias").get<bool>();
        if (!in.at("hidden").empty())
            fail(ErrorKind::data, path + ": the model has hidden layers, which this version of Glissade does not know");
        model.task = in.at("task").get<std::string>() == "regression" ? Task::regression : Task::classification;
        model.class_labels = in.at("class_labels").get<std::vector<std::string>>();
        model.feature_names = in.at("feature_names").get<std::vector<std::string>>();
        model.preparation = preparation_from_json(in.at("preparation"));
        model.trained_with = in.at("trained_with").get<std::string>();
        return model;
    });
}

template <class Real>
void read_parameters(const TensorFile& file, const std::string& path, Model& model) {
    const auto weights = read_tensor<Real>(file, "weight", static_cast<std::size_t>(model.spec.weight_count()), path);
    model.parameters.assign(weights.begin(), weights.end());
    if (!model.spec.bias) return;
    const auto biases = read_tensor<Real>(file, "bias", static_cast<std::size_t>(model.spec.outputs), path);
    model.parameters.insert(model.parameters.end(), biases.begin(), biases.end());
}

bool has_tensor(const TensorFile& file, const std::string& name) {
    for (const Tensor& tensor : file.tensors)
        if (tensor.name == name) return true;
    return false;
}

void check_finite(const std::vector<double>& values, const std::string& name, const std::string& path) {
    for (const double value : values)
        if (!std::isfinite(value)) fail(ErrorKind::data, path + ": tensor '" + name + "' holds a value that is not finite");
}

std::vector<double> read_doubles(const TensorFile& file, const std::string& name, std::int64_t count, const std::string& path) {
    if (!has_tensor(file, name)) return {};
    auto values = read_tensor<double>(file, name, static_cast<std::size_t>(count), path);
    check_finite(values, name, path);
    return values;
}

[[noreturn]] void bad_description(const std::string& path, const std::string& what) {
    fail(ErrorKind::data, path + ": metadata \"model\": " + what);
}

/// Whoever reads data for the model takes positions and fills as places without looking again.
void check_preparation(const Preparation& preparation, std::int64_t features, const std::string& path) {
    if (preparation.format.empty() && preparation.columns.empty()) return;
    if (preparation.matrix_columns() != features) bad_description(path, "the columns of the file do not make the columns of the model");
    std::set<std::int64_t> positions;
    for (const SourceColumn& column : preparation.columns) {
        const std::string name = "column \"" + column.name + "\"";
        if (column.position < 0 || column.position >= preparation.file_columns || !positions.insert(column.position).second)
            bad_description(path, name + " has position " + std::to_string(column.position) + " in a file of " +
                                      std::to_string(preparation.file_columns) + " columns, or shares it");
        const auto categories = static_cast<double>(column.categories.size());
        const bool is_number = column.kind == ColumnKind::numeric;
        const bool good_fill = is_number ? std::isfinite(column.fill) : column.fill >= 0 && column.fill < categories;
        if (is_number != column.categories.empty() || !good_fill)
            bad_description(path, name + " contradicts itself in kind, categories and fill");
    }
    const std::int64_t target = preparation.target_position;
    if (!preparation.columns.empty() && (target < -1 || target >= preparation.file_columns || positions.contains(target)))
        bad_description(path, "the position of the target is " + std::to_string(target));
}

void check_counts(const Model& model, const std::string& path) {
    const ModelSpec& spec = model.spec;
    const auto bad = [&](const std::string& what) { bad_description(path, what); };
    constexpr std::int64_t most = std::int64_t{1} << 40;
    if (spec.features < 1 || spec.outputs < 1 || spec.features > most / spec.outputs) bad("impossible counts of features and outputs");
    const bool classes = model.task == Task::classification;
    if (classes != (spec.loss.kind() != LossKind::regression)) bad("the task and the loss contradict each other");
    const auto wanted = spec.loss.kind() == LossKind::grouped ? static_cast<std::size_t>(spec.outputs) : std::size_t{2};
    if (classes && model.class_labels.size() != wanted) bad("the number of class labels is wrong");
    if (spec.loss.kind() == LossKind::binary && spec.outputs != 1) bad("a loss of two classes has one output");
    if (!model.feature_names.empty() && static_cast<std::int64_t>(model.feature_names.size()) != spec.features)
        bad("the number of feature names is wrong");
    check_preparation(model.preparation, spec.features, path);
}

}  // namespace

void Model::save(const std::string& path) const {
    write_file_atomically(posix_io(), path, encode(to_file(*this)));
}

Model Model::load(const std::string& path) {
    const TensorFile file = decode(read_file(posix_io(), path), path);
    Model model = read_description(file, path);
    check_counts(model, path);
    model.real_type = find_tensor(file, "weight", path).dtype == DType::f64 ? RealType::float64 : RealType::float32;
    model.real_type == RealType::float32 ? read_parameters<float>(file, path, model) : read_parameters<double>(file, path, model);
    check_finite(model.parameters, "weight or bias", path);
    model.input.scale = read_doubles(file, "input.scale", model.spec.features, path);
    model.input.shift = read_doubles(file, "input.shift", model.spec.features, path);
    model.target_scale = read_doubles(file, "target.scale", model.spec.outputs, path);
    model.target_shift = read_doubles(file, "target.shift", model.spec.outputs, path);
    if (model.input.scale.size() != model.input.shift.size() || model.target_scale.size() != model.target_shift.size())
        fail(ErrorKind::data, path + ": a scale without its shift");
    return model;
}

}  // namespace glissade
