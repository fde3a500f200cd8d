// SPDX-License-Identifier: Apache-2.0
#include "grid.hpp"
#include "text.hpp"

namespace glissade::emulation {
namespace {

int vote_result(Vote vote, unsigned votes, unsigned threads) {
    switch (vote) {
        case Vote::none:
            return 0;
        case Vote::count:
            return static_cast<int>(votes);
        case Vote::all:
            return votes == threads ? 1 : 0;
        case Vote::any:
            return votes > 0 ? 1 : 0;
    }
    return 0;
}

}  // namespace

// CUDA pairs the barriers of a block without asking where they stand; kernels that rely on it are wrong by its own manual.
void Grid::check_same_site(const Thread& first, const char* what, const Site& site) {
    if (same_site(first.site, site) && std::strcmp(first.waits_in, what) == 0) return;
    note(text("divergent barrier: ", name_of(*current_), " is at ", place(site), " in ", what, ", ", name_of(first), " waits at ",
              place(first.site), " in ", first.waits_in));
    abandon();
}

int Grid::block_barrier(Vote vote, int predicate, const char* what, const Site& site) {
    Thread& thread = *current_;
    Block& block = *thread.block;
    if (block.in_block_barrier > 0)
        check_same_site(*block.first_in_block_barrier, what, site);
    else
        block.first_in_block_barrier = &thread;
    thread.site = site;
    thread.waits_in = what;
    void* const place = block.meeting.arrive();
    block.votes = (block.in_block_barrier == 0 ? 0 : block.votes) + (predicate != 0 ? 1 : 0);
    if (++block.in_block_barrier < block_threads_) {
        thread.state = ThreadState::in_block_barrier;
        switch_away();
        Meeting::leave(place);
        return block.vote_result;
    }
    // The last one lets the others go. They all read the result before the next barrier can fill.
    block.in_block_barrier = 0;
    ++passed_.blocks;
    block.meeting.all_have_come();
    block.vote_result = vote_result(vote, block.votes, block_threads_);
    for (Thread& other : block.threads) {
        if (other.state == ThreadState::in_block_barrier) wake(other);
    }
    yield();
    Meeting::leave(place);
    return block.vote_result;
}

void Grid::grid_barrier(const Site& site) {
    constexpr const char* what = "grid_group::sync";
    Thread& thread = *current_;
    Block& block = *thread.block;
    if (!request_.cooperative) {
        note(text(name_of(thread), " is at ", place(site), " in ", what, " of a launch that is not cooperative"));
        abandon();
    }
    if (block.in_grid_barrier > 0)
        check_same_site(*block.first_in_grid_barrier, what, site);
    else
        block.first_in_grid_barrier = &thread;
    thread.site = site;
    thread.waits_in = what;
    ++block.in_grid_barrier;
    void* const place = grid_meeting_.arrive();
    if (++in_grid_barrier_ < blocks_.size() * block_threads_) {
        thread.state = ThreadState::in_grid_barrier;
        switch_away();
        Meeting::leave(place);
        return;
    }
    in_grid_barrier_ = 0;
    ++passed_.grids;
    grid_meeting_.all_have_come();
    for (Block& each : blocks_) {
        each.in_grid_barrier = 0;
        for (Thread& other : each.threads) {
            if (other.state == ThreadState::in_grid_barrier) wake(other);
        }
    }
    yield();
    Meeting::leave(place);
}

}  // namespace glissade::emulation
