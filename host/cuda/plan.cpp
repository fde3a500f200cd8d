// SPDX-License-Identifier: Apache-2.0
#include "host/cuda/plan.hpp"

#include <algorithm>
#include <bit>
#include <vector>

#include "glissade/error.hpp"
#include "glissade/rules/sum_shape.hpp"
#include "host/cuda/check.hpp"

namespace glissade::cuda {

using kernels::BatchDivision;
using kernels::Exchange;
using kernels::LinearShape;
using kernels::SegmentLaunch;
using kernels::SegmentLayout;
using kernels::SegmentPlaces;
using kernels::Team;
using kernels::TileShape;
namespace tuning = kernels::tuning;

namespace {

/// Indices on the card are ints.
constexpr std::int64_t most_values = std::int64_t{1} << 30;

std::int64_t power_of_two_up(std::int64_t n) {
    return static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(std::max<std::int64_t>(1, n))));
}

/// Halves a tile, groups of partial sums first: rows of one partial sum stay together.
bool shrink(TileShape& tile) {
    if (tile.all_rows() == 1) return false;
    (tile.partials > 1 ? tile.partials : tile.rows) /= 2;
    return true;
}

std::int64_t partial_sums(const LinearShape& shape, std::int64_t rows) {
    return std::min(SumShape::of_batch(rows).partials, shape.most_partials());
}

TileShape wanted_tile(const LinearShape& shape, std::int64_t rows, int blocks, std::int64_t shared_bytes, bool records_in_shared) {
    const std::int64_t partials = partial_sums(shape, rows), longest = (rows + partials - 1) / partials;
    TileShape tile;
    if (shape.is_network()) {
        tile.rows = std::min(power_of_two_up(longest), tuning::network_tile_rows);
        return tile;
    }
    tile.rows = std::min(power_of_two_up(longest), tuning::tile_rows);
    const std::int64_t own = std::max<std::int64_t>(1, partials / blocks);
    tile.partials = std::min(own, std::max<std::int64_t>(1, tuning::tile_rows / tile.rows));
    const std::int64_t buffer_bytes = std::max(shared_bytes / tuning::tile_buffer_share, tuning::least_tile_buffer_bytes);
    const std::int64_t record_bytes = shape.record_floats() * static_cast<std::int64_t>(sizeof(float));
    while (records_in_shared && tile.all_rows() * record_bytes > buffer_bytes && shrink(tile)) {
    }
    return tile;
}

/// The choices of what lies in shared memory that the wishes leave.
std::vector<SegmentPlaces> places_to_try(Exchange exchange, bool records, const PlanWishes& wishes) {
    std::vector<SegmentPlaces> out;
    for (const bool parameters : {true, false})
        for (const bool sums : {true, false})
            for (const bool state : {true, false}) {
                if (exchange == Exchange::replica && !(parameters && sums && records)) continue;
                if ((parameters && wishes.parameters_in_memory) || (sums && wishes.sums_in_memory) || (state && wishes.state_in_memory) ||
                    (records && wishes.records_in_memory))
                    continue;
                out.push_back({parameters, sums, state, records});
            }
    return out;
}

class Planner {
public:
    Planner(const LinearShape& shape, const RunFacts& run, const Card& card, const tuning::Expected& rates, const PlanWishes& wishes)
        : shape_(shape), run_(run), card_(card), rates_(rates), wishes_(wishes) {}

    /// The fastest plan with this exchange and these blocks, over what may lie in shared memory.
    std::optional<SegmentPlan> best(Exchange exchange, Team team, int blocks, int cluster) const {
        // Records in shared memory arrive while others are worked on: without that only where there is no room.
        std::optional<SegmentPlan> found;
        for (const bool records : {true, false})
            for (const SegmentPlaces& places : places_to_try(exchange, records, wishes_)) {
                if (!records && shape_.is_network()) continue;
                if (!records && found && found->launch.places.records) break;
                if (team == Team::graph && places.state) continue;  // nothing in shared memory outlives a launch
                // Blocks of a cluster add up what lies in each other's shared memory.
                if (team == Team::grid && cluster > 1 && !places.sums) continue;
                SegmentPlan plan;
                plan.launch = {team, exchange, blocks, wishes_.threads > 0 ? wishes_.threads : tuning::segment_threads, places, cluster};
                if (!fit(plan)) continue;
                predict(plan, shape_, run_, card_, rates_);
                if (!found || plan.step_seconds < found->step_seconds) found = plan;
            }
        return found;
    }

private:
    /// The largest tile of the wanted size that fits.
    bool fit(SegmentPlan& plan) const {
        TileShape tile = wishes_.tile.rows > 0 ? wishes_.tile
                                               : wanted_tile(shape_, run_.batch_rows, blocks_of_team(plan.launch),
                                                             card_.facts.shared_bytes_a_block, plan.launch.places.records);
        if (shape_.is_network()) tile.partials = 1;
        do {
            plan.layout = SegmentLayout::of(shape_, tile, plan.launch);
            if (plan.layout.bytes > card_.facts.shared_bytes_a_block) continue;
            if (std::max(shape_.is_network() ? 0 : shape_.sum_items(), shape_.sums()) > most_values / tile.partials) continue;
            plan.tile = tile;
            const int groups = BatchDivision::of(shape_, run_.batch_rows, blocks_of_team(plan.launch), tile).groups;
            plan.stack_levels = std::countr_zero(static_cast<unsigned>(groups));  // of a short last batch never more
            // What blocks work in is not to push the rows out of the card.
            return wishes_.blocks > 0 || buffers_of(shape_, plan, run_.clips_by_norm).bytes() <= card_.facts.free_bytes / 2;
        } while (shrink(tile));
        return false;
    }

