// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "kernels/device/sparse_rules.cuh"
#include "kernels/tuning.hpp"

namespace glissade::kernels {

// Does: brings the batch's columns up to the step before, updates and stamps them.
// Layout: a thread for each sorted entry that begins a column; by atomics four threads a row, of which one is the first to stamp a column.
// Reads+Writes: 4 bytes an entry; a record read and written, out of order, a column of the batch.
// Order of sums: none.
// Presumes: sparse_decide has counted the step.
static __global__ void __launch_bounds__(tuning::sparse_threads, 2) sparse_update_kernel(const __grid_constant__ SparseStepParams params) {
    if (params.control->frozen_member >= 0) return;
    visit_update(params.rule, params.variant, UpdateSparseColumns{params, params.control->step - 1, false});
}

// Does: the same for all columns, of members whose step runs over all; the running average of columns that a step was not for.
// Layout: a thread a column.
// Reads+Writes: every record, read and written in order.
// Order of sums: none.
// Presumes: sparse_update has stamped the batch's columns, if it is part of the step.
static __global__ void __launch_bounds__(tuning::sparse_threads, 2)
    sparse_update_all_kernel(const __grid_constant__ SparseStepParams params) {
    if (params.control->frozen_member >= 0) return;
    visit_update(params.rule, params.variant, UpdateSparseColumns{params, params.control->step - 1, true});
}

// Does: forgets the gradients of the step that froze, if one did.
// Layout: a thread for each sorted entry that begins a column; by atomics four threads a row.
// Reads+Writes: 4 bytes an entry; the gradient of each column of the batch.
// Order of sums: none.
// Presumes: nothing has been done since the step froze.
static __global__ void __launch_bounds__(tuning::sparse_threads) sparse_drop_kernel(const __grid_constant__ SparseStepParams params) {
    if (params.control->frozen_member < 0) return;
    if (params.by_atomics) {
        visit_entries(params, SparseBatch(params, params.control->step), [&](std::uint32_t column) {
            float* gradient = params.records + column * params.shape.stride() + params.shape.gradient_at();
            for (std::int64_t k = 0; k < params.shape.models(); ++k) atomicExch(gradient + k, 0.0f);
        });
        return;
    }
    for (std::int64_t i = grid_thread(); i < params.control->entries; i += grid_threads()) {
        if (!begins_column(params, i)) continue;
        float* gradient = params.records + params.keys_out[i] * params.shape.stride() + params.shape.gradient_at();
        for (std::int64_t k = 0; k < params.shape.models(); ++k) gradient[k] = 0.0f;
    }
}

}  // namespace glissade::kernels
