// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace glissade {

/// How long a step over a full batch is expected to take.
struct StepPrediction {
    double seconds = 0;
    double limit_seconds = 0;   ///< of which reading each row of the batch once, and nothing else, would take so much
    const char* bound_by = "";  ///< what it is mostly made of
};

/// What the time of a step on the CPU depends on.
struct StepWork {
    std::int64_t rows = 1;       ///< of the batch
    std::int64_t row_bytes = 0;  ///< of its features
    std::int64_t columns = 0;
    std::int64_t models = 1;      ///< outputs of all members
    std::int64_t parameters = 0;  ///< of all members
    int state_vectors = 0;
    bool out_of_order = true;  ///< rows come from beyond a core's own cache, not in the order in which they lie
    int threads = 1;           ///< that share the rows
    int barriers = 0;
    int update_threads = 1;  ///< that share the update
};

/// The same for a step on sparse rows.
struct SparseWork {
    double entries = 0;      ///< of the batch
    double entry_bytes = 8;  ///< index and value
    std::int64_t models = 1;
    int threads = 1;
    double bytes_of_all = 0;  ///< of all parameters and state, read and written, where each step runs over all
};

/// What a machine offers. The constants are those of one core at some 3 GHz with AVX2, fitted to bench/results/2026-11-28-zen3-epoch.json;
/// other machines differ, mostly in what is measured: the rate of reading.
struct CpuRates {
    double read_bytes_per_second = 12e9;  ///< of all threads together, in order

    double late_row = 50e-9;            ///< by which a row out of order comes later, to one thread ...
    double late_byte = .02e-9;          ///< ... and each of its bytes: more pages to look up
    double row = 6e-9;                  ///< of one thread: to find a row ...
    double output = 12e-9;              ///< ... to turn a score of it into slope and loss ...
    double value = .2e-9;               ///< ... and a feature times a model, in score and gradient together
    double parameter = .2e-9;           ///< to update one from its gradient ...
    double state = .375e-9;             ///< ... and each number of the rule's state
    double barrier = .2e-6;             ///< of the team
    double step = .3e-6;                ///< what every step costs
    double step_of_single_row = .1e-6;  ///< the same for batches of one row

    double entry = 32e-9;  ///< of one thread: a sparse entry in score, gradient and the update of its column (2026-11-28-zen3-sparse.json)
    double entry_more = 5e-9;  ///< ... and in each further model, of which no measurement is kept
};

/// The larger of fetching the rows and working on them, which overlap, and then update, barriers and what every step costs. Against the
/// benchmark named above it is between half and one and a half times what was measured.
StepPrediction predict_step(const StepWork& work, const CpuRates& rates);
StepPrediction predict_sparse_step(const SparseWork& work, const CpuRates& rates);

}  // namespace glissade
