// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>

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
    const LinearShape shape;  ///< of a team
    const RunFacts& run;
    const Card& card;
    const tuning::Expected& rates;
    BatchDivision division;
    double teams, blocks, active, multiprocessors, sums, parameters;

    Work(const SegmentPlan& p, const LinearShape& s, const RunFacts& r, const Card& c, const tuning::Expected& e)
        : plan(p),
          shape(p.launch.of_a_team(s)),
          run(r),
          card(c),
          rates(e),
          division(BatchDivision::of(s, r.batch_rows, blocks_of_team(p.launch), p.tile)),
          teams(teams_of(p.launch)),
          blocks(blocks_of_team(p.launch)),
          active(division.active_blocks),
          multiprocessors(c.facts.multiprocessors),
          sums(static_cast<double>(shape.sums())),
          parameters(static_cast<double>(shape.parameters())) {}

    bool sliced() const { return plan.launch.exchange == Exchange::sliced; }
    bool graph() const { return plan.launch.team == Team::graph; }
    bool grid_of_clusters() const { return plan.launch.team == Team::grid && plan.launch.cluster > 1; }
    double all_l2() const { return multiprocessors * rates.l2_a_multiprocessor; }
    /// Teams that wait for others to end.
    double rounds() const { return std::ceil(teams / multiprocessors); }

    /// The rows of a batch, in random order, from the L2 cache if all data is there.
    double fetch() const {
        const double row_bytes = static_cast<double>(shape.record_floats()) * real, batch = static_cast<double>(run.batch_rows) * row_bytes;
        const double data = static_cast<double>(run.data_rows) * row_bytes;
        if (data > 0 && data <= static_cast<double>(card.l2_bytes) * rates.l2_for_rows) return batch / (active * rates.l2_a_multiprocessor);
        const double peak = card.memory_bytes_a_second > 0 ? card.memory_bytes_a_second : multiprocessors * rates.memory_a_multiprocessor;
        const double gathered = peak * rates.memory_share * row_bytes / (row_bytes + rates.gather_bytes);
        // Teams of their own read the same rows at about the same time: the first from memory, the others from the L2 cache.
        return std::max(batch / std::min(gathered, active * rates.block_memory), teams * batch / all_l2());
    }

    /// Scores and sums of a block's rows.
    double rows() const {
        const double own_rows = static_cast<double>(run.batch_rows) / active,
                     tiles = static_cast<double>(division.groups) * division.chunks;
        const double products = own_rows * static_cast<double>(shape.is_network() ? shape.parameters() : shape.columns() * shape.features);
        // Values read for a score and for a sum. Where a word holds two features, so do the threads that add.
        const double a_word = 1 / static_cast<double>(shape.columns_at_once());
        const double a_product = shape.bfloat16 ? 1.5 + a_word : 2 * (1 + a_word);
        // Of a network: a product forward, two back; a tile narrower than a warp leaves lanes without work.
        const double idle = std::max(1.0, static_cast<double>(tuning::warp) / 2 / static_cast<double>(plan.tile.rows));
        double seconds = (shape.is_network() ? 3 * products * idle / rates.network_products : products * a_product / rates.shared_values) +
                         (tiles - 1) * rates.tile;
        if (!plan.launch.places.records) seconds += 2 * fetch();  // read when needed: for a score and for a sum
        // Two rows share what they read; of a network all rows of a tile do, forward and back.
        if (!plan.launch.places.parameters)
            seconds += (shape.is_network() ? 2 * tiles * parameters : products / 2) * real / rates.cached_parameters;
        if (!plan.launch.places.sums) {
            const double tile_sums = tiles * division.group_partials * 2 * sums, merges = static_cast<double>(division.groups) * 3 * sums;
            seconds += (tile_sums + merges) * real / rates.l2_a_multiprocessor;
        }
        return seconds;
    }

    double barriers() const {
        if (blocks == 1) return 0;
        // A launch begins without rows: nobody fetches the first tile meanwhile.
        if (graph()) return (run.clips_by_norm ? 3 : 2) * rates.graph_node + fetch() / (division.groups * division.chunks);
        const double one = plan.launch.team == Team::cluster ? rates.cluster_barrier : rates.grid_barrier;
        const double first = grid_of_clusters() ? rates.cluster_grid_barrier : one;
        return first + one * (sliced() ? (run.clips_by_norm ? 2 : 1) : 0);
    }

    double exchange() const {
        if (blocks == 1) return 0;
        if (plan.launch.team == Team::cluster && !sliced()) return rates.cluster_latency + active * sums / rates.cluster_values;
        double sources = active, seconds = 0;  // who writes sums
        if (grid_of_clusters()) {
            sources = std::max(1.0, active / plan.launch.cluster);
            seconds = rates.cluster_latency + sums * (active / sources) / plan.launch.cluster / rates.cluster_values;
        }
        if (!sliced()) return seconds + rates.l2_latency + real * sources * blocks * sums / all_l2();
        double through = 2 * sources * sums;  // written once, read once
        if (plan.launch.team == Team::cluster && plan.launch.places.sums) {
            seconds = rates.cluster_latency + active * sums / blocks / rates.cluster_values;
            through = 0;
        }
        const double gathered = plan.launch.places.parameters ? blocks * parameters : 0;
        const double norms = run.clips_by_norm ? blocks * parameters / static_cast<double>(shape.members) : 0;
        const double reached = plan.launch.team == Team::cluster ? blocks * rates.l2_a_multiprocessor : all_l2();
        return seconds + 2 * rates.l2_latency + real * (through + gathered + norms) / reached;
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
                                        {work.barriers(), work.graph() ? "the launches of a graph" : "the barriers between blocks"},
                                        {work.update(), "the update within a block"}}};
    plan.fetch_seconds = work.rounds() * terms[0].seconds;
    plan.step_seconds =
        work.rounds() * (std::max(terms[0].seconds, terms[1].seconds) + terms[2].seconds + terms[3].seconds + terms[4].seconds);
    plan.bound_by = std::ranges::max_element(terms, {}, &Term::seconds)->name;
}

}  // namespace glissade::cuda
