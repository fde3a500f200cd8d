// SPDX-License-Identifier: Apache-2.0
#include "host/cli/settings_json.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "glissade/preparation.hpp"
#include "host/cli/description.hpp"
#include "host/train/initial_weights.hpp"

namespace glissade::cli {
namespace {

std::string key_of(const std::string& flag) {
    if (flag == "DATA") return "data";
    std::string key = flag;
    std::replace(key.begin(), key.end(), '-', '_');
    return key;
}

/// As they were given: text, or a list where a flag was repeated.
void add_given(Json& json, const Settings& settings) {
    constexpr std::array<std::string_view, 6> of_this_call = {"resume", "overwrite", "quiet", "json", "config", "save-config"};
    for (const Setting& setting : settings) {
        if (std::find(of_this_call.begin(), of_this_call.end(), setting.name) != of_this_call.end()) continue;
        json[key_of(setting.name)] = setting.values.size() == 1 ? Json(setting.values.front()) : Json(setting.values);
    }
}

template <class Rule>
void add_fields(Json& json, const Rule& rule) {
    for (const FieldInfo& field : rule.fields()) {
        const double value = rule.get(field.name);
        json[std::string(field.name)] = field.is_flag ? Json(value != 0) : Json(value);
    }
}

const char* name_of(Shuffle shuffle) {
    switch (shuffle) {
        case Shuffle::full:
            return "full";
        case Shuffle::none:
            return "none";
        case Shuffle::replacement:
            return "replacement";
    }
    return "";
}

void add_averaging(Json& json, const Averaging& averaging) {
    json["average"] = averaging.on() ? Json(averaging.kind == AverageKind::mean ? "mean" : "ema") : Json(false);
    if (!averaging.on()) return;
    constexpr std::array<const char*, 4> units = {"steps", "epochs", "rows", "fraction"};  // in the order of ScheduleUnit
    json["average_start"] = averaging.start;
    json["average_start_unit"] = units[static_cast<std::size_t>(averaging.start_unit)];
    if (averaging.kind == AverageKind::exponential) json["average_decay"] = averaging.decay;
}

void add_learning(Json& json, const LearningFlags& learning, const Dataset& data) {
    const TrainOptions& options = learning.options;
    const Loss loss = chosen_loss(options.loss, data);
    json["loss"] = std::string(loss.name());
    json["one_vs_rest"] = trains_one_vs_rest(options.loss, data);
    json["multi_label"] = data.task == Task::classification && data.target_count() > 1;
    add_fields(json, loss);
    json["optimizer"] = std::string(options.optimizer.name());
    add_fields(json, options.optimizer);
    if (learning.rates.size() > 1) json["lr"] = learning.rates;
    json["folds"] = options.folds;
    json["schedule"] = options.schedule.text();
    json["batch_size"] = options.batch_size == full_batch ? Json("full") : Json(options.batch_size);
    json["epochs"] = options.epochs;
    json["seed"] = learning.seeds.size() > 1 ? Json(learning.seeds) : Json(options.seed);
    const bool network = !options.hidden.empty();
    const Init init = options.init != Init::automatic ? options.init : network ? Init::he_normal : Init::zeros;
    json["init"] = std::string(glissade::name_of(init));
    if (network) {
        json["hidden"] = options.hidden;
        json["activation"] = std::string(options.activation.name());
        add_fields(json, options.activation);
        json["dropout"] = options.dropout;
    }
    json["label_smoothing"] = options.label_smoothing;
    json["shuffle"] = name_of(options.shuffle);
    json["drop_last"] = options.drop_last;
    json["l1"] = options.l1;
    json["l2"] = learning.l2s.size() > 1 ? Json(learning.l2s) : Json(options.l2);
    json["class_weight"] = options.balanced ? "balanced" : "none";
    json["clip_norm"] = options.clip_norm;
    json["clip_value"] = options.clip_value;
    add_averaging(json, options.average);
    json["compat"] = learning.compat;
    json["max_steps"] = options.max_steps;
    json["max_seconds"] = options.max_seconds;
    json["tol"] = options.tol;
    json["patience"] = options.patience;
}

void add_machine(Json& json, const LearningFlags& learning) {
    const TrainOptions& options = learning.options;
    const auto bytes = [](std::int64_t limit) { return limit > 0 ? Json(limit) : Json(); };
    json["device"] = options.device;
    json["threads"] = thread_count(options.threads);
    json["memory_limit"] = bytes(options.memory_limit_bytes);
    json["device_memory_limit"] = bytes(options.device_memory_limit_bytes);
    json["precision"] = learning.real_type == RealType::float64                 ? "float64"
                        : options.matmul_precision == MatmulPrecision::tf32     ? "tf32"
                        : options.matmul_precision == MatmulPrecision::bfloat16 ? "bfloat16"
                                                                                : "float32";
    json["storage"] = options.storage == Storage::bfloat16 ? "bfloat16" : "float32";
    json["nondeterministic"] = options.nondeterministic;
}

}  // namespace

Json settings_json(const TrainCommand& command, const TrainingInput& input) {
    Json json;
    add_given(json, command.settings);
    add_learning(json, command.learning, input.train);
    add_machine(json, command.learning);
    json["sparse"] = input.train.is_sparse();
    const int hash_bits = input.train.preparation ? input.train.preparation->hash_bits : 0;
    json["hash_bits"] = hash_bits > 0 ? Json(hash_bits) : Json();
    json["output"] = command.output;
    json["run_dir"] = command.run_dir.empty() ? Json() : Json(command.run_dir);
    return json;
}

}  // namespace glissade::cli
