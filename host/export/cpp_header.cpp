// SPDX-License-Identifier: Apache-2.0
#include "host/export/cpp_header.hpp"

#include <algorithm>

#include "glissade/error.hpp"
#include "host/export/cpp_answers.hpp"
#include "host/export/cpp_network.hpp"
#include "host/export/cpp_text.hpp"
#include "host/export/raw_inputs.hpp"

namespace glissade {

namespace {

constexpr std::size_t line_width = 140;
constexpr std::int64_t most_parameters = 10'000'000;

/// "a, b, c," over as many lines as it takes.
std::string list_of(const std::vector<std::string>& items) {
    const std::string indent(8, ' ');
    std::string text, line = indent;
    for (const std::string& item : items) {
        if (line.size() + item.size() + 2 > line_width) {
            text += line + "\n";
            line = indent;
        }
        line += (line.size() > indent.size() ? " " : "") + item + ",";
    }
    return text + line + "\n";
}

std::string array_function(const std::string& type, const std::string& name, const std::vector<std::string>& items) {
    return "inline const " + type + "* " + name + "() {\n    static const " + type + " values[] = {\n" + list_of(items) +
           "    };\n    return values;\n}\n";
}

std::vector<std::string> quoted(const std::vector<std::string>& texts) {
    std::vector<std::string> out;
    out.reserve(texts.size());
    for (const std::string& text : texts) out.push_back(cpp_quoted(text));
    return out;
}

std::vector<std::string> numbers(const std::vector<double>& values) {
    std::vector<std::string> out;
    out.reserve(values.size());
    for (const double value : values) out.push_back(cpp_number(value));
    return out;
}

class HeaderWriter {
public:
    HeaderWriter(const Model& model, std::string name) : model_(model), name_(std::move(name)), columns_(raw_inputs(model)) {
        has_text_ = std::any_of(columns_.begin(), columns_.end(), [](const RawInput& column) { return column.is_text; });
        std::vector<std::string> texts;
        for (const RawInput& column : columns_) texts.push_back(column.name);
        members_ = cpp_names(texts, {"Row"});
    }

    std::string write(const std::string& producer_version) const {
        std::string text = head(producer_version);
        text += "#pragma once\n\n#include <cmath>\n" + std::string(has_text_ ? "#include <string>\n" : "") +
                (model_.spec.is_network() ? "#include <vector>\n" : "") + "\nnamespace " + name_ + " {\n\n";
        text += counts() + row_type();
        text += "namespace detail {\n\n" + parameters() + helpers() + tables() + "}  // namespace detail\n\n";
        text += scores() + cpp_answers(model_, row());
        return text + "}  // namespace " + name_ + "\n";
    }

private:
    bool classifies() const { return model_.task == Task::classification; }
    bool one_output() const { return model_.spec.outputs == 1; }
    std::string row() const { return has_text_ ? "const Row& row" : "const double* row"; }
    std::string cell(std::size_t c) const { return has_text_ ? "row." + members_[c] : "row[" + std::to_string(c) + "]"; }
    std::string head(const std::string& producer_version) const {
        const std::string at = name_ + "::";
        std::string text = "// A " + std::string(model_.spec.loss.name()) + " model, trained with Glissade " + producer_version +
                           ". It needs C++11 and nothing else.\n//\n";
        text +=
            "//   " + at + "scores(row, out)         " + std::to_string(model_.spec.outputs) + " values, as glissade predict --scores\n";
        if (model_.spec.multi_label) {
            text += "//   " + at + "predict(row, int* out)   for each label 1 or 0, whether the row has it, in this order:";
            for (const std::string& label : model_.class_labels) text += " " + cpp_quoted(label);
            text += "\n";
            if (cpp_has_probabilities(model_.spec))
                text += "//   " + at + "predict_proba(row, out)  " + std::to_string(model_.spec.outputs) + " probabilities\n";
        } else if (classifies()) {
            text += "//   " + at + "predict(row)             the label of the class\n//   " + at +
                    "predict_class(row)       its index, -1 for none\n";
            if (cpp_has_probabilities(model_.spec))
                text += "//   " + at + "predict_proba(row, out)  " + std::to_string(model_.class_labels.size()) + " probabilities\n";
        } else {
            text += one_output() ? "//   " + at + "predict(row)             the value\n"
                                 : "//   " + at + "predict(row, out)        " + std::to_string(model_.spec.outputs) + " values\n";
        }
        text += "//\n// A row is ";
        text += has_text_ ? "a " + at + "Row: the columns of the training file that are features, in their order.\n"
                          : "the numbers of these columns, in this order:\n";
        if (!has_text_) text += column_comment();
        return text +
               "// What glissade predict would refuse, such as a missing cell where the model has no rule for it, gives scores of NaN" +
               (model_.spec.multi_label ? " and no label"
                : classifies()          ? " and an empty label"
                                        : "") +
               ".\n";
    }

