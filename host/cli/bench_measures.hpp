// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "glissade/trainer.hpp"
#include "host/execution/card_probe.hpp"
#include "host/execution/probe.hpp"

namespace glissade::cli {

/// What the machine can do with `threads` threads at the moment.
struct MachineProbe {
    int threads = 1;
    double read_bytes_per_second = 0, copy_bytes_per_second = 0, gather_bytes_per_second = 0;
    double barrier_seconds = 0;
};
/// Bytes of the features of a row: of sparse rows, the mean over all of them.
double row_bytes_of(const Dataset& data);
/// Bytes from one row to the next in the host's memory; of sparse rows, on average.
std::int64_t stored_row_bytes(const Dataset& data);
/// Bytes that a step on a card reads of a float32 row: features, targets and weight; of sparse rows the mean of their nonzeros.
std::int64_t card_row_bytes(const Dataset& data);

MachineProbe probe_machine(int threads, std::int64_t row_bytes);

/// One timed training run.
struct Measurement {
    std::string name;
    int threads = 0;       ///< that took part; 0 on a card
    std::string in_cache;  ///< the cache that all data fits, which then bounds the run and not the memory; empty if it fits none
    std::int64_t batch_size = 1;
    Spread epoch_seconds;  ///< over the epochs but the first, which also faults memory in
    double first_epoch_seconds = 0;
    double prepare_seconds = 0;  ///< before it: checks, statistics, the data's copy to a GPU
    std::int64_t steps_per_epoch = 1;
    double rows_per_second = 0, bytes_per_second = 0;  ///< bytes: of the features, without padding
    double bound_bytes_per_second = 0;                 ///< what the probe of the same run allows; 0: not probed, or in_cache
    Metrics held_out;
    std::string plan;
    Model model;
};
/// Trains `options.epochs` + 1 epochs on a device with some threads and scores the held-out rows.
Measurement measure(const std::string& name, const Dataset& train_rows, const Dataset& held_out, TrainOptions options);

struct BenchData {
    Dataset train, held_out;
    std::string name;
};
/// The runs of one batch size: the CPU by each probe's threads, then the card, if there is one. Where the plan takes fewer threads than it
/// may, the run is named after those, and left out, with a word in `left_out`, if they were measured already.
std::vector<Measurement> measure_batch(const std::vector<MachineProbe>& probes, const std::optional<CardProbe>& card, const BenchData& data,
                                       TrainOptions options, std::vector<std::string>& left_out);

}  // namespace glissade::cli