    const LinearShape& shape_;
    const RunFacts& run_;
    const Card& card_;
    const tuning::Expected& rates_;
    const PlanWishes& wishes_;
};

[[noreturn]] void refuse_shape(const LinearShape& shape, const Card& card) {
    SegmentLaunch launch;
    launch.exchange = Exchange::sliced;
    launch.places = {false, false, false, false};
    const std::int64_t least = SegmentLayout::of(shape, {1, 1}, launch).bytes;
    const std::string model = std::to_string(shape.members) + " x " + std::to_string(shape.member_parameters()) + " parameters",
                      device = "CUDA device " + std::to_string(card.facts.ordinal) + " (" + card.facts.name + ")";
    if (least <= card.facts.shared_bytes_a_block)
        fail(ErrorKind::device, "the model is too large for " + device + ": " + model +
                                    " with the optimizer's state and the blocks' sums, " + in_bytes(card.facts.free_bytes) +
                                    " of device memory are free; train fewer members at a time, use fewer features, or train on the CPU");
    fail(ErrorKind::device, "the model does not fit the shared memory of " + device + ": " + std::to_string(shape.columns()) +
                                " scores of a row and the rates of " + std::to_string(shape.members) + " members need " + in_bytes(least) +
                                " a block, " + in_bytes(card.facts.shared_bytes_a_block) +
                                " are there; train fewer members at a time, or train on the CPU");
}

struct BlockCount {
    Team team;
    int blocks, cluster;
};
/// Whether a step may be launches that follow one another: where blocks of a grid cannot wait for each other.
bool may_be_graph(const LinearShape& shape, const Card& card, const PlanWishes& wishes) {
    return !shape.is_network() && (wishes.graph || !card.facts.cooperative_launch);
}
/// Teams of more than one block that the card and the wishes leave.
std::vector<BlockCount> blocks_to_try(Exchange exchange, const LinearShape& shape, const RunFacts& run, const Card& card,
                                      const PlanWishes& wishes) {
    // Blocks without a partial sum of their own still help where each updates a slice.
    const std::int64_t useful = exchange == Exchange::sliced ? tuning::max_blocks : partial_sums(shape, run.batch_rows);
    const std::int64_t most = std::min<std::int64_t>({tuning::max_blocks, card.facts.multiprocessors, useful});
    std::vector<BlockCount> out;
    for (int blocks = 2; blocks <= tuning::max_blocks; blocks *= 2) {
        if (wishes.blocks > 0 ? blocks != wishes.blocks : blocks > most) continue;
        if (exchange == Exchange::sliced && wishes.cluster <= 1 && may_be_graph(shape, card, wishes))
            out.push_back({Team::graph, blocks, 1});
        for (int cluster = 1; cluster <= std::min(blocks, card.cluster_blocks); cluster *= 2) {
            if (wishes.cluster > 0 ? cluster != wishes.cluster : wishes.blocks > 0 && cluster > 1) continue;
            if (cluster < blocks && (!card.facts.cooperative_launch || cluster > tuning::max_grid_cluster)) continue;
            out.push_back({cluster == blocks ? Team::cluster : Team::grid, blocks, cluster});
        }
    }
    return out;
}

void take_better(std::optional<SegmentPlan>& best, const std::optional<SegmentPlan>& candidate) {
    if (candidate && (!best || candidate->step_seconds < best->step_seconds)) best = candidate;
}

