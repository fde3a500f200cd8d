// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "glissade/rules/update.hpp"
#include "kernels/device/dot.cuh"
#include "kernels/device/linear_rules.cuh"
#include "kernels/device/record_pipeline.cuh"
#include "kernels/device/shared_storage.cuh"
#include "kernels/device/team.cuh"
#include "kernels/device/tree_sum.cuh"
#include "kernels/tuning.hpp"

namespace glissade::kernels {

/// What stands first in a block's shared memory; the arrays of SegmentLayout follow.
struct SegmentStorage {
    int frozen_member;  ///< the first member with a sum that is not finite; `members` while there is none
    float one;          ///< what a bias and a loss are multiplied with
};
static_assert(sizeof(SegmentStorage) <= SegmentLayout::header_bytes);

/// One block's work on a segment. Every block keeps a replica of parameters and state and applies the same update to it.
class LinearSegment {
public:
    __device__ __forceinline__ LinearSegment(const SegmentLinearParams& params, SegmentStorage& storage)
        : p_(params),
          storage_(storage),
          features_(static_cast<int>(params.shape.features)),
          outputs_(static_cast<int>(params.shape.outputs)),
          members_(static_cast<int>(params.shape.members)),
          columns_(static_cast<int>(params.shape.columns())),
          weights_(static_cast<int>(params.shape.member_weights())),
          member_parameters_(static_cast<int>(params.shape.member_parameters())),
          parameters_(static_cast<int>(params.shape.parameters())),
          sum_count_(static_cast<int>(params.shape.sums())),
          theta_(at(params.layout.parameters)),
          sums_(at(params.layout.sums)),
          state_(params.state_in_shared ? at(params.layout.state)
                                        : params.block_state + Blocks::rank() * params.shape.state_vectors * parameters_) {}

    __device__ __forceinline__ void run() {
        load_state();
        RecordPipeline pipeline(p_, bytes(), Blocks::rank());
        BatchCursor now;
        now.batch = p_.first_batch;
        for (; now.step < p_.steps; now.advance(p_.steps_per_epoch)) {
            const BlockBatch part = BlockBatch::of(p_, now.batch, Blocks::rank());
            add_batch(pipeline, part, now.step);
            exchange(part.division.active_blocks, now.step);
            __syncthreads();
            if (storage_.frozen_member < members_) break;
            update(pipeline.rates(now.step), static_cast<float>(part.division.rows), now.step);
            if (part.groups > 0) pipeline.look_ahead();
        }
        store_state(now.step);
    }

private:
    static __device__ __forceinline__ int thread() { return static_cast<int>(threadIdx.x); }
    static __device__ __forceinline__ int threads() { return static_cast<int>(blockDim.x); }
    static __device__ __forceinline__ int lane() { return thread() % tuning::warp; }
    static __device__ __forceinline__ int warp() { return thread() / tuning::warp; }
    static __device__ __forceinline__ int warps() { return threads() / tuning::warp; }
    __device__ __forceinline__ unsigned char* bytes() const { return reinterpret_cast<unsigned char*>(&storage_); }
    __device__ __forceinline__ float* at(std::int64_t offset) const { return reinterpret_cast<float*>(bytes() + offset); }
    __device__ __forceinline__ int score_stride() const { return columns_ + members_; }
    __device__ __forceinline__ int record_floats() const { return static_cast<int>(p_.shape.record_floats()); }
    __device__ __forceinline__ float* scores() const { return at(p_.layout.scores); }

    __device__ __forceinline__ void load_state() {
        if (thread() == 0) {
            storage_.frozen_member = members_;
            storage_.one = 1.0f;
        }
        for (int e = thread(); e < parameters_; e += threads()) theta_[e] = p_.parameters_in[e];
        const int values = static_cast<int>(p_.shape.state_vectors) * parameters_;
        for (int e = thread(); e < values; e += threads()) state_[e] = p_.state_in[e];
    }

    __device__ __forceinline__ void store_state(std::int64_t steps_done) const {
        if (Blocks::rank() != 0) return;
        __syncthreads();
        for (int e = thread(); e < parameters_; e += threads()) p_.parameters_out[e] = theta_[e];
        const int values = static_cast<int>(p_.shape.state_vectors) * parameters_;
        for (int e = thread(); e < values; e += threads()) p_.state_out[e] = state_[e];
        if (thread() == 0) *p_.outcome = {steps_done, storage_.frozen_member < members_ ? storage_.frozen_member : -1};
    }

    /// Leaves the block's part of the batch's sums in the first `sum_count_` of sums_, element e with thread e % threads(). The look-ahead
    /// of the last tile is left to the caller.
    __device__ __forceinline__ void add_batch(RecordPipeline& pipeline, const BlockBatch& part, std::int64_t step) {
        if (part.groups == 0) pipeline.advance_rates(step + 1);
        const int partials = part.division.group_partials, chunks = part.division.chunks;
        for (int group = 0; group < part.groups; ++group) {
            for (int chunk = 0; chunk < chunks; ++chunk) {
                if (group + chunk > 0) pipeline.look_ahead();
                pipeline.advance(group + chunk > 0 ? -1 : step + 1);
                score_rows(pipeline, partials);
                __syncthreads();
                add_rows(pipeline, partials, chunk == 0);
            }
            __syncthreads();
            merge_group(partials, group, part.groups);
        }
    }

