// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/kernels/sparse_compare.hpp"

namespace glissade::testing {

/// A short run with everything that a step may need.
inline SparseTrial small_trial() {
    SparseTrial trial{"small", Sgd{.lr = .1}};
    trial.rows = 20;
    trial.columns = 12;
    trial.scaled = true;
    trial.l2 = 9.5;  // every other step runs over all parameters
    trial.clip_norm = .5;
    trial.epochs = 2;
    return trial;
}
/// Small blocks, tables and staging buffers.
inline SparsePlacement small_sparse_placement() {
    SparsePlacement p{cards().front(), {}};
    p.wishes.threads = 32;
    p.wishes.table_steps = 2;
    p.wishes.staging_bytes = 200;
    return p;
}

/// The case's problem, to be judged by its own rows.
inline Problem<float> judged_problem(const SparseCase<float>& c) {
    Problem<float> problem = c.problem;
    JudgedRows<float>& rows = problem.held_out;
    rows.features = c.problem.features;
    rows.sparse = c.problem.sparse;
    rows.targets = c.targets.data();
    rows.loss = c.problem.loss;
    rows.loss_factors = {1};
    rows.ranks = true;
    return problem;
}

}  // namespace glissade::testing
