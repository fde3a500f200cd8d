// SPDX-License-Identifier: Apache-2.0
#include "host/cli/score_flags.hpp"

#include <CLI/CLI.hpp>

#include "glissade/error.hpp"
#include "host/cli/files.hpp"
#include "host/cli/flags.hpp"

namespace glissade::cli {

void ScoreFlags::add_to(CLI::App& app) {
    app.add_option("MODEL", model_path, "A model file, as train writes it")->type_name("FILE");
    data.add_scoring(app);
    app.add_option("--device", options.device, "auto, cpu, cuda or cuda:N")->type_name("NAME")->capture_default_str()->group("Machine");
    add_whole(app, "--threads", options.threads, {0, most_threads}, "CPU threads; 0: as many as this process may use")->group("Machine");
    add_bytes(app, "--memory-limit", memory_limit_bytes, "For the data: 8G, 512M; what is available if not given")->group("Machine");
    app.add_flag("-q,--quiet", quiet, "No notes")->group("Output");
}

void ScoreFlags::check(const std::string& verb) const {
    if (model_path.empty() || data.path.empty()) {
        fail(ErrorKind::usage,
             "glissade " + verb + " wants a model and data: glissade " + verb + " MODEL DATA; see glissade " + verb + " --help");
    }
}

void ScoreFlags::note_fallback() {
    options.on_fallback = [noted = quiet](const std::string& text) mutable {
        if (!noted) note("note: " + text);
        noted = true;
    };
}

}  // namespace glissade::cli
