// SPDX-License-Identifier: Apache-2.0
// Rows of bfloat16 on a card: half the record, the CPU's bits.
#include <gtest/gtest.h>

#include "glissade/rules/bfloat16.hpp"
#include "tests/kernels/compare.hpp"

namespace glissade::testing {
namespace {

class CudaBfloat16 : public CudaTest {};

TEST_F(CudaBfloat16, EqualsTheCpuForEveryWidthTeamAndTile) {
    int n = 0;
    for (const std::int64_t columns : {1, 2, 31, 32, 63, 64, 65, 127, 128, 129, 200})
        for (const std::int64_t outputs : {std::int64_t{1}, std::int64_t{3 + n % 4}}) {
            CaseShape shape{.rows = 50, .columns = columns, .outputs = outputs, .batch = 30, .steps = 3};
            if (outputs > 1) shape.loss = rule_index<Softmax>(LossRules{});
            shape.members = n % 3 == 0 ? 2 : 1;
            shape.weights = n % 2 == 0;
            shape.affine = n % 4 < 2;
            shape.bias = n % 5 != 0;
            shape.bfloat16 = true;
            shape.rate = .3 / static_cast<double>(columns);
            EXPECT_TRUE(trains_as_on_cpu(shape, placement(n++)));
        }
}

TEST_F(CudaBfloat16, RowsThatAreReadWhereTheyLieEqualTheCpus) {
    for (int n = 0; n < 6; ++n) {
        CaseShape shape{.rows = 60, .columns = 33 + n, .outputs = 1 + n % 2 * 2, .batch = 40, .steps = 4};
        if (shape.outputs > 1) shape.loss = rule_index<Softmax>(LossRules{});
        shape.bfloat16 = true;
        Placement p = placement(n);
        p.wishes.exchange = kernels::Exchange::sliced;
        p.wishes.records_in_memory = true;
        p.wishes.block_a_member = false;
        p.wishes.cluster = 0;
        EXPECT_TRUE(trains_as_on_cpu(shape, p));
    }
}

TEST_F(CudaBfloat16, ARecordIsAboutHalfAsLong) {
    kernels::LinearShape shape;
    shape.features = 512;
    const std::int64_t whole = shape.record_floats();
    shape.bfloat16 = true;
    EXPECT_EQ(whole, 516);
    EXPECT_EQ(shape.record_floats(), 260);
}

/// Networks' products are not the CPU's in bits, but the rounding is: the run is that of rows that were rounded before.
TEST_F(CudaBfloat16, OfANetworkIsTheRunOnRoundedRows) {
    for (const auto family : {cuda::NetworkFamily::segments, cuda::NetworkFamily::graph})
        for (const std::int64_t columns : {5, 8, 33}) {
            CaseShape shape{.rows = 50, .columns = columns, .outputs = 3, .members = 2, .batch = 20, .steps = 5};
            shape.loss = rule_index<Softmax>(LossRules{});
            shape.hidden = {6, 3};
            shape.weights = true;
            Case<float> rounded(shape);
            for (float& value : rounded.features) value = rules::rounded_to_bfloat16(value);
            shape.bfloat16 = true;
            const Case<float> stored(shape);
            Placement p{cards().front(), {}};
            p.wishes.network = family;
            const auto trained = [&p](const Case<float>& c) {
                const auto backend = cuda_backend(c, p);
                EXPECT_FALSE(backend->run(c.segment()).frozen);
                return backend->get_state();
            };
            const TrainingState<float> state = trained(stored);
            EXPECT_TRUE(same_state(state, trained(rounded))) << shape;
            EXPECT_FALSE(same_state(state, stored.start)) << shape;
        }
}

}  // namespace
}  // namespace glissade::testing
