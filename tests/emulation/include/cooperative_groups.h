// SPDX-License-Identifier: Apache-2.0
#pragma once

// A stand-in for CUDA's header of the same name: block, cluster, grid and tiles of a warp. Coalesced groups and cg::reduce are missing:
// the first are not used, and the second leaves the order of a float sum to the library.
#include <cstdint>
#include <type_traits>

#include "emulated/warp.hpp"

// As in CUDA's header: set where clusters can be compiled for.
#define _CG_HAS_CLUSTER_GROUP

namespace cooperative_groups {

class thread_block {
public:
    void sync(GLISSADE_EMULATED_SITE) const {
        glissade::emulation::block_barrier(glissade::emulation::Vote::none, 0, "thread_block::sync", site);
    }
    static unsigned int thread_rank() { return threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z); }
    static unsigned int num_threads() { return blockDim.x * blockDim.y * blockDim.z; }
    static unsigned int size() { return num_threads(); }
    static dim3 group_index() { return blockIdx; }
    static dim3 thread_index() { return threadIdx; }
    static dim3 group_dim() { return blockDim; }
    static dim3 dim_threads() { return blockDim; }

private:
    friend thread_block this_thread_block();
    thread_block() = default;
};

inline thread_block this_thread_block() {
    return {};
}

class grid_group {
public:
    static bool is_valid() { return glissade::emulation::grid_is_cooperative(); }
    void sync(GLISSADE_EMULATED_SITE) const { glissade::emulation::grid_barrier(site); }
    static unsigned long long block_rank() {
        return blockIdx.x + gridDim.x * (blockIdx.y + static_cast<unsigned long long>(gridDim.y) * blockIdx.z);
    }
    static unsigned long long num_blocks() { return static_cast<unsigned long long>(gridDim.x) * gridDim.y * gridDim.z; }
    static unsigned long long num_threads() { return num_blocks() * thread_block::num_threads(); }
    static unsigned long long size() { return num_threads(); }
    static unsigned long long thread_rank() { return block_rank() * thread_block::num_threads() + thread_block::thread_rank(); }
    static dim3 group_dim() { return gridDim; }
    static dim3 dim_blocks() { return gridDim; }
    static dim3 block_index() { return blockIdx; }
    static dim3 dim_clusters() { return glissade::emulation::cluster_place().clusters; }
    static dim3 cluster_index() { return glissade::emulation::cluster_place().cluster; }
    static unsigned long long num_clusters() {
        const dim3 all = dim_clusters();
        return static_cast<unsigned long long>(all.x) * all.y * all.z;
    }
    static unsigned long long cluster_rank() {
        const dim3 all = dim_clusters();
        const dim3 own = cluster_index();
        return own.x + all.x * (own.y + static_cast<unsigned long long>(all.y) * own.z);
    }

private:
    friend grid_group this_grid();
    grid_group() = default;
};

inline grid_group this_grid() {
    return {};
}

class cluster_group {
public:
    struct arrival_token {};

    void sync(GLISSADE_EMULATED_SITE) const {
        glissade::emulation::cluster_arrive("cluster_group::sync", site);
        glissade::emulation::cluster_wait(site);
    }
    arrival_token barrier_arrive(GLISSADE_EMULATED_SITE) const {
        glissade::emulation::cluster_arrive("cluster_group::barrier_arrive", site);
        return {};
    }
    void barrier_wait(GLISSADE_EMULATED_SITE) const { glissade::emulation::cluster_wait(site); }
    void barrier_wait(arrival_token&&, GLISSADE_EMULATED_SITE) const { glissade::emulation::cluster_wait(site); }

    template <typename T>
    T* map_shared_rank(T* own, int rank, GLISSADE_EMULATED_SITE) const {
        return static_cast<T*>(glissade::emulation::map_shared(own, rank, site));
    }
    unsigned int query_shared_rank(const void* shared, GLISSADE_EMULATED_SITE) const {
        return glissade::emulation::shared_owner(shared, site);
    }

    static dim3 block_index() { return glissade::emulation::cluster_place().block; }
    static unsigned int block_rank() { return glissade::emulation::cluster_place().rank; }
    static dim3 dim_blocks() { return glissade::emulation::cluster_place().blocks; }
    static unsigned int num_blocks() {
        const dim3 blocks = dim_blocks();
        return blocks.x * blocks.y * blocks.z;
    }
    static dim3 thread_index() {
        const dim3 block = block_index();
        return {block.x * blockDim.x + threadIdx.x, block.y * blockDim.y + threadIdx.y, block.z * blockDim.z + threadIdx.z};
    }
    static unsigned int thread_rank() { return block_rank() * thread_block::num_threads() + thread_block::thread_rank(); }
    static dim3 dim_threads() {
        const dim3 blocks = dim_blocks();
        return {blocks.x * blockDim.x, blocks.y * blockDim.y, blocks.z * blockDim.z};
    }
    static unsigned int num_threads() { return num_blocks() * thread_block::num_threads(); }
    static unsigned int size() { return num_threads(); }

private:
    friend cluster_group this_cluster();
    cluster_group() = default;
};

