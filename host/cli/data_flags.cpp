// SPDX-License-Identifier: Apache-2.0
#include "host/cli/data_flags.hpp"

#include <CLI/CLI.hpp>
#include <array>

#include "glissade/device.hpp"
#include "host/cli/choice.hpp"
#include "host/cli/flags.hpp"
#include "host/cli/text.hpp"

namespace glissade::cli {
namespace {

constexpr std::array<Choice<HeaderMode>, 3> headers = {{{"auto", HeaderMode::automatic}, {"yes", HeaderMode::yes}, {"no", HeaderMode::no}}};
constexpr std::array<Choice<Toggle>, 3> toggles = {{{"auto", Toggle::automatic}, {"on", Toggle::on}, {"off", Toggle::off}}};
constexpr std::array<Choice<MissingPolicy>, 4> missing_policies = {{{"error", MissingPolicy::error},
                                                                    {"drop", MissingPolicy::drop},
                                                                    {"mean", MissingPolicy::mean},
                                                                    {"indicator", MissingPolicy::indicator}}};
constexpr std::array<Choice<UnknownPolicy>, 2> unknown_policies = {{{"ignore", UnknownPolicy::ignore}, {"error", UnknownPolicy::error}}};
constexpr std::array<Choice<std::optional<Task>>, 3> tasks = {
    {{"auto", std::nullopt}, {"classification", Task::classification}, {"regression", Task::regression}}};

/// The names between the commas of every word.
std::vector<std::string> split_names(const std::vector<std::string>& words) {
    std::vector<std::string> names;
    for (std::string_view rest : words) {
        for (;;) {
            const auto comma = rest.find(',');
            names.emplace_back(rest.substr(0, comma));
            if (comma == std::string_view::npos) break;
            rest.remove_prefix(comma + 1);
        }
    }
    return names;
}

/// --target given once is a name or several, as the loader parts them; given several times, one each time.
std::optional<std::string> target_of(const std::vector<std::string>& words) {
    if (words.size() > 1)
        for (const std::string& word : words)
            if (word.find(',') != std::string::npos)
                fail(ErrorKind::usage, "--target " + word + ": beside others a name that holds a comma is given by its index");
    const std::string all = join(words, ",");
    return all.empty() ? std::nullopt : std::optional(all);
}

char delimiter_of(const std::string& text) {
    constexpr std::array<Choice<char>, 6> names = {
        {{"comma", ','}, {"tab", '\t'}, {"\\t", '\t'}, {"semicolon", ';'}, {"space", ' '}, {"whitespace", ' '}}};
    if (text.size() == 1) return text[0];
    return choose("--delimiter", text, names);
}

[[noreturn]] void fail_mapping(const std::string& text) {
    fail(ErrorKind::usage,
         "--map-label wants OLD=NEW, not '" + text + "'; quotes help where it is not clear which = is meant: '\"a=\"=\"b\"'");
}

/// OLD=NEW. Labels may hold '=' themselves, as Adult's "<=50K.=<=50K" does: the one in the middle parts them, or quotes around OLD tell.
std::pair<std::string, std::string> mapping_of(const std::string& text) {
    if (text.starts_with('"')) {
        const auto close = text.find("\"=", 1);
        if (close == std::string::npos) fail_mapping(text);
        std::string to = text.substr(close + 2);
        if (to.size() >= 2 && to.front() == '"' && to.back() == '"') to = to.substr(1, to.size() - 2);
        return {text.substr(1, close - 1), to};
    }
    std::vector<std::size_t> signs;
    for (std::size_t at = text.find('='); at != std::string::npos; at = text.find('=', at + 1)) signs.push_back(at);
    if (signs.size() % 2 == 0) fail_mapping(text);
    const std::size_t middle = signs[signs.size() / 2];
    return {text.substr(0, middle), text.substr(middle + 1)};
}

int hash_bits_of(const std::string& text) {
    return whole_of<int>("--hash-bits", text, 1, most_hash_bits);
}

std::optional<std::string> given(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(text);
}

}  // namespace

void DataFlags::add_training(CLI::App& app) {
    add_source(app);
    add_target(app);
    add_columns(app);
    add_cells(app);
    add_preparation(app);
    add_validation(app);
}

void DataFlags::add_scoring(CLI::App& app) {
    add_source(app);
    add_target(app);
    add_cells(app);
}

void DataFlags::add_source(CLI::App& app) {
    app.add_option("DATA", path, "csv, tsv, columns between blanks, libsvm, vw, npy or idx; plain or .gz")->type_name("FILE");
    app.add_option("--format", format_, "csv, libsvm, vw, npy or idx, if it is not seen from the file")->type_name("NAME")->group("Data");
    checked(app.add_option("--header", header_, "Whether the first line holds names: auto, yes or no"),
            [](const std::string& text) { choose("--header", text, headers); })
        ->type_name("NAME")
        ->capture_default_str()
        ->group("Data");
    checked(app.add_option("--delimiter", delimiter_, "Between the cells: one character, or tab, space"),
            [](const std::string& text) { delimiter_of(text); })
        ->type_name("C")
        ->group("Data");
}

void DataFlags::add_target(CLI::App& app) {
    app.add_option("--target", target_, "What to predict: name of a column, or its index from 0; -1 is the last; several: A,B,C")
        ->type_name("COL[,COL...]")
        ->expected(1)
        ->take_all()
        ->group("Data");
    app.add_option("--target-file,--labels", target_file_, "The targets, if they lie in a file of their own")
        ->type_name("FILE")
        ->group("Data");
    app.add_option("--weight", weight_, "Column with the weight of each row")->type_name("COL")->group("Data");
    app.add_option("--weight-file", weight_file_, "The weights, if they lie in a file of their own")->type_name("FILE")->group("Data");
}

void DataFlags::add_columns(CLI::App& app) {
    app.add_option("--columns", columns_, "Features: only these")->type_name("COL,...")->expected(1)->take_all()->group("Data");
    app.add_option("--drop-columns", drop_columns_, "Features: not these")->type_name("COL,...")->expected(1)->take_all()->group("Data");
}

void DataFlags::add_cells(CLI::App& app) {
    app.add_option("--na", na_, "A cell that means: missing, such as '?' (repeatable)")
        ->type_name("TEXT")
        ->expected(1)
        ->take_all()
        ->group("Data");
    checked(app.add_option("--missing", missing_, "Rows or cells that are missing: error (counts them; default), drop, mean or indicator"),
            [](const std::string& text) { choose("--missing", text, missing_policies); })
        ->type_name("NAME")
        ->group("Data");
    checked(app.add_option("--map-label", map_label_, "Reads the label OLD as NEW (repeatable)"),
            [](const std::string& text) { mapping_of(text); })
        ->type_name("OLD=NEW")
        ->expected(1)
        ->take_all()
        ->group("Data");
    checked(app.add_option("--unknown", unknown_, "Categories not seen in training: ignore (default) or error"),
            [](const std::string& text) { choose("--unknown", text, unknown_policies); })
        ->type_name("NAME")
        ->group("Data");
}

void DataFlags::add_preparation(CLI::App& app) {
    const std::string group = "Preparation";
    checked(app.add_option("--task", task_, "auto (by the target), classification or regression"),
            [](const std::string& text) { choose("--task", text, tasks); })
        ->type_name("NAME")
        ->capture_default_str()
        ->group(group);
    checked(app.add_option("--hash-bits", hash_bits_,
                           "Hashes text into 2^N columns, 1 to 30, instead of a column a category; of vw, every feature (18 if not given)"),
            [](const std::string& text) { hash_bits_of(text); })
        ->type_name("N")
        ->group(group);
    checked(app.add_option("--sparse", sparse_, "Rows of libsvm kept sparse: auto (if that is far smaller), on or off"),
            [](const std::string& text) { choose("--sparse", text, toggles); })
        ->type_name("NAME")
        ->capture_default_str()
        ->group(group);
    checked(app.add_option("--standardize", standardize_,
                           "Columns to mean 0 and deviation 1: auto (real ones), on (all; sparse ones to deviation 1 alone) or off"),
            [](const std::string& text) { choose("--standardize", text, toggles); })
        ->type_name("NAME")
        ->capture_default_str()
        ->group(group);
    checked(app.add_option("--standardize-target", standardize_target_,
                           "The same for a target that is a number; predictions stay in its units"),
            [](const std::string& text) { choose("--standardize-target", text, toggles); })
        ->type_name("NAME")
        ->capture_default_str()
        ->group(group);
}

void DataFlags::add_validation(CLI::App& app) {
    const std::string group = "Validation";
    app.add_option("--validation", validation_, "Held-out data: the model of the best epoch is kept")->type_name("FILE")->group(group);
    app.add_option("--validation-target-file", validation_target_file_, "Its targets, if they lie in a file of their own")
        ->type_name("FILE")
        ->group(group);
    add_real(app, "--validation-fraction", validation_fraction_, {0, 1}, "Holds out this part of the rows, picked by --seed")
        ->type_name("F")
        ->group(group);
}

LoadOptions DataFlags::load_options() const {
    if (!validation_target_file_.empty() && validation_.empty())
        fail(ErrorKind::usage, "--validation-target-file holds the targets of a file of held-out data: name that with --validation");
    if (!validation_.empty() && validation_fraction_ > 0)
        fail(ErrorKind::usage, "--validation and --validation-fraction are two answers to one question: give one of them");
    LoadOptions load;
    load.format = format_;
    if (!delimiter_.empty()) load.delimiter = delimiter_of(delimiter_);
    load.header = choose("--header", header_, headers);
    load.na_values = na_;
    load.target = target_of(target_);
    load.target_file = target_file_;
    load.weight = given(weight_);
    load.weight_file = weight_file_;
    load.columns = split_names(columns_);
    load.drop_columns = split_names(drop_columns_);
    if (!missing_.empty()) load.missing = choose("--missing", missing_, missing_policies);
    if (!unknown_.empty()) load.unknown = choose("--unknown", unknown_, unknown_policies);
    for (const std::string& text : map_label_) load.map_label.push_back(mapping_of(text));
    if (!hash_bits_.empty()) load.hash_bits = hash_bits_of(hash_bits_);
    load.sparse = choose("--sparse", sparse_, toggles);
    load.task = choose("--task", task_, tasks);
    load.standardize = choose("--standardize", standardize_, toggles);
    load.standardize_target = choose("--standardize-target", standardize_target_, toggles);
    load.validation_file = validation_;
    load.validation_target_file = validation_target_file_;
    load.validation_fraction = validation_fraction_;
    return load;
}

int thread_count(int wanted) {
    return wanted > 0 ? wanted : usable_processors();
}

TrainingInput read_training(const DataFlags& flags, const TrainOptions& options, RealType real_type) {
    LoadOptions load = flags.load_options();
    load.real_type = real_type;
    load.seed = options.seed;
    load.threads = thread_count(options.threads);
    load.memory_limit_bytes = options.memory_limit_bytes > 0 ? options.memory_limit_bytes : available_memory_bytes();
    load.memory_limit_is_asked_for = options.memory_limit_bytes > 0;
    TrainingInput input;
    if (!options.loss.is_auto()) {
        const Task task = options.loss.kind() == LossKind::regression ? Task::regression : Task::classification;
        if (!load.task) load.task = task;
        load.loss_standardizes_target = options.loss.link() == Link::identity;
    }
    if (options.patience > 0 && options.tol == 0 && load.validation_file.empty() && load.validation_fraction == 0) {
        load.validation_fraction = .1;
        input.notes.push_back("--patience without a validation set: 10 % of the rows are held out (--validation-fraction, --validation)");
    }
    PreparedData data = load_training(flags.path, load);
    input.notes.insert(input.notes.end(), data.notes.begin(), data.notes.end());
    input.train = std::move(data.train);
    if (data.validation) input.validation = std::move(*data.validation);
    return input;
}

LoadedData read_for_model(const DataFlags& flags, const Model& model, const PredictOptions& options, bool target_required,
                          std::int64_t memory_limit_bytes) {
    LoadOptions load = flags.load_options();
    load.real_type = model.real_type;
    load.threads = thread_count(options.threads);
    load.memory_limit_bytes = memory_limit_bytes > 0 ? memory_limit_bytes : available_memory_bytes();
    ModelContract contract = {model.preparation,  model.input,           model.task, model.class_labels, model.target_scale,
                              model.target_shift, model.spec.multi_label};
    // A model that was trained on a matrix in memory knows of no file; its columns are those of the matrix.
    if (contract.preparation.columns.empty()) contract.preparation.file_columns = model.spec.features;
    return load_for_model(flags.path, load, contract, target_required);
}

}  // namespace glissade::cli
