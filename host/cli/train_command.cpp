// SPDX-License-Identifier: Apache-2.0
#include "host/cli/train_command.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "glissade/checkpoint.hpp"
#include "glissade/error.hpp"
#include "host/cli/config_file.hpp"
#include "host/cli/conventions.hpp"
#include "host/cli/text.hpp"

namespace glissade::cli {
namespace {

constexpr const char* default_run_dir = "run";
constexpr const char* in_run_dir = "<run-dir>/tensorboard";  ///< --tensorboard without a value
constexpr std::int64_t most_steps = 1'000'000'000'000;
constexpr std::string_view footer = R"(
Examples
  glissade train data.csv --target price
  glissade train a9a --epochs 20 --validation a9a.t --json
  glissade train data.csv --target -1 --optimizer sgd --momentum 0.9 --lr 0.01,0.03,0.1 --validation-fraction 0.2
  glissade train data.csv --target y --run-dir run   ...stopped?   glissade train --resume run

The target's kind decides the loss. The model is written to model.safetensors; "glissade predict" and "glissade evaluate" read it.)";

constexpr std::string_view plan_footer = R"(
Examples
  glissade plan data.csv --target price
  glissade plan a9a --epochs 20 --batch-size 1024 --device cuda
  glissade plan data.csv --target y --lr 1e-3,1e-2,1e-1 --folds 5 --json
  glissade plan --resume run

Nothing is trained or written. The flags of "glissade train" that say where results go (--output, --run-dir, --tensorboard and the like) are taken too, so that a
command of train can be planned as it stands, and change nothing.)";
/// Flags that plan takes and does nothing with.
constexpr std::array<const char*, 7> of_results = {"--output",      "--run-dir", "--checkpoint-every", "--tensorboard", "--overwrite",
                                                   "--save-config", "--quiet"};

/// What a resumed run may be told anew. The rest of its settings come from its checkpoint.
constexpr std::array<std::string_view, 12> free_on_resume = {
    "epochs", "max-steps",    "max-seconds",         "threads",    "device", "output", "quiet", "json",
    "resume", "memory-limit", "device-memory-limit", "save-config"};
/// What concerns one call only.
constexpr std::array<std::string_view, 7> not_stored = {"resume", "overwrite", "quiet", "json", "config", "save-config", "run-dir"};
constexpr std::array<std::string_view, 7> paths = {"DATA",   "target-file", "weight-file", "validation", "validation-target-file",
                                                   "output", "tensorboard"};

bool contains(std::span<const std::string_view> names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// The settings as a checkpoint carries them: they must mean the same in another working directory.
std::string stored_text(const Settings& settings, const std::string& output) {
    nlohmann::json json = nlohmann::json::object();
    for (const Setting& setting : settings) {
        if (contains(not_stored, setting.name)) continue;
        json[setting.name] = setting.values;
        if (contains(paths, setting.name) && !setting.values.front().empty())
            json[setting.name] = {std::filesystem::absolute(setting.values.front()).string()};
    }
    json["output"] = {std::filesystem::absolute(output).string()};
    return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Settings settings_from(const std::string& text, const std::string& path) {
    try {
        const auto json = nlohmann::json::parse(text);
        Settings settings;
        for (const auto& [name, values] : json.items()) settings.push_back({name, values.get<std::vector<std::string>>()});
        return settings;
    } catch (const nlohmann::json::exception&) {
        fail(ErrorKind::data, path + ": it holds no settings of the command line: the run was not started by glissade train");
    }
}

/// "--lr 0.01 --batch-size 1"
std::string flags_text(const Settings& settings) {
    std::string text;
    for (const Setting& setting : settings)
        text += (text.empty() ? "--" : " --") + setting.name + (setting.values.front() == "true" ? "" : " " + setting.values.front());
    return text;
}

}  // namespace

void TrainCommand::add_to(CLI::App& app) {
    data.add_training(app);
    learning.add_to(app);
    add_output(app);
    if (app.get_name() != plan_verb) {
        app.footer(std::string(footer));
        return;
    }
    for (const char* name : of_results) app.get_option(name)->group("");  // read, but not listed
    app.footer(std::string(plan_footer));
}

void TrainCommand::add_output(CLI::App& app) {
    const std::string group = "Output";
    app.add_option("-o,--output", output, "The model file")->type_name("FILE")->capture_default_str()->group(group);
    app.add_option("--run-dir", run_dir, "Directory for checkpoints, metrics.jsonl and report.html")->type_name("DIR")->group(group);
    app.add_option("--checkpoint-every", checkpoint_every,
                   "A checkpoint every N epochs, or every N steps with 500steps; asks for a run directory (\"run\"). If not given: with "
                   "epochs, at most one a second")
        ->type_name("N")
        ->group(group);
    app.add_option("--resume", resume, "Goes on with the run in DIR as if it had never stopped; needs nothing else")
        ->type_name("DIR")
        ->group(group);
    // A value that was left out arrives as an empty one.
    const auto take_folder = [this](const std::string& text) { tensorboard = text.empty() ? std::string(in_run_dir) : text; };
    app.add_option_function<std::string>(
           "--tensorboard", take_folder,
           "Event files for TensorBoard: in DIR, or without it in the folder tensorboard of the run directory")
        ->expected(0, 1)
        ->type_name("[DIR]")
        ->group(group);
    app.add_flag("--overwrite", overwrite, "Starts anew in a run directory that is not empty")->group(group);
    app.add_option("--config", config, "Reads flags from a file of lines such as epochs = 20; the command line wins")
        ->type_name("FILE")
        ->group(group);
    app.add_option("--save-config", save_config, "Writes such a file with the flags of this run")->type_name("FILE")->group(group);
    app.add_flag("-q,--quiet", quiet, "No progress and no notes")->group(group);
    app.add_flag("--json", json, "The result as one JSON object")->group(group);
}

bool TrainCommand::parse(const std::string& verb, const Settings& given) {
    CLI::App app("", verb);
    add_to(app);
    settings = given;
    return parse_settings(app, given);
}

Settings TrainCommand::settings_of_resumed_run(const Settings& typed, const std::string& directory) {
    for (const Setting& setting : typed) {
        if (contains(free_on_resume, setting.name)) continue;
        fail(ErrorKind::usage,
             (setting.name == "DATA" ? setting.name : "--" + setting.name) +
                 " cannot change with --resume: the run goes on with its own settings, of which only --epochs, --max-steps, --max-seconds, "
                 "--threads, --device, --output and the memory limits may be given anew");
    }
    const CheckpointInfo info = newest_checkpoint(directory);
    const Settings stored = settings_from(info.user_data, info.path);
    resumed_step = info.step;
    notes.push_back("going on from " + info.path + ", step " + grouped(info.step) + ", epoch " + grouped(info.epoch));
    if (!info.skipped.empty()) notes.push_back("newer checkpoints were rejected: " + info.skipped);
    const Setting* epochs = find(typed, "epochs");
    const Setting* before = find(stored, "epochs");
    const bool goes_on = epochs != nullptr && std::stoll(epochs->values.front()) > info.epoch;
    if (goes_on && (before == nullptr || before->values != epochs->values)) {
        notes.push_back("--epochs differs from before: a schedule that ends with the run now ends with the new last epoch");
    }
    return overlaid(typed, stored);
}

bool TrainCommand::read(const std::string& verb, const std::vector<std::string>& words, TrainCommand& command_out) {
    CLI::App app(verb == plan_verb ? "Says what training on a file of data would do and how long it would take; runs nothing."
                                   : "Trains a model on a file of data.",
                 verb);
    TrainCommand typed;
    typed.add_to(app);
    if (!parse_words(app, words)) return false;
    Settings settings = given_settings(app);
    if (!typed.resume.empty()) {
        settings = command_out.settings_of_resumed_run(settings, typed.resume);
    } else if (!typed.config.empty()) {
        const auto try_out = [&](const Setting& setting) { TrainCommand().parse(verb, {setting}); };
        settings = overlaid(settings, read_config(typed.config, app, try_out));
    }
    const Settings implied = convention_settings(settings);
    for (const Setting& setting : implied) settings.push_back(setting);
    if (!command_out.parse(verb, settings)) return false;
    if (!implied.empty()) command_out.notes.push_back("--compat sets " + flags_text(implied));
    command_out.learning.resolve();
    command_out.check(verb);
    if (command_out.learning.options.nondeterministic)
        command_out.notes.emplace_back(
            "note: --nondeterministic is for the gradients of sparse rows on a GPU, and the plan then says so; elsewhere it changes "
            "nothing");
    const TrainOptions& options = command_out.learning.options;
    const bool begins_at_zero = options.hidden.empty() && (options.init == Init::automatic || options.init == Init::zeros);
    if (command_out.learning.seeds.size() > 1 && begins_at_zero)
        command_out.notes.emplace_back(
            "note: linear models begin at 0, and the row order is that of the first --seed: members that differ in --seed alone are the "
            "same");
    if (command_out.run_dir.empty() && !command_out.checkpoint_every.empty()) command_out.run_dir = default_run_dir;
    if (!command_out.resume.empty()) command_out.run_dir = command_out.resume;
    return true;
}

void TrainCommand::check(const std::string& verb) const {
    if (data.path.empty()) fail(ErrorKind::usage, "a file of data is missing: " + verb + " DATA --target COLUMN; see " + verb + " --help");
    if (overwrite && run_dir.empty() && checkpoint_every.empty() && tensorboard.empty())
        fail(ErrorKind::usage, "--overwrite speaks of a run directory: add --run-dir DIR");
    if (tensorboard == in_run_dir && run_dir.empty() && checkpoint_every.empty() && resume.empty())
        fail(ErrorKind::usage, "--tensorboard without a folder writes into the run directory: add --run-dir DIR, or --tensorboard=DIR");
    if (output.empty()) fail(ErrorKind::usage, "--output wants the name of a file");
}

Settings TrainCommand::saved_settings() const {
    Settings saved = settings;
    std::erase_if(saved, [](const Setting& setting) { return setting.name != "run-dir" && contains(not_stored, setting.name); });
    return saved;
}

std::string TrainCommand::tensorboard_directory() const {
    return tensorboard == in_run_dir ? (std::filesystem::path(run_dir) / "tensorboard").string() : tensorboard;
}

CheckpointOptions TrainCommand::checkpoints() const {
    CheckpointOptions checkpoints;
    if (run_dir.empty()) return checkpoints;
    checkpoints.directory = run_dir;
    checkpoints.user_data = stored_text(settings, output);
    if (checkpoint_every.empty()) return checkpoints;
    const auto unit = checkpoint_every.find_first_not_of("0123456789");
    const std::string word = unit == std::string::npos ? "epochs" : checkpoint_every.substr(unit);
    if (unit == 0 || (word != "steps" && word != "epochs")) {
        fail(ErrorKind::usage,
             "--checkpoint-every wants a number of epochs, 2 or 2epochs, or of steps, 500steps, not \"" + checkpoint_every + "\"");
    }
    const auto count = whole_of<std::int64_t>("--checkpoint-every", checkpoint_every.substr(0, unit), 1, most_steps);
    (word == "steps" ? checkpoints.every_steps : checkpoints.every_epochs) = count;
    return checkpoints;
}

}  // namespace glissade::cli
