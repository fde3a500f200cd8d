// SPDX-License-Identifier: Apache-2.0
// NetworkSteps: memory, graphs and legs. What a step is made of is in network_queue.cpp.
#include "host/cuda/network_steps.hpp"

#include <algorithm>
#include <cstdio>

#include "host/cuda/card_rates.hpp"
#include "host/cuda/check.hpp"

namespace glissade::cuda {

namespace {

std::string three_digits(double value, const char* unit) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3g ", value);
    return text + std::string(unit);
}

kernels::GemmPrecision precision_of(MatmulPrecision precision) {
    switch (precision) {
        case MatmulPrecision::tf32:
            return kernels::GemmPrecision::tf32;
        case MatmulPrecision::bfloat16:
            return kernels::GemmPrecision::bfloat16;
        default:
            return kernels::GemmPrecision::float32;
    }
}

const char* number_format(MatmulPrecision precision) {
    return precision == MatmulPrecision::tf32 ? "tf32" : precision == MatmulPrecision::bfloat16 ? "bfloat16" : "float32";
}

}  // namespace

NetworkSteps::NetworkSteps(const Problem<float>& problem, const Card& card, const BackendLimits& limits)
    : problem_(problem),
      record_(shape_of(problem)),
      counts_(problem),
      multiprocessors_(card.facts.multiprocessors),
      prediction_(predict_network(problem, counts_, card, rates_of(card, limits.calibration))),
      graph_steps_(steps_of_a_graph(problem, prediction_.nodes)),
      forks_(counts_.layers.size()) {}

NetworkSteps::~NetworkSteps() {
    (void)cudaStreamSynchronize(line_.get());
}

void NetworkSteps::allocate(const float* records) {
    records_ = records;
    allocate_rows();
    gradients_ = {counts_.members * counts_.sum_stride, "gradients"};
    partial_sums_ = {counts_.most_partials() * counts_.members * counts_.partial_sums(), "partial sums"};
    squares_ = {counts_.clips_by_norm ? counts_.members * counts_.pieces() : 0, "norms of the gradients"};
    clip_ = {counts_.members, "norms of the gradients"};
    not_finite_ = {counts_.members, "flags of the members"};
    leg_ = {1, "where a segment stands"};
    for (auto& workspace : workspaces_) workspace = {kernels::gemm_workspace_bytes(), "what matrix products work in"};
    upload_tables();
    library_.emplace();
    full_ = make_batch(counts_.rows);
    const std::int64_t last_rows = problem_.batches.rows(problem_.batches.steps_per_epoch - 1);
    if (last_rows != counts_.rows) last_ = make_batch(last_rows);
    try_a_step();
}

/// A step of a frozen leg, on whatever memory holds: kernels and algorithms are loaded now and not while a graph is written down, and what
/// the card cannot run is found here.
void NetworkSteps::try_a_step() {
    kernels::NetworkBeginParams params;
    params.value.frozen = 1;
    params.leg = leg_.data();
    params.not_finite = not_finite_.data();
    params.members = counts_.members;
    check_launch(kernels::launch_network_begin(params, line_.get()), "network_begin", "a first step");
    check(cudaMemsetAsync(targets_.data(), 0, static_cast<std::size_t>(targets_.bytes()), line_.get()), "cudaMemsetAsync", "a first step");
    const Place nowhere{gradients_.data(), nullptr, nullptr, nullptr, nullptr};
    queue_step(*full_, nowhere);
    if (last_) queue_step(*last_, nowhere);
    line_.synchronize("a first step");
}

void NetworkSteps::allocate_rows() {
    const std::int64_t rows = counts_.rows;
    inputs_ = {rows * counts_.features, "rows of a batch"};
    targets_ = {rows * counts_.target_count, "targets of a batch"};
    weights_ = {rows * counts_.weight_sets, "weights of a batch"};
    for (std::size_t i = 0; i + 1 < counts_.layers.size(); ++i) {
        sums_.emplace_back(counts_.units(i), "sums of a hidden layer");
        values_.emplace_back(counts_.units(i), "values of a hidden layer");
        turned_.emplace_back(counts_.units(i), "slopes of a hidden layer");
    }
    scores_ = {counts_.members * rows * counts_.layers.back().outputs, "scores of a batch"};
    losses_ = {counts_.members * rows, "losses of a batch"};
}

/// The host's memory is pageable: each copy has been read when it returns.
void NetworkSteps::upload_tables() {
    places_ = {counts_.partial_sums(), "places of the biases"};
    range_ends_ = {static_cast<std::int64_t>(counts_.range_ends.size()), "ends of the layers"};
    line_.copy(places_.data(), counts_.places.data(), places_.count(), cudaMemcpyHostToDevice, "places of the biases");
    line_.copy(range_ends_.data(), counts_.range_ends.data(), range_ends_.count(), cudaMemcpyHostToDevice, "ends of the layers");
    if (counts_.drops) {
        seeds_ = {counts_.members, "seeds of dropout"};
        line_.copy(seeds_.data(), problem_.dropout_seeds, seeds_.count(), cudaMemcpyHostToDevice, "seeds of dropout");
    }
    if (problem_.member_sets) {
        member_sets_ = {counts_.members, "the members' row weights"};
        line_.copy(member_sets_.data(), problem_.member_sets, member_sets_.count(), cudaMemcpyHostToDevice, "the members' row weights");
    }
    line_.synchronize("tables of a network");
}

