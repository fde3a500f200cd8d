// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "glissade/rules/field.hpp"

/// The element-wise loops of networks, each built for every instruction set of simd_targets.hpp, with the same bits on all of them.
namespace glissade::cpu {

/// A hidden layer's activation over some rows: sum = sum + bias, values = activation(sum), and the sums become the slopes.
template <class Real>
struct ActivateTask {
    std::int64_t rows = 0, width = 0;
    Real* sums = nullptr;        ///< [rows][width]: sums in, slopes out
    Real* values = nullptr;      ///< [rows][width]
    const Real* bias = nullptr;  ///< [width] or null
    const Real* constants = nullptr;
};

/// Dropout of some rows of a layer: values and slopes times 0 or 1/(1 - share), as glissade/random.hpp says; `counter` is row 0's first.
template <class Real>
struct DropTask {
    std::int64_t rows = 0, width = 0;
    Real* slopes = nullptr;
    Real* values = nullptr;
    std::uint64_t seed = 0, stream = 0, counter = 0;
    double share = 0;
};

/// Slopes in a layer's values become slopes in its sums, and their sums over the rows, in row order, join those of the biases.
template <class Real>
struct TurnTask {
    std::int64_t rows = 0, width = 0;
    Real* slopes = nullptr;         ///< [rows][width]: in the values in, in the sums out
    const Real* factors = nullptr;  ///< [rows][width]: slopes of the activation; null: 1, which is the last layer
    Real* bias_sums = nullptr;      ///< [width] or null
    bool first = false;             ///< the sums begin with these rows: they are taken to be 0
};

template <class Real>
struct NetworkLoops {
    void (*activate)(const ActivateTask<Real>&);
    void (*drop)(const DropTask<Real>&);
    void (*turn)(const TurnTask<Real>&);
};
/// `activation`: index in ActivationRules.
template <class Real>
NetworkLoops<Real> network_loops(int activation);

}  // namespace glissade::cpu
