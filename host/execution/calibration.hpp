// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/execution/cost_model.hpp"

namespace glissade {

/// What was measured of one model of card: medians of a CardProbe. 0: not measured.
struct CardMeasures {
    std::string name;  ///< as CUDA calls the card
    double read_bytes_per_second = 0, gather_bytes_per_second = 0;
    double gather_row_bytes = 0;             ///< of the rows that were gathered
    double block_read_bytes_per_second = 0;  ///< one block alone
    double l2_read_bytes_per_second = 0;
    double upload_bytes_per_second = 0;
    double block_barrier_seconds = 0, cluster_barrier_seconds = 0, grid_barrier_seconds = 0, launch_seconds = 0;
    double graph_node_seconds = 0;
    double cluster_grid_barrier_seconds = 0;
    double scattered_adds_per_second = 0, adds_to_one_per_second = 0;
};

/// What `glissade calibrate` found on this machine. Predictions and the layout of work on a card follow it; results never do.
struct Calibration {
    std::optional<CpuRates> cpu;
    std::vector<CardMeasures> cards;

    /// Of the card with that name, null if it was not measured.
    const CardMeasures* card(const std::string& name) const {
        for (const CardMeasures& measured : cards)
            if (measured.name == name) return &measured;
        return nullptr;
    }
};

}  // namespace glissade
