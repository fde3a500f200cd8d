// SPDX-License-Identifier: Apache-2.0
#include "host/cpu/score.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "glissade/error.hpp"
#include "host/cpu/aligned_array.hpp"
#include "host/cpu/kernels.hpp"
#include "host/cpu/network_backend.hpp"
#include "host/cpu/sparse_backend.hpp"

namespace glissade {

namespace cpu {

namespace {

/// Scores of rows begin ... end - 1.
template <class Real>
struct RowScorer {
    const ScoreTask<Real>& task;
    const Layout& layout;
    Real* scores_out;
    const ElementLoops<Real> loops = element_loops<Real>();
    const DotLoop<Real> dots = dot_loop<Real>();

    void operator()(std::int64_t begin, std::int64_t end, Real* tile, Real* affine) const {
        const Real* rows[tile_rows];
        const Real* rows_ahead[tile_rows];
        for (std::int64_t first = begin; first < end; first += tile_rows) {
            const int count = static_cast<int>(std::min<std::int64_t>(tile_rows, end - first));
            for (int r = 0; r < count; ++r) {
                rows[r] = task.x.row(first + r);
                rows_ahead[r] = task.x.row(std::min(first + r + 2, end - 1));
                if (!task.affine) continue;
                Real* out = affine + r * layout.row_stride;
                loops.apply_affine(rows[r], task.affine.scale, task.affine.shift, layout.columns, out);
                rows[r] = out;
            }
            dots({rows, rows_ahead, count, task.parameters, &layout, tile});
            for (int r = 0; r < count; ++r)
                for (std::int64_t k = 0; k < layout.models; ++k) scores_out[(first + r) * layout.models + k] = tile[k * tile_rows + r];
        }
    }
};

}  // namespace

template <class Real>
void score_with(ThreadTeam& team, const ScoreTask<Real>& task, std::span<Real> scores_out) {
    const std::int64_t rows = task.x.rows;
    if (static_cast<std::int64_t>(scores_out.size()) != rows * task.outputs)
        fail(ErrorKind::usage, "scores of " + std::to_string(rows) + " rows x " + std::to_string(task.outputs) + " outputs need room for " +
                                   std::to_string(rows * task.outputs) + " values, not " + std::to_string(scores_out.size()));
    const Layout layout(1, task.outputs, task.x.columns, task.bias);
    const int threads = team.size();
    const std::int64_t tile = layout.models * tile_rows, affine = task.affine ? tile_rows * layout.row_stride : 0;
    AlignedArray<Real> scratch(threads * (tile + affine));
    const RowScorer<Real> scorer{task, layout, scores_out.data()};
    team.run([&](int thread) {
        Real* mine = scratch.data() + thread * (tile + affine);
        scorer(rows * thread / threads, rows * (thread + 1) / threads, mine, mine + tile);
    });
}

template void score_with<float>(ThreadTeam&, const ScoreTask<float>&, std::span<float>);
template void score_with<double>(ThreadTeam&, const ScoreTask<double>&, std::span<double>);

}  // namespace cpu

template <class Real>
void score_on_cpu(const ScoreTask<Real>& task, int threads, std::span<Real> scores_out) {
    // Starting a thread costs as much as some 100k multiply-adds.
    const bool sparse = task.sparse.offsets != nullptr;
    if (!task.hidden.empty()) return cpu::score_network(task, threads, scores_out);
    const std::int64_t work = (sparse ? task.sparse.nonzeros() : task.x.rows * task.x.columns) * task.outputs;
    ThreadTeam team(static_cast<int>(std::clamp<std::int64_t>(work / 200'000, 1, threads)));
    sparse ? cpu::score_sparse_with(team, task, scores_out) : cpu::score_with(team, task, scores_out);
}

template void score_on_cpu<float>(const ScoreTask<float>&, int, std::span<float>);
template void score_on_cpu<double>(const ScoreTask<double>&, int, std::span<double>);

}  // namespace glissade
