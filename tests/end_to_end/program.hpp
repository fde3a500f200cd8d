// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

/// Drives the built program as a user does: in a directory of its own, from the outside.
namespace glissade::test {

struct Ended {
    int code = -1;   ///< exit code; -1 if a signal ended it
    int signal = 0;  ///< that ended it
    std::string out, err;

    nlohmann::json json() const { return nlohmann::json::parse(out); }
};

/// A fresh directory, gone with the object, in which programs are started.
class Workplace {
public:
    Workplace();
    ~Workplace();
    Workplace(const Workplace&) = delete;
    Workplace& operator=(const Workplace&) = delete;

    std::string path(const std::string& name) const { return directory_ + "/" + name; }
    bool has(const std::string& name) const;
    std::string read(const std::string& name) const;
    std::vector<std::string> lines(const std::string& name) const;
    std::vector<std::string> names(const std::string& directory) const;
    void write(const std::string& name, const std::string& text) const;

    using Words = std::vector<std::string>;
    /// Runs `glissade words...` to its end.
    Ended run(const Words& words) const;
    /// Starts it, waits until `ready` says so (or it has ended), sends `signal`, and waits for its end.
    Ended run_and_signal(const Words& words, int signal, const std::function<bool()>& ready) const;

private:
    std::string directory_;
};

/// A file of tests/data, plain or gzipped; empty if it is not there.
std::string data_file(const std::string& name);
/// The whole text of a file of tests/data.
std::string data_text(const std::string& name);

std::vector<std::string> split_lines(const std::string& text);

}  // namespace glissade::test
