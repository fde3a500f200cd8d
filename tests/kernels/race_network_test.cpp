// SPDX-License-Identifier: Apache-2.0
// The kernels of networks under ThreadSanitizer: segments by either exchange, and the graph of a step.
#include "tests/kernels/kernel_races.hpp"
#include "tests/kernels/network_on_card.hpp"

namespace glissade::testing {
namespace {

using NetworkRaces = KernelRaces;

NetworkRun small_network(const Loss& loss) {
    NetworkRun run(loss, 20, 5, {7, 4});
    run.options.threads = 1;
    run.options.epochs = 1;
    run.options.batch_size = 17;
    return run;
}

Placement of_segments(int n, kernels::Exchange exchange) {
    Placement p = small_placement(n);
    if (p.wishes.graph) p.wishes.blocks = std::min(p.wishes.blocks, p.card.most_blocks);
    p.wishes.graph = false;  // of linear models only
    p.wishes.network = cuda::NetworkFamily::segments;
    p.wishes.block_a_member = false;
    p.wishes.exchange = exchange;
    p.wishes.parameters_in_memory = p.wishes.sums_in_memory = exchange == kernels::Exchange::sliced && n % 2 == 1;
    if (exchange == kernels::Exchange::sliced && p.wishes.cluster != p.wishes.blocks) p.wishes.cluster = 0;
    return p;
}

/// What a run may ask for beside its loss and rule, by the number of a case.
void add_options(NetworkRun& run, int n) {
    run.options.clip_norm = n % 3 == 1 ? .125 : 0;
    run.options.dropout = n % 4 == 2 ? .25 : 0;
    run.options.average.kind = n % 4 == 3 ? AverageKind::mean : AverageKind::none;
    run.options.l2 = n % 5 == 4 ? .25 : 0;
    run.options.label_smoothing = n % 2 == 0 && run.options.loss.kind() != LossKind::regression ? .125 : 0;
    if (n % 2 == 1) run.weigh();
    if (n % 3 == 2) run.options.members = {{Sgd{.lr = .125}, 0, 0, 1, 2}, {Sgd{.lr = .0625}, 0, 0, 7, 7}};
}

void train_on(const Placement& p, NetworkRun& run) {
    SCOPED_TRACE(::testing::Message() << p);
    (void)NetworkOnCard(run).trained(p, 2);
}

TEST_F(NetworkRaces, AreNotInSegmentsOfReplicas) {
    int n = 0;
    for (const char* loss : {"squared", "logistic", "softmax"})
        for (int part = 0; part < 4; ++part, ++n) {
            NetworkRun run = small_network(loss);
            add_options(run, n);
            train_on(of_segments(n, kernels::Exchange::replica), run);
        }
}

TEST_F(NetworkRaces, AreNotInSegmentsOfSlices) {
    int n = 0;
    for (const char* loss : {"squared", "logistic", "softmax"})
        for (int part = 0; part < 4; ++part, ++n) {
            NetworkRun run = small_network(loss);
            add_options(run, n);
            train_on(of_segments(n, kernels::Exchange::sliced), run);
        }
}

TEST_F(NetworkRaces, AreNotInATeamOfABlockAMember) {
    for (int n = 0; n < 2; ++n) {
        NetworkRun run = small_network("softmax");
        run.options.members = {{Sgd{.lr = .125}, 0, 0, 1, 2}, {Sgd{.lr = .0625}, 0, 0, 7, 7}, {Sgd{.lr = .25}, 0, 0, 1, 3}};
        Placement p = small_placement(n);
        p.wishes = {.block_a_member = true, .threads = 64, .network = cuda::NetworkFamily::segments};
        train_on(p, run);
    }
}

/// Their blocks have a fixed size, so there are few cases.
TEST_F(NetworkRaces, AreNotInGraphsOfSteps) {
    int n = 0;
    for (const char* loss : {"squared", "logistic", "softmax", "squared"}) {
        NetworkRun run = small_network(loss);
        run.set(Activation(Activation::names()[static_cast<std::size_t>(n) % Activation::names().size()]));
        add_options(run, n);
        Placement p{cards()[static_cast<std::size_t>(3 * n) % cards().size()], {}};
        p.wishes.network = cuda::NetworkFamily::graph;
        train_on(p, run);
        ++n;
    }
}

TEST_F(NetworkRaces, AreNotInScoringAndJudging) {
    NetworkRun run = small_network("softmax");
    run.options.validation = run.dataset<float>();
    const NetworkOnCard on_card(run);
    const auto backend = on_card.backend(Placement{cards().front(), {.network = cuda::NetworkFamily::graph}});
    const TrainingState<float> state = on_card.trained(*backend, 100);
    JudgedSums sums;
    EXPECT_TRUE(backend->judge(state.parameters.data(), sums));
    std::vector<float> scores(60);
    backend->score(run.dataset<float>().features<float>(), state.parameters.data(), scores);
}

}  // namespace
}  // namespace glissade::testing