LayerProducts NetworkSteps::layer_products(std::int64_t rows, std::size_t layer) const {
    return {rows, counts_.members, counts_.parameters, counts_.sum_stride, layer == 0, precision_of(problem_.matmul_precision)};
}

NetworkSteps::Batch NetworkSteps::make_batch(std::int64_t rows) const {
    Batch batch;
    batch.rows = rows;
    for (std::size_t i = 0; i < counts_.layers.size(); ++i) {
        const LayerProducts products = layer_products(rows, i);
        batch.forward.emplace_back(*library_, products.forward(counts_.layers[i]));
        batch.gradient.emplace_back(*library_, products.gradient(counts_.layers[i]));
        if (i > 0) batch.back.emplace_back(*library_, products.back(counts_.layers[i]));
    }
    return batch;
}

NetworkSteps::Place& NetworkSteps::place_of(const DeviceLeg& leg) {
    for (const auto& place : graphs_)
        if (place->parameters == leg.parameters_out && place->state == leg.state_out) return *place;
    graphs_.push_back(std::make_unique<Place>());
    graphs_.back()->parameters = leg.parameters_out;
    graphs_.back()->state = leg.state_out;
    return *graphs_.back();
}

const Graph& NetworkSteps::graph(Place& place, std::unique_ptr<Graph>& graph, const Batch& batch, std::int64_t steps) {
    if (!graph)
        graph = std::make_unique<Graph>(
            line_,
            [&] {
                for (std::int64_t i = 0; i < steps; ++i) queue_step(batch, place);
            },
            std::to_string(steps) + " steps of " + std::to_string(batch.rows) + " rows");
    return *graph;
}

/// Parameters and state come to where the steps change them, and the leg is written down.
void NetworkSteps::start(const DeviceLeg& leg, const Stream& stream) {
    const std::int64_t parameters = counts_.members * counts_.parameters;
    if (leg.parameters_in != leg.parameters_out)
        stream.copy(leg.parameters_out, leg.parameters_in, parameters, cudaMemcpyDeviceToDevice, "parameters");
    if (leg.state_in != leg.state_out)
        stream.copy(leg.state_out, leg.state_in, problem_.state_vectors() * parameters, cudaMemcpyDeviceToDevice, "state");
    kernels::NetworkBeginParams params;
    params.value.first_step = leg.first_step;
    params.value.batch = leg.first_step % problem_.batches.steps_per_epoch;
    params.value.orders = leg.orders;
    params.value.scalars = leg.scalars;
    params.value.loss_sums = leg.loss_sums;
    params.value.outcome = leg.outcome;
    params.leg = leg_.data();
    params.not_finite = not_finite_.data();
    params.members = counts_.members;
    check_launch(kernels::launch_network_begin(params, stream.get()), "network_begin", steps_from(leg.first_step, leg.steps));
}

void NetworkSteps::prepare(const DeviceLeg& leg) {
    Place& place = place_of(leg);
    graph(place, place.many, *full_, graph_steps_);
    if (graph_steps_ > 1) graph(place, place.one, *full_, 1);
    if (last_) graph(place, place.last, *last_, 1);
}

void NetworkSteps::queue(const DeviceLeg& leg, const Stream& stream) {
    const std::int64_t an_epoch = problem_.batches.steps_per_epoch;
    Place& place = place_of(leg);
    start(leg, stream);
    for (std::int64_t done = 0; done < leg.steps;) {
        const std::int64_t batch = (leg.first_step + done) % an_epoch, left = leg.steps - done;
        const std::int64_t in_a_row = last_ ? std::min(left, an_epoch - 1 - batch) : left;
        const std::string subject = steps_from(leg.first_step + done, std::max<std::int64_t>(1, std::min(in_a_row, graph_steps_)));
        if (in_a_row == 0) {
            graph(place, place.last, *last_, 1).launch(stream, subject);
            ++done;
        } else if (in_a_row >= graph_steps_) {
            graph(place, place.many, *full_, graph_steps_).launch(stream, subject);
            done += graph_steps_;
        } else {
            graph(place, place.one, *full_, 1).launch(stream, subject);
            ++done;
        }
    }
}

std::string NetworkSteps::description() const {
    return "a graph of " + std::to_string(prediction_.nodes) + " launches a step, " + std::to_string(graph_steps_) +
           (graph_steps_ == 1 ? " step" : " steps") + " at a time: matrix products by cuBLASLt in " +
           number_format(problem_.matmul_precision) + " (" + three_digits(prediction_.flops / 1e9, "Gflop") + " a step), one update of " +
           std::to_string(counts_.members * counts_.parameters) + " parameters (" +
           in_bytes(static_cast<std::int64_t>(prediction_.update_bytes)) + "); expected " +
           three_digits(prediction_.seconds() * 1e6, "us") + " a step, mostly " + prediction_.bound_by();
}

StepPrediction NetworkSteps::predict() const {
    return {prediction_.seconds(), prediction_.row_seconds, prediction_.bound_by()};
}

}  // namespace glissade::cuda
