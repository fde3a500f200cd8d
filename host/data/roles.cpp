// SPDX-License-Identifier: Apache-2.0
#include "host/data/roles.hpp"

#include <algorithm>
#include <charconv>

#include "host/data/number.hpp"

namespace glissade {
namespace {

constexpr std::size_t most_listed = 40;

std::optional<std::int64_t> position_of(const TableHead& head, const std::string& name) {
    const auto found = std::find(head.names.begin(), head.names.end(), name);
    if (found == head.names.end()) return std::nullopt;
    return found - head.names.begin();
}

std::optional<std::int64_t> try_column(const TableHead& head, const std::string& wanted) {
    if (const auto position = position_of(head, wanted)) return position;
    const auto width = static_cast<std::int64_t>(head.names.size());
    std::int64_t index = 0;
    const auto [end, error] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), index);
    if (error != std::errc() || end != wanted.data() + wanted.size() || index < -width || index >= width) return std::nullopt;
    return index < 0 ? index + width : index;
}

/// The columns that --target names: one, whose name may hold commas, or a list.
std::vector<std::string> target_names(const TableHead& head, const std::string& wanted) {
    if (try_column(head, wanted)) return {wanted};
    std::vector<std::string> names;
    for (std::size_t begin = 0, end = 0; end != std::string::npos; begin = end + 1) {
        end = wanted.find(',', begin);
        names.push_back(wanted.substr(begin, end == std::string::npos ? end : end - begin));
    }
    return names;
}

/// One line a column: index, name, first cells.
std::string list_columns(const TableHead& head) {
    std::string text;
    for (std::size_t i = 0; i < std::min(head.names.size(), most_listed); ++i) {
        text += "\n  " + std::to_string(i) + "  " + (head.has_header ? head.names[i] + "  " : "");
        for (std::size_t r = 0; r < head.first_rows.size(); ++r) {
            text += (r == 0 ? ": " : ", ") + (i < head.first_rows[r].size() ? head.first_rows[r][i] : "");
        }
    }
    if (head.names.size() > most_listed) text += "\n  ... and " + std::to_string(head.names.size() - most_listed) + " more";
    return text;
}

std::vector<std::int64_t> find_columns(const TableHead& head, const std::vector<std::string>& wanted, const std::string& flag) {
    std::vector<std::int64_t> positions;
    positions.reserve(wanted.size());
    for (const std::string& name : wanted) positions.push_back(find_column(head, name, flag));
    return positions;
}

bool contains(const std::vector<std::int64_t>& positions, std::int64_t position) {
    return std::find(positions.begin(), positions.end(), position) != positions.end();
}

void find_target_and_weight(const TableHead& head, const LoadOptions& options, Roles& roles) {
    if (options.target && !options.target_file.empty()) fail(ErrorKind::usage, "--target and --target-file are both given; give one");
    if (options.weight && !options.weight_file.empty()) fail(ErrorKind::usage, "--weight and --weight-file are both given; give one");
    if (options.target) roles.targets = find_columns(head, target_names(head, *options.target), "--target");
    if (options.weight) roles.weight = find_column(head, *options.weight, "--weight");
    for (std::size_t i = 0; i < roles.targets.size(); ++i) {
        if (roles.targets[i] == roles.weight) fail(ErrorKind::usage, "--target and --weight name the same column");
        if (std::find(roles.targets.begin(), roles.targets.begin() + static_cast<std::ptrdiff_t>(i), roles.targets[i]) !=
            roles.targets.begin() + static_cast<std::ptrdiff_t>(i))
            fail(ErrorKind::usage, "--target " + *options.target + " names a column twice");
    }
}

[[noreturn]] void fail_without_target(const TableHead& head) {
    fail(ErrorKind::usage,
         head.file + ": which column is the target? Give --target with a name or an index (-1 is the last), or --target-file FILE. " +
             (head.has_header ? "Index, name and first rows:" : "Index and first rows:") + list_columns(head));
}

/// The columns that are not said to be target or weight.
std::vector<std::int64_t> other_columns(const TableHead& head, const Roles& roles) {
    std::vector<std::int64_t> positions;
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(head.names.size()); ++i) {
        if (!contains(roles.targets, i) && i != roles.weight) positions.push_back(i);
    }
    return positions;
}

void refuse_target_among_features(const TableHead& head, const Roles& roles, const std::vector<std::int64_t>& features) {
    for (const std::int64_t target : roles.targets)
        if (contains(features, target))
            fail(ErrorKind::data, head.file + ": --target names column " + quoted(head.names[static_cast<std::size_t>(target)]) +
                                      ", which the model reads as a feature");
}

