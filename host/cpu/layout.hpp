// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "host/execution/backend.hpp"

namespace glissade::cpu {

inline constexpr int tile_rows = 16;         ///< rows that are fetched, scored and added together
inline constexpr std::int64_t padding = 16;  ///< reals; a cache line of floats, two of doubles

constexpr std::int64_t padded(std::int64_t count) {
    return (count + padding - 1) / padding * padding;
}

/// Where things lie. A *model* is one output of one member: model k is output k % outputs of member k / outputs.
///
/// A buffer of sums holds [models][row_stride] gradients of weights (padded, so that whole vectors can be stored), then a bias gradient a
/// model, then a loss a member. Parameters and state keep the order of the host, weights [outputs][columns] then biases, `member_stride`
/// apart.
struct Layout {
    std::int64_t members = 1, outputs = 1, columns = 0;
    bool bias = true;
    std::int64_t models = 1;
    std::int64_t row_stride = 0, bias_at = 0, loss_at = 0, sum_size = 0;
    std::int64_t parameter_count = 0, member_stride = 0;

    Layout(std::int64_t members_in, std::int64_t outputs_in, std::int64_t columns_in, bool bias_in)
        : members(members_in), outputs(outputs_in), columns(columns_in), bias(bias_in), models(members_in * outputs_in) {
        row_stride = padded(columns);
        bias_at = models * row_stride;
        loss_at = bias_at + models;
        sum_size = padded(loss_at + members);
        parameter_count = outputs * columns + (bias ? outputs : 0);
        member_stride = padded(parameter_count);
    }
    std::int64_t bias_of(std::int64_t model) const { return model / outputs * member_stride + outputs * columns + model % outputs; }
    std::int64_t weights_at(std::int64_t model) const { return model / outputs * member_stride + model % outputs * columns; }
};

}  // namespace glissade::cpu
