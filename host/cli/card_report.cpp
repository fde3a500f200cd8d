// SPDX-License-Identifier: Apache-2.0
#include "host/cli/card_report.hpp"

#include <nlohmann/json.hpp>

#include "host/cli/text.hpp"

namespace glissade::cli {
namespace {

std::string padded(const std::string& name) {
    constexpr std::size_t width = 34;
    return "  " + name + std::string(name.size() < width ? width - name.size() : 1, ' ');
}

std::string rate_line(const std::string& name, const Spread& rate) {
    return padded(name) + brief(rate.median / 1e9) + " GB/s (quarters " + brief(rate.interquartile / 1e9) + " apart)\n";
}

std::string adds_line(const std::string& name, const Spread& rate) {
    return padded(name) + readable_rate(rate.median) + "adds/s (quarters " + readable_rate(rate.interquartile) + "apart)\n";
}

}  // namespace

std::string time_line(const std::string& name, double seconds, const std::string& remark) {
    return padded(name) + brief(seconds * 1e9) + " ns" + remark + "\n";
}

std::string card_text(const CardProbe& probe) {
    std::string text = probe.name + ", " + counted(probe.multiprocessors, "multiprocessor") + "\n" + rate_line("read", probe.read) +
                       rate_line("... by one block", probe.block_read) + rate_line("... of the L2 cache", probe.l2_read) +
                       rate_line("copy, both ways counted", probe.copy) +
                       rate_line("rows of " + counted(probe.gather_row_bytes, "byte") + ", shuffled", probe.gather) +
                       rate_line("from pinned memory of the host", probe.upload) +
                       adds_line("atomics out of order", probe.scattered_adds_per_second) +
                       adds_line("... all to one value", probe.adds_to_one_per_second) +
                       time_line("barrier of a block", probe.block_barrier_seconds.median);
    if (probe.cluster_barrier_seconds.median > 0)
        text += time_line("barrier of a cluster of 8 blocks", probe.cluster_barrier_seconds.median);
    if (probe.grid_barrier_seconds.median > 0) text += time_line("barrier of the grid", probe.grid_barrier_seconds.median);
    if (probe.cluster_grid_barrier_seconds.median > 0)
        text += time_line("... of a grid of clusters, both", probe.cluster_grid_barrier_seconds.median);
    return text + time_line("one kernel after the other", probe.launch_seconds.median) +
           time_line("... within a graph", probe.graph_node_seconds.median,
                     probe.graph_node_seconds.median > 0 ? "" : ": lost in noise, the usual figure stays");
}

CardMeasures medians_of(const CardProbe& probe) {
    CardMeasures measures;
    measures.name = probe.name;
    measures.read_bytes_per_second = probe.read.median;
    measures.gather_bytes_per_second = probe.gather.median;
    measures.block_read_bytes_per_second = probe.block_read.median;
    measures.l2_read_bytes_per_second = probe.l2_read.median;
    measures.upload_bytes_per_second = probe.upload.median;
    measures.gather_row_bytes = static_cast<double>(probe.gather_row_bytes);
    measures.cluster_barrier_seconds = probe.cluster_barrier_seconds.median;
    measures.block_barrier_seconds = probe.block_barrier_seconds.median;
    measures.grid_barrier_seconds = probe.grid_barrier_seconds.median;
    measures.launch_seconds = probe.launch_seconds.median;
    measures.graph_node_seconds = probe.graph_node_seconds.median;
    measures.cluster_grid_barrier_seconds = probe.cluster_grid_barrier_seconds.median;
    measures.scattered_adds_per_second = probe.scattered_adds_per_second.median;
    measures.adds_to_one_per_second = probe.adds_to_one_per_second.median;
    return measures;
}

Json spread_json(const Spread& spread) {
    return {{"median", spread.median}, {"interquartile", spread.interquartile}, {"least", spread.least}};
}

Json card_json(const CardProbe& probe) {
    return {{"name", probe.name},
            {"multiprocessors", probe.multiprocessors},
            {"l2_bytes", probe.l2_bytes},
            {"probed_bytes", probe.probed_bytes},
            {"read_bytes_per_second", spread_json(probe.read)},
            {"block_read_bytes_per_second", spread_json(probe.block_read)},
            {"l2_read_bytes_per_second", spread_json(probe.l2_read)},
            {"copy_bytes_per_second", spread_json(probe.copy)},
            {"gather_row_bytes", probe.gather_row_bytes},
            {"gather_bytes_per_second", spread_json(probe.gather)},
            {"upload_bytes_per_second", spread_json(probe.upload)},
            {"block_barrier_seconds", spread_json(probe.block_barrier_seconds)},
            {"cluster_barrier_seconds", spread_json(probe.cluster_barrier_seconds)},
            {"grid_barrier_seconds", spread_json(probe.grid_barrier_seconds)},
            {"cluster_grid_barrier_seconds", spread_json(probe.cluster_grid_barrier_seconds)},
            {"scattered_adds_per_second", spread_json(probe.scattered_adds_per_second)},
            {"adds_to_one_per_second", spread_json(probe.adds_to_one_per_second)},
            {"launch_seconds", spread_json(probe.launch_seconds)},
            {"graph_node_seconds", spread_json(probe.graph_node_seconds)}};
}

}  // namespace glissade::cli
