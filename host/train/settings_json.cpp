// SPDX-License-Identifier: Apache-2.0
#include "host/train/settings_json.hpp"

#include <array>
#include <limits>
#include <utility>

#include "glissade/rules/sum_shape.hpp"

namespace glissade {

namespace {

using nlohmann::json;

template <class Enum, std::size_t N>
std::string enum_name(const std::array<std::pair<Enum, const char*>, N>& names, Enum value) {
    for (const auto& [candidate, name] : names)
        if (candidate == value) return name;
    fail(ErrorKind::internal, "an enumeration has a value without a name");
}

template <class Enum, std::size_t N>
Enum enum_value(const std::array<std::pair<Enum, const char*>, N>& names, const std::string& text) {
    for (const auto& [value, name] : names)
        if (text == name) return value;
    fail(ErrorKind::data, "\"" + text + "\" is not a value known here");
}

constexpr std::array<std::pair<MissingPolicy, const char*>, 4> missing_names = {{{MissingPolicy::error, "error"},
                                                                                 {MissingPolicy::drop, "drop"},
                                                                                 {MissingPolicy::mean, "mean"},
                                                                                 {MissingPolicy::indicator, "indicator"}}};
constexpr std::array<std::pair<UnknownPolicy, const char*>, 2> unknown_names = {
    {{UnknownPolicy::ignore, "ignore"}, {UnknownPolicy::error, "error"}}};
constexpr std::array<std::pair<ColumnKind, const char*>, 2> kind_names = {
    {{ColumnKind::numeric, "numeric"}, {ColumnKind::categorical, "categorical"}}};
constexpr std::array<std::pair<Shuffle, const char*>, 3> shuffle_names = {
    {{Shuffle::full, "full"}, {Shuffle::none, "none"}, {Shuffle::replacement, "replacement"}}};

template <class Rule>
json fields_json(const Rule& rule) {
    json out = {{"name", std::string(rule.name())}};
    for (const FieldInfo& field : rule.fields()) {
        const double value = rule.get(field.name);
        if (field.is_flag)
            out[std::string(field.name)] = value != 0;
        else
            out[std::string(field.name)] = value;
    }
    return out;
}

}  // namespace

json to_json(const Optimizer& optimizer) {
    return fields_json(optimizer);
}
json to_json(const Loss& loss) {
    return fields_json(loss);
}

Loss loss_from_json(const json& in) {
    Loss loss(in.at("name").get<std::string>());
    for (const FieldInfo& field : loss.fields())  // files made before a loss had a field mean its default
        loss.set(field.name, in.value(std::string(field.name), field.default_value));
    return loss;
}

json to_json(const Preparation& p) {
    json columns = json::array();
    for (const SourceColumn& column : p.columns)
        columns.push_back({{"name", column.name},
                           {"position", column.position},
                           {"kind", enum_name(kind_names, column.kind)},
                           {"indicator", column.has_indicator},
                           {"fill", column.fill},
                           {"categories", column.categories}});
    return {{"columns", columns},
            {"file_columns", p.file_columns},
            {"missing", enum_name(missing_names, p.missing)},
            {"unknown", enum_name(unknown_names, p.unknown)},
            {"na_values", p.na_values},
            {"map_label", p.map_label},
            {"format", p.format},
            {"has_header", p.has_header},
            {"delimiter", std::string(1, p.delimiter)},
            {"target_name", p.target_name},
            {"target_position", p.target_position}};
}

Preparation preparation_from_json(const json& in) {
    Preparation p;
    for (const json& column : in.at("columns"))
        p.columns.push_back({column.at("name").get<std::string>(), column.at("position").get<std::int64_t>(),
                             enum_value(kind_names, column.at("kind").get<std::string>()), column.at("indicator").get<bool>(),
                             column.at("fill").get<double>(), column.at("categories").get<std::vector<std::string>>()});
    p.file_columns = in.at("file_columns").get<std::int64_t>();
    p.missing = enum_value(missing_names, in.at("missing").get<std::string>());
    p.unknown = enum_value(unknown_names, in.at("unknown").get<std::string>());
    p.na_values = in.at("na_values").get<std::vector<std::string>>();
    p.map_label = in.at("map_label").get<std::vector<std::pair<std::string, std::string>>>();
    p.format = in.at("format").get<std::string>();
    p.has_header = in.at("has_header").get<bool>();
    const auto delimiter = in.at("delimiter").get<std::string>();
    if (delimiter.size() != 1) fail(ErrorKind::data, "the delimiter is not one character");
    p.delimiter = delimiter[0];
    p.target_name = in.at("target_name").get<std::string>();
    p.target_position = in.at("target_position").get<std::int64_t>();
    return p;
}

json to_json(const Metrics& metrics) {
    json out = {{"rows", metrics.rows}};
    for (const auto& [name, value] : metrics.list()) out[name] = value;
    return out;
}

Metrics metrics_from_json(const json& in) {
    Metrics m;
    m.rows = in.at("rows").get<std::int64_t>();
    const auto number = [&](const char* key) -> std::optional<double> {
        const auto found = in.find(key);
        if (found == in.end()) return std::nullopt;
        return found->is_null() ? std::numeric_limits<double>::quiet_NaN()
                                : found->get<double>();  // JSON has no NaN or infinity: they are written as null
    };
    m.loss = number("loss").value_or(0);
    m.accuracy = number("accuracy");
    m.log_loss = number("log_loss");
    m.auc = number("auc");
    m.rmse = number("rmse");
    m.mae = number("mae");
    m.r2 = number("r2");
    return m;
}

json settings_json(const ResolvedRun& run, const TrainOptions& o) {
    json members = json::array();
    for (const Member& member : run.members)
        members.push_back(
            {{"optimizer", to_json(member.optimizer)}, {"l1", member.l1}, {"l2", member.l2}, {"init_seed", member.init_seed}});
    return {{"loss", to_json(run.spec.loss)},
            {"features", run.spec.features},
            {"outputs", run.spec.outputs},
            {"bias", run.spec.bias},
            {"members", members},
            {"batch_size", run.batches.batch_size},
            {"schedule", o.schedule.text()},
            {"seed", o.seed},
            {"shuffle", enum_name(shuffle_names, o.shuffle)},
            {"drop_last", o.drop_last},
            {"decay_bias", o.decay_bias},
            {"clip_norm", o.clip_norm},
            {"clip_value", o.clip_value},
            {"average", o.average},
            {"class_weights", o.class_weights},
            {"balanced", o.balanced},
            {"standardize", o.standardize},
            {"standardize_target", o.standardize_target},
            {"tol", o.tol},
            {"patience", o.patience},
            {"sum_shape", SumShape::version}};
}

}  // namespace glissade
