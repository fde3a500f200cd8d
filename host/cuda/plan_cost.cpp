// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "host/cuda/plan.hpp"

namespace glissade::cuda {

using kernels::BatchDivision;
using kernels::Exchange;
using kernels::LinearShape;
using kernels::Team;
namespace tuning = kernels::tuning;

namespace {

constexpr double real = sizeof(float);

/// What the terms of the model are made of.
struct Work {
    const SegmentPlan& plan;
    const LinearShape& shape;
    const RunFacts& run;
    const Card& card;
    const tuning::Expected& rates;
    BatchDivision division;
    double blocks, active, multiprocessors, sums, parameters;

    Work(const SegmentPlan& p, const LinearShape& s, const RunFacts& r, const Card& c, const tuning::Expected& e)
        : plan(p),
          shape(s),
          run(r),
          card(c),
          rates(e),
          division(BatchDivision::of(r.batch_rows, p.launch.blocks, p.tile)),
          blocks(p.launch.blocks),
          active(division.active_blocks),
          multiprocessors(c.facts.multiprocessors),
          sums(static_cast<double>(s.sums())),
          parameters(static_cast<double>(s.parameters())) {}

    bool sliced() const { return plan.launch.exchange == Exchange::sliced; }
    bool grid() const { return plan.launch.team == Team::grid; }
    double all_l2() const { return multiprocessors * rates.l2_a_multiprocessor; }

    /// The rows of a batch, in random order, from the L2 cache if all data is there.
    double fetch() const {
        const double row_bytes = static_cast<double>(shape.record_floats()) * real, batch = static_cast<double>(run.batch_rows) * row_bytes;
        const double data = static_cast<double>(run.data_rows) * row_bytes;
        if (data > 0 && data <= static_cast<double>(card.l2_bytes) * rates.l2_for_rows) return batch / (active * rates.l2_a_multiprocessor);
        const double peak = card.memory_bytes_a_second > 0 ? card.memory_bytes_a_second : multiprocessors * rates.memory_a_multiprocessor;
        const double gathered = peak * rates.memory_share * row_bytes / (row_bytes + rates.gather_bytes);
        return batch / std::min(gathered, active * rates.block_memory);
    }

    /// Scores and sums of a block's rows.
    double rows() const {
        const double own_rows = static_cast<double>(run.batch_rows) / active,
                     tiles = static_cast<double>(division.groups) * division.chunks;
        const double products = own_rows * static_cast<double>(shape.columns() * shape.features);
        const double a_product = 2 * (1 + 1 / static_cast<double>(shape.columns_at_once()));  // values read for a score and for a sum
        double seconds = products * a_product / rates.shared_values + (tiles - 1) * rates.tile;
        if (!plan.launch.places.parameters) seconds += products / 2 * real / rates.cached_parameters;  // two rows share what they read
        if (!plan.launch.places.sums) {
            const double tile_sums = tiles * division.group_partials * 2 * sums, merges = static_cast<double>(division.groups) * 3 * sums;
            seconds += (tile_sums + merges) * real / rates.l2_a_multiprocessor;
        }
        return seconds;
    }

    double barriers() const {
        if (!grid()) return 0;
        return rates.grid_barrier * (sliced() ? (run.clips_by_norm ? 3 : 2) : 1);
    }

    double exchange() const {
        if (!grid()) return 0;
        if (!sliced()) return rates.l2_latency + real * active * blocks * sums / all_l2();
        const double through = 2 * active * sums;  // written once, read once
        const double gathered = plan.launch.places.parameters ? blocks * parameters : 0;
        const double norms = run.clips_by_norm ? blocks * parameters / static_cast<double>(shape.members) : 0;
        return 2 * rates.l2_latency + real * (through + gathered + norms) / all_l2();
    }

    double update() const {
        const double own = sliced() ? static_cast<double>(plan.launch.slice(shape)) : sums, threads = plan.launch.threads;
        double seconds = rates.block_step + (own + threads - 1) / threads * rates.update;
        if (!plan.launch.places.state) seconds += 2 * real * static_cast<double>(shape.state_vectors) * own / rates.l2_a_multiprocessor;
        return seconds;
    }
};

}  // namespace

void predict(SegmentPlan& plan, const LinearShape& shape, const RunFacts& run, const Card& card, const tuning::Expected& rates) {
    const Work work(plan, shape, run, card, rates);
    struct Term {
        double seconds;
        const char* name;
    };
    const std::array<Term, 5> terms = {{{work.fetch(), "reading the rows"},
                                        {work.rows(), "work on the rows in a block"},
                                        {work.exchange(), "the exchange of sums"},
                                        {work.barriers(), "the barriers of the grid"},
                                        {work.update(), "the update within a block"}}};
    plan.fetch_seconds = terms[0].seconds;
    plan.step_seconds = std::max(terms[0].seconds, terms[1].seconds) + terms[2].seconds + terms[3].seconds + terms[4].seconds;
    plan.bound_by = std::ranges::max_element(terms, {}, &Term::seconds)->name;
}

}  // namespace glissade::cuda
