// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "host/cuda/sparse_backend.hpp"
#include "tests/kernels/cards.hpp"
#include "tests/unit/cpu/sparse_cases.hpp"

namespace glissade::testing {

/// One way to lay a sparse run on a card.
struct SparsePlacement {
    CardSetting card;
    cuda::SparseWishes wishes;
    std::string text() const {
        return "card " + card.name + ", seed " + std::to_string(card.seed) + ", " + std::to_string(wishes.threads) + " threads, table " +
               std::to_string(wishes.table_steps) + ", staging " + std::to_string(wishes.staging_bytes);
    }
};

/// The n-th of a sequence that meets every card, several sizes of blocks, and small tables and staging buffers.
inline SparsePlacement sparse_placement(int n) {
    const std::vector<CardSetting> all = cards();
    SparsePlacement p{all[static_cast<std::size_t>(n) % all.size()], {}};
    const int threads[] = {32, 64, 96, 128};
    p.wishes.threads = threads[n % 4];
    p.wishes.table_steps = n % 3 == 1 ? 5 : 300;
    p.wishes.staging_bytes = n % 3 == 2 ? 600 : 20000;
    return p;
}

inline std::unique_ptr<cuda::SparseBackend> sparse_backend(const SparseCase<float>& c, const SparsePlacement& p) {
    use(p.card);
    auto made = cuda::make_sparse_backend_with(c.problem, {}, p.wishes);
    made->set_state(c.start);
    return made;
}

template <class T>
bool equal_bits(const std::vector<T>& a, const std::vector<T>& b) {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

inline ::testing::AssertionResult equal_states(const TrainingState<float>& cuda, const TrainingState<float>& cpu) {
    if (!equal_bits(cuda.parameters, cpu.parameters)) return ::testing::AssertionFailure() << "the parameters differ";
    if (cuda.state.size() != cpu.state.size()) return ::testing::AssertionFailure() << "another number of state vectors";
    for (std::size_t s = 0; s < cpu.state.size(); ++s)
        if (!equal_bits(cuda.state[s], cpu.state[s])) return ::testing::AssertionFailure() << "state vector " << s << " differs";
    if (!equal_bits(cuda.waiting, cpu.waiting)) return ::testing::AssertionFailure() << "what waits differs";
    return ::testing::AssertionSuccess();
}

inline ::testing::AssertionResult equal_reports(const SegmentReport& cuda, const SegmentReport& cpu) {
    if (cuda.steps_done != cpu.steps_done || cuda.frozen != cpu.frozen || (cpu.frozen && cuda.frozen_member != cpu.frozen_member))
        return ::testing::AssertionFailure() << "CUDA did " << cuda.steps_done << " steps (frozen " << cuda.frozen << ", member "
                                             << cuda.frozen_member << "), the CPU " << cpu.steps_done << " (" << cpu.frozen << ", member "
                                             << cpu.frozen_member << ")";
    for (std::size_t i = 0; i < cpu.loss_sums.size(); ++i)
        if (cuda.loss_sums[i] != cpu.loss_sums[i])
            return ::testing::AssertionFailure() << "loss sum " << i << " is " << cuda.loss_sums[i] << ", on the CPU " << cpu.loss_sums[i];
    return ::testing::AssertionSuccess();
}

/// Trains the case on both backends: the same report and the same bits in parameters, state and what waits.
inline ::testing::AssertionResult sparse_trains_as_on_cpu(const SparseCase<float>& c, const std::string& label, const SparsePlacement& p) {
    const auto cpu = c.backend(1);
    const Segment<float> all = c.part(0, c.steps());
    const SegmentReport expected = cpu->run(all);
    const auto cuda = sparse_backend(c, p);
    const auto report = equal_reports(cuda->run(all), expected);
    if (!report) return ::testing::AssertionFailure() << report.message() << "; " << label << "; " << p.text();
    const auto state = equal_states(cuda->get_state(), cpu->get_state());
    if (!state) return ::testing::AssertionFailure() << state.message() << "; " << label << "; " << p.text();
    return ::testing::AssertionSuccess();
}
inline ::testing::AssertionResult sparse_trains_as_on_cpu(const SparseTrial& trial, const SparsePlacement& p) {
    return sparse_trains_as_on_cpu(SparseCase<float>(trial), trial.label, p);
}

/// Columns that many rows hold, several tiles and blocks, a short last batch.
inline SparseTrial large_sparse_trial(const Optimizer& optimizer) {
    SparseTrial trial{std::string(optimizer.name()) + " large", optimizer};
    trial.rows = 330;
    trial.columns = 300;
    trial.batch = 150;
    trial.epochs = 2;
    trial.shuffle = Shuffle::full;
    return trial;
}

}  // namespace glissade::testing
