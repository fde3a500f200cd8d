// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "glissade/trainer.hpp"

namespace glissade::cli {

/// A run's own directory: checkpoints, metrics.jsonl with a line an epoch, report.html.
class RunDirectory {
public:
    explicit RunDirectory(std::string path) : path_(std::move(path)) {}

    /// Makes it. Throws Error(usage) if there is anything in it, unless `overwrite`: then what an earlier run wrote is removed, and nothing
    /// else.
    void start(bool overwrite);
    /// Leaves the lines of metrics.jsonl up to `step` and drops those of steps that will be run again.
    void go_on_from(std::int64_t step);
    void add(const EpochRecord& epoch);
    void write_report(const std::string& page);

    const std::string& path() const { return path_; }
    std::string file(const std::string& name) const;

private:
    std::string path_;
};

}  // namespace glissade::cli
