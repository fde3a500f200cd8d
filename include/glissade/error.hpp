// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>

#include "glissade/export.hpp"

namespace glissade {

/// What went wrong, coarse enough for a program to act on. The command line maps each kind to one exit code.
enum class ErrorKind {
    usage,     ///< a setting is unknown, out of range or contradicts another
    data,      ///< the input data is malformed, non-finite or does not fit the model
    memory,    ///< the run would not fit the memory budget, or an allocation failed
    device,    ///< the device is missing, unsuitable, or one of its calls failed
    io,        ///< a file could not be opened, written, synced or renamed
    diverged,  ///< training met a non-finite sum
    internal,  ///< an invariant of the library is broken: a defect
};

/// The one exception type that the library throws on purpose. The message names file, line and column, or step and tensor; settings are
/// called by the names of their fields.
///
/// Two others pass through: std::bad_alloc where a small allocation fails, and whatever a callback of the program throws. After any of them
/// the library is as usable as before: memory, threads and files are given back, arguments and earlier files on disk are as they were
/// (results that were being written into the program's own memory may be there in part).
class GLISSADE_EXPORT Error : public std::runtime_error {
public:
    Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
    ErrorKind kind() const noexcept { return kind_; }

private:
    ErrorKind kind_;
};

[[noreturn]] inline void fail(ErrorKind kind, const std::string& message) {
    throw Error(kind, message);
}

}  // namespace glissade
