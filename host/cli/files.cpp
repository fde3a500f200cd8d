// SPDX-License-Identifier: Apache-2.0
#include "host/cli/files.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "glissade/error.hpp"
#include "host/train/atomic_file.hpp"

namespace glissade::cli {

std::string read_text(const std::string& path, std::int64_t max_bytes) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) fail(ErrorKind::io, path + ": is a directory, not a file");
    std::ifstream file(path, std::ios::binary);
    if (!file) fail(ErrorKind::io, path + ": open failed: " + std::strerror(errno));
    std::string text(static_cast<std::size_t>(max_bytes) + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (file.bad()) fail(ErrorKind::io, path + ": read failed");
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (static_cast<std::int64_t>(text.size()) > max_bytes)
        fail(ErrorKind::usage, path + ": longer than " + std::to_string(max_bytes) + " bytes");
    return text;
}

void check_writable(std::string_view flag, const std::string& path, const std::string& file_in_it) {
    try {
        glissade::check_writable(posix_io(), file_in_it.empty() ? path : file_in_it);
    } catch (const Error& error) {
        fail(error.kind(), std::string(flag) + " " + path + " cannot be written: " + error.what());
    }
}

std::string existing_part(std::string path) {
    std::error_code absent;
    while (!std::filesystem::exists(path, absent) && parent_directory(path) != path) path = parent_directory(path);
    return path;
}

void write_text(const std::string& path, std::string_view text) {
    write_file_atomically(posix_io(), path, std::as_bytes(std::span(text.data(), text.size())));
}

void append_text(const std::string& path, std::string_view text) {
    std::ofstream file(path, std::ios::binary | std::ios::app);
    file << text << std::flush;
    if (!file) fail(ErrorKind::io, path + ": writing failed: " + std::strerror(errno));
}

void write_stdout(std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) fail(ErrorKind::io, std::string("writing to stdout failed: ") + std::strerror(errno));
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

void note(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fputc('\n', stderr);
}

}  // namespace glissade::cli
