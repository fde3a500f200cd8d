// SPDX-License-Identifier: Apache-2.0
#include "host/train/settings_json.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "glissade/rules/sum_shape.hpp"
#include "host/cpu/network_plan.hpp"
#include "host/train/initial_weights.hpp"

namespace glissade {

namespace {

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
    throw JsonError("\"" + text + "\" is not a value known here");
}

constexpr std::array<std::pair<MissingPolicy, const char*>, 4> missing_names = {{{MissingPolicy::error, "error"},
                                                                                 {MissingPolicy::drop, "drop"},
                                                                                 {MissingPolicy::mean, "mean"},
                                                                                 {MissingPolicy::indicator, "indicator"}}};
constexpr std::array<std::pair<UnknownPolicy, const char*>, 2> unknown_names = {
    {{UnknownPolicy::ignore, "ignore"}, {UnknownPolicy::error, "error"}}};
constexpr std::array<std::pair<ColumnKind, const char*>, 3> kind_names = {
    {{ColumnKind::numeric, "numeric"}, {ColumnKind::categorical, "categorical"}, {ColumnKind::hashed, "hashed"}}};
constexpr std::array<std::pair<Shuffle, const char*>, 3> shuffle_names = {
    {{Shuffle::full, "full"}, {Shuffle::none, "none"}, {Shuffle::replacement, "replacement"}}};

constexpr std::array<std::pair<AverageKind, const char*>, 3> average_names = {
    {{AverageKind::none, "none"}, {AverageKind::mean, "mean"}, {AverageKind::exponential, "exponential"}}};
constexpr std::array<std::pair<ScheduleUnit, const char*>, 4> unit_names = {
    {{ScheduleUnit::step, "step"}, {ScheduleUnit::epoch, "epoch"}, {ScheduleUnit::sample, "sample"}, {ScheduleUnit::fraction, "fraction"}}};

Json to_json(const Averaging& averaging) {
    if (!averaging.on()) return false;
    return Json::object({{"kind", enum_name(average_names, averaging.kind)},
                         {"decay", averaging.decay},
                         {"start", averaging.start},
                         {"start_unit", enum_name(unit_names, averaging.start_unit)}});
}

template <class Rule>
Json fields_json(const Rule& rule) {
    Json out = Json::object({{"name", std::string(rule.name())}});
    for (const FieldInfo& field : rule.fields()) {
        const double value = rule.get(field.name);
        if (value == 0 && field.name == "decay_to_zero") continue;  // settings of runs without it stay as they were written
        out.add(std::string(field.name), field.is_flag ? Json(value != 0) : Json(value));
    }
    return out;
}

}  // namespace

Json to_json(const Optimizer& optimizer) {
    return fields_json(optimizer);
}
Json to_json(const Loss& loss) {
    return fields_json(loss);
}

Json to_json(const Activation& activation) {
    return fields_json(activation);
}
Json to_json(const std::vector<std::int64_t>& counts) {
    Json::Array out;
    for (const std::int64_t count : counts) out.push_back(count);
    return out;
}

namespace {

template <class Named>
Named named_from_json(const Json& in) {
    try {
        Named named(in.at("name").text());
        for (const FieldInfo& field : named.fields()) {
            const Json* value = in.find(field.name);
            if (value == nullptr) continue;  // files made before there was such a field mean its default
            named.set(field.name, field.is_flag ? (value->boolean() ? 1.0 : 0.0) : value->number());
        }
        return named;
    } catch (const Error& error) {  // what would be a wrong setting elsewhere is a damaged file here
        throw JsonError(error.what());
    }
}

}  // namespace

Loss loss_from_json(const Json& in) {
    return named_from_json<Loss>(in);
}
Activation activation_from_json(const Json& in) {
    return named_from_json<Activation>(in);
}

Json to_json(const Preparation& p) {
    Json::Array columns, map_label;
    for (const SourceColumn& column : p.columns) {
        columns.push_back(Json::object({{"name", column.name},
                                        {"position", column.position},
                                        {"kind", enum_name(kind_names, column.kind)},
                                        {"indicator", column.has_indicator},
                                        {"fill", column.fill},
                                        {"categories", column.categories},
                                        {"scale", column.scale},
                                        {"shift", column.shift}}));
        if (column.is_boolean) columns.back().add("boolean", true);
    }
    for (const auto& [from, to] : p.map_label) map_label.push_back(Json::Array{from, to});
    return Json::object({{"columns", std::move(columns)},
                         {"file_columns", p.file_columns},
                         {"missing", enum_name(missing_names, p.missing)},
                         {"unknown", enum_name(unknown_names, p.unknown)},
                         {"na_values", p.na_values},
                         {"map_label", std::move(map_label)},
                         {"format", p.format},
                         {"sparse", p.sparse},
                         {"hash_bits", std::int64_t{p.hash_bits}},
                         {"has_header", p.has_header},
                         {"delimiter", std::string(1, p.delimiter)},
                         {"target_names", p.target_names},
                         {"target_positions", p.target_positions}});
}

