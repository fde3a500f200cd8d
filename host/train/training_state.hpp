// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "glissade/trainer.hpp"
#include "host/execution/backend.hpp"

namespace glissade {

/// What a run remembers of one member beside its live parameters.
template <class Real>
struct MemberTrack {
    bool alive = true;  ///< false once it has met a non-finite sum, or stalled for as long as `patience` allows
    std::vector<EpochRecord> history;
    double best_loss = std::numeric_limits<double>::infinity();  ///< lowest validation loss so far
    std::int64_t best_epoch = 0;
    std::vector<Real> best_parameters;
    double lowest_training_loss = std::numeric_limits<double>::infinity();
    std::int64_t validation_stalls = 0, training_stalls = 0;  ///< epochs in a row without improvement
    LossWatch watch;                                          ///< of a schedule that watches the loss
    double epoch_loss = 0;                                    ///< sum over the rows of the unfinished epoch
    std::optional<Divergence> divergence;
    std::vector<Real> final_parameters;  ///< of a member that is no longer alive
};

/// Everything about a run that changes while it runs: what a checkpoint holds.
template <class Real>
struct RunState {
    std::int64_t step = 0;                  ///< steps done
    TrainingState<Real> live;               ///< of the members that are alive, in order
    std::vector<double> rule_memory;        ///< Scheduler::memory, likewise
    std::vector<MemberTrack<Real>> tracks;  ///< of all members
    NetworkFamily network = {};             ///< of a network whose steps so far, or since it left the CPU, ran on a card
};

}  // namespace glissade
