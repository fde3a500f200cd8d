// SPDX-License-Identifier: Apache-2.0
#include "host/cuda/segment_steps.hpp"

#include <algorithm>
#include <cstdio>

#include "glissade/error.hpp"
#include "glissade/random.hpp"
#include "host/cuda/card_rates.hpp"
#include "host/cuda/check.hpp"
#include "kernels/tuning.hpp"

namespace glissade::cuda {

using kernels::Divider;
using kernels::SegmentLinearParams;
using kernels::SegmentNetworkParams;
namespace tuning = kernels::tuning;

namespace {

const char* kernel_name(const kernels::LinearShape& shape) {
    return shape.is_network() ? "segment_network" : "segment_linear";
}

/// The plan, and whether a card holds all blocks of it at once, which only the driver tells: how many clusters do depends on how the card's
/// multiprocessors lie together. Smaller clusters are the remedy.
PlanChoice choose(const kernels::LinearShape& shape, const RunFacts& run, Card card, const BackendLimits& limits,
                  const PlanWishes& wishes) {
    const tuning::Expected rates = rates_of(card, limits.calibration);
    for (;; card.cluster_blocks /= 2) {
        const PlanChoice choice = plan_segments(shape, run, card, rates, wishes);
        const SegmentPlan& plan = choice.taken;
        if (plan.launch.team == kernels::Team::graph) return choice;  // its blocks may come one after another
        int resident = 0;
        const int status =
            kernels::resident_segment_blocks(plan.launch, shape.is_network(), plan.layout.bytes, card.facts.multiprocessors, &resident);
        // A card may refuse clusters of more than 8 altogether.
        if (status != 0 && plan.launch.cluster > tuning::max_grid_cluster)
            resident = 0, (void)cudaGetLastError();
        else
            check_launch(status, kernel_name(shape), "asking how many blocks fit");
        if (resident >= blocks_of_team(plan.launch)) return choice;  // teams of their own may come one after another
        if (plan.launch.cluster == 1 || wishes.cluster > 0)
            fail(ErrorKind::device,
                 words_for(plan.launch) + " do not fit CUDA device " + std::to_string(card.facts.ordinal) + " at once; train on the CPU");
        card.cluster_blocks = plan.launch.cluster;
    }
}

std::string in_microseconds(double seconds) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3g us", seconds * 1e6);
    return text;
}

std::string time_of(const SegmentPlan& plan) {
    return in_microseconds(plan.step_seconds) + " a step, mostly " + plan.bound_by;
}

}  // namespace

SegmentSteps::SegmentSteps(const Problem<float>& problem, const Card& card, const BackendLimits& limits, const PlanWishes& wishes)
    : problem_(problem),
      shape_(shape_of(problem)),
      choice_(choose(shape_, RunFacts::of(problem), card, limits, wishes)),
      plan_(choice_.taken) {}

std::int64_t SegmentSteps::work_bytes() const {
    const std::int64_t seeds = problem_.dropout_seeds ? problem_.members : 0;
    return buffers_of(shape_, plan_, problem_.clip_norm > 0).bytes() + static_cast<std::int64_t>(sizeof(kernels::SegmentSignals)) +
           (is_graph() ? LinearGraphs::device_bytes : 0) + seeds * static_cast<std::int64_t>(sizeof(std::uint64_t)) +
           (problem_.member_sets ? problem_.members : 0) * static_cast<std::int64_t>(sizeof(std::int32_t));
}

void SegmentSteps::allocate(const float* records) {
    const WorkBuffers work = buffers_of(shape_, plan_, problem_.clip_norm > 0);
    exchange_ = {work.exchange, "the exchange of sums"};
    stack_ = {work.stack, "partial sums"};
    block_state_ = {work.block_state, "the blocks' state"};
    block_sums_ = {work.block_sums, "the blocks' sums"};
    gradients_ = {work.gradients, "gradients"};
    signals_ = {1, "signals between blocks"};
    const Stream stream;
    if (problem_.dropout_seeds) {
        dropout_seeds_ = {problem_.members, "the members' seeds"};
        stream.copy(dropout_seeds_.data(), problem_.dropout_seeds, problem_.members, cudaMemcpyHostToDevice, "the members' seeds");
    }
    if (problem_.member_sets) {
        member_sets_ = {problem_.members, "the members' row weights"};
        stream.copy(member_sets_.data(), problem_.member_sets, problem_.members, cudaMemcpyHostToDevice, "the members' row weights");
    }
    stream.synchronize("what members have of their own");
    records_ = records;
    if (!is_graph()) return;
    graphs_.emplace();
    graphs_->load(params({}));
}

