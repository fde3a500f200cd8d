// SPDX-License-Identifier: Apache-2.0
#include "host/data/load.hpp"

#include <algorithm>

#include "host/data/columns.hpp"
#include "host/data/data_form.hpp"
#include "host/data/feature_hash.hpp"
#include "host/data/number.hpp"
#include "host/data/row_encoder.hpp"
#include "host/data/scaling.hpp"
#include "host/data/split.hpp"

namespace glissade {
namespace {

std::string delimiter_text(char delimiter) {
    if (delimiter == '\t') return "tabs";
    if (delimiter == ' ') return "white space";
    return {'\'', delimiter, '\''};
}

/// Rows for a model keep the form that it was trained on; one that knows of no file takes the smaller one.
bool is_kept_sparse(const LoadedTable& loaded, const LoadOptions& options, const Preparation& preparation, const MemoryBudget& budget) {
    if (!loaded.is_sparse()) return preparation.hash_bits > 0;
    if (!preparation.format.empty()) return preparation.sparse;
    return choose_form(*loaded.table,
                       {Toggle::automatic, preparation.file_columns, options.real_type, options.memory_limit_is_asked_for, budget.room()})
        .sparse;
}

/// Whether an array or sparse table is taken as it lies, all of it, without a preparation of columns.
bool is_plain_matrix(const LoadedTable& loaded, MissingPolicy missing) {
    if (loaded.is_sparse()) return true;
    if (loaded.head() != nullptr) return false;
    const bool whole = static_cast<std::int64_t>(loaded.roles.features.size()) == loaded.file_columns();
    return whole && missing == MissingPolicy::error;
}

class TrainingLoad {
public:
    TrainingLoad(const std::string& path, const LoadOptions& options)
        : path_(path), options_(options), budget_(options.memory_limit_bytes) {}

    PreparedData run() {
        if (!options_.validation_file.empty() && options_.validation_fraction != 0) {
            fail(ErrorKind::usage, "--validation and --validation-fraction are both given; give one");
        }
        loaded_ = read_for_training(path_, options_, budget_);
        check_form_flags(*loaded_.table, options_);
        target_ = find_targets(loaded_, options_, budget_);
        weights_ = find_weights(loaded_, options_, budget_);
        const MissingPolicy missing = options_.missing.value_or(MissingPolicy::error);
        const std::vector<std::int64_t> rows = usable_rows(loaded_, missing);
        note_file();
        decide_form();
        note_dropped(rows);
        split_.train = rows;
        if (options_.validation_fraction != 0) split_ = split_rows_by_seed(rows, options_.validation_fraction, options_.seed);
        learn_preparation(missing);
        learn_target(rows);
        contract().preparation.sparse = is_sparse_;
        learn_scaling();
        const RowEncoder encoder(loaded_, options_, contract(), is_sparse_, budget_);
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

    void note_file() {
        std::string text = path_ + ": " + loaded_.table->format;
        if (const TableHead* head = loaded_.head()) {
            text += " with " + delimiter_text(head->delimiter) + (head->has_header ? ", header" : ", no header");
        }
        text += ", " + count_text(loaded_.table->rows(), "row") + ", " +
                count_text(loaded_.file_columns(), loaded_.is_sparse() ? "feature" : "column");
        note(text);
    }

    void note_dropped(const std::vector<std::int64_t>& rows) {
        const std::int64_t dropped = loaded_.table->rows() - static_cast<std::int64_t>(rows.size());
        if (dropped > 0) note(path_ + ": " + count_text(dropped, "row") + " with missing cells dropped");
    }

    /// Hashed features are sparse; numbered ones, where that is far smaller.
    void decide_form() {
        const auto* sparse = std::get_if<SparseTable>(&loaded_.table->content);
        const int bits = sparse != nullptr ? sparse->hash_bits : options_.hash_bits;
        contract().preparation.hash_bits = bits;
        is_sparse_ = bits > 0;
        if (sparse == nullptr || is_sparse_) return;
        const FormRequest request = {options_.sparse, sparse->columns, options_.real_type, options_.memory_limit_is_asked_for,
                                     budget_.room()};
        const DataForm form = choose_form(*loaded_.table, request);
        is_sparse_ = form.sparse;
        if (is_sparse_) refuse_wide_model(*loaded_.table, request);
        note(form.note);
    }

    void learn_preparation(MissingPolicy missing) {
        Preparation& preparation = contract().preparation;
        preparation.file_columns = loaded_.file_columns();
        preparation.missing = missing;
        preparation.unknown = options_.unknown.value_or(UnknownPolicy::ignore);
        preparation.na_values = options_.na_values;
        preparation.map_label = options_.map_label;
        preparation.format = loaded_.table->format;
        preparation.target_positions = loaded_.roles.targets;
        if (const TableHead* head = loaded_.head()) {
            preparation.has_header = head->has_header;
            preparation.delimiter = head->delimiter;
        }
        for (const std::int64_t position : loaded_.roles.targets) {
            const TableHead* head = loaded_.head();
            preparation.target_names.push_back(head != nullptr ? head->names[static_cast<std::size_t>(position)]
                                                               : std::to_string(position));
        }
        if (is_plain_matrix(loaded_, missing)) return;
        const CellReader cells = loaded_.cells(false);
        for (const std::string& text : learn_features(cells, split_.train, loaded_.hashes_text, options_.threads, preparation)) note(text);
        for (const std::string& text : check_unknown(cells, split_.validation, preparation, preparation.unknown)) note(text);
    }

    void learn_target(const std::vector<std::int64_t>& rows) {
        std::string why;
        contract().task = decide_task(*target_, rows, options_.task, why);
        contract().multi_label = contract().task == Task::classification && target_->count > 1;
        if (contract().multi_label) {
            contract().class_labels = target_->names;
            note("task: classification of rows with up to " + std::to_string(target_->count) + " labels (" + why + ")");
            return;
        }
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

    void learn_scaling() {
        Preparation& preparation = contract().preparation;
        if (!is_sparse_) {
            contract().input = standardising_affine(*dense_source(loaded_, preparation), split_.train, options_.standardize,
                                                    options_.real_type, options_.threads);
            note_scaling(contract().input);
        } else if (loaded_.is_sparse()) {
            const std::int64_t width = preparation.matrix_columns();
            if (options_.standardize == Toggle::on) budget_.take(width * 40, path_ + ": statistics of " + count_text(width, "column"));
            contract().input = scaling_affine(*sparse_source(loaded_, contract()), split_.train, options_.standardize);
            note_scaling(contract().input);
            note_collisions(std::get<SparseTable>(loaded_.table->content).keys);
        } else {
            note_scaling(standardise_numbers(loaded_.cells(false), split_.train, options_, preparation));
            note_collisions(count_hashed_cells(loaded_.cells(false), preparation));
        }
    }

    void note_collisions(const KeyCounts& keys) {
        if (const int bits = contract().preparation.hash_bits; bits > 0) note(path_ + ": " + collisions_text(keys, bits));
    }

    void note_scaling(const ColumnAffine& input) {
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
    bool is_sparse_ = false;  ///< the data sets, that is
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
    auto target = target_required ? find_targets(loaded, options, budget) : std::nullopt;
    if (target) target->order_as(contract.multi_label ? contract.class_labels : preparation.target_names);
    const auto weights = target_required ? find_weights(loaded, options, budget) : std::nullopt;
    const RowEncoder encoder(loaded, options, contract, is_kept_sparse(loaded, options, preparation, budget), budget);
    out.data = encoder.encode_rows(rows, target ? &*target : nullptr, weights ? &*weights : nullptr);
    return out;
}

}  // namespace glissade