    std::string column_comment() const {
        if (columns_.empty()) return "//   the " + std::to_string(model_.spec.features) + " features as they lie in the training file\n";
        std::string text;
        for (std::size_t c = 0; c < columns_.size(); ++c)
            text +=
                "//   " + std::to_string(c) + "  " + cpp_quoted(columns_[c].name) + (columns_[c].has_fill ? "  (NaN: missing)\n" : "\n");
        return text;
    }

    std::string counts() const {
        std::string text = "static const int outputs = " + std::to_string(model_.spec.outputs) + ";\n";
        if (classifies()) text += "static const int classes = " + std::to_string(model_.class_labels.size()) + ";\n";
        return text + "\n";
    }

    std::string row_type() const {
        if (!has_text_) return "";
        std::size_t width = 0;
        for (const std::string& member : members_) width = std::max(width, member.size());
        std::string text = "struct Row {\n";
        for (std::size_t c = 0; c < columns_.size(); ++c) {
            const RawInput& column = columns_[c];
            std::string note = cpp_quoted(column.name);
            if (column.is_text && column.missing_category != refused) note += ", missing where empty";
            if (!column.is_text && column.has_fill) note += ", missing where NaN";
            text += std::string(column.is_text ? "    std::string " : "    double      ") + members_[c] + ";" +
                    std::string(width - members_[c].size() + 2, ' ') + "// " + note + "\n";
        }
        return text + "};\n\n";
    }

    /// Weights lie feature by feature, so that a feature is added to all scores in one go.
    std::string parameters() const {
        const std::vector<DenseLayer> layers = model_.spec.layers();
        const DenseLayer& first = layers.front();
        const auto features = static_cast<std::size_t>(first.inputs), outputs = static_cast<std::size_t>(first.outputs);
        const auto literal = [&](double value) {
            return model_.real_type == RealType::float32 ? cpp_number(static_cast<float>(value)) : cpp_number(value);
        };
        const std::string real = model_.real_type == RealType::float32 ? "float" : "double";
        std::vector<std::string> weights, biases;
        for (std::size_t j = 0; j < features; ++j)
            for (std::size_t o = 0; o < outputs; ++o) weights.push_back(literal(model_.parameters[o * features + j]));
        for (std::size_t o = 0; o < outputs; ++o)
            biases.push_back(literal(model_.spec.bias ? model_.parameters[outputs * features + o] : 0.0));
        std::string text = array_function(real, "weights", weights) + array_function(real, "biases", biases);
        for (std::size_t i = 1; i < layers.size(); ++i) {
            const DenseLayer& layer = layers[i];
            weights.clear();
            biases.assign(static_cast<std::size_t>(layer.outputs), literal(0));
            for (std::int64_t k = 0; k < layer.weight_count(); ++k)
                weights.push_back(literal(model_.parameters[static_cast<std::size_t>(layer.weights_at + k)]));
            for (std::int64_t o = 0; layer.bias && o < layer.outputs; ++o)
                biases[static_cast<std::size_t>(o)] = literal(model_.parameters[static_cast<std::size_t>(layer.biases_at() + o)]);
            text +=
                array_function(real, "weights_" + std::to_string(i), weights) + array_function(real, "biases_" + std::to_string(i), biases);
        }
        if (!model_.input.empty())
            text += array_function("double", "scale", numbers(model_.input.scale)) +
                    array_function("double", "shift", numbers(model_.input.shift));
        if (!classifies() && !model_.target_scale.empty())
            text += array_function("double", "target_scale", numbers(model_.target_scale)) +
                    array_function("double", "target_shift", numbers(model_.target_shift));
        if (classifies()) text += array_function("char* const", "labels", quoted(model_.class_labels));
        return text + "\n";
    }

    /// How many sums a feature adds to.
    std::string first_units() const { return model_.spec.is_network() ? std::to_string(model_.spec.hidden.front()) : "outputs"; }

