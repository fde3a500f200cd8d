// SPDX-License-Identifier: Apache-2.0
#include "glissade/error.hpp"

#include <CLI/CLI.hpp>
#include <set>
#include "host/cli/files.hpp"
#include "host/cli/score_flags.hpp"
#include "host/cli/text.hpp"
#include "host/cli/verb.hpp"
#include "host/cli/words.hpp"

namespace glissade::cli {
namespace {

constexpr const char* predict_footer = R"(
Examples
  glissade predict model.safetensors new.csv > predictions.csv
  glissade predict model.safetensors new.csv --proba --output probabilities.csv

One line a row, in the order of the data. The target column may be absent.)";

struct PredictFlags {
    ScoreFlags score;
    std::string output;
    bool proba = false, scores = false;
};

/// Numbers a row beside the prediction, with the names of their columns.
template <class Real>
struct ScoreColumns {
    std::vector<std::string> names;
    std::vector<Real> values;  ///< [rows][names]
};

/// A score is for a class, of two classes the second, or for a target.
std::vector<std::string> score_names(const Model& model) {
    if (model.task == Task::classification && model.spec.outputs == 1) return {"score_" + model.class_labels.at(1)};
    if (model.spec.outputs == 1) return {"score"};
    std::vector<std::string> names;
    for (std::int64_t o = 0; o < model.spec.outputs; ++o)
        names.push_back("score_" +
                        (model.task == Task::classification ? model.class_labels.at(static_cast<std::size_t>(o)) : std::to_string(o)));
    return names;
}

/// Of rows of several labels, a label's own name.
std::string prediction_name(const Model& model, std::size_t place) {
    if (model.spec.multi_label) return csv_cell(model.class_labels.at(place));
    return model.spec.target_count() == 1 ? "prediction" : "prediction_" + std::to_string(place);
}

template <class Real>
ScoreColumns<Real> score_columns(const Model& model, const Dataset& data, const PredictFlags& flags) {
    ScoreColumns<Real> columns;
    if (!flags.proba && !flags.scores) return columns;
    columns.names = flags.proba ? model.class_labels : score_names(model);
    if (flags.proba && model.spec.multi_label)
        for (std::string& name : columns.names) name = "probability_" + name;
    columns.values.resize(static_cast<std::size_t>(data.rows()) * columns.names.size());
    if (flags.proba) {
        model.predict_proba(data, columns.values, flags.score.options);
    } else {
        model.decision_function(data, columns.values, flags.score.options);
    }
    return columns;
}

template <class Real>
std::string csv_of(const Model& model, const Dataset& data, const PredictFlags& flags) {
    const auto rows = static_cast<std::size_t>(data.rows());
    const bool classes = model.task == Task::classification && !model.spec.multi_label;
    const auto predicted = static_cast<std::size_t>(model.spec.target_count());
    std::vector<Real> predictions(rows * predicted);
    model.predict(data, predictions, flags.score.options);
    const auto columns = score_columns<Real>(model, data, flags);

    std::vector<std::string> head, labels;
    for (std::size_t p = 0; p < predicted; ++p) head.push_back(prediction_name(model, p));
    for (const std::string& name : columns.names) head.push_back(csv_cell(name));
    if (std::set<std::string>(head.begin(), head.end()).size() < head.size() && model.spec.multi_label)
        fail(ErrorKind::usage, "two columns would have one name among " + join(head, ", ") + ": leave out --proba or --scores");
    for (const std::string& label : model.class_labels) labels.push_back(csv_cell(label));
    std::string text = join(head, ",") + "\n";
    for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t p = 0; p < predicted; ++p) {
            const Real value = predictions[row * predicted + p];
            text += (p == 0 ? "" : ",") + (classes ? labels.at(static_cast<std::size_t>(value)) : shortest(value));
        }
        for (std::size_t c = 0; c < columns.names.size(); ++c) text += "," + shortest(columns.values[row * columns.names.size() + c]);
        text += '\n';
    }
    return text;
}

}  // namespace

int run_predict(const Words& words) {
    CLI::App app("Predictions for each row, as CSV.", "glissade predict");
    PredictFlags flags;
    flags.score.add_to(app);
    app.add_option("-o,--output", flags.output, "Writes to FILE instead of stdout")->type_name("FILE")->group("Output");
    auto* proba =
        app.add_flag("--proba", flags.proba,
                     "Adds the probability of each class, in columns named by class; of several labels a row, in columns probability_LABEL")
            ->group("Output");
    app.add_flag("--scores", flags.scores, "Adds the model's raw scores, in columns score_CLASS; of two classes, that of the second")
        ->excludes(proba)
        ->group("Output");
    app.footer(predict_footer);
    if (!parse_words(app, words)) return exit_done;
    flags.score.check("predict");
    flags.score.note_fallback();
    if (!flags.output.empty()) check_writable("--output", flags.output);
    const Model model = Model::load(flags.score.model_path);
    const LoadedData loaded = read_for_model(flags.score.data, model, flags.score.options, false, flags.score.memory_limit_bytes);
    if (!flags.score.quiet) {
        for (const std::string& text : loaded.notes) note("note: " + text);
    }
    const std::string csv =
        model.real_type == RealType::float32 ? csv_of<float>(model, loaded.data, flags) : csv_of<double>(model, loaded.data, flags);
    if (flags.output.empty()) {
        write_stdout(csv);
    } else {
        write_text(flags.output, csv);
    }
    return exit_done;
}

}  // namespace glissade::cli
