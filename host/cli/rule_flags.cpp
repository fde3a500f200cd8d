// SPDX-License-Identifier: Apache-2.0
#include "host/cli/rule_flags.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <vector>

#include "glissade/error.hpp"
#include "host/cli/text.hpp"

namespace glissade::cli {
namespace {

/// One flag: the field's help and the rules that have it with their defaults.
struct RuleFlag {
    std::string field, help, defaults;
    bool is_flag = false;
    std::vector<std::string> rules;
};

void collect(std::vector<RuleFlag>& flags, std::string_view rule, const std::vector<FieldInfo>& fields) {
    for (const FieldInfo& info : fields) {
        if (info.name == "lr") continue;  // --lr takes a list, and is declared with the optimizer
        auto flag = std::find_if(flags.begin(), flags.end(), [&](const RuleFlag& other) { return other.field == info.name; });
        if (flag == flags.end()) flag = flags.insert(flags.end(), {std::string(info.name), std::string(info.help), "", info.is_flag, {}});
        if (!info.is_flag) flag->defaults += (flag->rules.empty() ? "" : ", ") + std::string(rule) + " " + shortest(info.default_value);
        flag->rules.emplace_back(rule);
    }
}

std::vector<RuleFlag> rule_flags() {
    std::vector<RuleFlag> flags;
    for (const std::string_view name : Optimizer::names()) collect(flags, name, Optimizer::named(name).fields());
    for (const std::string_view name : Loss::names()) collect(flags, name, Loss(name).fields());
    for (const std::string_view name : Activation::names()) collect(flags, name, Activation(name).fields());
    return flags;
}

}  // namespace

std::string RuleFlags::flag_of(std::string_view field) {
    std::string flag = "--" + std::string(field);
    std::replace(flag.begin(), flag.end(), '_', '-');
    return flag;
}

void RuleFlags::add_to(CLI::App& app) {
    for (const RuleFlag& flag : rule_flags()) {
        const std::string name = flag_of(flag.field);
        const std::string help = flag.help + " (" + (flag.is_flag ? join(flag.rules, ", ") : flag.defaults) + ")";
        CLI::Option* option = nullptr;
        if (flag.is_flag) {
            option = app.add_flag_function(
                name, [this, field = flag.field](std::int64_t count) { values_[field] = count > 0 ? 1 : 0; }, help);
        } else {
            const auto take = [this, field = flag.field, name](const std::string& text) { values_[field] = number_of(name, text); };
            option = app.add_option_function<std::string>(name, take, help)->type_name("X");
        }
        option->group("Settings of the optimizer, the loss and the activation");
    }
}

void RuleFlags::apply(Optimizer& optimizer, Loss& loss, Activation& activation) const {
    for (const auto& [field, value] : values_) {
        if (optimizer.has(field)) {
            optimizer.set(field, value);
        } else if (!loss.is_auto() && loss.has(field)) {
            loss.set(field, value);
        } else if (activation.has(field)) {
            activation.set(field, value);
        } else {
            const auto flags = rule_flags();
            const auto flag =
                std::find_if(flags.begin(), flags.end(), [&name = field](const RuleFlag& other) { return other.field == name; });
            fail(ErrorKind::usage, flag_of(field) + " is a setting of " + join(flag->rules, ", ") + "; this run uses the optimizer " +
                                       std::string(optimizer.name()) + " and the loss " + std::string(loss.name()));
        }
    }
}

}  // namespace glissade::cli
