// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "host/cuda/card.hpp"
#include "host/execution/backend.hpp"
#include "kernels/launch_network.hpp"
#include "kernels/tuning.hpp"

namespace glissade::cuda {

/// Counts of a network's training, and everything that a step graph keeps on the card besides rows, parameters, state and tables.
struct NetworkCounts {
    std::vector<DenseLayer> layers;
    std::int64_t rows = 1, members = 1;  ///< rows of a full batch
    std::int64_t parameters = 0;         ///< of a member
    std::int64_t sum_stride = 0;
    std::vector<std::int64_t> places;      ///< where biases, then the loss, belong among a member's sums
    std::vector<std::int64_t> range_ends;  ///< of weights and biases of each layer in turn
    bool clips_by_norm = false, drops = false;
    std::int64_t features = 0, target_count = 1, weight_sets = 0;
    bool own_sets = false;  ///< members say which of a row's weights is theirs

    /// Throws Error(device) if the counts are beyond what kernels index.
    explicit NetworkCounts(const Problem<float>& problem);

    std::int64_t units_before(std::size_t layer) const;  ///< biases of the layers before this one
    kernels::NetworkShape shape(std::int64_t batch_rows) const;
    std::int64_t partial_sums() const { return static_cast<std::int64_t>(places.size()); }
    std::int64_t most_partials() const { return SumShape::of_batch(rows).partials; }
    std::int64_t pieces() const { return kernels::network_pieces(parameters); }
    /// Values of a hidden layer, of its sums and of their slopes.
    std::int64_t units(std::size_t layer) const { return members * rows * layers[layer].outputs; }
    std::int64_t work_bytes() const;
};

/// What a step is expected to take.
struct NetworkPrediction {
    int nodes = 0;          ///< launches of a step, of which ...
    int nodes_in_turn = 0;  ///< ... so many wait for one another
    double flops = 0;       ///< of the products
    double update_bytes = 0;
    double launch_seconds = 0, product_seconds = 0, update_seconds = 0, unit_seconds = 0;
    double row_seconds = 0;  ///< reading the batch's rows alone
    double seconds() const { return launch_seconds + product_seconds + update_seconds + unit_seconds; }
    const char* bound_by() const;
};
NetworkPrediction predict_network(const Problem<float>& problem, const NetworkCounts& counts, const Card& card,
                                  const kernels::tuning::Expected& rates);

/// Full batches that are written down as one graph: as many as there are in a row, within reason.
std::int64_t steps_of_a_graph(const Problem<float>& problem, int nodes);

}  // namespace glissade::cuda