void SegmentSteps::prepare(const DeviceLeg& leg) {
    if (graphs_) graphs_->prepare(params(leg));
}

SegmentLinearParams SegmentSteps::params(const DeviceLeg& leg) const {
    SegmentLinearParams params;
    params.shape = plan_.launch.of_a_team(shape_);
    params.all_members = shape_.members;
    params.tile = plan_.tile;
    params.layout = plan_.layout;
    params.launch = plan_.launch;
    params.by_sum_items = Divider::by(params.shape.sum_items());
    params.by_member_parameters = Divider::by(shape_.member_parameters());
    params.by_outputs = Divider::by(shape_.outputs);
    params.by_row_factors = Divider::by(shape_.row_factors());
    params.by_record_chunks = Divider::by(shape_.record_floats() / 4);
    params.records = records_;
    params.loss = problem_.loss;
    std::copy_n(problem_.loss_constants, max_loss_constants, params.loss_constants);
    params.label_smoothing = problem_.label_smoothing;
    params.member_sets = member_sets_.data();
    params.rule = problem_.rule;
    params.variant = problem_.variant;
    params.averaging = problem_.averaging;
    params.clip_norm = problem_.clip_norm;
    params.clip_value = problem_.clip_value;
    const BatchPlan& batches = problem_.batches;
    params.batch_size = batches.batch_size;
    params.steps_per_epoch = batches.steps_per_epoch;
    params.division = kernels::BatchDivision::of(shape_, batches.rows(0), blocks_of_team(plan_.launch), plan_.tile);
    params.last_division =
        kernels::BatchDivision::of(shape_, batches.rows(batches.steps_per_epoch - 1), blocks_of_team(plan_.launch), plan_.tile);
    params.exchange = exchange_.data();
    params.stack = stack_.data();
    params.stack_levels = plan_.stack_levels;
    params.block_state = block_state_.data();
    params.block_sums = block_sums_.data();
    params.gradients = gradients_.data();
    params.signals = signals_.data();
    params.steps = leg.steps;
    params.first_batch = leg.first_step % batches.steps_per_epoch;
    params.orders = leg.orders;
    params.scalars = leg.scalars;
    params.parameters_in = leg.parameters_in;
    params.state_in = leg.state_in;
    params.parameters_out = leg.parameters_out;
    params.state_out = leg.state_out;
    params.loss_sums = leg.loss_sums;
    params.outcome = leg.outcome;
    return params;
}

SegmentNetworkParams SegmentSteps::network_params(const DeviceLeg& leg) const {
    SegmentNetworkParams params;
    static_cast<SegmentLinearParams&>(params) = this->params(leg);
    const std::vector<DenseLayer> layers = problem_.layers();
    params.layer_count = static_cast<int>(layers.size());
    SegmentNetworkParams::place_layers(layers, shape_.input_pitch(), plan_.tile.rows, params.layers);
    params.activation = problem_.hidden.activation;
    std::copy_n(problem_.hidden.constants, max_activation_constants, params.activation_constants);
    params.dropout_seeds = dropout_seeds_.data();
    if (problem_.dropout_seeds) {
        params.dropout_threshold = dropout_threshold(static_cast<double>(problem_.dropout));
        params.dropout_kept = dropout_kept<float>(static_cast<double>(problem_.dropout));
    }
    params.first_step = leg.first_step;
    return params;
}

void SegmentSteps::queue(const DeviceLeg& leg, const Stream& stream) {
    if (graphs_) {
        graphs_->queue(leg, params(leg), stream);
        return;
    }
    const int status = shape_.is_network() ? kernels::launch_segment_network(network_params(leg), stream.get())
                                           : kernels::launch_segment_linear(params(leg), stream.get());
    check_launch(status, kernel_name(shape_), steps_from(leg.first_step, leg.steps));
}

std::string SegmentSteps::description() const {
    const auto where = [](bool shared) { return shared ? "shared" : "device"; };
    const kernels::SegmentPlaces& places = plan_.launch.places;
    std::string text = words_for(plan_.launch) + ", tiles of " + std::to_string(plan_.tile.partials) + " x " +
                       std::to_string(plan_.tile.rows) + " rows, rows " + (shape_.bfloat16 ? "of bfloat16 " : "") + "in " +
                       where(places.records) + ", parameters in " + where(places.parameters) + ", sums in " + where(places.sums) +
                       ", state in " + where(places.state) + " memory; " + in_bytes(plan_.layout.bytes) +
                       " of shared memory a block; expected " + time_of(plan_);
    if (choice_.runner_up) text += "; " + words_for(choice_.runner_up->launch) + " would take " + time_of(*choice_.runner_up);
    return text;
}

}  // namespace glissade::cuda
