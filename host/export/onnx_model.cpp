// SPDX-License-Identifier: Apache-2.0
#include "host/export/onnx_model.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "glissade/error.hpp"
#include "host/export/onnx_activation.hpp"
#include "host/export/onnx_graph.hpp"
#include "host/export/onnx_probabilities.hpp"
#include "host/export/raw_inputs.hpp"

// Names of values inside the graph begin with "/", which no input's does.
namespace glissade {

namespace {

constexpr std::int64_t any_rows = -1;
constexpr std::array<const char*, 4> output_names = {"label", "probabilities", "scores", "value"};

class OnnxWriter {
public:
    explicit OnnxWriter(const Model& model)
        : model_(model), columns_(raw_inputs(model)), real_(model.real_type == RealType::float32 ? OnnxType::float32 : OnnxType::float64) {}

    OnnxExport write(const std::string& graph_name, const std::string& producer_version) {
        const std::string scores = add_scores(add_features());
        if (model_.task == Task::regression) {
            add_value(scores);
        } else {
            add_label(scores);
            add_probabilities(scores);
        }
        const std::string description = std::string(model_.spec.loss.name()) + " model of " + std::to_string(model_.spec.features) +
                                        " features, trained with Glissade. NaN is a missing number.";
        out_.file = graph_.file(graph_name, producer_version, description);
        return std::move(out_);
    }

private:
    using Names = OnnxGraph::Names;

    std::string describe(const std::string& name, OnnxType type, const OnnxGraph::Shape& shape) const {
        const std::string kind = type == OnnxType::text      ? "string"
                                 : type == OnnxType::int64   ? "int64"
                                 : type == OnnxType::float32 ? "float32"
                                                             : "float64";
        return name + ": " + kind + " [rows" + (shape.size() > 1 ? ", " + std::to_string(shape[1]) : std::string()) + "]";
    }
    void input(const std::string& name, OnnxType type, std::int64_t width, const std::string& description) {
        graph_.add_input(name, type, {any_rows, width}, description);
        out_.inputs.push_back(describe(name, type, {any_rows, width}));
    }
    void output(const std::string& name, OnnxType type, const OnnxGraph::Shape& shape, const std::string& description) {
        graph_.add_output(name, type, shape, description);
        out_.outputs.push_back(describe(name, type, shape));
    }
    std::string reals(const std::string& name, const OnnxGraph::Shape& shape, const std::vector<double>& values) {
        return graph_.constant(name, shape, values, model_.real_type);
    }
    std::string as_real(const std::string& value, const std::string& name) {
        return graph_.add("Cast", {value}, name, {{"to", static_cast<std::int64_t>(real_)}});
    }
    OnnxAttribute axis(std::int64_t value) const { return {"axis", value}; }

    /// The name under which a column is handed in.
    std::string input_name(const std::string& column) const {
        const bool taken = std::find(output_names.begin(), output_names.end(), column) != output_names.end() ||
                           (model_.spec.multi_label && column == "labels");
        return taken ? column + "_column" : column.empty() || column[0] == '/' ? "column " + column : column;
    }

    /// All features side by side, [rows, features], before standardisation. `order_` tells which is which.
    std::string add_features() {
        if (columns_.empty()) {
            for (std::int64_t j = 0; j < model_.spec.features; ++j) order_.push_back(j);
            input("X", real_, model_.spec.features, "the features as they lie in the file that the model was trained on");
            return "X";
        }
        const bool has_text = std::any_of(columns_.begin(), columns_.end(), [](const RawInput& column) { return column.is_text; });
        Names parts = add_numbers(has_text);
        for (std::size_t c = 0; c < columns_.size(); ++c)
            if (columns_[c].is_text) parts.push_back(add_categories(columns_[c], std::to_string(c)));
        return parts.size() == 1 ? parts[0] : graph_.add("Concat", parts, "/features", {axis(1)});
    }

    /// The numbers with missing ones filled in, and what tells that they were missing.
    Names add_numbers(bool one_input_each) {
        Names given;
        std::vector<double> fills;
        std::vector<std::int64_t> marked, marks;
        std::string names;
        bool fills_in = false;
        for (const RawInput& column : columns_) {
            if (column.is_text) continue;
            if (one_input_each) input(input_name(column.name), real_, 1, column.has_fill ? "NaN: missing" : "");
            given.push_back(input_name(column.name));
            names += (names.empty() ? "" : ", ") + column.name;
            fills_in = fills_in || column.has_fill;
            order_.push_back(column.feature);
            if (column.indicator >= 0) {
                marked.push_back(static_cast<std::int64_t>(fills.size()));
                marks.push_back(column.indicator);
            }
            fills.push_back(column.fill);
        }
        if (given.empty()) return {};
        const auto count = static_cast<std::int64_t>(given.size());
        if (!one_input_each) input("X", real_, count, "columns in this order: " + names);
        const std::string numbers = one_input_each ? graph_.add("Concat", given, "/numbers", {axis(1)}) : "X";
        if (!fills_in) return {numbers};
        const std::string missing = graph_.add("IsNaN", {numbers}, "/missing");
        Names parts = {graph_.add("Where", {missing, reals("/fills", {1, count}, fills), numbers}, "/filled")};
        if (marked.empty()) return parts;
        order_.insert(order_.end(), marks.begin(), marks.end());
        const std::string which = graph_.constant("/marked", {static_cast<std::int64_t>(marked.size())}, marked);
        parts.push_back(as_real(graph_.add("Gather", {missing, which}, "/marks", {axis(1)}), "/indicators"));
        return parts;
    }

