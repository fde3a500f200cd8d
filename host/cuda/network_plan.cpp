// SPDX-License-Identifier: Apache-2.0
#include "host/cuda/network_plan.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "glissade/error.hpp"
#include "kernels/gateway/gemm.hpp"

namespace glissade::cuda {

namespace tuning = kernels::tuning;

namespace {

constexpr std::int64_t most_items = std::int64_t{1} << 30;  ///< that kernels count in ints
constexpr std::int64_t most_product_rows = std::int64_t{1} << 31;

void check_counts(const NetworkCounts& counts) {
    std::int64_t widest = counts.features;
    for (const DenseLayer& layer : counts.layers) widest = std::max(widest, layer.outputs);
    const std::int64_t quads = (widest + 3) / 4, partials = counts.most_partials();
    const bool fits = counts.rows < most_product_rows && widest < most_product_rows && quads <= most_items / counts.rows / counts.members &&
                      widest <= most_items / partials / counts.members;
    if (fits) return;
    fail(ErrorKind::device, "a batch of " + std::to_string(counts.rows) + " rows through layers of up to " + std::to_string(widest) +
                                " units of " + std::to_string(counts.members) +
                                " members is more than the GPU code counts: take smaller batches or fewer members, or train on the CPU");
}

}  // namespace

NetworkCounts::NetworkCounts(const Problem<float>& problem)
    : layers(problem.layers()),
      rows(problem.batches.rows(0)),
      members(problem.members),
      parameters(problem.parameter_count()),
      sum_stride((parameters + 4) / 4 * 4),
      clips_by_norm(problem.clip_norm > 0),
      drops(problem.dropout > 0),
      features(problem.features.columns),
      target_count(problem.target_count),
      weight_sets(problem.weights ? problem.weight_sets : 0),
      own_sets(problem.member_sets != nullptr) {
    check_counts(*this);
    for (const DenseLayer& layer : layers) {
        for (std::int64_t at = layer.biases_at(); at < layer.end(); ++at) places.push_back(at);
        range_ends.insert(range_ends.end(), {layer.biases_at(), layer.end()});
    }
    places.push_back(parameters);
}

std::int64_t NetworkCounts::units_before(std::size_t layer) const {
    std::int64_t units = 0;
    for (std::size_t i = 0; i < layer; ++i) units += layers[i].end() - layers[i].biases_at();
    return units;
}

kernels::NetworkShape NetworkCounts::shape(std::int64_t batch_rows) const {
    return {batch_rows, members, parameters, sum_stride, partial_sums()};
}

std::int64_t NetworkCounts::work_bytes() const {
    std::int64_t floats = rows * (features + target_count + weight_sets);
    for (std::size_t i = 0; i + 1 < layers.size(); ++i) floats += 3 * units(i);
    floats += members * rows * (layers.back().outputs + 1) + most_partials() * members * partial_sums() + members * (sum_stride + 1);
    if (clips_by_norm) floats += members * pieces();
    constexpr std::int64_t word = sizeof(std::int64_t);
    const std::int64_t numbers = partial_sums() + static_cast<std::int64_t>(range_ends.size()) + (drops ? members : 0);
    return floats * static_cast<std::int64_t>(sizeof(float)) + numbers * word +
           (own_sets ? 2 : 1) * members * static_cast<std::int64_t>(sizeof(int)) + static_cast<std::int64_t>(sizeof(kernels::NetworkLeg)) +
           2 * kernels::gemm_workspace_bytes();
}

const char* NetworkPrediction::bound_by() const {
    struct Term {
        double seconds;
        const char* name;
    };
    const std::array<Term, 4> terms = {{{product_seconds, "the matrix products"},
                                        {launch_seconds, "the launches of the graph"},
                                        {update_seconds, "the update of the parameters"},
                                        {unit_seconds, "reading and writing units"}}};
    return std::ranges::max_element(terms, {}, &Term::seconds)->name;
}

NetworkPrediction predict_network(const Problem<float>& problem, const NetworkCounts& counts, const Card& card,
                                  const tuning::Expected& rates) {
    constexpr double real = sizeof(float);
    const double multiprocessors = card.facts.multiprocessors, rows = static_cast<double>(counts.rows),
                 members = static_cast<double>(counts.members), parameters = members * static_cast<double>(counts.parameters);
    const int layers = static_cast<int>(counts.layers.size());
    const double memory = (card.memory_bytes_a_second > 0 ? card.memory_bytes_a_second : multiprocessors * rates.memory_a_multiprocessor) *
                          rates.memory_share;
    NetworkPrediction p;
    p.nodes = 5 * layers + 3;  // what network_queue.cpp queues; gradients run beside
    p.nodes_in_turn = 4 * layers + 3;
    p.flops = 2 * rows * (3 * parameters - members * static_cast<double>(counts.layers.front().weight_count()));
    p.update_bytes = real * parameters * (4 + 2 * problem.state_vectors());  // sums are read once more to see that they are finite
    double units = 0;
    for (std::size_t i = 0; i + 1 < counts.layers.size(); ++i) units += static_cast<double>(counts.units(i));
    p.launch_seconds = p.nodes_in_turn * rates.graph_node;
    const double faster = problem.matmul_precision == MatmulPrecision::tf32       ? tuning::tf32_speedup
                          : problem.matmul_precision == MatmulPrecision::bfloat16 ? tuning::bfloat16_speedup
                                                                                  : 1;
    p.product_seconds = p.flops / (multiprocessors * rates.products_a_multiprocessor * faster * rates.product_share);
    p.update_seconds = p.update_bytes / memory;
    p.unit_seconds = real * (6 * units + 2 * rows * static_cast<double>(counts.features)) / memory;
    p.row_seconds = rows * real * static_cast<double>(counts.features) / memory;
    return p;
}

std::int64_t steps_of_a_graph(const Problem<float>& problem, int nodes) {
    constexpr std::int64_t most_steps = 8, most_nodes = 400;
    const BatchPlan& batches = problem.batches;
    const bool same = batches.rows(batches.steps_per_epoch - 1) == batches.rows(0);
    const std::int64_t in_a_row = batches.steps_per_epoch - (same ? 0 : 1);
    return std::max<std::int64_t>(1, std::min({most_steps, most_nodes / nodes, in_a_row}));
}

}  // namespace glissade::cuda
