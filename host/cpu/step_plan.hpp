// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "glissade/rules/sum_shape.hpp"
#include "host/cpu/row_stream.hpp"

namespace glissade::cpu {

/// Which thread adds which partial sums of a batch: *slots*, a power of two of them, are aligned subtrees of the tree of SumShape, and each
/// thread takes a run of slots. How many there are changes no bits.
struct StepPlan {
    SumShape shape;
    std::int64_t slots = 1;
    int threads = 1;

    StepPlan() = default;
    StepPlan(std::int64_t rows, int threads_in) : shape(SumShape::of_batch(rows)), threads(threads_in) {
        // Where the threads are no power of two, more slots share the work more evenly.
        const bool power_of_two = (threads & (threads - 1)) == 0;
        const std::int64_t aim = power_of_two ? threads : 4 * threads;
        while (slots < aim && slots < shape.partials) slots *= 2;
    }
    std::int64_t first_slot(int thread) const { return thread * slots / threads; }
    std::int64_t partials_a_slot() const { return shape.partials / slots; }
    RowRange rows_of(int thread) const {
        return {shape.begin(first_slot(thread) * partials_a_slot()), shape.begin(first_slot(thread + 1) * partials_a_slot())};
    }
};

}  // namespace glissade::cpu
