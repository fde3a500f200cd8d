// SPDX-License-Identifier: Apache-2.0
#include "host/data/format.hpp"

#include <algorithm>
#include <cctype>

#include "host/data/array_file.hpp"
#include "host/data/csv.hpp"
#include "host/data/libsvm.hpp"
#include "host/data/vw.hpp"

namespace glissade {
namespace {

bool looks_like_text(std::string_view bytes) {
    return bytes.substr(0, 4096).find('\0') == std::string_view::npos;
}

bool ends_with_one_of(std::string path, const std::vector<std::string_view>& extensions) {
    std::transform(path.begin(), path.end(), path.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (path.ends_with(".gz")) path.resize(path.size() - 3);
    return std::any_of(extensions.begin(), extensions.end(), [&](std::string_view extension) { return path.ends_with(extension); });
}

}  // namespace

std::span<const Format> formats() {
    // Looked through in this order: csv takes any text that the others leave.
    static const std::vector<Format> table = {
        {"npy", {".npy"}, true, looks_like_npy, read_npy},
        {"idx", {".idx", "-ubyte"}, true, looks_like_idx, read_idx},
        {"libsvm", {".libsvm", ".svm", ".svmlight"}, false, looks_like_libsvm, read_libsvm},
        {"vw", {".vw"}, false, looks_like_vw, read_vw},
        {"csv", {".csv", ".tsv", ".tab"}, false, looks_like_text, read_csv},
    };
    return table;
}

const Format& find_format(const InputFile& file, const std::string& name) {
    std::string names;
    for (const Format& format : formats()) {
        if (format.name == name || (format.name == "csv" && name == "tsv")) return format;
        names += (names.empty() ? "" : ", ") + std::string(format.name);
    }
    if (!name.empty()) fail(ErrorKind::usage, "unknown format \"" + name + "\"; the formats are " + names);
    for (const Format& format : formats()) {
        if (format.binary && format.recognises(file.bytes())) return format;
    }
    for (const Format& format : formats()) {
        if (ends_with_one_of(file.name(), format.extensions)) return format;
    }
    for (const Format& format : formats()) {
        if (format.recognises(file.bytes())) return format;
    }
    fail(ErrorKind::data, file.name() + ": the format is not known by content or extension; name it with --format (" + names + ")");
}

Table read_table(const std::string& path, const ReadOptions& options, const ColumnPlanner& planner) {
    auto file = InputFile::open(path, *options.budget);
    const Format& format = find_format(*file, options.format);
    return format.read(std::move(file), options, planner);
}

}  // namespace glissade