    /// Scores of the tile's rows, then slopes in their place and losses beside them. A warp sees a run of rows through.
    __device__ __forceinline__ void score_rows(const RecordPipeline& pipeline, int partials) {
        const bool narrow = features_ <= tuning::narrow_features;
        const int rows_at_once = narrow ? tuning::warp / tuning::narrow_row_threads : 1;
        const int rows = partials << pipeline.row_bits();
        const int a_warp = (rows + warps() * rows_at_once - 1) / (warps() * rows_at_once) * rows_at_once;
        const int begin = warp() * a_warp;
        const int end = begin + a_warp < rows ? begin + a_warp : rows;
        if (narrow)
            score_run<tuning::narrow_row_threads>(pipeline.records(), begin, end);
        else
            score_run<tuning::warp>(pipeline.records(), begin, end);
        __syncwarp();
        // Not in score_run: every loss's code once.
        const LossTask task{pipeline.records() + features_,
                            scores(),
                            pipeline.counts(),
                            record_floats(),
                            score_stride(),
                            pipeline.row_bits(),
                            begin + lane(),
                            end};
        visit_rule(LossRules{}, p_.loss, EvaluateLoss{p_, task});
    }
    template <int RowThreads>
    __device__ __forceinline__ void score_run(const float* records, int begin, int end) {
        constexpr int rows_at_once = tuning::warp / RowThreads;
        for (int base = begin; base < end; base += rows_at_once) {
            const int row = base + lane() / RowThreads;
            score_row<RowThreads>(records + (row < end ? row : base) * record_floats(), row < end ? row : -1);
        }
    }
    /// `row` < 0: takes part in the shuffles and stores nothing.
    template <int RowThreads>
    __device__ __forceinline__ void score_row(const float* x, int row) {
        const int place = lane() % RowThreads;
        for (int m = 0; m < members_; ++m) {
            const float* member = theta_ + m * member_parameters_;
            for (int o = 0; o < outputs_; ++o) {
                const float* w = member + o * features_;
                float score = lane_dot<RowThreads>(
                    features_, place, [x](int i) { return x[i]; }, [w](int i) { return w[i]; });
                if (p_.shape.bias) score = score + member[weights_ + o];
                if (place == 0 && row >= 0) scores()[row * score_stride() + m * outputs_ + o] = score;
            }
        }
    }

    /// Adds the tile's rows, in order, to the sums of its partials: a thread owns (partial, element) pairs. A bias and a loss are products
    /// with 1.
    __device__ __forceinline__ void add_rows(const RecordPipeline& pipeline, int partials, bool first) {
        for (int item = thread(); item < partials * sum_count_; item += threads()) {
            const int q = p_.by_sums.quotient(item);
            const int e = item - q * sum_count_;
            const int first_row = q << pipeline.row_bits();
            const float* left = scores() + first_row * score_stride();
            const float* right = &storage_.one;
            int right_step = 0;
            if (e < parameters_) {
                const int m = p_.by_member_parameters.quotient(e);
                const int within = e - m * member_parameters_;
                if (within < weights_) {
                    const int o = p_.by_features.quotient(within);
                    left += m * outputs_ + o;
                    right = pipeline.records() + first_row * record_floats() + (within - o * features_);
                    right_step = record_floats();
                } else {
                    left += m * outputs_ + (within - weights_);
                }
            } else {
                left += columns_ + (e - parameters_);
            }
            const int count = pipeline.counts()[q];
            float sum = first ? 0.0f : sums_[item];
#pragma unroll 4
            for (int r = 0; r < count; ++r) sum = rules::fused(left[r * score_stride()], right[r * right_step], sum);
            sums_[item] = sum;
        }
    }

    /// The tree over the partials of a group, then over the groups so far: what waits for its other half lies on a stack, level by level.
    __device__ __forceinline__ void merge_group(int partials, int group, int groups) {
        float* stack = p_.stack + Blocks::rank() * p_.stack_levels * sum_count_;
        for (int e = thread(); e < sum_count_; e += threads()) {
            for (int reach = 1; reach < partials; reach *= 2)
                for (int q = 0; q < partials; q += 2 * reach) {
                    float* left = sums_ + q * sum_count_ + e;
                    *left = *left + left[reach * sum_count_];
                }
            if (groups == 1) continue;
            float sum = sums_[e];
            int level = 0;
            for (; (group >> level) & 1; ++level) sum = stack[static_cast<std::int64_t>(level) * sum_count_ + e] + sum;
            if (group + 1 < groups)
                stack[static_cast<std::int64_t>(level) * sum_count_ + e] = sum;
            else
                sums_[e] = sum;
        }
    }

