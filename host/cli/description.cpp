// SPDX-License-Identifier: Apache-2.0
#include "host/cli/description.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "host/cli/text.hpp"
#include "host/data/memory_budget.hpp"
#include "host/train/initial_weights.hpp"

namespace glissade::cli {
namespace {

constexpr std::size_t most_classes_shown = 12;

/// "lr 0.01, beta1 0.9, beta2 0.999" and the flags for them.
template <class Rule>
void describe_fields(const Rule& rule, std::string& value, std::string& flags) {
    for (const FieldInfo& field : rule.fields()) {
        const double number = rule.get(field.name);
        if (field.is_flag && number == 0) {
            flags += " " + RuleFlags::flag_of(field.name);
            continue;
        }
        value += (value.empty() ? "" : ", ") + std::string(field.name) + (field.is_flag ? "" : " " + shortest(number));
        flags += " " + RuleFlags::flag_of(field.name);
    }
}

std::string number_text(double value) {
    return shortest(value);
}
std::string number_text(std::uint64_t value) {
    return std::to_string(value);
}

std::string task_text(const Dataset& data) {
    if (data.task == Task::regression)
        return "regression" + (data.target_count() > 1 ? ", " + counted(data.target_count(), "target") : std::string());
    const auto classes = data.class_labels.size();
    const bool labels = data.target_count() > 1;
    std::vector<std::string> shown(data.class_labels.begin(),
                                   data.class_labels.begin() + static_cast<std::ptrdiff_t>(std::min(classes, most_classes_shown)));
    if (classes > most_classes_shown) shown.push_back("...");
    return "classification, " + std::to_string(classes) + (labels ? " labels, several a row: " : " classes: ") + join(shown, " ");
}

template <class Number>
std::string list_text(const std::string& name, const std::vector<Number>& values) {
    std::vector<std::string> texts;
    texts.reserve(values.size());
    for (const Number value : values) texts.push_back(number_text(value));
    return values.size() < 2 ? "" : name + " " + join(texts, " ");
}

std::string members_text(const LearningFlags& learning) {
    std::string text;
    for (const std::string& part : {list_text("lr", learning.rates), list_text("l2", learning.l2s), list_text("seed", learning.seeds)}) {
        if (!part.empty()) text += (text.empty() ? "" : ", ") + part;
    }
    return text + ": " + counted(static_cast<std::int64_t>(learning.options.members.size()), "model") + " in one pass, the best is kept";
}

std::string folds_text(const LearningFlags& learning) {
    const auto settings = std::max<std::int64_t>(1, static_cast<std::int64_t>(learning.options.members.size()));
    return counted(learning.options.folds, "part") + " of the rows, each left out of one more model in the same pass, " +
           counted(settings * (learning.options.folds + 1), "model") + " in all";
}

std::string batch_text(const Dataset& data, const TrainOptions& options) {
    const std::int64_t rows = data.rows();
    if (options.batch_size == full_batch || options.batch_size >= rows) return "all " + counted(rows, "row") + ", 1 step an epoch";
    const std::int64_t steps = options.drop_last ? rows / options.batch_size : (rows + options.batch_size - 1) / options.batch_size;
    return counted(options.batch_size, "row") + ", " + counted(steps, "step") + " an epoch" +
           (options.drop_last ? ", a short last batch is dropped" : "");
}

std::string shuffle_text(Shuffle shuffle) {
    switch (shuffle) {
        case Shuffle::full:
            return "a new order of all rows each epoch";
        case Shuffle::none:
            return "none: file order";
        case Shuffle::replacement:
            return "rows drawn with replacement";
    }
    return "";
}

std::string limits_text(const TrainOptions& options) {
    std::string text;
    const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
    if (options.max_steps > 0) add(counted(options.max_steps, "step"));
    if (options.max_seconds > 0) add(readable_seconds(options.max_seconds));
    if (options.tol > 0) {
        const std::string patience = options.patience > 0 ? counted(options.patience, "epoch") : "5 epochs";
        add("no training loss lower by " + shortest(options.tol) + " for " + patience);
    } else if (options.patience > 0) {
        add("no lower validation loss for " + counted(options.patience, "epoch"));
    }
    return text;
}

std::string averaging_text(const Averaging& averaging) {
    std::string text = "of the parameters over ";
    const std::string start = shortest(averaging.start);
    if (averaging.start == 0)
        text += "all steps";
    else if (averaging.start_unit == ScheduleUnit::fraction)
        text += "the steps after the first " + shortest(100 * averaging.start) + " % of the run";
    else if (averaging.start_unit == ScheduleUnit::sample)
        text += "the steps from row " + start + " on";
    else
        text +=
            "the steps from the end of " + std::string(averaging.start_unit == ScheduleUnit::epoch ? "epoch " : "step ") + start + " on";
    if (averaging.kind == AverageKind::exponential) text += ", exponential with decay " + shortest(averaging.decay);
    return text;
}

std::string network_text(const TrainOptions& options) {
    std::string text, fields, flags;
    for (const std::int64_t width : options.hidden) text += (text.empty() ? "" : ", ") + std::to_string(width);
    describe_fields(options.activation, fields, flags);
    text += " " + std::string(options.activation.name()) + " units" + (fields.empty() ? "" : " (" + fields + ")");
    text += ", weights begin by " + std::string(name_of(options.init == Init::automatic ? Init::he_normal : options.init));
    return text + (options.dropout > 0 ? ", dropout " + shortest(options.dropout) : "");
}

void add_extras(std::vector<DescribedSetting>& out, const LearningFlags& learning) {
    const TrainOptions& options = learning.options;
    if (learning.l2s.size() > 1) {
        out.push_back({"penalty", "l1 " + shortest(options.l1) + ", l2 of each member", "--l1 --l2"});
    } else if (options.l1 > 0 || options.l2 > 0) {
        out.push_back({"penalty", "l1 " + shortest(options.l1) + ", l2 " + shortest(options.l2), "--l1 --l2"});
    }
    if (options.clip_norm > 0) out.push_back({"largest norm", shortest(options.clip_norm) + " of the gradient of a step", "--clip-norm"});
    if (options.clip_value > 0)
        out.push_back({"largest value", shortest(options.clip_value) + " of an entry of a gradient", "--clip-value"});
    if (options.label_smoothing > 0)
        out.push_back({"label smoothing", shortest(options.label_smoothing) + " of a target", "--label-smoothing"});
    if (options.storage == Storage::bfloat16) out.push_back({"storage", "features in bfloat16", "--storage"});
    if (options.balanced) out.push_back({"class weights", "balanced", "--class-weight"});
    if (options.average.on()) out.push_back({"averaging", averaging_text(options.average), "--average"});
    if (const std::string limits = limits_text(options); !limits.empty()) {
        out.push_back({"stops after", limits, "--max-steps --max-seconds --tol --patience"});
    }
    if (options.memory_limit_bytes > 0) out.push_back({"memory limit", readable_bytes(options.memory_limit_bytes), "--memory-limit"});
}

/// The part of sparse data that is not 0.
double density(const Dataset& data) {
    const double cells = static_cast<double>(data.rows()) * static_cast<double>(data.columns());
    return cells > 0 ? static_cast<double>(data.nonzeros()) / cells : 0;
}

}  // namespace

std::string data_text(const Dataset& data) {
    return counted(data.rows(), "row") + ", " + counted(data.columns(), "feature") +
           (data.is_sparse() ? ", sparse: " + counted(data.nonzeros(), "nonzero") + " (" + brief(100 * density(data)) + " %)" : "") +
           (data.has_weights() ? ", row weights" : "") + (data.real_type() == RealType::float64 ? ", float64" : "");
}

void add_sparsity(Json& json, const Dataset& data) {
    json["sparse"] = data.is_sparse();
    if (!data.is_sparse()) return;
    json["nonzeros"] = data.nonzeros();
    json["density"] = density(data);
}

Loss chosen_loss(const Loss& loss, const Dataset& data) {
    if (!loss.is_auto()) return loss;
    if (data.task == Task::regression) return Loss("squared");
    return data.class_labels.size() > 2 && data.target_count() == 1 ? Loss("softmax") : Loss("logistic");
}

bool trains_one_vs_rest(const Loss& loss, const Dataset& data) {
    return chosen_loss(loss, data).kind() == LossKind::binary && data.class_labels.size() > 2 && data.target_count() == 1;
}

std::vector<DescribedSetting> describe(const TrainCommand& command, const TrainingInput& input) {
    const TrainOptions& options = command.learning.options;
    std::vector<DescribedSetting> out;
    out.push_back({"data", command.data.path + ": " + data_text(input.train), "DATA --format --columns --missing --sparse --hash-bits"});
    out.push_back({"task", task_text(input.train), "--target --task"});
    const Dataset& held_out = input.validation;
    out.push_back({"validation",
                   held_out.rows() > 0 ? counted(held_out.rows(), "row") + "; the model of the best epoch is kept"
                   : options.folds > 0 ? "by folds: the model kept is trained on all rows"
                                       : "none: the last model is kept",
                   "--validation --validation-fraction"});
    const Loss loss = chosen_loss(options.loss, input.train);
    std::string value = std::string(loss.name()), flags = "--loss", fields;
    describe_fields(loss, fields, flags);
    if (trains_one_vs_rest(options.loss, input.train))
        value += ", one-vs-rest: " + counted(static_cast<std::int64_t>(input.train.class_labels.size()), "score") +
                 ", each class against all others";
    out.push_back({"loss", value + (fields.empty() ? "" : ": " + fields), flags});
    if (!options.hidden.empty()) out.push_back({"network", network_text(options), "--hidden --activation --init --dropout"});
    fields.clear();
    flags = "--optimizer";
    describe_fields(options.optimizer, fields, flags);
    out.push_back({"optimizer", std::string(options.optimizer.name()) + ": " + fields, flags});
    if (!options.members.empty()) out.push_back({"members", members_text(command.learning), "--lr --l2 --seed"});
    if (options.folds > 0) out.push_back({"folds", folds_text(command.learning), "--folds"});
    out.push_back({"schedule", options.schedule.text(), "--schedule"});
    out.push_back({"batch", batch_text(input.train, options), "--batch-size --drop-last"});
    out.push_back({"epochs", std::to_string(options.epochs), "--epochs"});
    out.push_back({"row order", shuffle_text(options.shuffle) + ", seed " + std::to_string(options.seed), "--shuffle --seed"});
    add_extras(out, command.learning);
    if (command.learning.compat != "none")
        out.push_back(
            {"as in", command.learning.compat + (options.decay_bias ? ": penalties and decay reach the biases too" : ""), "--compat"});
    out.push_back({"device", options.device + ", " + counted(thread_count(options.threads), "CPU thread"), "--device --threads"});
    out.push_back({"model", command.output, "--output"});
    if (!command.run_dir.empty()) out.push_back({"run directory", command.run_dir, "--run-dir --checkpoint-every"});
    return out;
}

std::string settings_text(const std::string& title, const std::vector<DescribedSetting>& settings) {
    constexpr std::size_t most_columns = 64;
    std::size_t names = 0, values = 0;
    for (const DescribedSetting& setting : settings) {
        names = std::max(names, setting.name.size());
        if (setting.value.size() <= most_columns) values = std::max(values, setting.value.size());
    }
    std::string text = title + "\n";
    for (const DescribedSetting& setting : settings) {
        const std::size_t gap = setting.value.size() < values ? values - setting.value.size() : 0;
        text += "  " + setting.name + std::string(names - setting.name.size() + 2, ' ') + setting.value + std::string(gap + 2, ' ') +
                setting.flags + "\n";
    }
    return text;
}

}  // namespace glissade::cli
