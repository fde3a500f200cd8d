// SPDX-License-Identifier: Apache-2.0
#include "bench/report.hpp"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>

#include "glissade/device.hpp"
#include "host/execution/machine.hpp"

namespace glissade::bench {

std::string command_of(int argc, char** argv) {
    std::string command;
    for (int i = 0; i < argc; ++i) command.append(i > 0 ? " " : "").append(argv[i]);
    return command;
}

std::string formatted(const char* format, ...) {
    std::va_list values, again;
    va_start(values, format);
    va_copy(again, values);
    std::string text(static_cast<std::size_t>(std::vsnprintf(nullptr, 0, format, values)), '\0');
    std::vsnprintf(text.data(), text.size() + 1, format, again);
    va_end(again);
    va_end(values);
    return text;
}

std::string list_of(const std::vector<std::string>& items) {
    std::string text = "[";
    for (const std::string& item : items) text += (text.size() > 1 ? ",\n  " : "\n  ") + item;
    return text + "]";
}

void write_report(const std::string& path, const std::string& bench, const std::string& command, const std::string& fields) {
    const std::time_t now = std::time(nullptr);
    char date[32];
    std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&now));
    std::ofstream file(path);
    file << "{\"bench\": \"" << bench << "\", \"date\": \"" << date << "\", \"machine\": \"" << processor_name()
         << "\", \"processors\": " << usable_processors() << ", \"command\": \"" << command << "\",\n " << fields << "}\n";
    if (file.flush()) return;
    std::fprintf(stderr, "%s: cannot write %s\n", bench.c_str(), path.c_str());
    std::exit(1);
}

}  // namespace glissade::bench
