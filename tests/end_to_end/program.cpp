// SPDX-License-Identifier: Apache-2.0
#include "tests/end_to_end/program.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace glissade::test {
namespace {

namespace fs = std::filesystem;

std::string slurp(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

void redirect(const std::string& path, int descriptor) {
    const int file = ::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0644);
    if (file < 0 || ::dup2(file, descriptor) < 0) ::_exit(127);
}

pid_t start(const std::string& directory, const std::vector<std::string>& words) {
    std::vector<std::string> all = {GLISSADE_PROGRAM};
    all.insert(all.end(), words.begin(), words.end());
    std::vector<char*> arguments;
    for (std::string& word : all) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error("fork failed");
    if (child > 0) return child;
    if (::chdir(directory.c_str()) != 0) ::_exit(127);
    redirect(directory + "/.stdout", STDOUT_FILENO);
    redirect(directory + "/.stderr", STDERR_FILENO);
    ::execv(GLISSADE_PROGRAM, arguments.data());
    ::_exit(127);
}

Ended ended(const std::string& directory, int status) {
    Ended result;
    if (WIFEXITED(status)) result.code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
    result.out = slurp(directory + "/.stdout");
    result.err = slurp(directory + "/.stderr");
    return result;
}

}  // namespace

Workplace::Workplace() {
    std::string pattern = (fs::temp_directory_path() / "glissade-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    directory_ = pattern;
}

Workplace::~Workplace() {
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
}

bool Workplace::has(const std::string& name) const {
    return fs::exists(path(name));
}
std::string Workplace::read(const std::string& name) const {
    return slurp(path(name));
}
std::vector<std::string> Workplace::lines(const std::string& name) const {
    return split_lines(read(name));
}

std::vector<std::string> Workplace::names(const std::string& directory) const {
    std::vector<std::string> found;
    std::error_code absent;
    for (const auto& entry : fs::directory_iterator(path(directory), absent)) found.push_back(entry.path().filename().string());
    return found;
}

void Workplace::write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
}

Ended Workplace::run(const Words& words) const {
    int status = 0;
    ::waitpid(start(directory_, words), &status, 0);
    return ended(directory_, status);
}

Ended Workplace::run_and_signal(const Words& words, int signal, const std::function<bool()>& ready) const {
    const pid_t child = start(directory_, words);
    int status = 0;
    while (!ready()) {
        if (::waitpid(child, &status, WNOHANG) == child) return ended(directory_, status);
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ::kill(child, signal);
    ::waitpid(child, &status, 0);
    return ended(directory_, status);
}

std::string data_file(const std::string& name) {
    const std::string plain = std::string(GLISSADE_DATA_DIR) + "/" + name;
    if (fs::exists(plain)) return plain;
    return fs::exists(plain + ".gz") ? plain + ".gz" : "";
}

std::string data_text(const std::string& name) {
    gzFile file = ::gzopen(data_file(name).c_str(), "rb");  // reads plain files too
    if (file == nullptr) throw std::runtime_error("no " + name + " in tests/data");
    std::string text, block(1 << 16, '\0');
    for (int got = 0; (got = ::gzread(file, block.data(), static_cast<unsigned>(block.size()))) > 0;)
        text.append(block, 0, static_cast<std::size_t>(got));
    ::gzclose(file);
    return text;
}

std::vector<std::string> split_lines(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

}  // namespace glissade::test
