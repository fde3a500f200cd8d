// SPDX-License-Identifier: Apache-2.0
#include "host/execution/cost_model.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace glissade {

StepPrediction predict_step(const StepWork& work, const CpuRates& rates) {
    const auto rows = static_cast<double>(work.rows), threads = static_cast<double>(work.threads);
    const auto row_bytes = static_cast<double>(work.row_bytes), parameters = static_cast<double>(work.parameters);
    const double stream = rows * row_bytes / rates.read_bytes_per_second;
    const double memory = stream + (work.out_of_order ? rows * (rates.late_row + rates.late_byte * row_bytes) / threads : 0);
    const auto columns = static_cast<double>(work.columns), models = static_cast<double>(work.models);
    const double arithmetic = rows * (rates.row + models * (rates.output + rates.value * columns)) / threads;
    const double update = parameters * (rates.parameter + rates.state * work.state_vectors) / work.update_threads;
    const double barrier = rates.barrier * work.barriers;
    const double step = work.rows == 1 ? rates.step_of_single_row : rates.step;

    const std::array<std::pair<double, const char*>, 5> terms = {{{memory, "memory: reading the rows"},
                                                                  {arithmetic, "arithmetic on the rows"},
                                                                  {update, "the update of the parameters"},
                                                                  {barrier, "the barriers of the threads"},
                                                                  {step, "what every step costs"}}};
    StepPrediction prediction;
    prediction.seconds = std::max(memory, arithmetic) + update + barrier + step;
    prediction.limit_seconds = stream;
    prediction.bound_by = std::max_element(terms.begin(), terms.end())->second;
    return prediction;
}

StepPrediction predict_sparse_step(const SparseWork& work, const CpuRates& rates) {
    const double stream = work.entries * work.entry_bytes / rates.read_bytes_per_second;
    const double gather = work.entries * (rates.entry + rates.entry_more * static_cast<double>(work.models - 1)) / work.threads;
    const double all = work.bytes_of_all / rates.read_bytes_per_second;
    const double barriers = work.threads == 1 ? 0 : 3 * rates.barrier;
    StepPrediction prediction;
    prediction.seconds = std::max(stream, gather) + all + barriers + rates.step_of_single_row;
    prediction.limit_seconds = stream;
    prediction.bound_by = all > gather ? "the update of all parameters in each step" : "the entries' columns: gathers and scattered adds";
    return prediction;
}

}  // namespace glissade
