// SPDX-License-Identifier: Apache-2.0
#include "glissade/rules/sum_shape.hpp"
#include "glissade/rules/update.hpp"
#include "kernels/device/launch.cuh"
#include "kernels/launch.hpp"
#include "kernels/segment_kernels.hpp"

namespace glissade::kernels {

namespace {

constexpr std::int64_t rounded_up(std::int64_t bytes) {
    return (bytes + 15) / 16 * 16;
}

}  // namespace

SegmentLayout SegmentLayout::of(const LinearShape& all, const TileShape& tile, const SegmentLaunch& launch) {
    const LinearShape shape = launch.of_a_team(all);
    constexpr std::int64_t real = sizeof(float);
    SegmentLayout layout;
    std::int64_t end = header_bytes;
    const auto take = [&end](std::int64_t bytes) {
        const std::int64_t begin = end;
        end = rounded_up(end + bytes);
        return begin;
    };
    layout.records = take(launch.places.records ? record_buffers * tile.all_rows() * shape.record_pitch() * real : 0);
    layout.rates = take(2 * shape.members * rules::scalars_a_member * real);
    layout.rows = take(row_slots * tile.all_rows() * static_cast<std::int64_t>(sizeof(std::int64_t)));
    layout.counts = take(row_slots * tile.partials * static_cast<std::int64_t>(sizeof(int)));
    layout.scores = take(tile.all_rows() * (shape.is_network() ? shape.unit_floats : shape.columns() + shape.members) * real);
    layout.clip = take(shape.members * real);
    layout.sums = take(launch.places.sums ? tile.partials * shape.sums() * real : 0);
    layout.parameters = take(launch.places.parameters ? shape.parameters() * real : 0);
    layout.state = take(launch.places.state ? shape.state_vectors * launch.slice(shape) * real : 0);
    const bool cluster = launch.team == Team::cluster && launch.exchange == Exchange::replica;
    layout.cluster_sums = take(cluster ? 2 * shape.sums() * real : 0);
    layout.bytes = end;
    return layout;
}

BatchDivision BatchDivision::of(const LinearShape& shape, std::int64_t rows, std::int64_t blocks, const TileShape& tile) {
    const std::int64_t wanted = SumShape::of_batch(rows).partials;
    const std::int64_t partials = wanted < shape.most_partials() ? wanted : shape.most_partials();
    const std::int64_t active = partials < blocks ? partials : blocks, own = partials / active;
    const std::int64_t group = own < tile.partials ? own : tile.partials;
    const std::int64_t longest = (rows + partials - 1) / partials;
    BatchDivision division;
    division.rows = rows;
    while ((std::int64_t{1} << division.partial_bits) < partials) ++division.partial_bits;
    division.active_blocks = static_cast<int>(active);
    division.own_partials = static_cast<int>(own);
    division.group_partials = static_cast<int>(group);
    division.groups = static_cast<int>(own / group);
    division.chunks = static_cast<int>((longest + tile.rows - 1) / tile.rows);
    return division;
}

std::int64_t SegmentNetworkParams::place_layers(std::span<const DenseLayer> network, std::int64_t input_pitch, std::int64_t tile_rows,
                                                SegmentLayer* layers_out) {
    std::int64_t floats = input_pitch;
    const auto take = [&floats, tile_rows](std::int64_t pitch) {
        const std::int64_t at = floats * tile_rows;
        floats += pitch;
        return static_cast<int>(at);
    };
    for (std::size_t l = 0; l < network.size(); ++l) {
        const DenseLayer& from = network[l];
        SegmentLayer& to = layers_out[l];
        to.inputs = static_cast<int>(from.inputs);
        to.outputs = static_cast<int>(from.outputs);
        to.weights_at = static_cast<int>(from.weights_at);
        to.biases_at = static_cast<int>(from.biases_at());
        to.end = static_cast<int>(from.end());
        const bool last = l + 1 == network.size();
        const std::int64_t pitch = LinearShape::unit_pitch(from.outputs + (last ? 1 : 0));  // the loss stands behind the scores
        to.pitch = static_cast<int>(pitch);
        to.slopes_at = take(pitch);
        to.values_at = last ? to.slopes_at : take(pitch);
    }
    return floats;
}

namespace {

SegmentKernel kernel_of(const SegmentLaunch& launch, const SegmentLinearParams*) {
    return launch.exchange == Exchange::sliced ? segment_kernel_sliced() : segment_kernel_replica();
}
SegmentNetworkKernel kernel_of(const SegmentLaunch& launch, const SegmentNetworkParams*) {
    return launch.exchange == Exchange::sliced ? segment_network_kernel_sliced() : segment_network_kernel_replica();
}

GridShape grid_of(const SegmentLaunch& launch, std::int64_t shared_bytes) {
    return {launch.blocks, launch.threads, shared_bytes, launch.team == Team::grid, launch.cluster};
}

template <class Params>
int resident_blocks(const SegmentLaunch& shape, std::int64_t shared_bytes, int multiprocessors, int* blocks_out) {
    const auto kernel = kernel_of(shape, static_cast<const Params*>(nullptr));
    if (shape.cluster > 1) {
        int clusters = 0;
        const int status = resident_clusters(kernel, grid_of(shape, shared_bytes), &clusters);
        *blocks_out = clusters * shape.cluster;
        return status;
    }
    const cudaError_t allowed = allow_shared_bytes(kernel, shared_bytes);
    if (allowed != cudaSuccess) return static_cast<int>(allowed);
    const cudaError_t status =
        cudaOccupancyMaxActiveBlocksPerMultiprocessor(blocks_out, kernel, shape.threads, static_cast<std::size_t>(shared_bytes));
    *blocks_out *= multiprocessors;
    return static_cast<int>(status);
}

template <class Params>
int launch_segment(const Params& params, StreamHandle stream) {
    return launch(kernel_of(params.launch, &params), params, grid_of(params.launch, params.layout.bytes), stream);
}

}  // namespace

int launch_segment_linear(const SegmentLinearParams& params, StreamHandle stream) {
    return launch_segment(params, stream);
}

int launch_segment_network(const SegmentNetworkParams& params, StreamHandle stream) {
    return launch_segment(params, stream);
}

int resident_segment_blocks(const SegmentLaunch& shape, bool network, std::int64_t shared_bytes, int multiprocessors, int* blocks_out) {
    return network ? resident_blocks<SegmentNetworkParams>(shape, shared_bytes, multiprocessors, blocks_out)
                   : resident_blocks<SegmentLinearParams>(shape, shared_bytes, multiprocessors, blocks_out);
}

}  // namespace glissade::kernels
