// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "glissade/trainer.hpp"
#include "host/cli/averaging_flags.hpp"
#include "host/cli/flag_parser.hpp"
#include "host/cli/machine_flags.hpp"
#include "host/cli/network_flags.hpp"
#include "host/cli/rule_flags.hpp"

namespace glissade::cli {

/// Rows a step: a number or "full". Throws Error(usage).
std::int64_t batch_size_of(std::string_view flag, std::string_view text);

/// How to learn, and on which machine. Flags are bound straight to TrainOptions, whose initial values are the defaults.
class LearningFlags {
public:
    void add_to(CLI::App& app);
    /// Reads what stands as text. Throws Error(usage).
    void resolve();
    /// Settles what depends on the data too. Throws Error(usage).
    void settle(const Dataset& data);

    TrainOptions options;
    RealType real_type = RealType::float32;
    std::vector<double> rates;         ///< of --lr
    std::vector<double> l2s;           ///< of --l2
    std::vector<std::uint64_t> seeds;  ///< of --seed. Several of one of these are members, of several each with each
    std::string compat = "none";       ///< whose conventions the rules follow

private:
    void add_rules(CLI::App& app);
    void add_penalties(CLI::App& app);
    void add_limits(CLI::App& app);
    void choose_rules();
    void follow_sklearn(const Dataset& data);
    void list_members();

    RuleFlags rule_flags_;
    AveragingFlags averaging_;
    NetworkFlags network_;
    MachineFlags machine_;
    std::vector<std::string> lr_, l2_, seed_;
    std::string loss_ = "auto", optimizer_;
    std::string schedule_, batch_size_;  // empty: not given
    std::string shuffle_ = "full", class_weight_ = "none";
    bool epochs_given_ = false;
};

}  // namespace glissade::cli
