// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <cstring>

#include "grid.hpp"
#include "text.hpp"

namespace glissade::emulation {
namespace {

constexpr std::uint64_t poison_bits = ~std::uint64_t{0};

bool same_call(const Thread& thread, const WarpCall& call, const Site& site) {
    return thread.warp_call.mask == call.mask && thread.warp_call.operation == call.operation && thread.site.line() == site.line() &&
           thread.site.column() == site.column() && std::strcmp(thread.site.file_name(), site.file_name()) == 0;
}

// The result of one lane from those of the lanes that came.
std::uint64_t result_of(const Thread* warp, const WarpCall& own, unsigned present) {
    std::uint64_t bits = 0;
    bool first = true;
    if (own.operation == WarpOperation::shuffle) {
        // What a lane that is not there would have sent is undefined.
        return (present >> own.source_lane & 1U) != 0 ? warp[own.source_lane].warp_call.value : poison_bits;
    }
    for (unsigned left = present; left != 0; left &= left - 1) {
        const int lane = std::countr_zero(left);
        const std::uint64_t value = warp[lane].warp_call.value;
        switch (own.operation) {
            case WarpOperation::ballot: bits |= value << lane; break;
            case WarpOperation::match: bits |= static_cast<std::uint64_t>(value == own.value ? 1 : 0) << lane; break;
            case WarpOperation::reduce: bits = first ? value : own.combine(bits, value); break;
            default: break;
        }
        first = false;
    }
    return bits;
}

}  // namespace

bool Grid::warp_is_complete(const Block& block, unsigned first_rank, unsigned mask) const {
    for (unsigned left = mask; left != 0; left &= left - 1) {
        const unsigned rank = first_rank + static_cast<unsigned>(std::countr_zero(left));
        if (rank >= block_threads_) break;
        const Thread& other = block.threads[rank];
        if (other.state == ThreadState::returned) continue;
        if (other.state != ThreadState::in_warp || other.warp_call.mask != mask) return false;
    }
    return true;
}

void Grid::complete_warp(Block& block, unsigned first_rank, unsigned mask) {
    Thread* const warp = &block.threads[first_rank];
    unsigned present = 0;
    for (unsigned left = mask; left != 0; left &= left - 1) {
        const auto lane = static_cast<unsigned>(std::countr_zero(left));
        if (first_rank + lane < block_threads_ && warp[lane].state == ThreadState::in_warp) present |= 1U << lane;
    }
    for (unsigned left = present; left != 0; left &= left - 1) {
        Thread& thread = warp[std::countr_zero(left)];
        thread.warp_result = result_of(warp, thread.warp_call, present);
        wake(thread);
    }
}

std::uint64_t Grid::warp_collective(const WarpCall& call, const Site& site) {
    Thread& thread = *current_;
    Block& block = *thread.block;
    const unsigned lane = thread.rank % 32;
    const unsigned first_rank = thread.rank - lane;
    if ((call.mask >> lane & 1U) == 0) {
        note(text(name_of(thread), " is at ", place(site), " in ", call.name, " with a mask that leaves out its own lane"));
        abandon();
    }
    for (unsigned left = call.mask; left != 0; left &= left - 1) {
        const unsigned rank = first_rank + static_cast<unsigned>(std::countr_zero(left));
        if (rank >= block_threads_) break;
        const Thread& other = block.threads[rank];
        if (other.state != ThreadState::in_warp || same_call(other, call, site)) continue;
        note(text("divergent warp: ", name_of(thread), " is at ", place(site), " in ", call.name, " with mask ", call.mask, ", ",
                  name_of(other), " waits at ", place(other.site), " in ", other.waits_in, " with mask ", other.warp_call.mask));
        abandon();
    }
    thread.site = site;
    thread.waits_in = call.name;
    thread.warp_call = call;
    thread.state = ThreadState::in_warp;
    if (warp_is_complete(block, first_rank, call.mask)) complete_warp(block, first_rank, call.mask);
    thread.fiber.suspend();
    return thread.warp_result;
}

}  // namespace glissade::emulation
