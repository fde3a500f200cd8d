// SPDX-License-Identifier: Apache-2.0
// The kernels of sparse rows under ThreadSanitizer.
#include <limits>

#include "tests/kernels/kernel_races.hpp"
#include "tests/kernels/sparse_compare.hpp"

namespace glissade::testing {
namespace {

using SparseRaces = KernelRaces;

/// Several blocks of one or two warps.
SparsePlacement small_sparse_placement(int n) {
    SparsePlacement p = sparse_placement(n);
    p.wishes.threads = n % 2 == 0 ? 32 : 64;
    return p;
}

TEST_F(SparseRaces, AreNotInTrainingWithAnyRule) {
    int n = 0;
    for (const auto name : Optimizer::names()) {
        SparseTrial trial{std::string(name), Optimizer::named(name)};
        trial.rows = 24;
        trial.columns = 30;
        trial.batch = 11;
        trial.epochs = 1;
        trial.weighted = n % 2 == 0;
        EXPECT_TRUE(sparse_trains_as_on_cpu(trial, small_sparse_placement(n++)));
    }
}

/// Terms by value or by slot, long columns, several tiles, both sorts, and steps over all parameters.
TEST_F(SparseRaces, AreNotInTrainingWithAnyOption) {
    for (int bits = 0; bits < 16; bits += 1 + bits % 2) {
        const char* names[] = {"sgd", "ftrl", "rmsprop", "adam"};
        SparseTrial trial{"options " + std::to_string(bits), Optimizer::named(names[bits % 4])};
        trial.rows = 44;
        trial.columns = 12;
        trial.batch = 40;
        trial.epochs = 1;
        trial.clip_norm = bits & 4 ? .05 : 0;
        trial.average = bits & 8;
        trial.scaled = bits % 3 == 0;
        trial.l2 = bits % 5 == 0 ? .02 : 0;
        if (bits % 3 == 1) trial.rates = {.02};
        if (bits % 5 == 1) trial.loss = "softmax";
        EXPECT_TRUE(sparse_trains_as_on_cpu(trial, small_sparse_placement(bits)));
    }
}

/// Atomics order nothing but themselves: what they leave is read by the next kernel.
TEST_F(SparseRaces, AreNotInGradientsByAtomics) {
    int n = 0;
    for (const char* name : {"sgd", "rmsprop", "ftrl", "adam"}) {
        SparseTrial trial{name, Optimizer::named(name)};
        trial.rows = 44;
        trial.columns = 12;
        trial.batch = 20;
        trial.epochs = 1;
        if (n % 2 == 1) trial.rates = {.02};
        SparseCase<float> c(trial);
        c.problem.nondeterministic = true;
        if (n == 2) c.values[static_cast<std::size_t>(c.problem.sparse.offsets[21])] = std::numeric_limits<float>::infinity();
        const auto cuda = sparse_backend(c, small_sparse_placement(n));
        EXPECT_EQ(cuda->run(c.part(0, c.steps())).frozen, n == 2);
        ++n;
    }
}

TEST_F(SparseRaces, AreNotInAStepThatFreezesNorInTheOneAfter) {
    for (const bool clips : {false, true}) {
        SparseTrial trial{"freezes", Adagrad{}};
        trial.rates = {.02};
        trial.clip_norm = clips ? .5 : 0;
        SparseCase<float> c(trial);
        c.values[static_cast<std::size_t>(c.problem.sparse.offsets[10])] = std::numeric_limits<float>::infinity();  // in batch 2
        const auto cuda = sparse_backend(c, small_sparse_placement(clips ? 1 : 2));
        EXPECT_TRUE(cuda->run(c.part(0, 3)).frozen);
        EXPECT_FALSE(cuda->run(c.part(2, 2)).frozen);
    }
}

TEST_F(SparseRaces, AreNotInScoring) {
    for (int n = 0; n < 3; ++n) {
        const SparseTrial trial{"scores", Sgd{}, n % 2 == 0 ? "softmax" : "logistic"};
        const SparseCase<float> c(trial);
        std::vector<float> scores(static_cast<std::size_t>(60 * c.problem.outputs));
        sparse_backend(c, small_sparse_placement(n))->score(c.problem.sparse, c.start.parameters.data(), scores);
    }
}

}  // namespace
}  // namespace glissade::testing
