// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>

#include "glissade/error.hpp"

namespace glissade::testing {

/// The library's error that `action` ends with; nothing if it ends without. Whatever else it throws passes.
inline std::optional<Error> error_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const Error& error) {
        return error;
    }
    return std::nullopt;
}

}  // namespace glissade::testing
