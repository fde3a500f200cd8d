// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "host/execution/team.hpp"

namespace glissade {

/// What this machine can do at the moment, against which training is measured. Each function repeats the work and gives the seconds of
/// every repetition; all threads of the team share it. Buffers should be several times the last-level cache.
namespace probe {

/// Reads every byte of the buffer once, in order.
std::vector<double> read(ThreadTeam& team, std::span<const std::byte> buffer, int repetitions);

/// Copies the first half of the buffer over the second: half of its bytes are read and half written.
std::vector<double> copy(ThreadTeam& team, std::span<std::byte> buffer, int repetitions);

/// Reads whole rows of `row_bytes` in a shuffled order, with the next rows fetched ahead: every row once, or some two million of them, and
/// then the seconds are those that every row would take.
std::vector<double> gather_rows(ThreadTeam& team, std::span<const std::byte> buffer, std::int64_t row_bytes, int repetitions);

/// One barrier of the team; the mean over many, a repetition.
std::vector<double> barrier(ThreadTeam& team, int repetitions);

/// Bytes a second at which a team of `threads` reads data that is there anyway, from a sample of it and within some 40 ms. `otherwise`,
/// which holds for one thread, where there is too little data to tell.
double read_rate(int threads, std::span<const std::byte> data, double otherwise);

}  // namespace probe

/// Middle, and the distance between the quarters, of a set of measurements.
struct Spread {
    double median = 0, interquartile = 0, least = 0;
};
Spread spread_of(std::vector<double> values);

}  // namespace glissade
