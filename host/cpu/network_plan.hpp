// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "host/cpu/blas.hpp"
#include "host/cpu/layout.hpp"
#include "host/cpu/row_stream.hpp"
#include "host/execution/backend.hpp"

namespace glissade::cpu {

/// Which partial sums a batch of a network has. A pure function of its rows, so that threads share the work in any way and give the same
/// bits: the rows, in order, are cut into `slots` (a power of two) runs of about equal length; a run is taken in passes of at most
/// `pass_rows` rows, whose products are added one after the other; the slots' sums are added by a binary tree, (0+1)+(2+3) ...
///
/// Slots grow with the root of the batch: a product of few rows is slow, since the weights are packed for each, and every slot costs a pass
/// over a whole gradient. On a Zen 3 core at 784-256-128-10, products over 32 rows run at .88 of the rate of large ones, over 64 at .96.
struct NetworkPlan {
    static constexpr std::int64_t pass_rows = 256;
    static constexpr std::int64_t most_slots = 32;
    static constexpr int version = 1;  ///< stored in checkpoints; changes whenever any of this does

    std::int64_t rows = 0;
    std::int64_t slots = 1;
    int threads = 1;

    NetworkPlan() = default;
    NetworkPlan(std::int64_t rows_in, int threads_in) : rows(rows_in) {
        while (slots < most_slots && rows > 32 * slots * slots) slots *= 2;
        threads = static_cast<int>(std::min<std::int64_t>(threads_in, slots));
    }
    std::int64_t begin(std::int64_t slot) const { return slot * rows / slots; }
    /// The slots of a thread of the team: those of `threads` and none of the others.
    std::int64_t first_slot(int thread) const { return std::min(thread, threads) * slots / threads; }
    RowRange rows_of(int thread) const { return {begin(first_slot(thread)), begin(first_slot(thread + 1))}; }
};

/// Where a pass over some rows of a network keeps what it works out, in reals from the beginning of a thread's scratch.
struct NetworkScratch {
    std::int64_t rows = 0;
    std::int64_t input_at = 0;                     ///< [rows][features]
    std::vector<std::int64_t> values_at, sums_at;  ///< of each hidden layer, [rows][width]: what it gives; its sums, then its slopes
    std::int64_t scores_at = 0;                    ///< [rows][outputs]: scores, then slopes
    std::int64_t turned_at[2] = {0, 0};            ///< [rows][widest]: slopes on their way back
    std::int64_t tile_at = 0;                      ///< of SlopeTask: scores, losses, targets, weights
    std::int64_t size = 0;

    template <class Real>
    NetworkScratch(const std::vector<DenseLayer>& layers, std::int64_t rows_in, const Problem<Real>* training) : rows(rows_in) {
        const auto place = [&](std::int64_t count) {
            const std::int64_t at = size;
            size += padded(count);
            return at;
        };
        std::int64_t widest = 0;
        input_at = place(rows * layers.front().inputs);
        for (std::size_t i = 0; i + 1 < layers.size(); ++i) {
            values_at.push_back(place(rows * layers[i].outputs));
            sums_at.push_back(place(rows * layers[i].outputs));
            widest = std::max(widest, layers[i].outputs);
        }
        scores_at = place(rows * layers.back().outputs);
        if (training == nullptr) return;
        for (std::int64_t& at : turned_at) at = place(rows * widest);
        tile_at = place((training->outputs + 1 + training->target_count + training->weight_sets) * tile_rows);
    }
};

/// Memory of a backend for networks, in reals.
struct NetworkSizes {
    std::int64_t parameter_count = 0, member_stride = 0;
    std::int64_t state = 0;     ///< parameters and all state vectors of all members
    std::int64_t gradient = 0;  ///< of all members
    std::int64_t sum_size = 0;  ///< of one slot: the gradients of all members, then a loss a member
    std::int64_t slots = 1;
    std::int64_t pass_rows = 1;
    std::int64_t scratch_a_thread = 0;  ///< and what products pack

    template <class Real>
    NetworkSizes(const Problem<Real>& problem, int threads) {
        const NetworkPlan plan(std::min(problem.batches.batch_size, problem.batches.order.rows), threads);
        parameter_count = problem.parameter_count();
        member_stride = padded(parameter_count);
        state = (1 + problem.state_vectors()) * problem.members * member_stride;
        gradient = problem.members * member_stride;
        sum_size = gradient + padded(problem.members);
        slots = plan.slots;
        pass_rows = std::min(NetworkPlan::pass_rows, (plan.rows + plan.slots - 1) / plan.slots);
        const std::vector<DenseLayer> layers = problem.layers();
        std::int64_t widest = 0;
        for (const DenseLayer& layer : layers) widest = std::max({widest, layer.inputs, layer.outputs});
        scratch_a_thread = NetworkScratch(layers, pass_rows, &problem).size + BlasBuffer::packed_reals(pass_rows, widest);
    }
};

}  // namespace glissade::cpu
