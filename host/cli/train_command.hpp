// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "host/cli/data_flags.hpp"
#include "host/cli/learning_flags.hpp"
#include "host/cli/words.hpp"

namespace glissade::cli {

inline constexpr const char* plan_verb = "glissade plan";

/// What `train` and `plan` are asked to do: the words, laid over a config file or over those of the run that is resumed.
struct TrainCommand {
    /// False if help was printed. Throws Error(usage | data | io).
    static bool read(const std::string& verb, const std::vector<std::string>& words, TrainCommand& command_out);

    DataFlags data;
    LearningFlags learning;

    std::string output = "model.safetensors";
    std::string run_dir, checkpoint_every, resume, config, save_config, tensorboard;
    bool overwrite = false, quiet = false, json = false;

    Settings settings;               ///< what was given, wherever it came from
    std::vector<std::string> notes;  ///< about how they came together
    std::int64_t resumed_step = 0;

    /// Where checkpoints go and how often, and the settings that they carry. No directory: none are written.
    CheckpointOptions checkpoints() const;
    /// Where event files go; empty: none are written.
    std::string tensorboard_directory() const;
    /// The settings that a config file may hold.
    Settings saved_settings() const;

private:
    void add_to(CLI::App& app);
    void add_output(CLI::App& app);
    bool parse(const std::string& verb, const Settings& given);
    /// What was typed, over the settings in the newest checkpoint of `directory`. Throws Error(usage) for what may not change.
    Settings settings_of_resumed_run(const Settings& typed, const std::string& directory);
    void check(const std::string& verb) const;
};

}  // namespace glissade::cli
