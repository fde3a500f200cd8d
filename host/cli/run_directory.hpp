// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "glissade/trainer.hpp"

namespace glissade::cli {

/// A run's own directory: checkpoints, metrics.jsonl with a line an epoch, report.html. Nothing in it changes before the run is under way:
/// a run that cannot even begin costs no earlier one.
class RunDirectory {
public:
    /// `resumed_step`: of a run that goes on from there.
    RunDirectory(std::string path, std::optional<std::int64_t> resumed_step) : path_(std::move(path)), resumed_step_(resumed_step) {}

    /// Throws Error(usage) if there is anything in it, unless the run goes on or `overwrite`, and Error(io) if no file can be made in it,
    /// or where it would be made. Changes nothing.
    void check(bool overwrite) const;
    /// To be called when the run is under way, before it writes; the others do. Makes the directory. Of a new run, removes what an earlier
    /// one wrote and nothing else; of one that goes on, drops the lines of metrics.jsonl of steps that will be run again.
    void begin();
    void add(const EpochRecord& epoch);
    void write_report(const std::string& page);

private:
    std::string file(const std::string& name) const;

    std::string path_;
    std::optional<std::int64_t> resumed_step_;
    bool begun_ = false;
};

}  // namespace glissade::cli
