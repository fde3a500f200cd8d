// SPDX-License-Identifier: Apache-2.0
// Shapes and placements drawn at random against the CPU backend, bit for bit. GLISSADE_TEST_SEED=N draws others; a failure names its seed.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "glissade/error.hpp"
#include "tests/kernels/compare.hpp"

namespace glissade::testing {
namespace {

class CudaRandom : public CudaTest {};

class Draw {
public:
    explicit Draw(std::uint64_t seed) : seed_(seed) {}
    std::int64_t below(std::int64_t count) {
        return std::min(count - 1, static_cast<std::int64_t>(Philox::uniform(seed_, 41, next_++) * static_cast<double>(count)));
    }
    std::int64_t from(std::int64_t first, std::int64_t last) { return first + below(last - first + 1); }
    bool one_in(std::int64_t n) { return below(n) == 0; }
    template <class T>
    T of(std::initializer_list<T> choices) {
        return choices.begin()[below(static_cast<std::int64_t>(choices.size()))];
    }

private:
    std::uint64_t seed_, next_ = 0;
};

struct VariantsOfRule {
    int count = 0;
    template <class Rule>
    void operator()() {
        count = Rule::variants;
    }
};

CaseShape random_shape(Draw& draw) {
    CaseShape shape;
    shape.columns = draw.one_in(4) ? draw.from(1, 200) : draw.from(1, 40);
    shape.outputs = draw.one_in(2) ? 1 : draw.from(2, 6);
    shape.members = draw.one_in(2) ? 1 : draw.from(2, 5);
    shape.steps = draw.from(1, 6);
    // About so many products in all, so that every case is as quick.
    const std::int64_t rows_a_step = 80000 / (shape.columns * shape.outputs * shape.members * shape.steps);
    shape.batch = draw.from(1, std::min<std::int64_t>(300, std::max<std::int64_t>(2, rows_a_step)));
    shape.rows = draw.from(shape.batch, 2 * shape.batch + 40);
    shape.loss = static_cast<int>(draw.below(LossRules::count));
    shape.rule = static_cast<int>(draw.below(UpdateRules::count));
    VariantsOfRule variants;
    visit_rule(UpdateRules{}, shape.rule, variants);
    shape.variant = static_cast<int>(draw.below(variants.count));
    shape.bias = !draw.one_in(4);
    shape.weights = draw.one_in(2);
    shape.affine = draw.one_in(2);
    shape.averaging = draw.one_in(3);
    shape.padded_rows = draw.one_in(3);
    shape.clip_norm = draw.one_in(3) ? draw.of({1e-3, .1, 10.0}) : 0;
    shape.clip_value = draw.one_in(3) ? draw.of({1e-3, .1, 10.0}) : 0;
    shape.shuffle = draw.of({Shuffle::full, Shuffle::full, Shuffle::none, Shuffle::replacement});
    shape.rate = draw.of({1e-3, .01, .1});
    const bool can_smooth = shape.loss == rule_index<Logistic>(LossRules{}) || shape.loss == rule_index<Softmax>(LossRules{});
    if (can_smooth && draw.one_in(2)) shape.label_smoothing = .125;
    shape.bfloat16 = draw.one_in(3);
    shape.multi_label = draw.one_in(2);
    return shape;
}

Placement random_placement(Draw& draw) {
    const std::vector<CardSetting> all = cards();
    Placement p{all[static_cast<std::size_t>(draw.below(static_cast<std::int64_t>(all.size())))], {}};
    if (p.card.seed != 0) p.card.seed = static_cast<std::uint64_t>(draw.from(1, 1000000));
    if (draw.one_in(6)) return p;  // the plan decides
    p.wishes.blocks = std::min(draw.of({0, 1, 2, 4, 8, 16}), p.card.most_blocks);
    if (draw.one_in(2)) p.wishes.exchange = draw.of({kernels::Exchange::replica, kernels::Exchange::sliced});
    p.wishes.threads = draw.of({0, 32, 64, 96, 128, 256});
    if (draw.one_in(2)) p.wishes.tile = {draw.of<std::int64_t>({1, 2, 4, 8, 16}), draw.of<std::int64_t>({1, 2, 4, 8, 16})};
    p.wishes.state_in_memory = draw.one_in(3);
    if (p.wishes.exchange == kernels::Exchange::sliced) {
        p.wishes.parameters_in_memory = draw.one_in(2);
        p.wishes.sums_in_memory = draw.one_in(2);
    }
    if (p.wishes.exchange != kernels::Exchange::replica && draw.one_in(4)) {
        p.wishes.graph = true;
        if (p.wishes.blocks == 1) p.wishes.blocks = 2;
    }
    p.wishes.staging_bytes = draw.of<std::int64_t>({0, 3000, 20000});
    p.wishes.table_steps = draw.of<std::int64_t>({0, 1, 3, 200});
    return p;
}

/// Whether the card has room for the shape as it is wished for.
bool is_taken(const CaseShape& shape, const Placement& p) {
    const Case<float> c(shape);
    try {
        cuda_backend(c, p);
        return true;
    } catch (const Error& error) {
        EXPECT_TRUE(error.kind() == ErrorKind::device || error.kind() == ErrorKind::memory) << error.what();
        return false;
    }
}

void compare(std::uint64_t seed, int cases) {
    int refused = 0;
    for (int n = 0; n < cases; ++n, ++seed) {
        Draw draw(seed);
        const CaseShape shape = random_shape(draw);
        Placement p = random_placement(draw);
        if (!is_taken(shape, p)) {
            ++refused;
            p.wishes = {};  // what the plan chooses always has room for shapes as small as these
        }
        EXPECT_TRUE(trains_as_on_cpu(shape, p)) << "GLISSADE_TEST_SEED=" << seed;
        if (::testing::Test::HasFailure()) break;
    }
    EXPECT_LT(2 * refused, cases) << "most wishes can be had";
}

std::uint64_t first_seed() {
    const char* given = std::getenv("GLISSADE_TEST_SEED");
    const std::uint64_t seed = given != nullptr ? std::stoull(given) : 1;
    ::testing::Test::RecordProperty("seed", std::to_string(seed));
    return seed;
}

TEST_F(CudaRandom, EqualsTheCpuForShapesAndPlacementsOfASeed) {
    compare(first_seed(), 16);
}

class CudaRandomSlice : public CudaRandom, public ::testing::WithParamInterface<std::uint64_t> {};

TEST_P(CudaRandomSlice, LongEqualsTheCpuForManyShapesAndPlacements) {
    compare(1000000 * (1 + GetParam()) + first_seed(), 100);
}

INSTANTIATE_TEST_SUITE_P(Slices, CudaRandomSlice, ::testing::Range<std::uint64_t>(0, 5));

}  // namespace
}  // namespace glissade::testing
