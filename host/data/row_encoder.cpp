// SPDX-License-Identifier: Apache-2.0
#include "host/data/row_encoder.hpp"

#include "host/data/columns.hpp"
#include "host/data/number.hpp"

namespace glissade {
namespace {

void refuse_more_features(const LoadedTable& loaded, const Preparation& preparation) {
    if (!loaded.is_sparse() || loaded.file_columns() <= preparation.file_columns) return;
    fail(ErrorKind::data, loaded.table->file->name() + " has " + count_text(loaded.file_columns(), "feature") + ", the model has " +
                              std::to_string(preparation.file_columns));
}

/// Targets of some rows as a data set holds them.
std::vector<double> encoded_targets(const TargetColumn& target, std::span<const std::int64_t> rows, const ModelContract& contract,
                                    RealType type) {
    if (contract.multi_label) return label_values(target, rows, contract.class_labels.size());
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

}  // namespace

std::unique_ptr<MatrixSource> dense_source(const LoadedTable& loaded, const Preparation& preparation) {
    refuse_more_features(loaded, preparation);
    if (!preparation.columns.empty()) return prepared_source(loaded.cells(false), preparation);
    if (loaded.is_sparse() ||
        (loaded.head() == nullptr && static_cast<std::int64_t>(loaded.roles.features.size()) == loaded.file_columns())) {
        return plain_source(*loaded.table, preparation.file_columns);
    }
    // A table for a model that was trained on a plain matrix: its feature columns, in order, as they are.
    Preparation numbers;
    numbers.columns = learn_columns(loaded.cells(false), {}, MissingPolicy::error, false, 1);
    return prepared_source(loaded.cells(false), numbers);
}

std::unique_ptr<SparseSource> sparse_source(const LoadedTable& loaded, const ModelContract& contract) {
    const Preparation& preparation = contract.preparation;
    if (!preparation.columns.empty()) return hashed_rows(loaded.cells(false), preparation);
    refuse_more_features(loaded, preparation);
    return sparse_rows(*loaded.table, preparation.file_columns, contract.input);
}

RowEncoder::RowEncoder(const LoadedTable& loaded, const LoadOptions& options, const ModelContract& contract, bool sparse,
                       MemoryBudget& budget)
    : loaded_(loaded), options_(options), contract_(contract), budget_(budget) {
    if (sparse) {
        sparse_ = sparse_source(loaded, contract);
    } else {
        dense_ = dense_source(loaded, contract.preparation);
    }
}

Dataset RowEncoder::encode_rows(std::span<const std::int64_t> rows, const TargetColumn* target, const TargetColumn* weights) const {
    EncodeRequest request;
    request.source = dense_.get();
    request.sparse = sparse_.get();
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

}  // namespace glissade
