// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <vector>

#include "glissade/error.hpp"
#include "host/cpu/aligned_array.hpp"
#include "host/cpu/network_backend.hpp"
#include "host/cpu/network_pass.hpp"

namespace glissade::cpu {

namespace {

/// Rows that are scored together. Which they are does not depend on the threads.
constexpr std::int64_t scored_rows = 128;

template <class Real>
struct NetworkScorer {
    const ScoreTask<Real>& task;
    const NetworkPass<Real>& pass;
    const NetworkScratch& at;
    Real* scores_out;
    const ElementLoops<Real> loops = element_loops<Real>();

    void operator()(std::int64_t first, std::int64_t count, Real* scratch, const BlasBuffer& buffer) const {
        const std::int64_t columns = task.x.columns, outputs = task.outputs;
        for (std::int64_t r = 0; r < count; ++r) {
            Real* out = scratch + at.input_at + r * columns;
            if (task.affine)
                loops.apply_affine(task.x.row(first + r), task.affine.scale, task.affine.shift, columns, out);
            else
                std::copy_n(task.x.row(first + r), columns, out);
        }
        pass.forward(at, {count, scratch, &buffer}, task.parameters, {});
        const DenseLayer& layer = pass.layers().back();
        const Real* bias = layer.bias ? task.parameters + layer.biases_at() : nullptr;
        const Real* scores = scratch + at.scores_at;
        for (std::int64_t i = 0; i < count * outputs; ++i)
            scores_out[first * outputs + i] = bias ? scores[i] + bias[i % outputs] : scores[i];
    }
};

}  // namespace

template <class Real>
void score_network_with(ThreadTeam& team, const ScoreTask<Real>& task, std::span<Real> scores_out) {
    const std::int64_t rows = task.x.rows;
    if (static_cast<std::int64_t>(scores_out.size()) != rows * task.outputs)
        fail(ErrorKind::usage, "scores of " + std::to_string(rows) + " rows x " + std::to_string(task.outputs) + " outputs need room for " +
                                   std::to_string(rows * task.outputs) + " values, not " + std::to_string(scores_out.size()));
    if (rows == 0) return;
    const NetworkPass<Real> pass(dense_layers(task.x.columns, task.hidden.widths, task.outputs, task.bias), task.hidden);
    const NetworkScratch at(pass.layers(), std::min(rows, scored_rows), static_cast<const Problem<Real>*>(nullptr));
    const std::int64_t parts = (rows + scored_rows - 1) / scored_rows, size = padded(at.size);
    const int threads = static_cast<int>(std::min<std::int64_t>(team.size(), parts));
    AlignedArray<Real> scratch(threads * size);
    const std::vector<BlasBuffer> buffers(static_cast<std::size_t>(threads));
    const NetworkScorer<Real> scorer{task, pass, at, scores_out.data()};
    auto score_parts = [&](int thread) {
        if (thread >= threads) return;
        for (std::int64_t part = parts * thread / threads; part < parts * (thread + 1) / threads; ++part) {
            const std::int64_t first = part * scored_rows;
            scorer(first, std::min(scored_rows, rows - first), scratch.data() + thread * size, buffers[static_cast<std::size_t>(thread)]);
        }
    };
    threads == 1 ? score_parts(0) : team.run(score_parts);
}

template <class Real>
void score_network(const ScoreTask<Real>& task, int threads, std::span<Real> scores_out) {
    // Starting a thread costs as much as some 100k multiply-adds.
    const std::int64_t work = task.x.rows * dense_layers(task.x.columns, task.hidden.widths, task.outputs, task.bias).back().end();
    ThreadTeam team(static_cast<int>(std::clamp<std::int64_t>(work / 500'000, 1, threads)));
    score_network_with(team, task, scores_out);
}

template void score_network_with<float>(ThreadTeam&, const ScoreTask<float>&, std::span<float>);
template void score_network_with<double>(ThreadTeam&, const ScoreTask<double>&, std::span<double>);
template void score_network<float>(const ScoreTask<float>&, int, std::span<float>);
template void score_network<double>(const ScoreTask<double>&, int, std::span<double>);

}  // namespace glissade::cpu
