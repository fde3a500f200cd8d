// SPDX-License-Identifier: Apache-2.0
#include "host/train/field_checks.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>
#include <vector>

#include "glissade/error.hpp"

namespace glissade {

namespace {

constexpr std::int64_t most_weights = std::int64_t{1} << 40;

/// The first fault that there is; each check runs only where those before it found nothing.
template <class... Checks>
std::string first_fault(const Checks&... checks) {
    std::string fault;
    ((fault.empty() ? void(fault = checks()) : void()), ...);
    return fault;
}

std::string names_fault(const std::vector<std::string>& names, std::int64_t columns) {
    if (names.empty() || static_cast<std::int64_t>(names.size()) == columns) return {};
    return std::to_string(names.size()) + " feature names for " + std::to_string(columns) + " columns";
}

std::string counts_fault(const ModelSpec& spec) {
    if (spec.features < 1 || spec.outputs < 1 || spec.features > most_weights / spec.outputs)
        return "impossible counts: " + std::to_string(spec.features) + " features, " + std::to_string(spec.outputs) + " outputs";
    std::int64_t inputs = spec.features, weights = 0;  // of a network; each product is in range where the sum was
    for (const std::int64_t width : spec.hidden) {
        if (width < 1 || width > most_weights / inputs) return "an impossible hidden layer of " + std::to_string(width) + " units";
        weights += inputs * width;
        inputs = width;
        if (weights > most_weights || inputs > most_weights / spec.outputs) return "impossible counts: its layers are too large";
    }
    if (spec.multi_label && (spec.loss.kind() != LossKind::binary || spec.outputs < 2))
        return "rows of several labels need a loss of two classes and an output for each label";
    if (spec.loss.kind() == LossKind::binary && spec.outputs == 2 && !spec.multi_label)
        return "a loss of two classes has one output for them";
    return {};
}

std::string classes_fault(const Model& model) {
    const LossKind kind = model.spec.loss.kind();
    const bool classes = model.task == Task::classification;
    if (model.spec.loss.is_auto()) return "its loss is still to be chosen (\"auto\")";
    if (classes != (kind != LossKind::regression)) return "the task and the loss contradict each other";
    const auto wanted = static_cast<std::size_t>(model.spec.class_count());
    if (model.class_labels.size() == wanted) return {};
    return std::to_string(model.class_labels.size()) + " class labels where there should be " + std::to_string(wanted);
}

/// Whoever reads data for a model takes positions and fills as places without looking again.
std::string preparation_fault(const Preparation& preparation, std::int64_t columns) {
    if (preparation.hash_bits < 0 || preparation.hash_bits > most_hash_bits)
        return "features are hashed into 2^" + std::to_string(preparation.hash_bits);
    if (preparation.format.empty() && preparation.columns.empty()) return {};
    if (preparation.matrix_columns() != columns) return "the columns of the file do not make the columns of the matrix";
    std::set<std::int64_t> positions;
    for (const SourceColumn& column : preparation.columns) {
        const std::string name = "column \"" + column.name + "\"";
        if (column.position < 0 || column.position >= preparation.file_columns || !positions.insert(column.position).second)
            return name + " has position " + std::to_string(column.position) + " in a file of " + std::to_string(preparation.file_columns) +
                   " columns, or shares it";
        const auto categories = static_cast<double>(column.categories.size());
        const bool is_number = column.kind == ColumnKind::numeric;
        const bool is_hashed = column.kind == ColumnKind::hashed;
        const bool good_fill = is_number || is_hashed ? std::isfinite(column.fill) : column.fill >= 0 && column.fill < categories;
        if ((is_number || is_hashed) != column.categories.empty() || !good_fill)
            return name + " contradicts itself in kind, categories and fill";
        if ((is_hashed && preparation.hash_bits == 0) || (!is_number && !is_hashed && preparation.hash_bits > 0))
            return name + " contradicts the number of hashed columns";
        if (!std::isfinite(column.scale) || column.scale == 0 || !std::isfinite(column.shift))
            return name + " has an impossible scale or shift";
    }
    if (preparation.target_names.size() != preparation.target_positions.size())
        return std::to_string(preparation.target_names.size()) + " names of targets, " +
               std::to_string(preparation.target_positions.size()) + " positions";
    for (const std::int64_t target : preparation.target_positions)
        if (!preparation.columns.empty() && (target < 0 || target >= preparation.file_columns || !positions.insert(target).second))
            return "the position of a target is " + std::to_string(target);
    return {};
}

/// Unless there are `wanted` values, finite ones of a real type.
std::string numbers_fault(const std::string& name, const std::vector<double>& values, std::int64_t wanted, RealType type) {
    if (static_cast<std::int64_t>(values.size()) != wanted)
        return name + " holds " + std::to_string(values.size()) + " values where there should be " + std::to_string(wanted);
    const double most = type == RealType::float32 ? std::numeric_limits<float>::max() : std::numeric_limits<double>::max();
    for (std::size_t i = 0; i < values.size(); ++i)
        if (!(std::abs(values[i]) <= most))
            return name + "[" + std::to_string(i) + "] is not a finite " + (type == RealType::float32 ? "float32" : "float64");
    return {};
}

/// Unless there is no affine map, or a scale that can be undone and a shift for each of `wanted`.
std::string affine_fault(const std::string& name, const std::vector<double>& scale, const std::vector<double>& shift, std::int64_t wanted) {
    if (scale.empty() && shift.empty()) return {};
    std::string fault = first_fault([&] { return numbers_fault(name + "scale", scale, wanted, RealType::float64); },
                                    [&] { return numbers_fault(name + "shift", shift, wanted, RealType::float64); });
    const auto zero = std::find(scale.begin(), scale.end(), 0.0);
    if (fault.empty() && zero != scale.end()) fault = name + "scale[" + std::to_string(zero - scale.begin()) + "] is 0";
    return fault;
}

}  // namespace

std::string shape_fault(const ModelSpec& spec) {
    return counts_fault(spec);
}

std::string description_fault(const Model& model) {
    const ModelSpec& spec = model.spec;
    return first_fault([&] { return counts_fault(spec); }, [&] { return classes_fault(model); },
                       [&] { return names_fault(model.feature_names, spec.features); },
                       [&] { return preparation_fault(model.preparation, spec.features); });
}

std::string model_fault(const Model& model) {
    const ModelSpec& spec = model.spec;
    return first_fault([&] { return description_fault(model); },
                       [&] { return numbers_fault("parameters", model.parameters, spec.parameter_count(), model.real_type); },
                       [&] { return affine_fault("input.", model.input.scale, model.input.shift, spec.features); },
                       [&] { return affine_fault("target_", model.target_scale, model.target_shift, spec.outputs); });
}

void check_model(const Model& model, const std::string& what) {
    if (const std::string fault = model_fault(model); !fault.empty()) fail(ErrorKind::usage, what + ": " + fault);
    double constants[max_loss_constants] = {};
    model.spec.loss.prepare(constants);  // throws if a setting of the loss is out of range
}

void check_fields(const Dataset& data, const std::string& what) {
    const auto targets = [&] {
        return data.has_targets() ? affine_fault("target_", data.target_scale, data.target_shift, data.target_count()) : std::string();
    };
    const auto preparation = [&] { return data.preparation ? preparation_fault(*data.preparation, data.columns()) : std::string(); };
    const auto input = [&]() -> std::string {
        const ColumnAffine& map = data.input;
        if (!data.is_sparse()) return affine_fault("input.", map.scale, map.shift, data.columns());
        if (std::any_of(map.shift.begin(), map.shift.end(), [](double shift) { return shift != 0; }))
            return "input.shift is not 0, which would fill sparse rows";
        return affine_fault("input.", map.scale, std::vector<double>(map.scale.size()), data.columns());
    };
    const std::string fault = first_fault([&] { return names_fault(data.feature_names, data.columns()); }, input, targets, preparation);
    if (!fault.empty()) fail(ErrorKind::data, what + ": " + fault);
}

}  // namespace glissade
