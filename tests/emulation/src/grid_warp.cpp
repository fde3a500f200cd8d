// SPDX-License-Identifier: Apache-2.0
#include <bit>

#include "grid.hpp"
#include "text.hpp"

namespace glissade::emulation {
namespace {

constexpr std::uint64_t poison_bits = ~std::uint64_t{0};

// What every lane gets from a ballot or a reduction of the lanes `present`; lanes are combined from the lowest up.
std::uint64_t combined(const Thread* warp, const WarpCall& call, unsigned present) {
    std::uint64_t bits = 0;
    for (unsigned left = present; left != 0; left &= left - 1) {
        const int lane = std::countr_zero(left);
        const std::uint64_t value = warp[lane].warp_call.value;
        if (call.operation == WarpOperation::ballot)
            bits |= value << lane;
        else
            bits = left == present ? value : call.combine(bits, value);
    }
    return bits;
}

std::uint64_t matches(const Thread* warp, std::uint64_t value, unsigned present) {
    std::uint64_t bits = 0;
    for (unsigned left = present; left != 0; left &= left - 1) {
        const int lane = std::countr_zero(left);
        if (warp[lane].warp_call.value == value) bits |= std::uint64_t{1} << lane;
    }
    return bits;
}

}  // namespace

void Grid::complete_if_all_came(Block& block, Warp& warp, std::size_t gathering) {
    const WarpGathering done = warp.gatherings[gathering];
    if ((done.mask & ~(done.arrived | warp.returned)) != 0) return;
    warp.meetings[std::countr_zero(done.mask)].all_have_come();
    warp.gatherings[gathering] = warp.gatherings.back();
    warp.gatherings.pop_back();
    Thread* const lanes = &block.threads[static_cast<std::size_t>(&warp - block.warps.data()) * 32];
    const WarpCall& call = done.first->warp_call;
    std::uint64_t common = 0;
    if (call.operation == WarpOperation::ballot || call.operation == WarpOperation::reduce) common = combined(lanes, call, done.arrived);
    for (unsigned left = done.arrived; left != 0; left &= left - 1) {
        Thread& thread = lanes[std::countr_zero(left)];
        const int source = thread.warp_call.source_lane;
        thread.warp_result = common;
        if (call.operation == WarpOperation::match) thread.warp_result = matches(lanes, thread.warp_call.value, done.arrived);
        if (call.operation == WarpOperation::shuffle) {
            // What a lane that is not there would have sent is undefined.
            thread.warp_result = (done.arrived >> source & 1U) != 0 ? lanes[source].warp_call.value : poison_bits;
        }
        wake(thread);
    }
}

void Grid::refuse_warp_call(const WarpCall& call, const Site& site, const Thread& other) {
    note(text("divergent warp: ", name_of(*current_), " is at ", place(site), " in ", call.name, " with mask ", call.mask, ", ",
              name_of(other), " waits at ", place(other.site), " in ", other.waits_in, " with mask ", other.warp_call.mask));
    abandon();
}

// Two lanes that wait for each other must be in the same call. If only one names the other, it goes on later.
WarpGathering& Grid::gathering_for(Warp& warp, const WarpCall& call, const Site& site) {
    const unsigned own_bit = 1U << current_->rank % 32;
    for (WarpGathering& each : warp.gatherings) {
        const Thread& first = *each.first;
        if (each.mask == call.mask) {
            if (first.warp_call.operation != call.operation || !same_site(first.site, site)) refuse_warp_call(call, site, first);
            return each;
        }
        if ((each.mask & own_bit) != 0 && (each.arrived & call.mask) != 0) refuse_warp_call(call, site, first);
    }
    warp.gatherings.push_back({call.mask, 0, current_});
    return warp.gatherings.back();
}

std::uint64_t Grid::warp_collective(const WarpCall& call, const Site& site) {
    Thread& thread = *current_;
    const unsigned own_bit = 1U << thread.rank % 32;
    if ((call.mask & own_bit) == 0) {
        note(text(name_of(thread), " is at ", place(site), " in ", call.name, " with a mask that leaves out its own lane"));
        abandon();
    }
    Warp& warp = thread.block->warps[thread.rank / 32];
    WarpGathering& gathering = gathering_for(warp, call, site);
    gathering.arrived |= own_bit;
    thread.site = site;
    thread.waits_in = call.name;
    thread.warp_call = call;
    thread.state = ThreadState::in_warp;
    // Shuffles and votes move values between lanes but order no memory, as CUDA's manual says.
    void* const place = call.operation == WarpOperation::sync ? warp.meetings[std::countr_zero(call.mask)].arrive() : nullptr;
    complete_if_all_came(*thread.block, warp, static_cast<std::size_t>(&gathering - warp.gatherings.data()));
    switch_away();
    if (place != nullptr) Meeting::leave(place);
    return thread.warp_result;
}

}  // namespace glissade::emulation
