// SPDX-License-Identifier: Apache-2.0
// NetworkSteps: the launches of a step. Gradients of weights go beside the line of what waits for one another.
#include <algorithm>
#include <cstdint>

#include "glissade/random.hpp"
#include "host/cuda/check.hpp"
#include "host/cuda/network_steps.hpp"
#include "kernels/tuning.hpp"

namespace glissade::cuda {

namespace tuning = kernels::tuning;

using kernels::Divider;

namespace {

void stream_waits(const Stream& stream, const Event& event) {
    check(cudaStreamWaitEvent(stream.get(), event.get(), 0), "cudaStreamWaitEvent", "the two branches of a step");
}

}  // namespace

int NetworkSteps::blocks_for(std::int64_t items) const {
    return cuda::blocks_for(items, tuning::row_threads, multiprocessors_);
}

/// Slopes in the sums of a layer, once they are there.
float* NetworkSteps::slopes_of(std::size_t layer) const {
    return layer + 1 == counts_.layers.size() ? scores_.data() : turned_[layer].data();
}

void NetworkSteps::queue_step(const Batch& batch, const Place& place) {
    gather(batch);
    forward(batch, place);
    slopes(batch, place);
    backward(batch, place);
    finish(batch, place);
}

void NetworkSteps::gather(const Batch& batch) {
    kernels::NetworkGatherParams params;
    params.record = record_;
    params.rows = batch.rows;
    params.batch_size = problem_.batches.batch_size;
    params.records = records_;
    params.leg = leg_.data();
    params.inputs = inputs_.data();
    params.targets = targets_.data();
    params.weights = weights_.data();
    check_launch(kernels::launch_network_gather(params, blocks_for(batch.rows * tuning::warp), line_.get()), "network_gather", "a batch");
}

void NetworkSteps::forward(const Batch& batch, const Place& place) {
    for (std::size_t i = 0; i < counts_.layers.size(); ++i) {
        const bool last = i + 1 == counts_.layers.size();
        float* out = last ? scores_.data() : sums_[i].data();
        batch.forward[i].queue({inputs_of(i), place.parameters + counts_.layers[i].weights_at, out, workspaces_[0].data()}, line_);
        if (!last) activate(i, batch, place);
    }
}

void NetworkSteps::activate(std::size_t layer, const Batch& batch, const Place& place) {
    const DenseLayer& own = counts_.layers[layer];
    kernels::NetworkActivateParams params;
    params.rows = batch.rows;
    params.members = counts_.members;
    params.width = own.outputs;
    params.by_quads = Divider::by(params.quads());
    params.by_rows = Divider::by(batch.rows);
    params.activation = problem_.hidden.activation;
    std::copy_n(problem_.hidden.constants, max_activation_constants, params.constants);
    params.bias = own.bias ? place.parameters + own.biases_at() : nullptr;
    params.bias_stride = counts_.parameters;
    params.sums = sums_[layer].data();
    params.values = values_[layer].data();
    if (counts_.drops) {
        const auto share = static_cast<double>(problem_.dropout);
        params.leg = leg_.data();
        params.seeds = seeds_.data();
        params.threshold = dropout_threshold(share);
        params.kept = dropout_kept<float>(share);
        params.layer = layer;
    }
    check_launch(kernels::launch_network_activate(params, blocks_for(params.items()), line_.get()), "network_activate", "a hidden layer");
}

void NetworkSteps::slopes(const Batch& batch, const Place& place) {
    const DenseLayer& own = counts_.layers.back();
    kernels::NetworkLossParams params;
    params.shape = counts_.shape(batch.rows);
    params.sums = SumShape::of_batch(batch.rows);
    params.block_partials = kernels::loss_block_partials(params.sums);
    params.outputs = problem_.outputs;
    params.target_count = problem_.target_count;
    params.loss = problem_.loss;
    std::copy_n(problem_.loss_constants, max_loss_constants, params.loss_constants);
    params.smoothing = problem_.label_smoothing;
    params.bias = own.bias ? place.parameters + own.biases_at() : nullptr;
    params.bias_stride = counts_.parameters;
    params.first_partial_sum = counts_.units_before(counts_.layers.size() - 1);
    params.targets = targets_.data();
    params.weights = record_.weight_sets > 0 ? weights_.data() : nullptr;
    params.weight_sets = record_.weight_sets;
    params.member_sets = member_sets_.data();
    params.scores = scores_.data();
    params.losses = losses_.data();
    params.partial_sums = partial_sums_.data();
    const std::int64_t groups = counts_.members * params.sums.partials / params.block_partials;
    check_launch(kernels::launch_network_loss(params, blocks_for(groups * tuning::row_threads), line_.get()), "network_loss",
                 "scores of a batch");
}

void NetworkSteps::backward(const Batch& batch, const Place& place) {
    for (std::size_t i = counts_.layers.size(); i-- > 0;) {
        const DenseLayer& layer = counts_.layers[i];
        forks_[i].record(line_);
        stream_waits(branch_, forks_[i]);
        batch.gradient[i].queue({slopes_of(i), inputs_of(i), gradients_.data() + layer.weights_at, workspaces_[1].data()}, branch_);
        if (i == 0) break;
        batch.back[i - 1].queue({slopes_of(i), place.parameters + layer.weights_at, turned_[i - 1].data(), workspaces_[0].data()}, line_);
        turn(i - 1, batch);
    }
}

void NetworkSteps::turn(std::size_t layer, const Batch& batch) {
    const DenseLayer& own = counts_.layers[layer];
    kernels::NetworkTurnParams params;
    params.shape = counts_.shape(batch.rows);
    params.sums = SumShape::of_batch(batch.rows);
    params.width = own.outputs;
    params.by_width = Divider::by(own.outputs);
    params.by_partials = Divider::by(params.sums.partials);
    params.bias = own.bias;
    params.first_partial_sum = counts_.units_before(layer);
    params.slopes = turned_[layer].data();
    params.factors = sums_[layer].data();
    params.partial_sums = partial_sums_.data();
    check_launch(kernels::launch_network_turn(params, blocks_for(params.items()), line_.get()), "network_turn", "a hidden layer");
}

/// Sums of all kinds become new parameters.
void NetworkSteps::finish(const Batch& batch, const Place& place) {
    const kernels::NetworkShape shape = counts_.shape(batch.rows);
    const float* squares = counts_.clips_by_norm ? squares_.data() : nullptr;
    const int pieces = blocks_for(counts_.members * counts_.pieces() * tuning::row_threads);
    const kernels::NetworkFoldParams fold{shape, SumShape::of_batch(batch.rows).partials, partial_sums_.data(), places_.data(),
                                          gradients_.data()};
    check_launch(
        kernels::launch_network_fold(fold, blocks_for(shape.all_partial_sums() * (tuning::row_threads / tuning::warp)), line_.get()),
        "network_fold", "biases and losses");
    joined_.record(branch_);
    stream_waits(line_, joined_);
    const kernels::NetworkCheckParams checked{shape, problem_.clip_value, gradients_.data(), not_finite_.data(),
                                              counts_.clips_by_norm ? squares_.data() : nullptr};
    check_launch(kernels::launch_network_check(checked, pieces, line_.get()), "network_check", "gradients");
    const kernels::NetworkDecideParams decided{
        shape,      problem_.batches.steps_per_epoch, problem_.clip_norm, gradients_.data(), squares, not_finite_.data(), clip_.data(),
        leg_.data()};
    check_launch(kernels::launch_network_decide(decided, line_.get()), "network_decide", "a step");
    kernels::NetworkUpdateParams update;
    update.shape = shape;
    update.rule = problem_.rule;
    update.variant = problem_.variant;
    update.averaging = problem_.averaging;
    update.state_stride = counts_.members * counts_.parameters;
    update.clip_value = problem_.clip_value;
    update.ranges = range_ends_.count();
    update.range_ends = range_ends_.data();
    update.sums = gradients_.data();
    update.clip = counts_.clips_by_norm ? clip_.data() : nullptr;
    update.leg = leg_.data();
    update.parameters = place.parameters;
    update.state = place.state;
    check_launch(kernels::launch_network_update(update, pieces, line_.get()), "network_update", "parameters");
}

}  // namespace glissade::cuda
