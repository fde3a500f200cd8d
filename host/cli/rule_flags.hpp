// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "glissade/activation.hpp"
#include "glissade/optimizer.hpp"
#include "host/cli/flag_parser.hpp"

namespace glissade::cli {

/// The settings of every update rule, loss and activation in the catalog as flags: "weight_decay" is --weight-decay. Which of them a run
/// may use depends on the rule and the loss that it chose.
class RuleFlags {
public:
    void add_to(CLI::App& app);
    /// Hands what was given to `optimizer`, else to `loss`, else to `activation`. Throws Error(usage) that says which rules have a flag
    /// that none of them has, or what is out of range.
    void apply(Optimizer& optimizer, Loss& loss, Activation& activation) const;
    bool given(const std::string& field) const { return values_.contains(field); }

    static std::string flag_of(std::string_view field);

private:
    std::map<std::string, double> values_;  ///< by field, of those given
};

}  // namespace glissade::cli