void check_wishes(const LinearShape& shape, const Card& card, const PlanWishes& wishes) {
    const std::string device = "CUDA device " + std::to_string(card.facts.ordinal) + " (" + card.facts.name + ")";
    if (wishes.cluster > card.cluster_blocks)
        fail(ErrorKind::device, device + " has no clusters of " + std::to_string(wishes.cluster) + " blocks");
    const bool waits = shape.is_network() || wishes.exchange == Exchange::replica || wishes.cluster > 1;
    if (wishes.blocks > 1 && wishes.cluster != wishes.blocks && !card.facts.cooperative_launch && waits)
        fail(ErrorKind::device, device + " has no cooperative launch: one block only");
}

}  // namespace

LinearShape shape_of(const Problem<float>& problem) {
    LinearShape shape;
    shape.features = problem.features.columns;
    shape.outputs = problem.outputs;
    shape.members = problem.members;
    shape.target_count = problem.target_count;
    shape.state_vectors = problem.state_vectors();
    shape.bias = problem.bias;
    shape.weight_sets = problem.weights ? problem.weight_sets : 0;
    shape.bfloat16 = problem.bfloat16;
    if (problem.is_network()) {
        const std::vector<DenseLayer> layers = problem.layers();
        std::vector<kernels::SegmentLayer> placed(layers.size());
        shape.network_parameters = problem.parameter_count();
        shape.unit_floats = kernels::SegmentNetworkParams::place_layers(layers, shape.input_pitch(), 1, placed.data());
    }
    return shape;
}

RunFacts RunFacts::of(const Problem<float>& problem) {
    return {problem.batches.rows(0), problem.features.rows, problem.clip_norm > 0};
}

PlanChoice plan_segments(const LinearShape& shape, const RunFacts& run, const Card& card, const tuning::Expected& rates,
                         const PlanWishes& wishes) {
    check_wishes(shape, card, wishes);
    if (shape.state_vectors * shape.parameters() > most_values) refuse_shape(shape, card);
    const Planner planner(shape, run, card, rates, wishes);
    std::vector<std::optional<SegmentPlan>> kinds;  // the best of each team and exchange
    for (const Exchange exchange : {Exchange::replica, Exchange::sliced}) {
        if (wishes.exchange.value_or(exchange) != exchange) continue;
        // Where one block holds everything, device memory has nothing to offer it.
        const bool holds_everything = !kinds.empty() && kinds.front();
        if (wishes.blocks <= 1 && wishes.cluster <= 1 && !wishes.block_a_member && !wishes.graph && !holds_everything)
            kinds.push_back(planner.best(exchange, Team::block, 1, 1));
        const bool free = shape.members > 1 && wishes.blocks == 0 && wishes.cluster == 0 && !wishes.graph;
        if (exchange == Exchange::replica && (wishes.block_a_member || free))
            kinds.push_back(planner.best(exchange, Team::block_a_member, static_cast<int>(shape.members), 1));
        if (wishes.block_a_member) break;
        std::optional<SegmentPlan> cluster_team, grid, grid_of_clusters, graph;
        for (const auto& [team, blocks, cluster] : blocks_to_try(exchange, shape, run, card, wishes)) {
            if (wishes.graph && team != Team::graph) continue;
            take_better(team == Team::cluster ? cluster_team
                        : team == Team::graph ? graph
                        : cluster > 1         ? grid_of_clusters
                                              : grid,
                        planner.best(exchange, team, blocks, cluster));
        }
        kinds.insert(kinds.end(), {cluster_team, grid, grid_of_clusters, graph});
    }
    std::erase(kinds, std::nullopt);
    std::ranges::stable_sort(kinds, {}, [](const auto& plan) { return plan->step_seconds; });
    if (kinds.empty()) refuse_shape(shape, card);
    return {*kinds.front(), kinds.size() > 1 ? kinds[1] : std::nullopt};
}

std::string words_for(const SegmentLaunch& launch) {
    const std::string blocks = std::to_string(launch.blocks) + " blocks";
    std::string text = launch.team == Team::block            ? "one block"
                       : launch.team == Team::block_a_member ? "a block for each of " + std::to_string(launch.blocks) + " members,"
                       : launch.team == Team::cluster        ? "a cluster of " + blocks
                       : launch.team == Team::graph          ? "a graph of launches of " + blocks
                       : launch.cluster > 1                  ? "a grid of " + blocks + " in clusters of " + std::to_string(launch.cluster)
                                                             : "a grid of " + blocks;
    text += " x " + std::to_string(launch.threads) + " threads";
    if (launch.exchange == Exchange::replica) return text;
    return text + (launch.team == Team::block ? " that works in device memory" : ", each with a slice of the parameters");
}

}  // namespace glissade::cuda
