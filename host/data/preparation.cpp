// SPDX-License-Identifier: Apache-2.0
#include "glissade/preparation.hpp"

namespace glissade {

std::vector<std::string> Preparation::feature_names() const {
    std::vector<std::string> names;
    if (hash_bits > 0) return names;
    for (const SourceColumn& column : columns) {
        if (column.kind == ColumnKind::numeric) names.push_back(column.name);
        if (column.has_indicator) names.push_back(column.name + " missing");
        for (const std::string& category : column.categories) names.push_back(column.name + "=" + category);
    }
    return names;
}

std::int64_t Preparation::matrix_columns() const {
    if (columns.empty()) return file_columns;
    std::int64_t count = hash_bits > 0 ? std::int64_t{1} << hash_bits : 0;
    for (const SourceColumn& column : columns) {
        count +=
            column.kind == ColumnKind::numeric ? 1 + (column.has_indicator ? 1 : 0) : static_cast<std::int64_t>(column.categories.size());
    }
    return count;
}

}  // namespace glissade
