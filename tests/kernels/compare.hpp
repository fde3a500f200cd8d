// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <ostream>
#include <vector>

#include "host/cuda/cuda_backend.hpp"
#include "tests/kernels/cards.hpp"
#include "tests/unit/cpu/cases.hpp"

namespace glissade::testing {

/// One way to lay a run on a card: which card, and what the plan is made to choose there.
struct Placement {
    CardSetting card;
    cuda::PlanWishes wishes;
};
inline std::ostream& operator<<(std::ostream& out, const Placement& p) {
    return out << "card " << p.card.name << ", seed " << p.card.seed << ", " << p.wishes.blocks << " blocks (cluster " << p.wishes.cluster
               << ") x " << p.wishes.threads << " threads, tile " << p.wishes.tile.partials << " x " << p.wishes.tile.rows
               << (p.wishes.exchange ? (*p.wishes.exchange == kernels::Exchange::sliced ? ", sliced" : ", replicas") : "")
               << (p.wishes.block_a_member ? ", a block a member" : "") << (p.wishes.graph ? ", launches of a graph" : "")
               << (p.wishes.parameters_in_memory ? ", parameters in memory" : "") << (p.wishes.sums_in_memory ? ", sums in memory" : "")
               << (p.wishes.records_in_memory ? ", records in memory" : "") << (p.wishes.state_in_memory ? ", state in memory" : "")
               << ", staging " << p.wishes.staging_bytes << ", table " << p.wishes.table_steps;
}

/// The n-th of a sequence of placements that meets all teams and exchanges, every card, several sizes of blocks and tiles, and small
/// staging buffers and tables.
inline Placement placement(int n) {
    const std::vector<CardSetting> all = cards();
    Placement p{all[static_cast<std::size_t>(n) % all.size()], {}};
    const int blocks[] = {8, 1, 2, 4, 1, 8, 0};
    const int threads[] = {64, 96, 32, 128, 0};
    const kernels::TileShape tiles[] = {{2, 8}, {0, 0}, {4, 16}, {1, 4}, {1, 1}, {8, 2}};
    p.wishes.blocks = std::min(blocks[n % 7], p.card.most_blocks);
    p.wishes.threads = threads[n % 5];
    p.wishes.tile = tiles[n % 6];
    p.wishes.state_in_memory = n % 4 == 3;
    if (n % 5 == 4) {  // where there is only one member, one block
        p.wishes.blocks = 0;
        p.wishes.block_a_member = true;
        p.wishes.threads = 64;
        return p;
    }
    if (n % 10 == 3) {  // on any card, more blocks than it holds at once too
        p.wishes.graph = true;
        p.wishes.blocks = std::max(2, blocks[n % 7]);
        p.wishes.parameters_in_memory = n % 4 == 3;
        p.wishes.sums_in_memory = n % 3 == 0;
        p.wishes.table_steps = n % 20 == 3 ? 3 : 200;
        return p;
    }
    if (n % 9 < 8) p.wishes.exchange = n % 3 == 2 ? kernels::Exchange::sliced : kernels::Exchange::replica;
    if (n % 2 == 0 && p.wishes.blocks > 1 && p.card.most_cluster > 1)
        p.wishes.cluster = std::min({p.wishes.blocks, p.card.most_cluster, n % 8 < 4 ? 8 : 2});
    if (n % 3 == 2 && (p.wishes.cluster <= 1 || p.wishes.cluster == p.wishes.blocks)) {
        p.wishes.parameters_in_memory = n % 2 == 0;
        p.wishes.sums_in_memory = n % 8 > 4;
    }
    p.wishes.staging_bytes = n % 3 == 0 ? 3000 : 0;
    p.wishes.table_steps = n % 3 == 1 ? 3 : 200;
    return p;
}

inline std::unique_ptr<cuda::CudaBackend> cuda_backend(const Case<float>& c, const Placement& p) {
    use(p.card);
    auto made = cuda::make_cuda_backend_with(c.problem, {}, p.wishes);
    made->set_state(c.start);
    return made;
}

inline ::testing::AssertionResult same_report(const SegmentReport& cuda, const SegmentReport& cpu) {
    if (cuda.steps_done != cpu.steps_done || cuda.frozen != cpu.frozen)
        return ::testing::AssertionFailure() << "CUDA did " << cuda.steps_done << " steps (frozen " << cuda.frozen << "), the CPU "
                                             << cpu.steps_done << " (" << cpu.frozen << ")";
    if (cuda.frozen && cuda.frozen_member != cpu.frozen_member)
        return ::testing::AssertionFailure() << "frozen member " << cuda.frozen_member;
    for (std::size_t i = 0; i < cpu.loss_sums.size(); ++i)
        if (cuda.loss_sums[i] != cpu.loss_sums[i])
            return ::testing::AssertionFailure() << "loss sum " << i << " is " << cuda.loss_sums[i] << ", on the CPU " << cpu.loss_sums[i];
    return ::testing::AssertionSuccess();
}

/// Trains the case on both backends: the same report and the same bits in every parameter and state vector.
inline ::testing::AssertionResult trains_as_on_cpu(const CaseShape& shape, const Placement& p) {
    const Case<float> c(shape);
    const auto cpu = c.backend(1);
    const SegmentReport expected = cpu->run(c.segment());
    const auto cuda = cuda_backend(c, p);
    const auto same = same_report(cuda->run(c.segment()), expected);
    if (!same) return ::testing::AssertionFailure() << same.message() << "; " << shape << "; " << p;
    if (!same_state(cuda->get_state(), cpu->get_state()))
        return ::testing::AssertionFailure() << "the states differ; " << shape << "; " << p;
    return ::testing::AssertionSuccess();
}

}  // namespace glissade::testing
