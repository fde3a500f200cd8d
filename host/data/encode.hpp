// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "glissade/dataset.hpp"
#include "host/data/matrix_source.hpp"
#include "host/data/memory_budget.hpp"
#include "host/data/sparse_source.hpp"

namespace glissade {

/// Everything that a data set is made from. Targets and weights are given for `rows`, in their order.
struct EncodeRequest {
    const MatrixSource* source = nullptr;  ///< of a dense matrix, which `input` standardises
    const SparseSource* sparse = nullptr;  ///< or of sparse rows
    std::span<const std::int64_t> rows;
    const ColumnAffine* input = nullptr;
    std::vector<double> targets;  ///< rows x target_count
    std::int64_t target_count = 0;
    std::vector<double> weights;  ///< empty: none
    RealType type = RealType::float32;
    int threads = 1;
    MemoryBudget* budget = nullptr;
    std::string file;
};

/// Throws Error(memory) before allocating beyond the budget, Error(data) for a value that is not finite, or too large for the type.
Dataset encode(const EncodeRequest& request);

/// The features of such a request as sparse rows, without entries that are 0 (but those that round to it); targets and weights are still to
/// be filled in.
Dataset encode_sparse(const EncodeRequest& request);

/// XXH3-128, as 32 hex digits, over shape, names and values of the data sets; padding does not count.
std::string fingerprint_of(const Dataset& train, const std::optional<Dataset>& validation);

}  // namespace glissade
