// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "host/cli/metrics_json.hpp"

namespace glissade::cli {

/// "lr 0.01, l2 0.1": the settings of a member that differ among `members`; its lr where none does.
std::string member_name(const std::vector<Member>& members, std::size_t member);
std::vector<Member> members_of(const Run& run);

/// A line a setting, its head first: losses, or with folds mean and deviation of what was held out, and which was best. Empty for a single
/// model without folds. `validated`: the run had a validation set.
std::vector<std::vector<std::string>> member_rows(const Run& run, bool validated);

/// What a program is told of a member.
Json member_json(const MemberResult& member);

/// Columns of equal width.
std::string aligned(const std::vector<std::vector<std::string>>& rows);

}  // namespace glissade::cli
