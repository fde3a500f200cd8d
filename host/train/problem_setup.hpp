// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "glissade/trainer.hpp"
#include "host/execution/backend.hpp"
#include "host/scheduler/scheduler.hpp"

namespace glissade {

/// The run's settings made definite against the data: the loss chosen, members listed, counts known.
struct ResolvedRun {
    ModelSpec spec;
    Task task = Task::regression;
    std::vector<std::string> class_labels;
    std::vector<Member> members;
    std::int64_t settings = 1;           ///< members that train on all rows, the first ones: those that the options list
    std::vector<std::int64_t> held_out;  ///< the fold that each member does not train on; -1: none. Empty without folds
    BatchPlan batches;
    std::int64_t total_steps = 0;
    std::int64_t total_epochs = 0;
    AveragePlan average;
};

/// Checks settings against each other and against the data's shape and targets. Throws Error(usage | data).
ResolvedRun resolve(const Dataset& data, const TrainOptions& options);

/// Rows as the backend reads them, with what had to be made for them. Owns what `problem` points to beside the data set itself.
template <class Real>
struct TrainingRows {
    std::vector<Real> targets;           ///< standardised copies; empty if the data set's own serve
    std::vector<Real> weights;           ///< [rows][sets] of mean 1, without and, fold by fold, with rows held out; empty if all are 1
    std::vector<std::int32_t> row_fold;  ///< empty without folds
    std::vector<Real> scale, shift;
    std::vector<std::uint64_t> dropout_seeds;        ///< of the members
    ColumnAffine applied;                            ///< what train() itself added, in double; empty: none
    std::vector<double> target_scale, target_shift;  ///< stored target -> user's units
    std::vector<Real> held_out_targets;              ///< of the validation rows, in the units that the run trains in
    JudgedRows<Real> held_out;                       ///< the validation rows, if there are any; without features if they are sparse
    Problem<Real> problem;
};

/// Checks every feature, target and weight (finite, labels within range: Error(data) naming row and column), then computes weights and
/// affine maps.
template <class Real>
std::unique_ptr<TrainingRows<Real>> set_up(const Dataset& data, const TrainOptions& options, const ResolvedRun& run);

}  // namespace glissade
