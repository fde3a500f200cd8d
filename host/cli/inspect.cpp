// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "glissade/error.hpp"
#include "glissade/model.hpp"
#include "host/cli/coefficients.hpp"
#include "host/cli/files.hpp"
#include "host/cli/metrics_json.hpp"
#include "host/cli/text.hpp"
#include "host/cli/verb.hpp"
#include "host/cli/words.hpp"
#include "host/export/raw_inputs.hpp"
#include "host/train/io.hpp"
#include "host/train/safetensors.hpp"
#include "host/train/weights.hpp"

namespace glissade::cli {
namespace {

constexpr const char* inspect_footer = R"(
Examples
  glissade inspect model.safetensors
  glissade inspect model.safetensors --coefficients > weights.csv
  glissade inspect run/checkpoint-000000012700.safetensors --json)";

std::string weight_name(const Model& model, std::int64_t output) {
    const std::string subject = output_name(model, output);
    return subject.empty() ? "weight" : "weight_" + subject;
}

/// A line a feature and one for the intercept: weights as they act on the data in its own units.
std::string coefficients_csv(const Model& model) {
    const Coefficients all = coefficients_of(model);
    std::string text = "name";
    for (std::int64_t o = 0; o < model.spec.outputs; ++o) text += "," + csv_cell(weight_name(model, o));
    text += "\n";
    for (std::size_t i = 0; i < all.names.size(); ++i) {
        text += csv_cell(all.names[i]);
        for (std::int64_t o = 0; o < model.spec.outputs; ++o)
            text += "," + shortest(all.weights[static_cast<std::size_t>(o * model.spec.features + all.features[i])]);
        text += "\n";
    }
    text += "intercept";
    for (const double bias : all.biases) text += "," + shortest(bias);
    return text + "\n";
}

Json coefficients_json(const Model& model) {
    const Coefficients all = coefficients_of(model);
    Json list = Json::array();
    for (std::int64_t o = 0; o < model.spec.outputs; ++o) {
        Json values = Json::array();
        for (std::size_t i = 0; i < all.names.size(); ++i)
            values.push_back(
                {{"name", all.names[i]}, {"weight", all.weights[static_cast<std::size_t>(o * model.spec.features + all.features[i])]}});
        const std::string subject = output_name(model, o);
        list.push_back({{model.task == Task::classification ? "class" : "target",
                         subject.empty() && !model.preparation.target_names.empty() ? model.preparation.target_names[0] : subject},
                        {"intercept", all.biases[static_cast<std::size_t>(o)]},
                        {"weights", values}});
    }
    return list;
}

/// The settings of the run, one a line, as they stand in the file.
void add_settings(Json& json, const char* name, const std::string& text) {
    if (text.empty()) return;
    const Json settings = Json::parse(text, nullptr, false);
    json[name] = settings.is_discarded() ? Json(text) : settings;
}

Json model_json(const Model& model) {
    Json json;
    json["kind"] = "model";
    json["task"] = model.task == Task::regression ? "regression" : "classification";
    json["loss"] = std::string(model.spec.loss.name());
    if (model.spec.one_vs_rest()) json["one_vs_rest"] = true;
    if (model.spec.multi_label) json["multi_label"] = true;
    json["features"] = model.spec.features;
    if (model.spec.is_network()) {
        json["hidden"] = model.spec.hidden;
        json["activation"] = std::string(model.spec.activation.name());
        for (const FieldInfo& field : model.spec.activation.fields()) json[std::string(field.name)] = model.spec.activation.get(field.name);
    }
    json["outputs"] = model.spec.outputs;
    json["parameters"] = model.spec.parameter_count();
    json["nonzero_weights"] = count_nonzero_weights(model);
    json["sparse"] = model.preparation.sparse;
    if (model.preparation.hash_bits > 0) json["hash_bits"] = model.preparation.hash_bits;
    json["real_type"] = model.real_type == RealType::float32 ? "float32" : "float64";
    json["standardised_input"] = !model.input.empty();
    if (!model.class_labels.empty()) json[model.spec.multi_label ? "labels" : "classes"] = model.class_labels;
    if (model.task == Task::classification && model.spec.outputs == 1) json["positive_class"] = model.class_labels.at(1);
    if (!model.feature_names.empty()) json["feature_names"] = model.feature_names;
    const std::vector<std::string>& targets = model.preparation.target_names;
    if (!targets.empty()) json["target"] = targets.size() == 1 ? Json(targets[0]) : Json(targets);
    add_settings(json, "trained_with", model.trained_with);
    return json;
}

Json checkpoint_json(const TensorFile& file) {
    Json json;
    json["kind"] = "checkpoint";
    for (const auto& [name, value] : file.metadata) add_settings(json, name.c_str(), value);
    for (const Tensor& tensor : file.tensors)
        json["tensors"][tensor.name] = {{"type", std::string(dtype_name(tensor.dtype))}, {"shape", tensor.shape}};
    return json;
}

/// The object as lines for people: one a member, nested ones indented.
std::string lines_of(const Json& json, const std::string& indent) {
    std::size_t width = 0;
    for (const auto& [name, value] : json.items()) width = std::max(width, name.size());
    std::string text;
    for (const auto& [name, value] : json.items()) {
        text += indent + name;
        if (value.is_object()) {
            text += "\n" + lines_of(value, indent + "  ");
        } else {
            text += std::string(width - name.size() + 2, ' ') + (value.is_string() ? value.get<std::string>() : value.dump()) + "\n";
        }
    }
    return text;
}

}  // namespace

int run_inspect(const Words& words) {
    CLI::App app("What a model or a checkpoint holds.", "glissade inspect");
    std::string path;
    bool coefficients = false, json = false;
    app.add_option("FILE", path, "A model or a checkpoint")->type_name("FILE");
    app.add_flag(
           "--coefficients", coefficients,
           "Name and weight of each feature in the units of the data, as CSV: a column weight_CLASS a class, of two classes the second")
        ->group("Output");
    app.add_flag("--json", json, "As one JSON object")->group("Output");
    app.footer(inspect_footer);
    if (!parse_words(app, words)) return exit_done;
    if (path.empty()) fail(ErrorKind::usage, "glissade inspect wants a model or a checkpoint: glissade inspect FILE");
    if (std::filesystem::is_directory(path)) fail(ErrorKind::usage, path + " is a directory; name one of the files in it");
    const TensorFile file = decode(read_file(posix_io(), path), path);
    const auto format = file.metadata.find("format");
    const bool is_checkpoint = format != file.metadata.end() && format->second.find("checkpoint") != std::string::npos;
    if (is_checkpoint && coefficients) fail(ErrorKind::usage, path + " is a checkpoint: --coefficients wants a model");
    Json description;
    if (is_checkpoint) {
        description = checkpoint_json(file);
    } else {
        const Model model = Model::load(path);
        if (coefficients && !json) {
            write_stdout(coefficients_csv(model));
            return exit_done;
        }
        description = model_json(model);
        if (coefficients) description["coefficients"] = coefficients_json(model);
    }
    write_stdout(json ? json_text(description) + "\n" : lines_of(description, ""));
    return exit_done;
}

}  // namespace glissade::cli
