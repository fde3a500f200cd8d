// SPDX-License-Identifier: Apache-2.0
#include "host/cuda/card_rates.hpp"

#include <array>

namespace glissade::cuda {

using kernels::tuning::Expected;

namespace {

/// What differs between generations. No card has been measured: these follow from clocks, widths of caches and published measurements of
/// others, and are to be replaced by those of scripts/on_gpu.
struct Generation {
    int capability;  ///< this one and those after it, up to the next in the table
    double grid_barrier, l2_a_multiprocessor, block_memory, products_a_multiprocessor;
};
constexpr std::array<Generation, 7> generations = {{{75, 1.6e-6, 30e9, 25e9, 200e9},
                                                    {80, 1.4e-6, 45e9, 50e9, 180e9},
                                                    {86, 1.3e-6, 25e9, 30e9, 430e9},
                                                    {89, 1.2e-6, 40e9, 30e9, 640e9},
                                                    {90, 1.2e-6, 42e9, 60e9, 500e9},
                                                    {100, 1.2e-6, 45e9, 65e9, 490e9},
                                                    {120, 1.2e-6, 35e9, 35e9, 610e9}}};

void take(double measured, double& rate) {
    if (measured > 0) rate = measured;
}

/// Figures of 0 were not measured, and leave what was expected.
void take_measured(const CardMeasures& measured, const Card& card, Expected& rates) {
    const double multiprocessors = card.facts.multiprocessors;
    take(measured.grid_barrier_seconds, rates.grid_barrier);
    take(measured.cluster_barrier_seconds, rates.cluster_barrier);
    rates.cluster_grid_barrier = rates.grid_barrier + rates.cluster_barrier;
    take(measured.cluster_grid_barrier_seconds, rates.cluster_grid_barrier);
    take(measured.graph_node_seconds, rates.graph_node);
    take(measured.block_read_bytes_per_second, rates.block_memory);
    take(measured.l2_read_bytes_per_second / multiprocessors, rates.l2_a_multiprocessor);
    if (measured.read_bytes_per_second > 0) {
        if (card.memory_bytes_a_second > 0)
            rates.memory_share = measured.read_bytes_per_second / card.memory_bytes_a_second;
        else
            rates.memory_a_multiprocessor = measured.read_bytes_per_second / (multiprocessors * rates.memory_share);
    }
    // A row of s bytes comes at s / (s + lost) of the rate of reading in order.
    if (measured.gather_bytes_per_second > 0 && measured.gather_bytes_per_second <= measured.read_bytes_per_second)
        rates.gather_bytes = measured.gather_row_bytes * (measured.read_bytes_per_second / measured.gather_bytes_per_second - 1);
    if (measured.scattered_adds_per_second > 0 && measured.read_bytes_per_second > 0)
        rates.add_bytes = measured.read_bytes_per_second / measured.scattered_adds_per_second;
}

}  // namespace

Expected rates_of(const Card& card, const Calibration& calibration) {
    Expected rates;
    const int capability = card.facts.compute_major * 10 + card.facts.compute_minor;
    for (const Generation& generation : generations) {
        if (capability < generation.capability) break;
        rates.grid_barrier = generation.grid_barrier;
        rates.l2_a_multiprocessor = generation.l2_a_multiprocessor;
        rates.block_memory = generation.block_memory;
        rates.products_a_multiprocessor = generation.products_a_multiprocessor;
    }
    const CardMeasures* found = calibration.card(card.facts.name);
    take_measured(found ? *found : CardMeasures{}, card, rates);
    return rates;
}

}  // namespace glissade::cuda
