// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>

#include "host/data/encode.hpp"
#include "host/data/loaded_table.hpp"

namespace glissade {

/// The features of a file as the matrix, or the sparse rows, that a model with such a contract reads. Throw Error(data) if they do not fit.
std::unique_ptr<MatrixSource> dense_source(const LoadedTable& loaded, const Preparation& preparation);
std::unique_ptr<SparseSource> sparse_source(const LoadedTable& loaded, const ModelContract& contract);

/// Makes data sets from rows of one file; what it is made from must outlive it, and the contract not change.
class RowEncoder {
public:
    RowEncoder(const LoadedTable& loaded, const LoadOptions& options, const ModelContract& contract, bool sparse, MemoryBudget& budget);
    Dataset encode_rows(std::span<const std::int64_t> rows, const TargetColumn* target, const TargetColumn* weights) const;

private:
    const LoadedTable& loaded_;
    const LoadOptions& options_;
    const ModelContract& contract_;
    MemoryBudget& budget_;
    std::unique_ptr<MatrixSource> dense_;
    std::unique_ptr<SparseSource> sparse_;
};

}  // namespace glissade
