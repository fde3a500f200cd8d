// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "glissade/trainer.hpp"

namespace glissade {

/// What an update rule has gathered in earlier runs of the same parameters.
struct RuleState {
    std::int64_t steps = 0;                    ///< that it has taken
    std::vector<double> memory;                ///< Scheduler::memory; empty before the first
    std::vector<std::vector<double>> vectors;  ///< its state vectors, a number a parameter each; empty before the first
};

/// What an EpochRun adds to TrainOptions. The two first are scikit-learn's meaning of a penalty and of row weights in networks.
struct EpochTerms {
    /// The L2 penalty of a step is this over the sum of the weights of its batch's rows, which the slopes are divided by too: not by their
    /// number. A batch of no weight leaves the weights of its rows at 0 and has no penalty. Above 0, options.l2 must be so too.
    double alpha = 0;
    /// Of networks: so many times the L2 penalty of each step is part of the losses. On a card, of history() alone, and by the mean of
    /// |weights|^2 at the epoch's begin and end.
    double penalty_in_loss = 0;
    RuleState begun;
};

/// A run of one member whose epochs are asked for one by one, for callers that decide after each what comes next: whether to go on, at
/// which rate, which parameters to keep. Rows with weights run on the CPU.
class EpochRun {
public:
    /// Throws as train() does. `options.epochs` are at most run; the rate is held by the caller if `options.schedule` watches the loss.
    /// What `data` borrows must outlive the run.
    EpochRun(const Dataset& data, const TrainOptions& options, const EpochTerms& terms);
    ~EpochRun();
    EpochRun(const EpochRun&) = delete;
    EpochRun& operator=(const EpochRun&) = delete;

    /// Runs an epoch. `rate` holds from now on; 0: as the schedule has it. False if the run was over, or ended within the epoch.
    bool next(double rate);

    const std::vector<EpochRecord>& history() const;
    const std::optional<Divergence>& divergence() const;
    /// Parameters so far; of the epoch with the lowest validation loss if `best` and there is one.
    std::vector<double> parameters(bool best) const;
    RuleState rule_state() const;

    class Part;

private:
    std::unique_ptr<Part> part_;
};

}  // namespace glissade