    /// One 0/1 column a category.
    std::string add_categories(const RawInput& column, const std::string& id) {
        const std::string name = input_name(column.name);
        input(name, OnnxType::text, 1, "text");
        const auto count = static_cast<std::int64_t>(column.categories.size());
        std::vector<std::int64_t> all;
        Names words = column.missing_words;
        std::vector<std::int64_t> meanings(words.size(), std::max(column.missing_category, no_category));
        for (std::int64_t k = 0; k < count; ++k) {
            all.push_back(k);
            order_.push_back(column.feature + k);
            const std::string& word = column.categories[static_cast<std::size_t>(k)];
            if (std::find(words.begin(), words.end(), word) != words.end()) continue;
            words.push_back(word);
            meanings.push_back(k);
        }
        const std::string place =
            graph_.add_ml("LabelEncoder", {name}, "/place " + id,
                          {{"keys_strings", words}, {"values_int64s", meanings}, {"default_int64", std::int64_t{no_category}}});
        const std::string hot = graph_.add_ml("OneHotEncoder", {place}, "/hot " + id, {{"cats_int64s", all}, {"zeros", std::int64_t{1}}});
        const std::string flat =
            graph_.add("Reshape", {hot, graph_.constant("/width " + id, {2}, std::vector<std::int64_t>{-1, count})}, "/flat " + id);
        const std::string refusals = add_refusals(column, words, name, id);
        const std::string whole = refusals.empty() ? flat : graph_.add("Add", {flat, refusals}, "/accepted " + id);
        return real_ == OnnxType::float32 ? whole : as_real(whole, "/categories " + id);
    }

    /// 0 where the column's text is taken, NaN where it is refused; empty if none is.
    std::string add_refusals(const RawInput& column, const Names& words, const std::string& name, const std::string& id) {
        if (column.missing_category != refused && column.unknown_category != refused) return "";
        constexpr float nan = std::numeric_limits<float>::quiet_NaN();
        std::vector<float> values(words.size(), 0.0F);
        if (column.missing_category == refused) std::fill_n(values.begin(), column.missing_words.size(), nan);
        return graph_.add_ml(
            "LabelEncoder", {name}, "/refused " + id,
            {{"keys_strings", words}, {"values_floats", values}, {"default_float", column.unknown_category == refused ? nan : 0.0F}});
    }

    std::vector<double> in_order(const std::vector<double>& values, std::int64_t first = 0) const {
        std::vector<double> out;
        out.reserve(order_.size());
        for (const std::int64_t feature : order_) out.push_back(values[static_cast<std::size_t>(first + feature)]);
        return out;
    }

    std::string add_scores(std::string features) {
        const std::int64_t width = model_.spec.features;
        if (!model_.input.empty()) {
            const std::string scale = reals("/scale", {1, width}, in_order(model_.input.scale));
            const std::string shift = reals("/shift", {1, width}, in_order(model_.input.shift));
            features = graph_.add("Add", {graph_.add("Mul", {features, scale}, "/scaled"), shift}, "/standardised");
        }
        if (!model_.spec.is_network()) return add_layer(features, model_.spec.layers()[0], "", "/scores");
        const std::vector<DenseLayer> layers = model_.spec.layers();
        std::string values = features, first;
        for (std::size_t i = 0; i < layers.size(); ++i) {
            const std::string id = " " + std::to_string(i);
            const bool last = i + 1 == layers.size();
            const std::string sums = add_layer(values, layers[i], id, last ? "/last sums" : "/sums" + id);
            if (i == 0) first = sums;
            values = last ? sums : add_onnx_activation(graph_, model_, sums, id);
        }
        // Runtimes lose a NaN in some activations, so it goes round them; it is in all of a row's first sums.
        const std::string mark =
            graph_.add("Gather", {first, graph_.constant("/first unit", {1}, std::vector<std::int64_t>{0})}, "/mark", {axis(1)});
        return graph_.add("Where", {graph_.add("IsNaN", {mark}, "/marked row"), mark, values}, "/scores");
    }

