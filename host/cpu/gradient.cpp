// SPDX-License-Identifier: Apache-2.0
// Gradient sums of tiles of rows.
#include "host/cpu/simd_targets.hpp"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "host/cpu/gradient.cpp"
#include "hwy/foreach_target.h"
//
#include "host/cpu/kernels.hpp"
#include "host/cpu/narrow-inl.hpp"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace glissade::cpu::HWY_NAMESPACE {

/// Adds a tile's rows to `Vectors` registers of the gradients of `Models` models, element by element in row order. With `Cut`, the last
/// register is not whole.
template <class Real, int Models, bool Cut>
struct AddColumns {
    const GradientTask<Real>& task;
    std::int64_t first_model, at;
    bool fetch;

    template <int Vectors>
    HWY_INLINE void call() const {
        using D = hn::ScalableTag<Real>;
        using V = hn::Vec<D>;
        const D d;
        constexpr int lanes = DotLanes<D>::lanes, whole = Cut ? Vectors - 1 : Vectors;
        const std::int64_t stride = task.layout->row_stride;
        const Tail<D> tail(d, Cut ? task.layout->columns - at - whole * lanes : 0);
        const Real* slopes = task.slopes + first_model * tile_rows;
        Real* g = task.sums + first_model * stride + at;
        constexpr int sums = Models * Vectors;  // sum i is of model i / Vectors
        V sum[sums];
#pragma GCC unroll 16
        for (int i = 0; i < sums; ++i) sum[i] = task.first ? hn::Zero(d) : hn::LoadU(d, g + i / Vectors * stride + i % Vectors * lanes);
        for (int r = 0; r < task.row_count; ++r) {
            if (fetch && (r & 1) != 0) fetch_row(task.rows_ahead[r] + at, Cut ? task.layout->columns - at : Vectors * lanes);
            const Real* x = task.rows[r] + at;
            V row[Vectors];
#pragma GCC unroll 8
            for (int v = 0; v < whole; ++v) row[v] = hn::LoadU(d, x + v * lanes);
            if constexpr (Cut) row[whole] = tail.load(x + whole * lanes);
#pragma GCC unroll 16
            for (int i = 0; i < sums; ++i) sum[i] = fused_add(hn::Set(d, slopes[i / Vectors * tile_rows + r]), row[i % Vectors], sum[i]);
        }
#pragma GCC unroll 16
        for (int i = 0; i < sums; ++i) hn::StoreU(sum[i], d, g + i / Vectors * stride + i % Vectors * lanes);
    }
};

/// All columns of `Models` models. `Vectors` is such that all sums stay in registers.
template <class Real, int Models, int Vectors>
HWY_INLINE void add_models(const GradientTask<Real>& task, std::int64_t first_model) {
    constexpr int lanes = DotLanes<hn::ScalableTag<Real>>::lanes;
    const bool fetch = first_model == 0 && task.rows_ahead != nullptr;
    const std::int64_t columns = task.layout->columns;
    std::int64_t j = 0;
    for (; j + Vectors * lanes <= columns; j += Vectors * lanes)
        AddColumns<Real, Models, false>{task, first_model, j, fetch}.template call<Vectors>();
    if (j < columns)
        with_constant<Vectors>(static_cast<int>((columns - j + lanes - 1) / lanes),
                               AddColumns<Real, Models, true>{task, first_model, j, fetch});
}

/// sum + values[0] + values[1] + ..., in this order.
template <class Real>
HWY_INLINE void add_in_order(const Real* values, int count, bool first, Real& sum) {
    Real total = first ? Real(0) : sum;
    for (int r = 0; r < count; ++r) total = total + values[r];
    sum = total;
}

template <class Real>
void add_rows(const GradientTask<Real>& task) {
    const Layout& layout = *task.layout;
    std::int64_t k = 0;
    for (; layout.models - k >= 4; k += 4) add_models<Real, 4, 3>(task, k);
    for (; layout.models - k >= 2; k += 2) add_models<Real, 2, 6>(task, k);
    if (k < layout.models) add_models<Real, 1, 8>(task, k);
    for (k = 0; k < layout.models; ++k)
        add_in_order(task.slopes + k * tile_rows, task.row_count, task.first, task.sums[layout.bias_at + k]);
    for (std::int64_t m = 0; m < layout.members; ++m)
        add_in_order(task.losses + m * tile_rows, task.row_count, task.first, task.sums[layout.loss_at + m]);
}

GradientLoop<float> pick_gradient_float() {
    return add_rows<float>;
}
GradientLoop<double> pick_gradient_double() {
    return add_rows<double>;
}

}  // namespace glissade::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace glissade::cpu {

HWY_EXPORT(pick_gradient_float);
HWY_EXPORT(pick_gradient_double);

template <>
GradientLoop<float> gradient_loop<float>() {
    return HWY_DYNAMIC_DISPATCH(pick_gradient_float)();
}
template <>
GradientLoop<double> gradient_loop<double>() {
    return HWY_DYNAMIC_DISPATCH(pick_gradient_double)();
}

}  // namespace glissade::cpu
#endif
