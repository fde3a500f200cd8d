// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include "glissade/error.hpp"
#include "host/cpu/sparse_backend.hpp"
#include "host/cpu/sparse_rows.hpp"

namespace glissade::cpu {

namespace {

template <class Real>
Real score_of(const ScoreTask<Real>& task, const SparseRow<Real>& row, std::int64_t output) {
    const Real* weights = task.parameters + output * task.sparse.columns;
    const Real* scale = task.affine.scale;
    Real lanes[4] = {};
    if (scale)
        in_lanes(row.count,
                 [&](std::int64_t k, int lane) { lanes[lane] += row.values[k] * scale[row.indices[k]] * weights[row.indices[k]]; });
    else
        in_lanes(row.count, [&](std::int64_t k, int lane) { lanes[lane] += row.values[k] * weights[row.indices[k]]; });
    const Real sum = sum_of_lanes(lanes, 1);
    return task.bias ? sum + task.parameters[task.outputs * task.sparse.columns + output] : sum;
}

}  // namespace

template <class Real>
void score_sparse_with(ThreadTeam& team, const ScoreTask<Real>& task, std::span<Real> scores_out) {
    const std::int64_t rows = task.sparse.rows, outputs = task.outputs;
    if (static_cast<std::int64_t>(scores_out.size()) != rows * outputs)
        fail(ErrorKind::usage, "scores of " + std::to_string(rows) + " rows x " + std::to_string(outputs) + " outputs need room for " +
                                   std::to_string(rows * outputs) + " values, not " + std::to_string(scores_out.size()));
    const int threads = team.size();
    constexpr std::int64_t ahead = 4;
    team.run([&](int thread) {
        const std::int64_t begin = rows * thread / threads, end = rows * (thread + 1) / threads;
        for (std::int64_t r = begin; r < end; ++r) {
            const SparseRow<Real> next = row_of(task.sparse, std::min(r + ahead, end - 1));
            for (std::int64_t k = 0; k < next.count; ++k) __builtin_prefetch(task.parameters + next.indices[k]);
            const SparseRow<Real> row = row_of(task.sparse, r);
            for (std::int64_t o = 0; o < outputs; ++o) scores_out[static_cast<std::size_t>(r * outputs + o)] = score_of(task, row, o);
        }
    });
}

template void score_sparse_with<float>(ThreadTeam&, const ScoreTask<float>&, std::span<float>);
template void score_sparse_with<double>(ThreadTeam&, const ScoreTask<double>&, std::span<double>);

}  // namespace glissade::cpu
