// SPDX-License-Identifier: Apache-2.0
#include "host/export/raw_inputs.hpp"

#include <algorithm>

namespace glissade {

namespace {

/// As prediction from a file has it: the fill of training or, with the policy `indicator`, the category "?".
std::int64_t missing_category(const Preparation& preparation, const SourceColumn& column) {
    switch (preparation.missing) {
        case MissingPolicy::mean:
            return static_cast<std::int64_t>(column.fill);
        case MissingPolicy::indicator: {
            const auto found = std::find(column.categories.begin(), column.categories.end(), "?");
            return found == column.categories.end() ? no_category : found - column.categories.begin();
        }
        case MissingPolicy::error:
        case MissingPolicy::drop:
            return refused;
    }
    return refused;
}

}  // namespace

std::vector<RawInput> raw_inputs(const Model& model) {
    const Preparation& preparation = model.preparation;
    const bool fills = preparation.missing == MissingPolicy::mean || preparation.missing == MissingPolicy::indicator;
    std::vector<RawInput> inputs;
    std::int64_t feature = 0;
    for (const SourceColumn& column : preparation.columns) {
        RawInput input;
        input.name = column.name;
        input.is_text = column.kind == ColumnKind::categorical;
        input.feature = feature;
        if (input.is_text) {
            input.categories = column.categories;
            input.missing_words = {""};
            for (const std::string& word : preparation.na_values)
                if (std::find(input.missing_words.begin(), input.missing_words.end(), word) == input.missing_words.end())
                    input.missing_words.push_back(word);
            input.missing_category = missing_category(preparation, column);
            input.unknown_category = preparation.unknown == UnknownPolicy::error ? refused : no_category;
            feature += static_cast<std::int64_t>(column.categories.size());
        } else {
            input.has_fill = fills;
            input.fill = column.fill;
            ++feature;
            if (column.has_indicator) input.indicator = feature++;
        }
        inputs.push_back(std::move(input));
    }
    return inputs;
}

std::string feature_name(const Model& model, std::int64_t feature) {
    return model.feature_names.empty() ? std::to_string(feature) : model.feature_names[static_cast<std::size_t>(feature)];
}

std::string output_name(const Model& model, std::int64_t output) {
    if (model.task == Task::classification) return model.class_labels.at(model.spec.outputs == 1 ? 1 : static_cast<std::size_t>(output));
    return model.spec.outputs > 1 ? std::to_string(output) : "";
}

}  // namespace glissade