    std::string helpers() const {
        std::string text = "inline void add(int feature, double value, double* out) {\n";
        if (!model_.input.empty()) text += "    value = value * scale()[feature] + shift()[feature];\n";
        const std::string count = first_units();
        text += "    for (int o = 0; o < " + count + "; ++o) out[o] += value * static_cast<double>(weights()[feature * " + count +
                " + o]);\n}\n\n" + cpp_layer_functions(model_);
        const auto fills = [](const RawInput& column) { return column.has_fill && !column.is_text; };
        if (std::any_of(columns_.begin(), columns_.end(), fills))
            text += "inline double filled(double value, double fill) {\n    return std::isnan(value) ? fill : value;\n}\n\n";
        if (!has_text_) return text;
        return text + R"(inline int find(const std::string& cell, const char* const* words, int count) {
    for (int k = 0; k < count; ++k) {
        if (cell == words[k]) return k;
    }
    return -1;
}

/// `category`: -1 for none, -2 for a cell that is refused.
inline void add_category(int first, int count, int category, double* out) {
    for (int k = 0; k < count; ++k) add(first + k, category == -2 ? NAN : category == k ? 1.0 : 0.0, out);
}

)";
    }

    std::string tables() const {
        std::string text;
        for (std::size_t c = 0; c < columns_.size(); ++c) {
            const RawInput& column = columns_[c];
            if (!column.is_text) continue;
            const std::string id = std::to_string(c), words = std::to_string(column.missing_words.size()),
                              count = std::to_string(column.categories.size());
            text += array_function("char* const", "missing_" + id, quoted(column.missing_words));
            text += array_function("char* const", "categories_" + id, quoted(column.categories));
            text += "inline void add_column_" + id + "(const std::string& cell, double* out) {\n    int category = find(cell, categories_" +
                    id + "(), " + count + ");\n";
            if (column.unknown_category == refused) text += "    if (category < 0) category = -2;\n";
            text += "    if (find(cell, missing_" + id + "(), " + words + ") >= 0) category = " + std::to_string(column.missing_category) +
                    ";\n    add_category(" + std::to_string(column.feature) + ", " + count + ", category, out);\n}\n\n";
        }
        return text;
    }

    /// The statements that add each feature of a row.
    std::string additions(const std::string& sums) const {
        const bool plain = std::none_of(columns_.begin(), columns_.end(), [](const RawInput& c) { return c.is_text || c.has_fill; });
        if (plain)
            return "    for (int j = 0; j < " + std::to_string(model_.spec.features) + "; ++j) detail::add(j, row[j], " + sums + ");\n";
        std::string text;
        for (std::size_t c = 0; c < columns_.size(); ++c) {
            const RawInput& column = columns_[c];
            if (column.is_text) {
                text += "    detail::add_column_" + std::to_string(c) + "(" + cell(c) + ", " + sums + ");\n";
                continue;
            }
            const std::string value = column.has_fill ? "detail::filled(" + cell(c) + ", " + cpp_number(column.fill) + ")" : cell(c);
            text += "    detail::add(" + std::to_string(column.feature) + ", " + value + ", " + sums + ");\n";
            if (column.indicator >= 0)
                text +=
                    "    detail::add(" + std::to_string(column.indicator) + ", std::isnan(" + cell(c) + ") ? 1.0 : 0.0, " + sums + ");\n";
        }
        return text;
    }

    std::string scores() const {
        std::string text = "inline void scores(" + row() + ", double* out) {\n";
        text += model_.spec.is_network()
                    ? cpp_network_scores(model_.spec, additions("sums_0.data()"))
                    : "    for (int o = 0; o < outputs; ++o) out[o] = static_cast<double>(detail::biases()[o]);\n" + additions("out");
        if (!classifies() && !model_.target_scale.empty())
            text += "    for (int o = 0; o < outputs; ++o) out[o] = out[o] * detail::target_scale()[o] + detail::target_shift()[o];\n";
        return text + "}\n\n";
    }

    const Model& model_;
    std::string name_;
    std::vector<RawInput> columns_;
    std::vector<std::string> members_;  ///< of Row, one a column
    bool has_text_ = false;
};

}  // namespace

std::string to_cpp_header(const Model& model, const std::string& name, const std::string& producer_version) {
    if (model.spec.parameter_count() > most_parameters)
        fail(ErrorKind::usage, "a header of " + std::to_string(model.spec.parameter_count()) +
                                   " parameters would take a compiler too long; " + std::to_string(most_parameters) +
                                   " are written at most: export it as .onnx");
    return HeaderWriter(model, name).write(producer_version);
}

}  // namespace glissade
