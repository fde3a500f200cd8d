// SPDX-License-Identifier: Apache-2.0
#include "host/data/load.hpp"

#include "host/data/columns.hpp"
#include "host/data/dense_form.hpp"
#include "host/data/encode.hpp"
#include "host/data/loaded_table.hpp"
#include "host/data/number.hpp"
#include "host/data/scaling.hpp"
#include "host/data/split.hpp"

namespace glissade {
namespace {

std::string count_text(std::int64_t count, const std::string& noun) {
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string delimiter_text(char delimiter) {
    if (delimiter == '\t') return "tabs";
    if (delimiter == ' ') return "white space";
    return {'\'', delimiter, '\''};
}

/// Whether an array or sparse table is taken as it lies, all of it, without a preparation of columns.
bool is_plain_matrix(const LoadedTable& loaded, MissingPolicy missing) {
    if (loaded.is_sparse()) return true;
    if (loaded.head() != nullptr) return false;
    const bool whole = static_cast<std::int64_t>(loaded.roles.features.size()) == loaded.file_columns();
    return whole && missing == MissingPolicy::error;
}

std::unique_ptr<MatrixSource> source_of(const LoadedTable& loaded, const Preparation& preparation) {
    if (loaded.is_sparse() && loaded.file_columns() > preparation.file_columns) {
        fail(ErrorKind::data, loaded.table->file->name() + " has " + count_text(loaded.file_columns(), "feature") + ", the model has " +
                                  std::to_string(preparation.file_columns));
    }
    if (!preparation.columns.empty()) return prepared_source(loaded.cells(false), preparation);
    if (loaded.is_sparse() ||
        (loaded.head() == nullptr && static_cast<std::int64_t>(loaded.roles.features.size()) == loaded.file_columns())) {
        return plain_source(*loaded.table, preparation.file_columns);
    }
    // A table for a model that was trained on a plain matrix: its feature columns, in order, as they are.
    Preparation numbers;
    numbers.columns = learn_columns(loaded.cells(false), {}, MissingPolicy::error, 1);
    return prepared_source(loaded.cells(false), numbers);
}

/// Targets of some rows as a data set holds them.
std::vector<double> encoded_targets(const TargetColumn& target, std::span<const std::int64_t> rows, const ModelContract& contract,
                                    RealType type) {
    if (contract.task == Task::classification) return class_indices(target, rows, contract.class_labels);
    std::vector<double> values = regression_values(target, rows, type);
    const std::size_t count = contract.target_scale.size();
    if (static_cast<std::int64_t>(count) != target.count) {
        fail(ErrorKind::data,
             target.table->file->name() + " has " + count_text(target.count, "target") + " a row, the model has " + std::to_string(count));
    }
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = (values[i] - contract.target_shift[i % count]) / contract.target_scale[i % count];
    return values;
}

/// Makes data sets from rows of one file.
class Encoder {
public:
    Encoder(const LoadedTable& loaded, const LoadOptions& options, const ModelContract& contract, MemoryBudget& budget)
        : loaded_(loaded), options_(options), contract_(contract), budget_(budget), source_(source_of(loaded, contract.preparation)) {}

    const MatrixSource& source() const { return *source_; }

    Dataset encode_rows(std::span<const std::int64_t> rows, const TargetColumn* target, const TargetColumn* weights) const {
        EncodeRequest request;
        request.source = source_.get();
        request.rows = rows;
        request.input = &contract_.input;
        if (target != nullptr) {
            request.targets = encoded_targets(*target, rows, contract_, options_.real_type);
            request.target_count = target->count;
        }
        if (weights != nullptr) request.weights = row_weights(*weights, rows, options_.real_type);
        request.type = options_.real_type;
        request.threads = options_.threads;
        request.budget = &budget_;
        request.file = loaded_.table->file->name();
        Dataset data = encode(request);
        data.task = contract_.task;
        data.class_labels = contract_.class_labels;
        data.feature_names = contract_.preparation.feature_names();
        data.input = contract_.input;
        data.target_scale = contract_.target_scale;
        data.target_shift = contract_.target_shift;
        data.preparation = std::make_shared<const Preparation>(contract_.preparation);
        return data;
    }

private:
    const LoadedTable& loaded_;
    const LoadOptions& options_;
    const ModelContract& contract_;
    MemoryBudget& budget_;
    std::unique_ptr<MatrixSource> source_;
};

class TrainingLoad {
public:
    TrainingLoad(const std::string& path, const LoadOptions& options)
        : path_(path), options_(options), budget_(options.memory_limit_bytes) {}

    PreparedData run() {
        if (!options_.validation_file.empty() && options_.validation_fraction != 0) {
            fail(ErrorKind::usage, "--validation and --validation-fraction are both given; give one");
        }
        loaded_ = read_for_training(path_, options_, budget_);
        target_ = find_targets(loaded_, options_, budget_);
        weights_ = find_weights(loaded_, options_, budget_);
        const MissingPolicy missing = options_.missing.value_or(MissingPolicy::error);
        const std::vector<std::int64_t> rows = usable_rows(loaded_, missing);
        note_file(rows);
        split_.train = rows;
        if (options_.validation_fraction != 0) split_ = split_rows_by_seed(rows, options_.validation_fraction, options_.seed);
        learn_preparation(missing);
        learn_target(rows);
        const Encoder encoder(loaded_, options_, contract(), budget_);
        contract().input = standardising_affine(encoder.source(), split_.train, options_.standardize, options_.real_type, options_.threads);
        note_scaling();
        const TargetColumn* const weights = weights_ ? &*weights_ : nullptr;
        out_.train = encoder.encode_rows(split_.train, &*target_, weights);
        if (!split_.validation.empty()) out_.validation = encoder.encode_rows(split_.validation, &*target_, weights);
        if (!options_.validation_file.empty()) read_validation_file();
        out_.fingerprint = fingerprint_of(out_.train, out_.validation);
        return std::move(out_);
    }

private:
    ModelContract& contract() { return out_.contract; }
    void note(const std::string& text) { out_.notes.push_back(text); }

    void note_file(const std::vector<std::int64_t>& rows) {
        std::string text = path_ + ": " + loaded_.table->format;
        if (const TableHead* head = loaded_.head()) {
            text += " with " + delimiter_text(head->delimiter) + (head->has_header ? ", header" : ", no header");
        }
        text += ", " + count_text(loaded_.table->rows(), "row") + ", " +
                count_text(loaded_.file_columns(), loaded_.is_sparse() ? "feature" : "column");
        note(text);
        if (loaded_.is_sparse()) note(dense_form(*loaded_.table, options_.real_type, options_.memory_limit_is_asked_for));
        const std::int64_t dropped = loaded_.table->rows() - static_cast<std::int64_t>(rows.size());
        if (dropped > 0) note(path_ + ": " + count_text(dropped, "row") + " with missing cells dropped");
    }

    void learn_preparation(MissingPolicy missing) {
        Preparation& preparation = contract().preparation;
        preparation.file_columns = loaded_.file_columns();
        preparation.missing = missing;
        preparation.unknown = options_.unknown.value_or(UnknownPolicy::ignore);
        preparation.na_values = options_.na_values;
        preparation.map_label = options_.map_label;
        preparation.format = loaded_.table->format;
        if (loaded_.roles.target) preparation.target_position = *loaded_.roles.target;
        if (const TableHead* head = loaded_.head()) {
            preparation.has_header = head->has_header;
            preparation.delimiter = head->delimiter;
        }
        if (loaded_.roles.target) {
            const TableHead* head = loaded_.head();
            const std::int64_t position = *loaded_.roles.target;
            preparation.target_name = head != nullptr ? head->names[static_cast<std::size_t>(position)] : std::to_string(position);
        }
        if (is_plain_matrix(loaded_, missing)) return;
        const CellReader cells = loaded_.cells(false);
        preparation.columns = learn_columns(cells, split_.train, missing, options_.threads);
        learn_fills(preparation, cells, split_.train, options_.threads);
        note_columns();
        for (const std::string& text : check_unknown(cells, split_.validation, preparation, preparation.unknown)) note(text);
    }

    void note_columns() {
        const auto* text = std::get_if<TextTable>(&loaded_.table->content);
        for (const SourceColumn& column : contract().preparation.columns) {
            if (column.kind == ColumnKind::numeric || text == nullptr) continue;
            const std::string name = text->head.has_header ? "column " + quoted(column.name) : "column index " + column.name;
            note(name + ": text, " + count_text(static_cast<std::int64_t>(column.categories.size()), "one-hot column"));
            const std::int64_t numbers = text->columns[static_cast<std::size_t>(column.position)].numbers;
            if (numbers > 0) note(name + ": " + count_text(numbers, "cell") + " of it are numbers, taken as text like the rest");
        }
    }

    void learn_target(const std::vector<std::int64_t>& rows) {
        std::string why;
        contract().task = decide_task(*target_, rows, options_.task, why);
        if (contract().task == Task::classification) {
            contract().class_labels = learn_classes(*target_, rows);
            note("task: classification with " + std::to_string(contract().class_labels.size()) + " classes (" + why + ")");
            return;
        }
        note("task: regression (" + why + ")");
        const auto count = static_cast<std::size_t>(target_->count);
        contract().target_scale.assign(count, 1);
        contract().target_shift.assign(count, 0);
        const bool automatic = options_.standardize_target == Toggle::automatic;
        if (automatic ? !options_.loss_standardizes_target : options_.standardize_target == Toggle::off) return;
        const std::vector<double> values = regression_values(*target_, split_.train, options_.real_type);
        for (std::size_t t = 0; t < count; ++t) {
            std::vector<double> column;
            for (std::size_t i = t; i < values.size(); i += count) column.push_back(values[i]);
            const Moments moments = moments_of(column);
            contract().target_scale[t] = moments.deviation;
            contract().target_shift[t] = moments.mean;
        }
        note("targets standardised for training, and so is the loss shown with it; predictions and errors are in the file's units");
    }

    void note_scaling() {
        const ColumnAffine& input = contract().input;
        std::int64_t scaled = 0;
        for (std::size_t j = 0; j < input.scale.size(); ++j) scaled += input.scale[j] != 1 || input.shift[j] != 0 ? 1 : 0;
        const std::int64_t width = contract().preparation.matrix_columns();
        note(count_text(scaled, "column") + " of " + std::to_string(width) + " standardised (--standardize off leaves them as they are)");
        if (!split_.validation.empty())
            note(count_text(static_cast<std::int64_t>(split_.validation.size()), "row") + " held out for validation, picked by seed " +
                 std::to_string(options_.seed));
    }

    void read_validation_file() {
        LoadOptions options = options_;
        options.target_file = options_.validation_target_file;
        options.weight_file.clear();
        if (!options_.target_file.empty() && options.target_file.empty() && !loaded_.is_sparse()) {
            fail(ErrorKind::usage, "--target-file was given for the training file: the validation file needs --validation-target-file");
        }
        if (!options.target_file.empty()) options.target.reset();
        LoadedData loaded = load_for_model(options_.validation_file, options, contract(), true);
        out_.validation = std::move(loaded.data);
        for (const std::string& text : loaded.notes) note(text);
    }

    const std::string& path_;
    const LoadOptions& options_;
    MemoryBudget budget_;
    LoadedTable loaded_;
    std::optional<TargetColumn> target_, weights_;
    RowSplit split_;
    PreparedData out_;
};

}  // namespace

PreparedData load_training(const std::string& path, const LoadOptions& options) {
    return TrainingLoad(path, options).run();
}

LoadedData load_for_model(const std::string& path, const LoadOptions& given, const ModelContract& contract, bool target_required) {
    LoadOptions options = given;
    const Preparation& preparation = contract.preparation;
    options.map_label.insert(options.map_label.end(), preparation.map_label.begin(), preparation.map_label.end());
    MemoryBudget budget(options.memory_limit_bytes);
    const LoadedTable loaded = read_for_model(path, options, contract, target_required, budget);
    const std::vector<std::int64_t> rows = usable_rows(loaded, options.missing.value_or(preparation.missing));
    LoadedData out;
    if (const std::int64_t dropped = loaded.table->rows() - static_cast<std::int64_t>(rows.size()); dropped > 0) {
        if (!target_required) {
            fail(ErrorKind::data, path + ": " + count_text(dropped, "row") +
                                      " with missing cells would get no prediction; --missing mean fills them as in training");
        }
        out.notes.push_back(path + ": " + count_text(dropped, "row") + " with missing cells dropped");
    }
    if (!preparation.columns.empty()) {
        for (std::string& note : check_unknown(loaded.cells(false), rows, preparation, options.unknown.value_or(preparation.unknown))) {
            out.notes.push_back(std::move(note));
        }
    }
    const auto target = target_required ? find_targets(loaded, options, budget) : std::nullopt;
    const auto weights = target_required ? find_weights(loaded, options, budget) : std::nullopt;
    const Encoder encoder(loaded, options, contract, budget);
    out.data = encoder.encode_rows(rows, target ? &*target : nullptr, weights ? &*weights : nullptr);
    return out;
}

}  // namespace glissade
