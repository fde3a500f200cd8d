// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

#include "glissade/row_order.hpp"
#include "glissade/rules/field.hpp"
#include "host/cpu/layout.hpp"

/// The loops of the CPU backend, each built for every instruction set of simd_targets.hpp and chosen once a backend. All of them give the
/// same bits on every one of these sets.
namespace glissade::cpu {

/// Scores of a tile: scores[k * tile_rows + r] = dot(rows[r], weights of model k) + bias.
template <class Real>
struct DotTask {
    const Real* const* rows = nullptr;        ///< row_count pointers to `columns` reals, of which no more are read
    const Real* const* rows_ahead = nullptr;  ///< as many rows that are wanted soon, or null
    int row_count = 0;
    const Real* parameters = nullptr;
    const Layout* layout = nullptr;
    Real* scores = nullptr;  ///< [models][tile_rows]
};

/// Slopes and losses of a tile by the loss rule, both times the weight of the row.
template <class Real>
struct SlopeTask {
    int row_count = 0;
    std::int64_t members = 1, outputs = 1, target_count = 1;
    const Real* targets = nullptr;              ///< [target_count][tile_rows]; of a binary loss with one score a class the row's class
    const Real* weights = nullptr;              ///< [sets][tile_rows] or null
    const Real* constants = nullptr;            ///< of the loss
    Real* scores = nullptr;                     ///< [models][tile_rows]: scores in, slopes out
    Real* losses = nullptr;                     ///< [members][tile_rows]
    const std::int32_t* member_sets = nullptr;  ///< the set of weights of each member; null: the first for all
    Real smoothing = 0;                         ///< label smoothing of a loss of classes
};

/// Adds a tile's rows, in order, to the sums of one partial.
template <class Real>
struct GradientTask {
    const Real* const* rows = nullptr;
    const Real* const* rows_ahead =
        nullptr;  ///< as in DotTask, which fetches every other of them; the rest is fetched here, so that memory is never idle
    int row_count = 0;
    bool first = false;  ///< the sums begin with this tile: they are taken to be 0
    const Layout* layout = nullptr;
    const Real* slopes = nullptr;
    const Real* losses = nullptr;
    Real* sums = nullptr;
};

/// The gradient of a batch of one row: nothing is summed, so rows need no buffers of sums.
template <class Real>
struct SingleTask {
    const Real* row = nullptr;
    const Real* row_ahead = nullptr;
    const Real* parameters = nullptr;
    const Layout* layout = nullptr;
    void (*slopes)(const SlopeTask<Real>&) = nullptr;
    SlopeTask<Real> slope_task;
    Real limit = 0;            ///< clip_value
    Real* gradient = nullptr;  ///< laid out as the parameters, with room for `padding` more
    double* losses = nullptr;  ///< a member
};

/// One step of `count` parameters that share a row of scalars.
template <class Real>
struct UpdateTask {
    const Real* scalars = nullptr;  ///< ScalarRow
    const Real* gradient = nullptr;
    Real* theta = nullptr;
    Real* state[max_rule_state] = {};
    std::int64_t count = 0;
};

template <class Real>
struct ElementLoops {
    /// out[j] = fma(x[j], scale[j], shift[j])
    void (*apply_affine)(const Real* x, const Real* scale, const Real* shift, std::int64_t count, Real* out);
    void (*round_to_bfloat16)(const Real* x, std::int64_t count, Real* out);  ///< the two may be the same memory
    /// into[j] += from[j]
    void (*add)(Real* into, const Real* from, std::int64_t count);
    /// out[j] = sums[j] / divisor, held within +-limit if limit > 0. False if any sum is infinite or NaN.
    bool (*mean)(const Real* sums, Real divisor, Real limit, std::int64_t count, Real* out);
    /// dot(g, g) by SumShape.
    Real (*square)(const Real* g, std::int64_t count);
    void (*scale)(Real* g, Real factor, std::int64_t count);
};

/// A row as a problem trains on it: through the map of the columns, rounded.
template <class Real>
void map_row(const ElementLoops<Real>& loops, const Problem<Real>& problem, const Real* row, Real* out) {
    const std::int64_t columns = problem.features.columns;
    if (problem.affine)
        loops.apply_affine(row, problem.affine.scale, problem.affine.shift, columns, out);
    else if (!problem.bfloat16)
        std::copy_n(row, columns, out);
    if (problem.bfloat16) loops.round_to_bfloat16(problem.affine ? out : row, columns, out);
}

template <class Real>
using DotLoop = void (*)(const DotTask<Real>&);
template <class Real>
using GradientLoop = void (*)(const GradientTask<Real>&);
/// Returns the first member with a gradient or loss that is infinite or NaN, or -1.
template <class Real>
using SingleLoop = std::int64_t (*)(const SingleTask<Real>&);
/// Rows at positions first ... first + count - 1 of an epoch.
using FillRows = void (*)(const EpochOrder& order, std::int64_t first, std::int64_t count, std::int64_t* rows_out);
template <class Real>
using SlopeLoop = void (*)(const SlopeTask<Real>&);
template <class Real>
using UpdateLoop = void (*)(const UpdateTask<Real>&);

/// The loops of the best instruction set that this processor has.
template <class Real>
ElementLoops<Real> element_loops();
template <class Real>
DotLoop<Real> dot_loop();
template <class Real>
GradientLoop<Real> gradient_loop();
template <class Real>
SingleLoop<Real> single_loop();
template <class Real>
SlopeLoop<Real> slope_loop(int loss);
template <class Real>
UpdateLoop<Real> update_loop(int rule, int variant, bool averaging);
FillRows fill_rows_loop();
/// The name of that instruction set: AVX2, AVX3, NEON or SCALAR.
const char* instruction_set();

}  // namespace glissade::cpu
