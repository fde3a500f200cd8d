// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/device/gradient.cuh"
#include "kernels/device/publish.cuh"
#include "kernels/device/tree_sum.cuh"

namespace glissade::kernels {

/// The end of a step where every block keeps all parameters and state, and applies the same update to them.
template <class Block>
class ReplicaExchange {
public:
    __device__ __forceinline__ explicit ReplicaExchange(const Block& block)
        : b_(block),
          theta_(block.at(block.p.layout.parameters)),
          sums_(block.sums()),
          state_(block.p.launch.places.state
                     ? block.at(block.p.layout.state)
                     : block.p.block_state + static_cast<std::int64_t>(Blocks::rank()) * block.p.shape.state_vectors * block.parameters) {
        for (int e = b_.thread(); e < b_.parameters; e += b_.threads()) theta_[e] = b_.p.parameters_in[first_parameter() + e];
        const int values = static_cast<int>(b_.p.shape.state_vectors) * b_.parameters;
        for (int i = b_.thread(); i < values; i += b_.threads()) state_[i] = b_.p.state_in[place_of_state(i)];
    }

    /// Turns the block's sums into new parameters; false, and nothing has changed, if the batch's were not finite.
    __device__ __forceinline__ bool finish_step(const BlockBatch& part, const float* rates, std::int64_t step) {
        collect_all(part.division.active_blocks, step);
        __syncthreads();
        if (b_.storage.frozen_member < b_.members) return false;
        mean_gradients(b_, 0, b_.parameters, static_cast<float>(part.division.rows));
        if (b_.rank == 0)
            for (int m = b_.thread(); m < b_.members; m += b_.threads())
                b_.p.loss_sums[step * b_.p.all_members + b_.first_member + m] = sums_[b_.parameters + m];
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
        if (b_.p.launch.team == Team::cluster) Cluster::sync();  // a block's shared memory is read until here
        if (b_.rank != 0) return;
        __syncthreads();
        for (int e = b_.thread(); e < b_.parameters; e += b_.threads()) b_.p.parameters_out[first_parameter() + e] = theta_[e];
        const int values = static_cast<int>(b_.p.shape.state_vectors) * b_.parameters;
        for (int i = b_.thread(); i < values; i += b_.threads()) b_.p.state_out[place_of_state(i)] = state_[i];
        const int frozen = b_.storage.frozen_member;
        if (b_.thread() == 0) b_.p.outcome[b_.first_member] = {steps_done, frozen < b_.members ? frozen : -1};
    }

private:
    __device__ __forceinline__ std::int64_t first_parameter() const {
        return static_cast<std::int64_t>(b_.first_member) * b_.member_parameters;
    }
    /// Where value i of the team's state stands in the state of all.
    __device__ __forceinline__ std::int64_t place_of_state(int i) const {
        const int k = i / b_.parameters;
        return k * (b_.p.all_members * b_.member_parameters) + first_parameter() + (i - k * b_.parameters);
    }
    /// Turns the blocks' sums into the batch's, in every block, and looks for one that is not finite.
    __device__ __forceinline__ void collect_all(int active_blocks, std::int64_t step) {
        const Team team = b_.p.launch.team;
        if (team == Team::block || team == Team::block_a_member) {
            for (int e = b_.thread(); e < b_.sum_count; e += b_.threads()) check_sum(e, sums_[e]);
        } else if (team == Team::cluster) {
            collect_cluster(active_blocks, step);
        } else {
            const int cluster = b_.p.launch.cluster;
            float* buffer = b_.p.exchange + (step & 1) * b_.sum_count * (Blocks::count() / cluster);
            const int sources = publish(b_, sums_, cluster, active_blocks,
                                        [buffer](int e, int all, int source, float sum) { __stcg(buffer + e * all + source, sum); });
            Blocks::sync(team);
            collect(buffer, sources);
        }
    }
    /// In a cluster every block reads the others' shared memory. Two buffers take turns: whoever is still reading one has not come to the
    /// next barrier.
    __device__ __forceinline__ void collect_cluster(int active_blocks, std::int64_t step) {
        float* own = b_.at(b_.p.layout.cluster_sums) + static_cast<int>(step & 1) * b_.sum_count;
        for (int e = b_.thread(); e < b_.sum_count; e += b_.threads()) own[e] = sums_[e];
        Cluster::sync();
        for (int e = b_.thread(); e < b_.sum_count; e += b_.threads()) {
            sums_[e] = cluster_tree_sum(own, e, active_blocks);
            check_sum(e, sums_[e]);
        }
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
