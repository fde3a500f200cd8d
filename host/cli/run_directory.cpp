// SPDX-License-Identifier: Apache-2.0
#include "host/cli/run_directory.hpp"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "glissade/error.hpp"
#include "host/cli/files.hpp"
#include "host/cli/metrics_json.hpp"
#include "host/train/store.hpp"

namespace glissade::cli {
namespace {

constexpr const char* metrics_name = "metrics.jsonl";
constexpr const char* report_name = "report.html";

}  // namespace

std::string RunDirectory::file(const std::string& name) const {
    return (std::filesystem::path(path_) / name).string();
}

void RunDirectory::check(bool overwrite) const {
    std::error_code absent;
    if (std::filesystem::exists(path_, absent) && !std::filesystem::is_directory(path_, absent))
        fail(ErrorKind::usage, "--run-dir " + path_ + ": it is not a directory");
    check_writable("--run-dir", path_, existing_part(path_) + "/" + metrics_name);
    if (resumed_step_ || overwrite || !std::filesystem::exists(path_, absent)) return;
    const auto names = list_directory(posix_io(), path_);
    if (names.empty()) return;
    fail(ErrorKind::usage, "the run directory " + path_ + " is not empty (" + names.front() + "): --resume " + path_ +
                               " goes on with the run in it, --overwrite starts a new one");
}

void RunDirectory::begin() {
    if (begun_) return;
    begun_ = true;
    if (resumed_step_) {
        std::ifstream lines(file(metrics_name));
        std::string kept;
        for (std::string line; std::getline(lines, line);) {
            if (line_is_of_step_up_to(line, *resumed_step_)) kept += line + "\n";
        }
        write_text(file(metrics_name), kept);
        return;
    }
    make_directories(posix_io(), path_);
    CheckpointStore(posix_io(), path_).clear();
    remove_file(posix_io(), file(metrics_name));
    remove_file(posix_io(), file(report_name));
}

void RunDirectory::add(const EpochRecord& epoch) {
    begin();
    append_text(file(metrics_name), to_json(epoch).dump() + "\n");
}

void RunDirectory::write_report(const std::string& page) {
    begin();
    write_text(file(report_name), page);
}

}  // namespace glissade::cli
