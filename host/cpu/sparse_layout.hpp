// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>

#include "glissade/rules/waiting.hpp"
#include "host/cpu/layout.hpp"

namespace glissade::cpu {

/// How a column of a sparse run lies in memory: one *record*, in one cache line where it fits, since whoever needs one number of a column
/// soon needs all. A record is its stamp (the step that last touched it), then, each for all models side by side: theta, the state vectors
/// (the mark, if there is one, last), the gradient. Model k is output k % outputs of member k / outputs. Biases lie apart.
struct SparseLayout {
    std::int64_t members = 1, outputs = 1, models = 1, columns = 0;
    int state_vectors = 0;
    std::int64_t stride = 0;  ///< Reals from one record to the next

    template <class Real>
    explicit SparseLayout(const Problem<Real>& problem)
        : members(problem.members),
          outputs(problem.outputs),
          models(problem.members * problem.outputs),
          columns(problem.features.columns),
          state_vectors(problem.state_vectors()) {
        constexpr std::int64_t line = 64 / sizeof(Real);
        const std::int64_t size = 1 + (2 + state_vectors) * models;
        for (stride = 1; stride < size && stride < line;) stride *= 2;
        if (size > line) stride = (size + line - 1) / line * line;
    }
    static constexpr std::int64_t theta_at = 1;
    std::int64_t state_at(int vector) const { return 1 + (1 + vector) * models; }
    std::int64_t gradient_at() const { return state_at(state_vectors); }
};

template <class Real>
std::uint32_t stamp_of(const Real* record) {
    std::uint32_t stamp;
    std::memcpy(&stamp, record, sizeof stamp);
    return stamp;
}
template <class Real>
void set_stamp(Real* record, std::uint32_t stamp) {
    std::memcpy(record, &stamp, sizeof stamp);
}

/// One entry of a row on its way to the thread that adds its column.
template <class Real>
struct SparseEntry {
    std::uint32_t column, row;  ///< the row within its thread's share
    Real value;
};

/// A column that the batch holds, with the stamp that it had before.
struct Touched {
    std::uint32_t column, stamp;
};

}  // namespace glissade::cpu
