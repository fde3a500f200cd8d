// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <stdexcept>

#include "control.hpp"
#include "text.hpp"

namespace glissade::emulation {
namespace {

constexpr std::size_t kib = 1024;

Card turing(const char* name, int multiprocessors, std::size_t shared_kib) {
    Card result;
    result.name = name;
    result.compute_major = 7;
    result.compute_minor = 5;
    result.multiprocessors = multiprocessors;
    result.shared_bytes_per_block_optin = shared_kib * kib;
    result.shared_bytes_per_multiprocessor = 64 * kib;
    result.reserved_shared_bytes_per_block = 0;
    result.max_threads_per_multiprocessor = 1024;
    result.max_blocks_per_multiprocessor = 16;
    result.portable_cluster_blocks = result.max_cluster_blocks = 1;
    return result;
}

// Compute capability 8.6 and 12.0 alike: 100 KB a multiprocessor.
Card narrow(const char* name, int compute_major, int compute_minor, int multiprocessors) {
    Card result;
    result.name = name;
    result.compute_major = compute_major;
    result.compute_minor = compute_minor;
    result.multiprocessors = multiprocessors;
    result.shared_bytes_per_block_optin = 99 * kib;
    result.shared_bytes_per_multiprocessor = 100 * kib;
    result.max_threads_per_multiprocessor = 1536;
    result.max_blocks_per_multiprocessor = 24;
    result.portable_cluster_blocks = result.max_cluster_blocks = 1;
    return result;
}

Card hopper(const char* name, int multiprocessors, std::size_t memory_mib) {
    Card result;
    result.name = name;
    result.multiprocessors = multiprocessors;
    result.memory_bytes = memory_mib * kib * kib;
    return result;
}

std::vector<Card> make_cards() {
    Card small = turing("small", 2, 48);
    small.memory_bytes = 64 * kib * kib;
    Card old = turing("old", 4, 64);
    old.memory_bytes = 128 * kib * kib;
    old.cooperative_launch = false;
    Card wide_ampere = narrow("wide-ampere", 8, 0, 108);
    wide_ampere.shared_bytes_per_block_optin = 163 * kib;
    wide_ampere.shared_bytes_per_multiprocessor = 164 * kib;
    wide_ampere.max_threads_per_multiprocessor = 2048;
    wide_ampere.max_blocks_per_multiprocessor = 32;
    Card slice = hopper("slice", 4, 256);
    slice.multiprocessors_per_group = 4;
    Card huge = hopper("huge", 8, 0);
    huge.memory_bytes = std::size_t{1} << 40;
    return {hopper("hopper-like", 8, 256),
            small,
            old,
            narrow("single", 8, 6, 1),
            wide_ampere,
            hopper("wide", 132, 512),
            slice,
            narrow("workstation", 12, 0, 84),
            hopper("tight", 8, 24),
            huge};
}

}  // namespace

const std::vector<Card>& cards() {
    static const std::vector<Card> all = make_cards();
    return all;
}

Card card(std::string_view name) {
    std::string names;
    for (const Card& each : cards()) {
        if (each.name == name) return each;
        names += (names.empty() ? "" : ", ") + each.name;
    }
    throw std::invalid_argument(text("no emulated card is named '", name, "'; there are ", names));
}

}  // namespace glissade::emulation
