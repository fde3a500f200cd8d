// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/cli/bench_measures.hpp"
#include "host/cli/bench_verify.hpp"
#include "host/cli/metrics_json.hpp"
#include "host/execution/card_probe.hpp"

namespace glissade::cli {

/// What `glissade bench` found.
struct BenchReport {
    std::string data, left_out;                 ///< left_out: why CUDA took no part; empty if it did
    std::string caution;                        ///< what the shares of the probe leave out; empty if nothing
    std::vector<std::string> threads_left_out;  ///< runs whose plan takes as many threads as one that is there
    std::int64_t data_bytes = 0;
    std::vector<MachineProbe> probes;
    std::optional<CardProbe> card;
    std::vector<Measurement> runs;  ///< of each batch size: the CPU with one thread, with all, then the card
    std::optional<Verification> verification;
};

/// What a share of the probe means for sparse rows.
inline constexpr const char* sparse_caution =
    "rows are sparse: the probe reads rows of their mean length, nonzeros alone; the parameters of their columns, out of order, come on "
    "top "
    "and are not probed, so that 100 % is out of reach";

/// For people: probes, runs, and a chart of their rates.
std::string bench_text(const BenchReport& report);
Json bench_json(const BenchReport& report);
/// The same as a page.
std::string bench_page(const BenchReport& report);

}  // namespace glissade::cli
