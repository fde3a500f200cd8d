// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "host/cli/config_file.hpp"
#include "host/cli/description.hpp"
#include "host/cli/files.hpp"
#include "host/cli/interrupt.hpp"
#include "host/cli/member_table.hpp"
#include "host/cli/progress.hpp"
#include "host/cli/run_directory.hpp"
#include "host/cli/run_result.hpp"
#include "host/cli/tensorboard.hpp"
#include "host/cli/text.hpp"
#include "host/cli/verb.hpp"

namespace glissade::cli {
namespace {

void announce(const TrainCommand& command, const TrainingInput& input, const std::vector<DescribedSetting>& settings) {
    if (command.quiet) return;
    for (const std::string& text : command.notes) note(text);
    note(settings_text("About to train, and the flags that change it:", settings));
    for (const std::string& text : input.notes) note("note: " + text);
}

/// Whether making `directory` makes `folder` too: it is that directory, or lies above it.
bool is_made_with(const std::filesystem::path& folder, const std::filesystem::path& directory) {
    const auto outer = std::filesystem::absolute(folder / "").lexically_normal().parent_path();
    const auto inner = std::filesystem::absolute(directory / "").lexically_normal().parent_path();
    return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

/// Complains, before any data is read, about files that could not be written when the work is done.
std::optional<RunDirectory> check_outputs(const TrainCommand& command) {
    std::optional<RunDirectory> directory;
    if (!command.run_dir.empty()) {
        directory.emplace(command.run_dir, command.resume.empty() ? std::nullopt : std::optional(command.resumed_step));
        directory->check(command.overwrite);
    }
    const auto folder = std::filesystem::absolute(command.output).parent_path();
    const bool comes_later = directory && !std::filesystem::exists(folder) && is_made_with(folder, command.run_dir);
    if (!comes_later) check_writable("--output", command.output);
    if (command.save_config.empty()) return directory;
    check_writable("--save-config", command.save_config);
    write_config(command.save_config, command.saved_settings(), "glissade train --config reads this file");
    return directory;
}

/// Of several members, the name under which TensorBoard shows each.
std::string board_name(const TrainOptions& options, std::int64_t member) {
    if (options.members.size() < 2) return "";
    const std::string name = member_name(options.members, static_cast<std::size_t>(member));
    for (std::int64_t m = 0; m < member; ++m)
        if (member_name(options.members, static_cast<std::size_t>(m)) == name) return name + " again, member " + std::to_string(member);
    return name;
}

Run run_it(const TrainCommand& command, const TrainingInput& input, std::optional<RunDirectory>& directory,
           std::optional<TensorBoard>& board) {
    TrainOptions options = command.learning.options;
    options.validation = input.validation;
    options.checkpoint = command.checkpoints();
    options.checkpoint.before_first = [&] { directory->begin(); };
    ProgressLine line(command.quiet);
    options.on_segment = [&](const Progress& progress) {
        for (const EpochRecord& epoch : progress.finished_epochs) {
            if (directory) directory->add(epoch);
            if (board) board->add(epoch, board_name(options, epoch.member));
        }
        line.show(progress);
        return interrupt::requested() == 0 ? Control::go_on : Control::stop;
    };
    interrupt::finish_the_step();
    Run run = command.resume.empty() ? train(input.train, options) : resume(input.train, command.resume, options);
    line.end();
    return run;
}

/// How the run ended, as an exit code; where that is not plain success, a line on stderr says so.
int conclude(const FinishedRun& finished) {
    if (finished.run.divergence) {
        note("error: " + finished.run.divergence->message + "; no model was written");
        return exit_diverged;
    }
    if (finished.idle() && !finished.command.quiet) {
        note("note: nothing was left to do: the run in " + finished.command.run_dir + " had ended after " +
             counted(finished.run.steps, "step") + "; a larger --epochs goes on");
        return exit_done;
    }
    if (!finished.run.advice.empty() && !finished.command.quiet) note("advice: " + finished.run.advice);
    if (finished.signal == 0) return exit_done;
    const std::string& directory = finished.command.run_dir;
    note("interrupted after step " + std::to_string(finished.run.steps) + "; the model so far is in " + finished.model_path +
         (directory.empty() ? "" : "; glissade train --resume " + directory + " goes on"));
    return exit_signal + finished.signal;
}

}  // namespace

int run_train(const Words& words) {
    TrainCommand command;
    if (!TrainCommand::read("glissade train", words, command)) return exit_done;
    command.checkpoints();  // complains before the data is read
    auto directory = check_outputs(command);
    std::optional<TensorBoard> board;
    if (const std::string folder = command.tensorboard_directory(); !folder.empty()) {
        board.emplace(folder, command.resume.empty() ? std::nullopt : std::optional(command.resumed_step));
        board->check(command.overwrite);
    }
    const TrainingInput input = read_training(command.data, command.learning.options, command.learning.real_type);
    command.learning.settle(input.train);
    const auto settings = describe(command, input);
    announce(command, input, settings);
    const Run run = run_it(command, input, directory, board);
    FinishedRun finished{command, input, run, settings, "", interrupt::requested()};
    if (run.stop != StopReason::callback) finished.signal = 0;
    if (!run.divergence) {
        run.model.save(command.output);
        finished.model_path = command.output;
    }
    if (directory) directory->write_report(html_page(result_report(finished)));
    write_stdout(command.json ? json_text(result_json(finished)) + "\n" : result_text(finished));
    return conclude(finished);
}

}  // namespace glissade::cli