/// Features by position, for files without names in common with the training file. Two layouts leave no doubt: beside target and weight,
/// where these are named, the features alone; and the training file's own.
std::vector<std::int64_t> positional_features(const TableHead& head, const Preparation& preparation, Roles& roles, bool target_given) {
    const std::vector<std::int64_t> others = other_columns(head, roles);
    if (others.size() == preparation.columns.size()) return others;
    const std::string width = std::to_string(head.names.size()), trained_width = std::to_string(preparation.file_columns),
                      features = std::to_string(preparation.columns.size());
    if (width != trained_width) {
        fail(ErrorKind::data,
             head.file + " has " + width + " columns; the model was trained on a file of " + trained_width + " columns, " + features +
                 " of them features. Without a header as in training, which columns these are is clear only where there are all " +
                 trained_width + ", or the " + features + " features alone beside columns named with --target and --weight");
    }
    std::vector<std::int64_t> positions;
    for (const SourceColumn& column : preparation.columns) positions.push_back(column.position);
    refuse_target_among_features(head, roles, positions);
    if (!target_given) roles.targets = preparation.target_positions;
    return positions;
}

/// All columns that are neither target nor weight, for a model trained on a plain matrix.
std::vector<std::int64_t> plain_features(const TableHead& head, const Preparation& preparation, const Roles& roles) {
    std::vector<std::int64_t> positions = other_columns(head, roles);
    if (static_cast<std::int64_t>(positions.size()) != preparation.file_columns) {
        fail(ErrorKind::data, head.file + " has " + std::to_string(positions.size()) + " feature columns, the model has " +
                                  std::to_string(preparation.file_columns));
    }
    return positions;
}

std::vector<std::int64_t> named_features(const TableHead& head, const Preparation& preparation) {
    std::vector<std::int64_t> positions;
    for (const SourceColumn& column : preparation.columns) {
        const auto position = position_of(head, column.name);
        if (!position)
            fail(ErrorKind::data,
                 head.file + " has no column \"" + column.name +
                     "\", which the model needs (a file without header: --header no). Its columns are:" + list_columns(head));
        positions.push_back(*position);
    }
    return positions;
}

/// The model's targets, if the file has them all; some of them are as good as none, but where they are required the lack is named.
std::vector<std::int64_t> named_targets(const TableHead& head, const Preparation& preparation, bool required) {
    std::vector<std::int64_t> positions;
    for (const std::string& name : preparation.target_names) {
        if (const auto position = position_of(head, name))
            positions.push_back(*position);
        else if (required && preparation.target_names.size() > 1)
            fail(ErrorKind::data,
                 head.file + " has no column " + quoted(name) + ", one of the model's targets. Its columns are:" + list_columns(head));
    }
    return positions.size() == preparation.target_names.size() ? positions : std::vector<std::int64_t>{};
}

/// For predictions the target may be absent: there is no such column, or no room for it beside the features.
bool target_is_absent(const TableHead& head, const std::string& wanted, const Preparation& preparation) {
    const auto features = preparation.columns.empty() ? preparation.file_columns : static_cast<std::int64_t>(preparation.columns.size());
    const std::vector<std::string> names = target_names(head, wanted);
    return static_cast<std::int64_t>(head.names.size()) == features ||
           std::any_of(names.begin(), names.end(), [&](const std::string& name) { return !try_column(head, name); });
}

}  // namespace

std::int64_t find_column(const TableHead& head, const std::string& wanted, const std::string& flag) {
    if (const auto position = try_column(head, wanted)) return *position;
    fail(ErrorKind::usage, head.file + " has no column \"" + wanted + "\" (" + flag + "). Its columns are:" + list_columns(head));
}

Roles training_roles(const TableHead& head, const LoadOptions& options) {
    Roles roles;
    find_target_and_weight(head, options, roles);
    if (roles.targets.empty() && options.target_file.empty()) fail_without_target(head);
    const std::vector<std::int64_t> kept = find_columns(head, options.columns, "--columns");
    const std::vector<std::int64_t> dropped = find_columns(head, options.drop_columns, "--drop-columns");
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(head.names.size()); ++i) {
        const bool is_feature =
            !contains(roles.targets, i) && i != roles.weight && (kept.empty() || contains(kept, i)) && !contains(dropped, i);
        if (is_feature) roles.features.push_back(i);
    }
    if (roles.features.empty()) fail(ErrorKind::usage, head.file + ": no feature columns are left. Its columns are:" + list_columns(head));
    return roles;
}

Roles model_roles(const TableHead& head, const LoadOptions& options, const Preparation& preparation, bool target_required) {
    Roles roles;
    LoadOptions wanted = options;
    if (!target_required && wanted.target && target_is_absent(head, *wanted.target, preparation)) wanted.target.reset();
    find_target_and_weight(head, wanted, roles);
    const bool target_given = !roles.targets.empty() || !options.target_file.empty();
    if (preparation.columns.empty()) {
        roles.features = plain_features(head, preparation, roles);
    } else if (preparation.has_header && head.has_header) {
        roles.features = named_features(head, preparation);
        if (!target_given) roles.targets = named_targets(head, preparation, target_required);
    } else {
        roles.features = positional_features(head, preparation, roles, target_given);
    }
    if (target_required && roles.targets.empty() && options.target_file.empty()) fail_without_target(head);
    if (target_required) refuse_target_among_features(head, roles, roles.features);
    return roles;
}

}  // namespace glissade
