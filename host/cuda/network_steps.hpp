// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/cuda/buffers.hpp"
#include "host/cuda/graph.hpp"
#include "host/cuda/network_plan.hpp"
#include "host/cuda/products.hpp"
#include "host/cuda/step_runner.hpp"

namespace glissade::cuda {

/// Networks: a step is a few launches, written down as a graph for each place of parameters, and replayed. What
/// changes from step to step is on the card (kernels::NetworkLeg), so the host only launches graphs, several steps at a time.
class NetworkSteps final : public StepRunner {
public:
    NetworkSteps(const Problem<float>& problem, const Card& card, const BackendLimits& limits);
    ~NetworkSteps() override;

    std::int64_t work_bytes() const override { return counts_.work_bytes(); }
    void allocate(const float* records) override;
    void prepare(const DeviceLeg& leg) override;
    void queue(const DeviceLeg& leg, const Stream& stream) override;
    NetworkFamily network_family() const override { return NetworkFamily::graph; }
    std::string description() const override;
    StepPrediction predict() const override;

private:
    /// Products of a batch of so many rows.
    struct Batch {
        std::int64_t rows = 0;
        std::vector<Product> forward, gradient, back;  ///< a layer; the first layer has no way back
    };
    /// Graphs that work on one place of parameters and state.
    struct Place {
        float *parameters = nullptr, *state = nullptr;
        std::unique_ptr<Graph> many, one, last;
    };

    void allocate_rows();
    void try_a_step();
    void upload_tables();
    Batch make_batch(std::int64_t rows) const;
    Place& place_of(const DeviceLeg& leg);
    const Graph& graph(Place& place, std::unique_ptr<Graph>& graph, const Batch& batch, std::int64_t steps);
    void start(const DeviceLeg& leg, const Stream& stream);

    void queue_step(const Batch& batch, const Place& place);
    void gather(const Batch& batch);
    void forward(const Batch& batch, const Place& place);
    void activate(std::size_t layer, const Batch& batch, const Place& place);
    void slopes(const Batch& batch, const Place& place);
    void backward(const Batch& batch, const Place& place);
    void turn(std::size_t layer, const Batch& batch);
    void finish(const Batch& batch, const Place& place);

    float* slopes_of(std::size_t layer) const;
    const float* inputs_of(std::size_t layer) const { return layer == 0 ? inputs_.data() : values_[layer - 1].data(); }
    int blocks_for(std::int64_t items) const;
    LayerProducts layer_products(std::int64_t rows, std::size_t layer) const;

    Problem<float> problem_;
    kernels::LinearShape record_;
    NetworkCounts counts_;
    int multiprocessors_;
    NetworkPrediction prediction_;
    std::int64_t graph_steps_;

    const float* records_ = nullptr;
    DeviceBuffer<float> inputs_, targets_, weights_, scores_, losses_;
    std::vector<DeviceBuffer<float>> sums_, values_, turned_;  ///< of each hidden layer
    DeviceBuffer<float> partial_sums_, gradients_, squares_, clip_;
    DeviceBuffer<std::int64_t> places_, range_ends_;
    DeviceBuffer<std::uint64_t> seeds_;
    DeviceBuffer<std::int32_t> member_sets_;
    DeviceBuffer<int> not_finite_;
    DeviceBuffer<kernels::NetworkLeg> leg_;
    std::array<DeviceBuffer<std::byte>, 2> workspaces_;  ///< of the two streams
    std::optional<ProductLibrary> library_;
    std::optional<Batch> full_, last_;  ///< no last one where it is as long as the others
    std::vector<Event> forks_;          ///< a layer: its slopes are there
    Event joined_;
    Stream line_, branch_;  ///< that graphs are written down in: what waits for one another, and gradients beside
    std::vector<std::unique_ptr<Place>> graphs_;
};

}  // namespace glissade::cuda
