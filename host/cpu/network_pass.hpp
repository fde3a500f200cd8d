// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "host/cpu/blas.hpp"
#include "host/cpu/kernels.hpp"
#include "host/cpu/network_loops.hpp"
#include "host/cpu/network_plan.hpp"

namespace glissade::cpu {

/// The rows that a pass works on: their features lie in the scratch.
template <class Real>
struct PassRows {
    std::int64_t count = 0;
    Real* scratch = nullptr;
    const BlasBuffer* buffer = nullptr;
};

/// Which units of a pass dropout leaves out.
struct Dropped {
    double share = 0;
    std::uint64_t seed = 0;
    std::int64_t step = 0;
    std::int64_t first_row = 0;  ///< of the pass, within the batch
};

/// What some rows go through in one network: forward to scores, backward from slopes of the scores to the gradient. Shared by training and
/// prediction; has no memory of its own.
template <class Real>
class NetworkPass {
public:
    NetworkPass(std::vector<DenseLayer> layers, const HiddenLayers<Real>& hidden)
        : layers_(std::move(layers)), hidden_(hidden), loops_(network_loops<Real>(hidden.activation)) {}

    const std::vector<DenseLayer>& layers() const { return layers_; }

    /// From the features to the scores at scratch.scores_at, to which the biases of the last layer are still to be added.
    void forward(const NetworkScratch& at, const PassRows<Real>& rows, const Real* parameters, const Dropped& dropped) const;
    /// Adds sum of slope * input over the rows to the weights' gradients and the slopes to the biases', from the slopes at
    /// scratch.scores_at; takes the sums to be 0 where `first`.
    void backward(const NetworkScratch& at, const PassRows<Real>& rows, const Real* parameters, bool first, Real* sums) const;

private:
    std::vector<DenseLayer> layers_;
    HiddenLayers<Real> hidden_;
    NetworkLoops<Real> loops_;
};

}  // namespace glissade::cpu
