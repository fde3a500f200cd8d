// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <exception>
#include <new>
#include <string_view>

#include "glissade/error.hpp"
#include "host/cli/files.hpp"
#include "host/cli/interrupt.hpp"
#include "host/cli/verb.hpp"
#include "host/scheduler/named.hpp"

namespace glissade::cli {
namespace {

struct Verb {
    std::string_view name, synopsis, help;
    int (*run)(const Words&);
};

constexpr std::array<Verb, 8> verbs = {{
    {"train", "train DATA [options]", "trains a model on a file of data", run_train},
    {"predict", "predict MODEL DATA", "predictions for each row, as CSV", run_predict},
    {"evaluate", "evaluate MODEL DATA", "scores a model on data with targets", run_evaluate},
    {"inspect", "inspect FILE", "what a model or a checkpoint holds", run_inspect},
    {"export", "export MODEL OUT", "a model as .onnx, or as a C++ header, .hpp", run_export},
    {"plan", "plan DATA [options]", "what train would do; runs nothing", run_plan},
    {"bench", "bench [DATA]", "speed of the CPU and the GPU on a data set, against what the memory allows", run_bench},
    {"calibrate", "calibrate", "measures this machine once, so that plan predicts better", run_calibrate},
}};

/// Names kept for verbs to come.
constexpr std::array<std::string_view, 4> reserved = {"sweep", "find-lr", "advise", "convert"};

std::string overview() {
    std::string text = "Glissade: mini-batch training of linear models and networks, on the CPU and on NVIDIA GPUs.\n\nUsage\n";
    for (const Verb& verb : verbs) {
        text += "  glissade " + std::string(verb.synopsis) + std::string(24 - verb.synopsis.size(), ' ') + std::string(verb.help) + "\n";
    }
    return text +
           "  glissade --version\n\n"
           "glissade VERB --help lists a verb's options.\n\n"
           "Examples\n"
           "  glissade train houses.csv --target price\n"
           "  glissade evaluate model.safetensors more-houses.csv\n"
           "  glissade predict model.safetensors new-houses.csv > prices.csv\n\n"
           "Exit codes: 0 done, 1 failed, 2 wrong use, 3 bad input data, 4 diverged, 130 and 143 interrupted.\n";
}

int run(const Words& words) {
    if (words.empty()) fail(ErrorKind::usage, "a verb is missing\n\n" + overview());
    const std::string& first = words.front();
    if (first == "--help" || first == "-h" || first == "help") {
        write_stdout(overview());
        return exit_done;
    }
    if (first == "--version") {
        write_stdout("glissade " GLISSADE_VERSION "\n");
        return exit_done;
    }
    const auto verb = std::find_if(verbs.begin(), verbs.end(), [&](const Verb& candidate) { return candidate.name == first; });
    if (verb != verbs.end()) return verb->run(Words(words.begin() + 1, words.end()));
    std::vector<std::string_view> names;
    names.reserve(verbs.size());
    for (const Verb& candidate : verbs) names.push_back(candidate.name);
    if (std::find(reserved.begin(), reserved.end(), first) != reserved.end()) {
        fail(ErrorKind::usage, "\"" + first + "\" is not part of this version; there are: " + joined_names(names));
    }
    fail(ErrorKind::usage, unknown_name("verb", first, names));
}

int exit_code(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::usage:
            return exit_usage;
        case ErrorKind::data:
            return exit_data;
        case ErrorKind::diverged:
            return exit_diverged;
        default:
            return exit_failed;
    }
}

int guarded(const Words& words) {
    try {
        return run(words);
    } catch (const Error& error) {
        note("error: " + std::string(error.what()));
        return exit_code(error.kind());
    } catch (const std::bad_alloc&) {
        note("error: out of memory; fewer rows or --memory-limit may help");
    } catch (const std::exception& error) {
        note("error: " + std::string(error.what()));
    }
    return exit_failed;
}

}  // namespace
}  // namespace glissade::cli

int main(int count, char** arguments) {
    glissade::cli::interrupt::install();
    return glissade::cli::guarded(glissade::cli::Words(arguments + 1, arguments + count));
}