    /// Turns the blocks' sums into the batch's, in every block, and looks for one that is not finite.
    __device__ __forceinline__ void exchange(int active_blocks, std::int64_t step) {
        if (Blocks::count() == 1) {
            for (int e = thread(); e < sum_count_; e += threads()) check_sum(e, sums_[e]);
            return;
        }
        float* buffer = p_.exchange + (step & 1) * sum_count_ * Blocks::count();
        if (Blocks::rank() < active_blocks)
            for (int e = thread(); e < sum_count_; e += threads()) __stcg(buffer + e * active_blocks + Blocks::rank(), sums_[e]);
        Blocks::sync();
        collect(buffer, active_blocks);
    }
    /// Every element's blocks lie side by side; a group of lanes adds them up. Several loads are under way before the first is used.
    __device__ __forceinline__ void collect(const float* buffer, int active_blocks) {
        constexpr int in_flight = 4;
        const int lanes = active_blocks < tuning::warp ? active_blocks : tuning::warp;
        const int lane_bits = __ffs(lanes) - 1;
        const int at_once = tuning::warp >> lane_bits, group = lane() >> lane_bits, rank = lane() & (lanes - 1);
        const int stride = warps() * at_once;
        for (int base = warp() * at_once; base < sum_count_; base += in_flight * stride) {
            float sum[in_flight];
#pragma unroll
            for (int k = 0; k < in_flight; ++k) {
                const int e = base + k * stride + group;
                sum[k] = e < sum_count_ ? fresh_lane_sum(buffer + static_cast<std::int64_t>(e) * active_blocks, active_blocks, rank) : 0.0f;
            }
#pragma unroll
            for (int k = 0; k < in_flight; ++k) {
                const int e = base + k * stride + group;
                const float total = lane_tree_sum(sum[k], lanes);
                if (rank != 0 || e >= sum_count_) continue;
                sums_[e] = total;
                check_sum(e, total);
            }
        }
    }
    __device__ __forceinline__ void check_sum(int e, float sum) {
        if (rules::is_finite(sum)) return;
        atomicMin(&storage_.frozen_member, e < parameters_ ? p_.by_member_parameters.quotient(e) : e - parameters_);
    }

    __device__ __forceinline__ void update(const float* rates, float rows, std::int64_t step) {
        const float limit = p_.clip_value;
        for (int e = thread(); e < parameters_; e += threads()) {
            const float g = sums_[e] / rows;
            sums_[e] = limit > 0.0f ? rules::smaller(rules::larger(g, -limit), limit) : g;
        }
        if (Blocks::rank() == 0)
            for (int m = thread(); m < members_; m += threads()) p_.loss_sums[step * members_ + m] = sums_[parameters_ + m];
        float* clip = at(p_.layout.clip);
        if (p_.clip_norm > 0.0f) {
            __syncthreads();
            for (int m = warp(); m < members_; m += warps()) clip_member(clip, m);
            __syncthreads();
        }
        const UpdateTask task{rates, sums_, theta_, state_, p_.clip_norm > 0.0f ? clip : nullptr, thread(), threads()};
        visit_update(p_.rule, p_.variant, UpdateParameters{p_, task});
    }
    __device__ __forceinline__ void clip_member(float* clip, int m) {
        const float* g = sums_ + m * member_parameters_;
        const auto element = [g](int i) { return g[i]; };
        const float norm = rules::root(lane_dot<tuning::warp>(member_parameters_, lane(), element, element));
        if (lane() == 0) clip[m] = norm > p_.clip_norm ? p_.clip_norm / (norm + 1e-6f) : 1.0f;
    }

    const SegmentLinearParams& p_;
    SegmentStorage& storage_;
    int features_, outputs_, members_, columns_;
    int weights_, member_parameters_, parameters_, sum_count_;
    float *theta_, *sums_, *state_;
};

// Does: runs a segment of training steps of a dense model of the linear family; freezes before the first step with a sum that is not
// finite. Layout: a block takes an aligned run of a batch's partial sums, tile by tile; 8 or 32 threads a row for scores, a thread for each
// (partial, parameter) for
//   gradients; every block applies the whole update to its own replica. Grid team: cooperative, a power of two of blocks.
// Reads+Writes: record_floats * 4 bytes a row, once; a step also writes and reads sums * blocks * 4 bytes of exchange in each block (L2).
// Order of sums: SumShape's, whatever blocks, threads and tile are.
// Presumes: every value it reads is there when it starts (its stream), tile sizes are powers of two, layout.bytes of dynamic shared memory.
static __global__ void __launch_bounds__(tuning::max_segment_threads, 1)
    segment_linear_kernel(const __grid_constant__ SegmentLinearParams params) {
    LinearSegment(params, shared_storage<SegmentStorage>()).run();
}

}  // namespace glissade::kernels
