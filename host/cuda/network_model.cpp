// SPDX-License-Identifier: Apache-2.0
#include "host/cuda/network_model.hpp"

#include <algorithm>
#include <string>

#include "glissade/rules/catalog.hpp"
#include "host/cuda/card.hpp"
#include "kernels/launch_network.hpp"
#include "kernels/tuning.hpp"

namespace glissade::cuda {

namespace tuning = kernels::tuning;

namespace {

constexpr std::int64_t scored_floats = 16 << 20;  ///< of one of the two buffers, aimed at
constexpr std::size_t most_lengths = 8;           ///< of chunks whose products are kept

struct ScoreBuffers {
    std::int64_t rows = 1, sums = 0, values = 0;  ///< rows at a time; floats of the two buffers

    ScoreBuffers(const ModelShape& shape, std::int64_t chunk_rows) {
        std::int64_t widest_values = shape.features, widest_sums = shape.outputs;
        for (const std::int64_t width : shape.hidden.widths) {
            widest_values = std::max(widest_values, width);
            widest_sums = std::max(widest_sums, width);
        }
        rows = std::clamp<std::int64_t>(scored_floats / std::max(widest_values, widest_sums), 1, chunk_rows);
        sums = rows * widest_sums;
        values = rows * widest_values;
    }
};

}  // namespace

std::int64_t NetworkModel::work_bytes(const ModelShape& shape, std::int64_t chunk_rows) {
    const ScoreBuffers buffers(shape, chunk_rows);
    return (buffers.sums + buffers.values) * static_cast<std::int64_t>(sizeof(float)) + kernels::gemm_workspace_bytes();
}

NetworkModel::NetworkModel(const ModelShape& shape, std::int64_t chunk_rows, int multiprocessors, const DeviceAffine& affine,
                           const Stream& stream)
    : shape_(shape),
      layers_(dense_layers(shape.features, shape.hidden.widths, shape.outputs, shape.bias)),
      chunk_rows_(ScoreBuffers(shape, chunk_rows).rows),
      multiprocessors_(multiprocessors),
      affine_(affine),
      stream_(stream),
      device_(shape.parameters(), "the parameters of a model"),
      sums_(ScoreBuffers(shape, chunk_rows).sums, "sums of rows to score"),
      values_(ScoreBuffers(shape, chunk_rows).values, "units of rows to score"),
      host_(shape.parameters(), "the parameters of a model"),
      workspace_(kernels::gemm_workspace_bytes(), "what matrix products work in") {
    (void)products(chunk_rows_);  // what the card cannot multiply is found before any row is on its way
}

void NetworkModel::set(const float* parameters) {
    std::copy_n(parameters, host_.count(), host_.data());
    stream_.copy(device_.data(), host_.data(), host_.count(), cudaMemcpyHostToDevice, "the parameters of a model");
}

void NetworkModel::score(const float* x, std::int64_t stride, std::int64_t rows, float* scores) {
    for (std::int64_t first = 0; first < rows; first += chunk_rows_)
        score_chunk(x + first * stride, stride, std::min(chunk_rows_, rows - first), scores + first * shape_.outputs);
}

const std::vector<Product>& NetworkModel::products(std::int64_t rows) {
    const auto found = products_.find(rows);
    if (found != products_.end()) return found->second;
    if (products_.size() == most_lengths) products_.clear();
    std::vector<Product> made;
    for (const DenseLayer& layer : layers_) made.emplace_back(library_, LayerProducts{.rows = rows}.forward(layer));
    return products_.emplace(rows, std::move(made)).first->second;
}

void NetworkModel::score_chunk(const float* x, std::int64_t stride, std::int64_t rows, float* scores) {
    const kernels::NetworkInputParams input{rows, shape_.features, stride, x, affine_.scale(), affine_.shift(), values_.data()};
    check_launch(kernels::launch_network_input(input, row_blocks(rows, multiprocessors_), stream_.get()), "network_input",
                 std::to_string(rows) + " rows");
    const std::vector<Product>& products = this->products(rows);
    for (std::size_t i = 0; i < layers_.size(); ++i) {
        const bool last = i + 1 == layers_.size();
        products[i].queue({values_.data(), device_.data() + layers_[i].weights_at, sums_.data(), workspace_.data()}, stream_);
        activate(layers_[i], rows, last, last ? scores : values_.data());
    }
}

/// Of the last layer only the biases are left to add.
void NetworkModel::activate(const DenseLayer& layer, std::int64_t rows, bool last, float* out) {
    kernels::NetworkActivateParams params;
    params.rows = rows;
    params.width = layer.outputs;
    params.by_quads = kernels::Divider::by(params.quads());
    params.by_rows = kernels::Divider::by(rows);
    params.activation = last ? rule_index<Identity>(ActivationRules{}) : shape_.hidden.activation;
    std::copy_n(shape_.hidden.constants, max_activation_constants, params.constants);
    params.bias = layer.bias ? device_.data() + layer.biases_at() : nullptr;
    params.sums = sums_.data();
    params.values = out;
    check_launch(kernels::launch_network_activate(params, blocks_for(params.items(), tuning::row_threads, multiprocessors_), stream_.get()),
                 "network_activate", std::to_string(rows) + " rows");
}

}  // namespace glissade::cuda
