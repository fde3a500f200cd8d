// SPDX-License-Identifier: Apache-2.0
#include "host/cli/coefficients.hpp"

#include "host/export/raw_inputs.hpp"

namespace glissade::cli {
namespace {

/// A column of numbers of a model whose text is hashed.
struct NumberColumn {
    std::string name;
    double scale = 1, shift = 0;
};

std::vector<NumberColumn> number_columns(const Preparation& preparation) {
    std::vector<NumberColumn> numbers;
    if (preparation.hash_bits == 0) return numbers;
    for (const SourceColumn& column : preparation.columns) {
        if (column.kind != ColumnKind::numeric) continue;
        numbers.push_back({column.name, column.scale, column.shift});
        if (column.has_indicator) numbers.push_back({column.name + " missing"});
    }
    return numbers;
}

}  // namespace

Coefficients coefficients_of(const Model& model) {
    Coefficients out;
    model.coefficients(out.weights, out.biases);
    const auto numbers = number_columns(model.preparation);
    const auto features = static_cast<std::size_t>(model.spec.features), outputs = static_cast<std::size_t>(model.spec.outputs);
    const bool is_hashed = model.preparation.hash_bits > 0;
    for (std::size_t j = 0; j < features; ++j) {
        bool all_zero = true;
        for (std::size_t o = 0; o < outputs; ++o) {
            double& weight = out.weights[o * features + j];
            all_zero = all_zero && weight == 0;
            if (j >= numbers.size()) continue;
            out.biases[o] += weight * numbers[j].shift;
            weight *= numbers[j].scale;
        }
        if (is_hashed && j >= numbers.size() && all_zero) continue;
        out.features.push_back(static_cast<std::int64_t>(j));
        out.names.push_back(j < numbers.size() ? numbers[j].name
                            : is_hashed        ? "hashed " + std::to_string(j - numbers.size())
                                               : feature_name(model, static_cast<std::int64_t>(j)));
    }
    return out;
}

}  // namespace glissade::cli
