// SPDX-License-Identifier: Apache-2.0
#include "host/cli/tensorboard.hpp"

#include <chrono>
#include <filesystem>
#include <vector>

#include "glissade/error.hpp"
#include "host/cli/files.hpp"
#include "host/export/event_file.hpp"
#include "host/train/io.hpp"

namespace glissade::cli {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view file_prefix = "events.out.tfevents.";

double now() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// Event files in a directory and in the folders of members.
std::vector<std::string> event_files(const std::string& directory) {
    std::vector<std::string> found;
    std::error_code absent;
    for (auto entry = fs::recursive_directory_iterator(directory, absent); entry != fs::recursive_directory_iterator();
         entry.increment(absent)) {
        if (entry.depth() >= 1) entry.disable_recursion_pending();
        if (entry->path().filename().string().starts_with(file_prefix)) found.push_back(entry->path().string());
    }
    return found;
}

}  // namespace

void TensorBoard::check(bool overwrite) const {
    std::error_code absent;
    if (fs::exists(directory_, absent) && !fs::is_directory(directory_, absent))
        fail(ErrorKind::usage, "--tensorboard " + directory_ + ": it is not a directory");
    check_writable("--tensorboard", directory_, existing_part(directory_) + "/" + std::string(file_prefix));
    if (resumed_step_ || overwrite) return;
    const auto found = event_files(directory_);
    if (!found.empty())
        fail(ErrorKind::usage, "--tensorboard: " + found.front() +
                                   " is of another run; --overwrite removes its event files, --tensorboard=DIR names another folder");
}

void TensorBoard::begin() {
    if (begun_) return;
    begun_ = true;
    if (resumed_step_) return;
    for (const std::string& file : event_files(directory_)) remove_file(posix_io(), file);
}

const std::string& TensorBoard::file_of(const std::string& member_name) {
    const auto known = files_.find(member_name);
    if (known != files_.end()) return known->second;
    const std::string folder = (fs::path(directory_) / member_name).string();
    make_directories(posix_io(), folder);
    // TensorBoard reads the files of a folder in the order of their names, which begin with the time.
    std::string file =
        (fs::path(folder) / (std::string(file_prefix) + std::to_string(static_cast<std::int64_t>(now())) + ".glissade")).string();
    for (int count = 1; fs::exists(file); ++count) file = file.substr(0, file.rfind(".glissade")) + ".glissade." + std::to_string(count);
    append_text(file, event_file_head(now()));
    if (resumed_step_) append_text(file, event_restart(now(), *resumed_step_ + 1));
    return files_.emplace(member_name, file).first->second;
}

void TensorBoard::add(const EpochRecord& epoch, const std::string& member_name) {
    begin();
    std::vector<EventScalar> scalars = {{"loss/train", epoch.loss}, {"lr", epoch.lr}};
    if (epoch.validation) {
        for (const auto& [name, value] : epoch.validation->list())
            scalars.push_back({name == "loss" ? "loss/validation" : "validation/" + name, value});
    }
    append_text(file_of(member_name), event_record(now(), epoch.step, scalars));
}

}  // namespace glissade::cli
