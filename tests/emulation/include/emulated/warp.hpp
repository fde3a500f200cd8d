// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <cstring>

#include "emulated/thread.hpp"

namespace glissade::emulation {

enum class WarpOperation { sync, shuffle, ballot, match, reduce };

struct WarpCall {
    WarpOperation operation = WarpOperation::sync;
    unsigned mask = 0;
    std::uint64_t value = 0;
    int source_lane = 0;                                               // shuffle: whose value this lane takes
    std::uint64_t (*combine)(std::uint64_t, std::uint64_t) = nullptr;  // reduce
    const char* name = "";
};

// Waits for every lane of the mask to make the same call; returns this lane's result.
std::uint64_t warp_collective(const WarpCall& call, const Site& site);
int lane_index();

template <typename T>
std::uint64_t to_bits(const T& value) {
    static_assert(sizeof(T) <= sizeof(std::uint64_t));
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof(T));
    return bits;
}
template <typename T>
T from_bits(std::uint64_t bits) {
    T value;
    std::memcpy(&value, &bits, sizeof(T));
    return value;
}

template <typename T>
T shuffle(const char* name, unsigned mask, const T& value, int source_lane, const Site& site) {
    return from_bits<T>(warp_collective({WarpOperation::shuffle, mask, to_bits(value), source_lane, nullptr, name}, site));
}

// The lane that each kind of shuffle reads; out of its segment of `width` lanes, a lane reads itself.
inline int shuffle_source(int lane, int source, int width) {
    return (lane & ~(width - 1)) + (source & (width - 1));
}
inline int shuffle_source_up(int lane, unsigned delta, int width) {
    return static_cast<int>(delta) > (lane & (width - 1)) ? lane : lane - static_cast<int>(delta);
}
inline int shuffle_source_down(int lane, unsigned delta, int width) {
    return static_cast<long long>(lane & (width - 1)) + delta >= width ? lane : lane + static_cast<int>(delta);
}
inline int shuffle_source_xor(int lane, int lane_mask, int width) {
    const int source = lane ^ lane_mask;
    return source < (lane & ~(width - 1)) + width ? source : lane;
}

template <typename T>
concept Shuffled = std::is_same_v<T, int> || std::is_same_v<T, unsigned> || std::is_same_v<T, long> || std::is_same_v<T, unsigned long> ||
    std::is_same_v<T, long long> || std::is_same_v<T, unsigned long long> || std::is_same_v<T, float> || std::is_same_v<T, double>;

template <typename T, typename Combine>
T reduce(const char* name, unsigned mask, T value, Combine, const Site& site) {
    const auto combine = [](std::uint64_t a, std::uint64_t b) { return to_bits<T>(Combine{}(from_bits<T>(a), from_bits<T>(b))); };
    return from_bits<T>(warp_collective({WarpOperation::reduce, mask, to_bits(value), 0, combine, name}, site));
}

}  // namespace glissade::emulation

#define GLISSADE_EMULATED_SITE const glissade::emulation::Site& site = glissade::emulation::Site::current()

template <glissade::emulation::Shuffled T>
inline T __shfl_sync(unsigned mask, T value, int source, int width = warpSize, GLISSADE_EMULATED_SITE) {
    using namespace glissade::emulation;
    return shuffle("__shfl_sync", mask, value, shuffle_source(lane_index(), source, width), site);
}
template <glissade::emulation::Shuffled T>
inline T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = warpSize, GLISSADE_EMULATED_SITE) {
    using namespace glissade::emulation;
    return shuffle("__shfl_up_sync", mask, value, shuffle_source_up(lane_index(), delta, width), site);
}
template <glissade::emulation::Shuffled T>
inline T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = warpSize, GLISSADE_EMULATED_SITE) {
    using namespace glissade::emulation;
    return shuffle("__shfl_down_sync", mask, value, shuffle_source_down(lane_index(), delta, width), site);
}
template <glissade::emulation::Shuffled T>
inline T __shfl_xor_sync(unsigned mask, T value, int lane_mask, int width = warpSize, GLISSADE_EMULATED_SITE) {
    using namespace glissade::emulation;
    return shuffle("__shfl_xor_sync", mask, value, shuffle_source_xor(lane_index(), lane_mask, width), site);
}
inline void __syncwarp(unsigned mask = 0xFFFFFFFFU, GLISSADE_EMULATED_SITE) {
    using namespace glissade::emulation;
    warp_collective({WarpOperation::sync, mask, 0, 0, nullptr, "__syncwarp"}, site);
}
inline unsigned __ballot_sync(unsigned mask, int predicate, GLISSADE_EMULATED_SITE) {
    using namespace glissade::emulation;
    const std::uint64_t vote = predicate != 0 ? 1 : 0;
    return static_cast<unsigned>(warp_collective({WarpOperation::ballot, mask, vote, 0, nullptr, "__ballot_sync"}, site));
}
inline int __any_sync(unsigned mask, int predicate, GLISSADE_EMULATED_SITE) {
    return __ballot_sync(mask, predicate, site) != 0;
}
inline int __all_sync(unsigned mask, int predicate, GLISSADE_EMULATED_SITE) {
    return __ballot_sync(mask, predicate, site) == mask;
}
template <glissade::emulation::Shuffled T>
inline unsigned __match_any_sync(unsigned mask, T value, GLISSADE_EMULATED_SITE) {
    using namespace glissade::emulation;
    return static_cast<unsigned>(warp_collective({WarpOperation::match, mask, to_bits(value), 0, nullptr, "__match_any_sync"}, site));
}

#define GLISSADE_EMULATED_REDUCTION(name, type, expression)                                          \
    inline type name(unsigned mask, type value, GLISSADE_EMULATED_SITE) {                            \
        return glissade::emulation::reduce(                                                          \
            #name, mask, value, [](type a, type b) { return static_cast<type>(expression); }, site); \
    }
GLISSADE_EMULATED_REDUCTION(__reduce_add_sync, unsigned, a + b)
GLISSADE_EMULATED_REDUCTION(__reduce_min_sync, unsigned, a < b ? a : b)
GLISSADE_EMULATED_REDUCTION(__reduce_max_sync, unsigned, a < b ? b : a)
GLISSADE_EMULATED_REDUCTION(__reduce_and_sync, unsigned, a& b)
GLISSADE_EMULATED_REDUCTION(__reduce_or_sync, unsigned, a | b)
GLISSADE_EMULATED_REDUCTION(__reduce_xor_sync, unsigned, a ^ b)
GLISSADE_EMULATED_REDUCTION(__reduce_add_sync, int, static_cast<unsigned>(a) + static_cast<unsigned>(b))
GLISSADE_EMULATED_REDUCTION(__reduce_min_sync, int, a < b ? a : b)
GLISSADE_EMULATED_REDUCTION(__reduce_max_sync, int, a < b ? b : a)
#undef GLISSADE_EMULATED_REDUCTION
