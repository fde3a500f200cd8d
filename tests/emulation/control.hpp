// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a test may ask of the emulated CUDA: which card it plays, in which order threads run, which call fails, and what it found.
#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace glissade::emulation {

// A made-up card. Sizes are bytes.
struct Card {
    std::string name;
    int compute_major = 9;
    int compute_minor = 0;
    int multiprocessors = 8;
    std::size_t memory_bytes = std::size_t{256} << 20;
    std::size_t shared_bytes_per_block = std::size_t{48} << 10;
    std::size_t shared_bytes_per_block_optin = std::size_t{227} << 10;
    std::size_t shared_bytes_per_multiprocessor = std::size_t{228} << 10;
    std::size_t reserved_shared_bytes_per_block = std::size_t{1} << 10;
    int max_threads_per_multiprocessor = 2048;
    int max_blocks_per_multiprocessor = 32;
    int registers_per_thread = 64;  // what every kernel is said to use
    bool cooperative_launch = true;
    // The largest cluster that every card with clusters runs, and that this one runs if a kernel allows it; 1: no clusters.
    int portable_cluster_blocks = 8;
    int max_cluster_blocks = 16;
    int multiprocessors_per_group = 16;  // a cluster's blocks share one such group; the last may be smaller
    int driver_version = CUDART_VERSION;
};

// The made-up cards, the default first: multiprocessors, shared memory a block, device memory, what is special.
//   hopper-like    8  227 KB  256 MB  clusters of 8, of 16 if allowed (which 8 multiprocessors hold by two blocks each)
//   small          2   48 KB   64 MB  as compute capability 7.5
//   old            4   64 KB  128 MB  7.5, no cooperative launch
//   single         1   99 KB  256 MB  8.6: a grid team is one multiprocessor's blocks
//   wide-ampere  108  163 KB  256 MB  8.0
//   wide         132  227 KB  512 MB  9.0, in groups of 16 and a last one of 4
//   slice          4  227 KB  256 MB  9.0, clusters of 4 multiprocessors at most
//   workstation   84   99 KB  256 MB  12.0 without clusters
//   tight          8  227 KB   24 MB  9.0 with little memory
//   huge           8  227 KB    1 TB  9.0; pages that nobody touches cost nothing
const std::vector<Card>& cards();
// One of them; throws std::invalid_argument for another name.
Card card(std::string_view name);

// Back to the beginning: everything allocated is gone, the card is one "hopper-like", the seed 1, nothing fails, the log is empty.
// Findings stay until they are taken. Drops queued work without running it.
void reset();

// Which card the machine has, and how many; 0 for none. Before the first CUDA call after reset().
void set_card(const Card& card, int count = 1);
void set_card(std::string_view name, int count = 1);

// Chooses one order of threads, of blocks and of operations in different streams.
void set_seed(std::uint64_t seed);

// The n-th call from now (1 is the next) returns `error` and does nothing; a call that releases something releases it all the same.
void fail_call(std::int64_t nth, cudaError_t error = cudaErrorUnknown);
// So do all that follow it, as when a device is lost.
void fail_calls_from(std::int64_t nth, cudaError_t error = cudaErrorUnknown);

// Every runtime call since reset(), except those that only read the last error or name one.
struct Call {
    const char* name;
    std::size_t bytes;  // of an allocation, a copy or a memset; of dynamic shared memory of a launch
    cudaError_t result;
};
const std::vector<Call>& call_log();
std::int64_t count_calls();
std::int64_t count_calls(std::string_view name);

// What the emulation found wrong: a write outside a buffer, a barrier not all reach, a copy beyond its buffer... Each is also printed to
// the standard error stream at once. Findings that nobody takes end the process with status 86.
std::vector<std::string> take_findings();

// One line for each buffer, pinned block, stream, event, graph and graph's instance not released, and each capture not ended.
std::vector<std::string> leaks();
std::size_t device_bytes_in_use();

// Barriers of blocks, clusters and grids that all have come to since reset().
struct Barriers {
    std::int64_t blocks = 0;
    std::int64_t clusters = 0;
    std::int64_t grids = 0;
};
Barriers barriers_passed();

// True where AddressSanitizer watches: it then ends the process at the very instruction that leaves a buffer.
bool address_sanitizer_watches();

}  // namespace glissade::emulation
