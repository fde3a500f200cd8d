// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/data/read_options.hpp"
#include "host/data/table.hpp"

namespace glissade {

/// One data format. A new one is a reader and a row in the table of format.cpp.
struct Format {
    std::string_view name;
    std::vector<std::string_view> extensions;    ///< with the dot, lower case
    bool binary = false;                         ///< its first bytes are unmistakable and speak before the extension does
    bool (*recognises)(std::string_view bytes);  ///< by content
    Table (*read)(std::shared_ptr<const InputFile>, const ReadOptions&, const ColumnPlanner&);
};

std::span<const Format> formats();

/// The format asked for by name, or found from the content and the extension (".gz" aside). Throws Error(usage) for an unknown name,
/// Error(data) if nothing fits.
const Format& find_format(const InputFile& file, const std::string& name);

/// Reads a data file in whatever format it is. `planner` is asked about text tables only.
Table read_table(const std::string& path, const ReadOptions& options, const ColumnPlanner& planner);

}  // namespace glissade
