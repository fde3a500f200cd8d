// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "kernels/device/record_pipeline.cuh"
#include "kernels/device/team.cuh"
#include "kernels/tuning.hpp"

namespace glissade::kernels {

/// What stands first in a block's shared memory; the arrays of SegmentLayout follow.
struct SegmentStorage {
    int frozen_member;  ///< the first member with a sum that is not finite; `members` while there is none
    float one;          ///< what a bias and a loss are multiplied with
};
static_assert(sizeof(SegmentStorage) <= SegmentLayout::header_bytes);

/// A block's view of a segment: the model's counts, where its arrays are, and its threads.
template <Exchange Kind, class Params = SegmentLinearParams>
struct SegmentBlock {
    static constexpr Exchange exchange = Kind;

    const Params& p;
    SegmentStorage& storage;
    int rank;          ///< of the block in its team
    int first_member;  ///< of the team's, among all
    int features, feature_words, outputs, members, columns;
    int weights, member_parameters, parameters, sum_count;

    __device__ __forceinline__ SegmentBlock(const Params& params, SegmentStorage& shared)
        : p(params),
          storage(shared),
          rank(params.launch.team == Team::block_a_member ? 0 : Blocks::rank()),
          first_member(Blocks::rank() - rank),
          features(static_cast<int>(params.shape.features)),
          feature_words(static_cast<int>(params.shape.feature_words())),
          outputs(static_cast<int>(params.shape.outputs)),
          members(static_cast<int>(params.shape.members)),
          columns(static_cast<int>(params.shape.columns())),
          weights(static_cast<int>(params.shape.member_weights())),
          member_parameters(static_cast<int>(params.shape.member_parameters())),
          parameters(static_cast<int>(params.shape.parameters())),
          sum_count(static_cast<int>(params.shape.sums())) {}

    static __device__ __forceinline__ int thread() { return static_cast<int>(threadIdx.x); }
    static __device__ __forceinline__ int threads() { return static_cast<int>(blockDim.x); }
    static __device__ __forceinline__ int lane() { return thread() % tuning::warp; }
    static __device__ __forceinline__ int warp() { return thread() / tuning::warp; }
    static __device__ __forceinline__ int warps() { return threads() / tuning::warp; }

    __device__ __forceinline__ unsigned char* bytes() const { return reinterpret_cast<unsigned char*>(&storage); }
    __device__ __forceinline__ float* at(std::int64_t offset) const { return reinterpret_cast<float*>(bytes() + offset); }
    __device__ __forceinline__ int score_stride() const { return columns + members; }
    __device__ __forceinline__ int record_floats() const { return static_cast<int>(p.shape.record_floats()); }
    __device__ __forceinline__ float* scores() const { return at(p.layout.scores); }
    __device__ __forceinline__ float* clip() const { return at(p.layout.clip); }
    /// What scores are made of. Other blocks write what is read in device memory, but never between two barriers of the team that it is
    /// read in.
    __device__ __forceinline__ const float* theta() const {
        if constexpr (Kind == Exchange::sliced)
            if (!p.launch.places.parameters) return p.parameters_out;
        return at(p.layout.parameters);
    }
    /// [tile partials][sum_count]
    __device__ __forceinline__ float* sums() const {
        if constexpr (Kind == Exchange::sliced)
            if (!p.launch.places.sums) return p.block_sums + static_cast<std::int64_t>(Blocks::rank()) * p.tile.partials * sum_count;
        return at(p.layout.sums);
    }
    /// The numbers of a tile's rows where their records are read from device memory, else null.
    __device__ __forceinline__ const std::int64_t* far_rows(const RecordPipeline& pipeline) const {
        if constexpr (Kind == Exchange::sliced)
            if (!p.launch.places.records) return pipeline.rows();
        return nullptr;
    }
    __device__ __forceinline__ int member_of_sum(int e) const {
        return e < parameters ? p.by_member_parameters.quotient(e) : e - parameters;
    }
};

/// Which column a score belongs to: walks over members and their outputs.
struct ColumnCursor {
    int member, output;
    template <Exchange Kind>
    static __device__ __forceinline__ ColumnCursor at(const SegmentBlock<Kind>& b, int column) {
        const int member = b.p.by_outputs.quotient(column);
        return {member, column - member * b.outputs};
    }
    __device__ __forceinline__ void next(int outputs) {
        if (++output < outputs) return;
        output = 0;
        ++member;
    }
};

}  // namespace glissade::kernels