    std::string add_layer(const std::string& input, const DenseLayer& layer, const std::string& id, const std::string& name) {
        std::vector<double> weights;
        for (std::int64_t o = 0; o < layer.outputs; ++o) {
            const auto at = model_.parameters.begin() + layer.weights_at + o * layer.inputs;
            const auto row =
                layer.weights_at == 0 ? in_order(model_.parameters, o * layer.inputs) : std::vector<double>(at, at + layer.inputs);
            weights.insert(weights.end(), row.begin(), row.end());
        }
        Names inputs = {input, reals("/weights" + id, {layer.outputs, layer.inputs}, weights)};
        if (layer.bias) {
            const auto biases = model_.parameters.begin() + layer.biases_at();
            inputs.push_back(reals("/biases" + id, {layer.outputs}, std::vector<double>(biases, biases + layer.outputs)));
        }
        return graph_.add("Gemm", inputs, name, {{"transB", std::int64_t{1}}});
    }

    void add_value(std::string scores) {
        const std::int64_t outputs = model_.spec.outputs;
        if (!model_.target_scale.empty()) {
            const std::string scale = reals("/target scale", {1, outputs}, model_.target_scale);
            const std::string shift = reals("/target shift", {1, outputs}, model_.target_shift);
            scores = graph_.add("Add", {graph_.add("Mul", {scores, scale}, "/target scaled"), shift}, "/in units");
        }
        graph_.add(model_.spec.loss.link() == Link::logarithm ? "Exp" : "Identity", {scores}, "value");
        output("value", real_, {any_rows, outputs}, "predictions in the units of the target");
    }

    /// The class of each row; the entry after the last one, an empty text, is for rows without a score.
    void add_label(const std::string& scores) {
        if (model_.spec.multi_label) return add_labels(scores);
        Names labels = model_.class_labels;
        labels.emplace_back();
        const std::string first = graph_.constant("/first", {}, std::vector<std::int64_t>{0});
        const std::string none = graph_.constant("/none", {}, std::vector<std::int64_t>{static_cast<std::int64_t>(labels.size()) - 1});
        const std::string score = graph_.add("Gather", {scores, first}, "/first score", {axis(1)});  // any NaN is in all of a row's scores
        const std::string lost = graph_.add("IsNaN", {score}, "/lost");
        std::string index;
        if (model_.spec.outputs == 1) {
            const std::string positive = graph_.add("Greater", {score, reals("/zero", {}, {0.0})}, "/positive");
            index = graph_.add("Cast", {positive}, "/class", {{"to", static_cast<std::int64_t>(OnnxType::int64)}});
        } else {
            index = graph_.add("ArgMax", {scores}, "/class", {axis(1), {"keepdims", std::int64_t{0}}});
        }
        const std::string entry = graph_.add("Where", {lost, none, index}, "/entry");
        graph_.add("Gather", {graph_.constant("/labels", {static_cast<std::int64_t>(labels.size())}, labels), entry}, "label", {axis(0)});
        output("label", OnnxType::text, {any_rows}, "the class of each row");
    }

    /// Of several labels, 1 for each that a row has; all 0 for rows without a score.
    void add_labels(const std::string& scores) {
        const std::string positive = graph_.add("Greater", {scores, reals("/zero", {}, {0.0})}, "/positive");
        graph_.add("Cast", {positive}, "labels", {{"to", static_cast<std::int64_t>(OnnxType::int64)}});
        output("labels", OnnxType::int64, {any_rows, model_.spec.outputs},
               "1 for each label that a row has, in this order: " + label_order());
    }

    std::string label_order() const {
        std::string order;
        for (const std::string& label : model_.class_labels) order += (order.empty() ? "" : ", ") + label;
        return order;
    }

    void add_probabilities(const std::string& scores) {
        const std::string probabilities = add_onnx_probabilities(graph_, model_, scores);
        if (!probabilities.empty())
            return output(probabilities, real_, {any_rows, static_cast<std::int64_t>(model_.class_labels.size())},
                          "of the classes in this order: " + label_order());
        graph_.add("Identity", {scores}, "scores");
        output("scores", real_, {any_rows, model_.spec.outputs},
               "decision values: the loss " + std::string(model_.spec.loss.name()) + " knows no probabilities");
    }

    const Model& model_;
    std::vector<RawInput> columns_;
    OnnxType real_;
    OnnxGraph graph_;
    OnnxExport out_;
    std::vector<std::int64_t> order_;  ///< the model's feature at each place of the graph's matrix
};

}  // namespace

OnnxExport to_onnx(const Model& model, const std::string& graph_name, const std::string& producer_version) {
    return OnnxWriter(model).write(graph_name, producer_version);
}

}  // namespace glissade
