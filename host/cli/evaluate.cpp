// SPDX-License-Identifier: Apache-2.0
#include "host/cli/files.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include "host/cli/metrics_json.hpp"
#include "host/cli/score_flags.hpp"
#include "host/cli/text.hpp"
#include "host/cli/verb.hpp"
#include "host/cli/words.hpp"

namespace glissade::cli {
namespace {

constexpr const char* evaluate_footer = R"(
Examples
  glissade evaluate model.safetensors test.csv
  glissade evaluate model.safetensors adult-test.csv --map-label '<=50K.=<=50K' --map-label '>50K.=>50K' --json

The target column is found by its name in training, or given with --target.)";

std::string metrics_lines(const Metrics& metrics) {
    const std::size_t width = metrics.label_accuracy ? 16 : 10;
    std::string text = "rows" + std::string(width - 4, ' ') + std::to_string(metrics.rows) + "\n";
    for (const auto& [name, value] : metrics.list()) text += name + std::string(width - name.size(), ' ') + brief(value) + "\n";
    return text;
}

}  // namespace

int run_evaluate(const Words& words) {
    CLI::App app("Scores a model on data with targets.", "glissade evaluate");
    ScoreFlags flags;
    bool json = false;
    flags.add_to(app);
    app.add_flag("--json", json, "The result as one JSON object")->group("Output");
    app.footer(evaluate_footer);
    if (!parse_words(app, words)) return exit_done;
    flags.check("evaluate");
    flags.note_fallback();
    const Model model = Model::load(flags.model_path);
    const LoadedData loaded = read_for_model(flags.data, model, flags.options, true, flags.memory_limit_bytes);
    if (!flags.quiet) {
        for (const std::string& text : loaded.notes) note("note: " + text);
    }
    const Metrics metrics = model.evaluate(loaded.data, flags.options);
    write_stdout(json ? json_text(to_json(metrics)) + "\n" : metrics_lines(metrics));
    return exit_done;
}

}  // namespace glissade::cli
