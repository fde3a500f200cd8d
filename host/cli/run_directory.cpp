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

void RunDirectory::start(bool overwrite) {
    std::error_code error;
    if (std::filesystem::exists(path_, error) && !std::filesystem::is_directory(path_, error))
        fail(ErrorKind::usage, path_ + " is not a directory");
    make_directories(posix_io(), path_);
    const auto names = list_directory(posix_io(), path_);
    if (names.empty()) return;
    if (!overwrite) {
        fail(ErrorKind::usage, "the run directory " + path_ + " is not empty (" + names.front() + "): --resume " + path_ +
                                   " goes on with the run in it, --overwrite starts a new one");
    }
    CheckpointStore(posix_io(), path_).clear();
    remove_file(posix_io(), file(metrics_name));
    remove_file(posix_io(), file(report_name));
}

void RunDirectory::go_on_from(std::int64_t step) {
    std::ifstream lines(file(metrics_name));
    std::string kept;
    for (std::string line; std::getline(lines, line);) {
        if (line_is_of_step_up_to(line, step)) kept += line + "\n";
    }
    write_text(file(metrics_name), kept);
}

void RunDirectory::add(const EpochRecord& epoch) {
    append_text(file(metrics_name), to_json(epoch).dump() + "\n");
}

void RunDirectory::write_report(const std::string& page) {
    write_text(file(report_name), page);
}

}  // namespace glissade::cli