inline cluster_group this_cluster() {
    return {};
}

template <unsigned int Size, typename Parent = void>
class thread_block_tile {
    static_assert(Size > 0 && Size <= 32 && (Size & (Size - 1)) == 0, "a tile is 1, 2, 4, 8, 16 or 32 threads of one warp");

public:
    template <typename Group>
    explicit thread_block_tile(const Group& parent)
        : meta_rank_(parent.thread_rank() / Size), meta_size_((parent.size() + Size - 1) / Size) {}
    operator thread_block_tile<Size, void>() const requires(!std::is_void_v<Parent>) {
        return thread_block_tile<Size, void>(meta_rank_, meta_size_);
    }

    void sync(GLISSADE_EMULATED_SITE) const {
        glissade::emulation::warp_collective({glissade::emulation::WarpOperation::sync, mask(), 0, 0, nullptr, "thread_block_tile::sync"},
                                             site);
    }
    static unsigned int thread_rank() { return static_cast<unsigned>(glissade::emulation::lane_index()) % Size; }
    static constexpr unsigned int num_threads() { return Size; }
    static constexpr unsigned int size() { return Size; }
    unsigned int meta_group_rank() const { return meta_rank_; }
    unsigned int meta_group_size() const { return meta_size_; }

    template <typename T>
    T shfl(T value, int source, GLISSADE_EMULATED_SITE) const {
        return move(value, glissade::emulation::shuffle_source(lane(), source, Size), "thread_block_tile::shfl", site);
    }
    template <typename T>
    T shfl_up(T value, unsigned int delta, GLISSADE_EMULATED_SITE) const {
        return move(value, glissade::emulation::shuffle_source_up(lane(), delta, Size), "thread_block_tile::shfl_up", site);
    }
    template <typename T>
    T shfl_down(T value, unsigned int delta, GLISSADE_EMULATED_SITE) const {
        return move(value, glissade::emulation::shuffle_source_down(lane(), delta, Size), "thread_block_tile::shfl_down", site);
    }
    template <typename T>
    T shfl_xor(T value, unsigned int lane_mask, GLISSADE_EMULATED_SITE) const {
        return move(value, glissade::emulation::shuffle_source_xor(lane(), static_cast<int>(lane_mask), Size),
                    "thread_block_tile::shfl_xor", site);
    }
    unsigned int ballot(int predicate, GLISSADE_EMULATED_SITE) const { return __ballot_sync(mask(), predicate, site) >> first_lane(); }
    int any(int predicate, GLISSADE_EMULATED_SITE) const { return __any_sync(mask(), predicate, site); }
    int all(int predicate, GLISSADE_EMULATED_SITE) const { return __all_sync(mask(), predicate, site); }
    template <typename T>
    unsigned int match_any(T value, GLISSADE_EMULATED_SITE) const {
        return __match_any_sync(mask(), value, site) >> first_lane();
    }

private:
    template <unsigned int, typename>
    friend class thread_block_tile;
    thread_block_tile(unsigned int meta_rank, unsigned int meta_size) : meta_rank_(meta_rank), meta_size_(meta_size) {}

    static int lane() { return glissade::emulation::lane_index(); }
    static unsigned int first_lane() { return static_cast<unsigned>(lane()) & ~(Size - 1); }
    static unsigned int mask() { return (0xFFFFFFFFU >> (32 - Size)) << first_lane(); }

    // CUDA moves objects of up to 32 bytes; 8 of them go at a time.
    template <typename T>
    static T move(const T& value, int source, const char* name, const glissade::emulation::Site& site) {
        static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 32, "a tile shuffles plain objects of up to 32 bytes");
        T result = value;
        for (std::size_t at = 0; at < sizeof(T); at += sizeof(std::uint64_t)) {
            const std::size_t bytes = sizeof(T) - at < sizeof(std::uint64_t) ? sizeof(T) - at : sizeof(std::uint64_t);
            std::uint64_t bits = 0;
            std::memcpy(&bits, reinterpret_cast<const char*>(&value) + at, bytes);
            bits = glissade::emulation::shuffle(name, mask(), bits, source, site);
            std::memcpy(reinterpret_cast<char*>(&result) + at, &bits, bytes);
        }
        return result;
    }

    unsigned int meta_rank_;
    unsigned int meta_size_;
};

template <unsigned int Size, typename Parent>
thread_block_tile<Size, Parent> tiled_partition(const Parent& parent) {
    return thread_block_tile<Size, Parent>(parent);
}

template <typename Group>
void sync(const Group& group, GLISSADE_EMULATED_SITE) {
    group.sync(site);
}
template <typename Group>
auto thread_rank(const Group& group) {
    return group.thread_rank();
}
template <typename Group>
auto group_size(const Group& group) {
    return group.size();
}

}  // namespace cooperative_groups