Preparation preparation_from_json(const Json& in) {
    Preparation p;
    // Files made before text was hashed have no such members, and need none.
    const auto number_or = [](const Json* value, double otherwise) { return value == nullptr ? otherwise : value->number(); };
    for (const Json& column : in.at("columns").array())
        p.columns.push_back({column.at("name").text(), column.at("position").integer(), enum_value(kind_names, column.at("kind").text()),
                             column.at("indicator").boolean(), column.at("fill").number(), column.at("categories").texts(),
                             number_or(column.find("scale"), 1), number_or(column.find("shift"), 0), column.find("boolean") != nullptr});
    if (const Json* sparse = in.find("sparse")) p.sparse = sparse->boolean();
    if (const Json* bits = in.find("hash_bits")) p.hash_bits = static_cast<int>(std::clamp<std::int64_t>(bits->integer(), -1, 64));
    p.file_columns = in.at("file_columns").integer();
    p.missing = enum_value(missing_names, in.at("missing").text());
    p.unknown = enum_value(unknown_names, in.at("unknown").text());
    p.na_values = in.at("na_values").texts();
    for (const Json& pair : in.at("map_label").array()) {
        const auto texts = pair.texts();
        if (texts.size() != 2) throw JsonError("map_label holds something else than pairs");
        p.map_label.emplace_back(texts[0], texts[1]);
    }
    p.format = in.at("format").text();
    p.has_header = in.at("has_header").boolean();
    const std::string& delimiter = in.at("delimiter").text();
    if (delimiter.size() != 1) throw JsonError("the delimiter is not one character");
    p.delimiter = delimiter[0];
    if (const Json* one = in.find("target_name")) {  // as files had it before rows could have several targets
        const std::int64_t position = in.at("target_position").integer();
        if (position != -1) p.target_names = {one->text()}, p.target_positions = {position};
        return p;
    }
    p.target_names = in.at("target_names").texts();
    for (const Json& position : in.at("target_positions").array()) p.target_positions.push_back(position.integer());
    return p;
}

Json to_json(const Metrics& metrics) {
    Json out = Json::object({{"rows", metrics.rows}});
    for (const auto& [name, value] : metrics.list()) out.add(name, value);
    return out;
}

Metrics metrics_from_json(const Json& in) {
    Metrics m;
    m.rows = in.at("rows").integer();
    const auto number = [&](const char* key) -> std::optional<double> {
        const Json* found = in.find(key);
        if (found == nullptr) return std::nullopt;
        // JSON has no NaN or infinity: they are written as null.
        return found->is_null() ? std::numeric_limits<double>::quiet_NaN() : found->number();
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

Json settings_json(const ResolvedRun& run, std::span<const Member> members, const TrainOptions& o) {
    Json::Array listed;
    for (const Member& member : members)
        listed.push_back(Json::object(
            {{"optimizer", to_json(member.optimizer)}, {"l1", member.l1}, {"l2", member.l2}, {"init_seed", member.init_seed}}));
    Json settings = Json::object({{"loss", to_json(run.spec.loss)},
                                  {"features", run.spec.features},
                                  {"outputs", run.spec.outputs},
                                  {"bias", run.spec.bias},
                                  {"members", std::move(listed)},
                                  {"batch_size", run.batches.batch_size},
                                  {"schedule", o.schedule.text()},
                                  {"seed", o.seed},
                                  {"shuffle", enum_name(shuffle_names, o.shuffle)},
                                  {"drop_last", o.drop_last},
                                  {"decay_bias", o.decay_bias},
                                  {"clip_norm", o.clip_norm},
                                  {"clip_value", o.clip_value},
                                  {"average", to_json(o.average)},
                                  {"class_weights", o.class_weights},
                                  {"balanced", o.balanced},
                                  {"standardize", o.standardize},
                                  {"standardize_target", o.standardize_target},
                                  {"tol", o.tol},
                                  {"patience", o.patience},
                                  {"sum_shape", SumShape::version}});
    if (o.folds > 0) settings.add("folds", o.folds);  // checkpoints of runs without stay as they are
    if (o.label_smoothing > 0) settings.add("label_smoothing", o.label_smoothing);
    if (o.storage == Storage::bfloat16) settings.add("storage", std::string("bfloat16"));
    if (o.matmul_precision != MatmulPrecision::float32)
        settings.add("matmul_precision", std::string(o.matmul_precision == MatmulPrecision::tf32 ? "tf32" : "bfloat16"));
    if (o.init != Init::automatic && o.init != Init::zeros) settings.add("init", std::string(name_of(o.init)));
    if (run.spec.is_network()) {
        settings.add("hidden", to_json(run.spec.hidden));
        settings.add("activation", to_json(run.spec.activation));
        settings.add("dropout", o.dropout);
        settings.add("network_sums", std::int64_t{cpu::NetworkPlan::version});
        Json::Array seeds;
        for (const Member& member : members) seeds.push_back(member.dropout_seed);
        settings.add("dropout_seeds", std::move(seeds));
    }
    return settings;
}

}  // namespace glissade
