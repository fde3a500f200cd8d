// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "host/cli/words.hpp"

namespace glissade::cli {

/// Whose conventions --compat means.
enum class Convention { none, torch, keras, sklearn, d2l };

/// Throws Error(usage) for a word that --compat does not take.
Convention convention_of(const std::string& word);
/// The flags that the convention of `given` stands for, those of them that `given` does not have itself: what can be said without the data.
/// Throws Error(usage) where the convention knows a rule in a form that is not here.
Settings convention_settings(const Settings& given);

}  // namespace glissade::cli
