// SPDX-License-Identifier: Apache-2.0
#include "kernels/fold.cuh"

#include "kernels/device/launch.cuh"

namespace glissade::kernels {

namespace {

constexpr GridShape folding(int blocks) {
    return {blocks, rules::folded_terms, sizeof(FoldStorage), false};
}

}  // namespace

int launch_fold(const FoldParams& params, int blocks, StreamHandle stream) {
    return launch(fold_kernel, params, folding(blocks), stream);
}

int launch_scan_blocks(const ScanParams& params, int blocks, StreamHandle stream) {
    return launch(scan_blocks_kernel, params, folding(blocks), stream);
}

int launch_add_before(const ScanParams& params, int blocks, StreamHandle stream) {
    return launch(add_before_kernel, params, folding(blocks), stream);
}

int launch_list_negatives(const RankParams& params, int blocks, StreamHandle stream) {
    return launch(list_negatives_kernel, params, folding(blocks), stream);
}

int launch_count_wins(const RankParams& params, int blocks, StreamHandle stream) {
    return launch(count_wins_kernel, params, folding(blocks), stream);
}

}  // namespace glissade::kernels
