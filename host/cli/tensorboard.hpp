// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>

#include "glissade/trainer.hpp"

namespace glissade::cli {

/// TensorBoard's event files of a run, in a directory of their own: one file, or of several members a folder with a file each, so that they
/// are shown as runs side by side. Nothing changes before the first epoch has ended.
class TensorBoard {
public:
    /// `resumed_step`: of a run that goes on from there.
    TensorBoard(std::string directory, std::optional<std::int64_t> resumed_step)
        : directory_(std::move(directory)), resumed_step_(resumed_step) {}

    /// Throws Error(usage) if it holds event files, unless the run goes on or `overwrite`, and Error(io) if no file can be made in it, or
    /// where it would be made. Changes nothing.
    void check(bool overwrite) const;
    /// The losses, metrics and rate of an epoch, at its last step. `member_name`: empty for the only member.
    void add(const EpochRecord& epoch, const std::string& member_name);

private:
    void begin();
    const std::string& file_of(const std::string& member_name);

    std::string directory_;
    std::optional<std::int64_t> resumed_step_;
    bool begun_ = false;
    std::map<std::string, std::string> files_;  ///< by member
};

}  // namespace glissade::cli
