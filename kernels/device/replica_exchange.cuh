// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/device/gradient.cuh"
#include "kernels/device/tree_sum.cuh"

namespace glissade::kernels {

/// The end of a step where every block keeps all parameters and state, and applies the same update to them.
class ReplicaExchange {
public:
    using Block = SegmentBlock<Exchange::replica>;

    __device__ __forceinline__ explicit ReplicaExchange(const Block& block)
        : b_(block),
          theta_(block.at(block.p.layout.parameters)),
          sums_(block.sums()),
          state_(block.p.launch.places.state ? block.at(block.p.layout.state)
                                             : block.p.block_state + Blocks::rank() * block.p.shape.state_vectors * block.parameters) {
        for (int e = b_.thread(); e < b_.parameters; e += b_.threads()) theta_[e] = b_.p.parameters_in[e];
        const int values = static_cast<int>(b_.p.shape.state_vectors) * b_.parameters;
        for (int e = b_.thread(); e < values; e += b_.threads()) state_[e] = b_.p.state_in[e];
    }

    /// Turns the block's sums into new parameters; false, and nothing has changed, if the batch's were not finite.
    __device__ __forceinline__ bool finish_step(const BlockBatch& part, const float* rates, std::int64_t step) {
        collect_all(part.division.active_blocks, step);
        __syncthreads();
        if (b_.storage.frozen_member < b_.members) return false;
        mean_gradients(b_, 0, b_.parameters, static_cast<float>(part.division.rows));
        if (Blocks::rank() == 0)
            for (int m = b_.thread(); m < b_.members; m += b_.threads()) b_.p.loss_sums[step * b_.members + m] = sums_[b_.parameters + m];
        if (b_.p.clip_norm > 0.0f) {
            __syncthreads();
            find_clip_factors(b_, sums_, 0, b_.members);
            __syncthreads();
        }
        const UpdateTask task{rates,       sums_,         theta_,       state_,        b_.p.clip_norm > 0.0f ? b_.clip() : nullptr,
                              b_.thread(), b_.parameters, b_.threads(), b_.parameters, 0};
        visit_update(b_.p.rule, b_.p.variant, UpdateParameters{b_.p, task});
        return true;
    }

    __device__ __forceinline__ void store(std::int64_t steps_done) const {
        if (Blocks::rank() != 0) return;
        __syncthreads();
        for (int e = b_.thread(); e < b_.parameters; e += b_.threads()) b_.p.parameters_out[e] = theta_[e];
        const int values = static_cast<int>(b_.p.shape.state_vectors) * b_.parameters;
        for (int e = b_.thread(); e < values; e += b_.threads()) b_.p.state_out[e] = state_[e];
        const int frozen = b_.storage.frozen_member;
        if (b_.thread() == 0) *b_.p.outcome = {steps_done, frozen < b_.members ? frozen : -1};
    }

private:
    /// Turns the blocks' sums into the batch's, in every block, and looks for one that is not finite.
    __device__ __forceinline__ void collect_all(int active_blocks, std::int64_t step) {
        if (Blocks::count() == 1) {
            for (int e = b_.thread(); e < b_.sum_count; e += b_.threads()) check_sum(e, sums_[e]);
            return;
        }
        float* buffer = b_.p.exchange + (step & 1) * b_.sum_count * Blocks::count();
        if (Blocks::rank() < active_blocks)
            for (int e = b_.thread(); e < b_.sum_count; e += b_.threads()) __stcg(buffer + e * active_blocks + Blocks::rank(), sums_[e]);
        Blocks::sync();
        collect(buffer, active_blocks);
    }
    /// Every element's blocks lie side by side; a group of lanes adds them up. Several loads are under way before the first is used.
    __device__ __forceinline__ void collect(const float* buffer, int active_blocks) {
        constexpr int in_flight = 4;
        const int lanes = active_blocks < tuning::warp ? active_blocks : tuning::warp;
        const int lane_bits = __ffs(lanes) - 1;
        const int at_once = tuning::warp >> lane_bits, group = b_.lane() >> lane_bits, rank = b_.lane() & (lanes - 1);
        const int stride = b_.warps() * at_once;
        for (int base = b_.warp() * at_once; base < b_.sum_count; base += in_flight * stride) {
            float sum[in_flight];
#pragma unroll
            for (int k = 0; k < in_flight; ++k) {
                const int e = base + k * stride + group;
                sum[k] =
                    e < b_.sum_count ? fresh_lane_sum(buffer + static_cast<std::int64_t>(e) * active_blocks, active_blocks, rank) : 0.0f;
            }
#pragma unroll
            for (int k = 0; k < in_flight; ++k) {
                const int e = base + k * stride + group;
                const float total = lane_tree_sum(sum[k], lanes);
                if (rank != 0 || e >= b_.sum_count) continue;
                sums_[e] = total;
                check_sum(e, total);
            }
        }
    }
    __device__ __forceinline__ void check_sum(int e, float sum) {
        if (!rules::is_finite(sum)) atomicMin(&b_.storage.frozen_member, b_.member_of_sum(e));
    }

    const Block& b_;
    float *theta_, *sums_, *state_;
};

}  // namespace glissade::kernels
