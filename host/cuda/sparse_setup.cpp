// SPDX-License-Identifier: Apache-2.0
// How a run on sparse rows comes to be, and its state as the host keeps it.
#include <algorithm>
#include <bit>

#include "glissade/error.hpp"
#include "host/cuda/sparse_backend.hpp"

namespace glissade::cuda {

SparseBackend::SparseBackend(const Problem<float>& problem, const BackendLimits& limits, const SparseWishes& wishes)
    : card_(usable_card(limits.cuda_ordinal)), problem_(problem), wishes_(wishes), plan_(plan_sparse_card(problem, card_, limits, wishes)) {
    check_budget(plan_.budget, card_, limits);
    allocate();
    upload_rows();
    try_a_step();
    make_graphs();
    scorer_ = std::make_unique<SparseScorer>(plan_.score, scale_.data(), side_);
    if (problem_.held_out.features.rows > 0)
        judge_ =
            std::make_unique<Judge>(problem_.held_out, std::make_unique<SparseHeldOut>(problem_.held_out, *scorer_, plan_.keeps_held_out),
                                    plan_.judge_shape(plan_.keeps_held_out), side_);
}

void SparseBackend::allocate() {
    const kernels::SparseShape& shape = plan_.shape;
    const std::int64_t rows = problem_.sparse.rows, steps = plan_.budget.table_steps, members = shape.members, models = shape.models();
    offsets_ = {rows + 1, "the training rows"};
    indices_ = {problem_.sparse.nonzeros(), "the training rows"};
    values_ = {problem_.sparse.nonzeros(), "the training rows"};
    targets_ = {rows * shape.target_count, "the training rows"};
    weights_ = {rows * shape.weight_sets, "the training rows"};
    scale_ = {problem_.affine ? shape.columns : 0, "the scale of the columns"};
    member_sets_ = {problem_.member_sets ? members : 0, "the members' row weights"};
    for (Store& store : stores_) {
        store.records = {plan_.record_floats(), "parameters and state"};
        store.biases = {plan_.bias_floats(), "parameters and state"};
    }
    orders_ = {plan_.budget.table_epochs, "row orders of the epochs"};
    scalars_ = {steps * members * rules::scalars_a_member, "scalars of the steps"};
    waiting_ = {steps * members, "scalars of the steps"};
    losses_ = {steps * members, "losses of the steps"};
    control_ = {1, "the course of a segment"};
    places_ = {plan_.batch_rows, "the rows of a batch"};
    tile_entries_ = {plan_.by_atomics ? 0 : plan_.tiles(), "the rows of a batch"};
    slopes_ = {plan_.batch_rows * models, "the rows of a batch"};
    row_losses_ = {plan_.batch_rows * members, "the rows of a batch"};
    partials_ = {plan_.partials * (models + members), "partial sums"};
    for (auto* buffer : {&keys_in_, &keys_out_, &terms_in_, &terms_out_})
        *buffer = {plan_.by_atomics ? 0 : plan_.capacity, "the nonzeros of a batch"};
    slot_rows_ = {plan_.by_slot ? plan_.capacity : 0, "the nonzeros of a batch"};
    slot_values_ = {plan_.by_slot ? plan_.capacity : 0, "the nonzeros of a batch"};
    for (auto* buffer : {&groups_in_, &groups_out_, &columns_in_, &columns_out_})
        *buffer = {plan_.clips_by_norm ? plan_.capacity : 0, "the columns of a batch"};
    sort_scratch_ = {plan_.sort_bytes, "the sort"};
    group_squares_ = {column_groups * members, "squares of the norm"};
    factors_ = {members, "squares of the norm"};
    bad_ = {members, "signals of members"};
    bias_gradient_ = {models, "gradients of biases"};
    for (HostTable& table : tables_) {
        table.orders = {orders_.count(), "row orders of the epochs"};
        table.scalars = {scalars_.count(), "scalars of the steps"};
        table.waiting = {waiting_.count(), "scalars of the steps"};
        table.losses = {losses_.count(), "losses of the steps"};
        table.control = {2, "the course of a segment"};
    }
    host_records_ = {plan_.chunk_columns * shape.stride(), "parameters and state"};
    host_biases_ = {plan_.bias_floats(), "parameters and state"};
}

/// Every row once, straight from where it lies; offsets begin at 0 on the device.
void SparseBackend::upload_rows() {
    const SparseView<const float>& x = problem_.sparse;
    const std::int64_t begin = x.offsets[0];
    std::vector<std::int64_t> moved;
    if (begin != 0)
        for (std::int64_t r = 0; r <= x.rows; ++r) moved.push_back(x.offsets[r] - begin);
    const auto copy = [&](auto& buffer, const auto* from) {
        side_.copy(buffer.data(), from, buffer.count(), cudaMemcpyHostToDevice, "training rows");
    };
    copy(offsets_, begin != 0 ? moved.data() : x.offsets);
    copy(indices_, x.indices + begin);
    copy(values_, x.values + begin);
    copy(targets_, problem_.targets);
    copy(weights_, problem_.weights);
    copy(scale_, problem_.affine.scale);
    copy(member_sets_, problem_.member_sets);
    side_.synchronize("training rows");
}

/// Records of some columns at a time: from the device before `visit(first, count, records)`, to it after, as asked for.
template <class Visit>
void SparseBackend::visit_records(const Store& store, RecordsMove move, const Visit& visit) {
    const std::int64_t stride = plan_.shape.stride(), columns = plan_.shape.columns;
    for (std::int64_t first = 0; first < columns; first += plan_.chunk_columns) {
        const std::int64_t count = std::min(plan_.chunk_columns, columns - first);
        float *there = store.records.data() + first * stride, *here = host_records_.data();
        if (move != RecordsMove::to_device) {
            side_.copy(here, there, count * stride, cudaMemcpyDeviceToHost, "parameters and state");
            side_.synchronize("parameters and state");
        }
        visit(first, count, here);
        if (move == RecordsMove::to_host) continue;
        side_.copy(there, here, count * stride, cudaMemcpyHostToDevice, "parameters and state");
        side_.synchronize("parameters and state");
    }
}

/// Ages stay, stamps move down, and with them the clock of who goes on from the store where steps work, which has been put aside. Waits.
void SparseBackend::move_clock_back(Slow& slow) {
    stream_.synchronize("the ages of columns");
    const std::int64_t stride = plan_.shape.stride();
    visit_records(stores_[static_cast<std::size_t>(work_)], RecordsMove::both, [&](std::int64_t, std::int64_t columns, float* records) {
        for (std::int64_t j = 0; j < columns; ++j) {
            const std::uint32_t age = std::min(slow.clock - std::bit_cast<std::uint32_t>(records[j * stride]), most_age);
            records[j * stride] = std::bit_cast<float>(most_age - age);
        }
    });
    slow.clock = most_age;
}

/// The store whose state the last report speaks of: from the segment under way on what was put aside before it.
const SparseBackend::Store& SparseBackend::shown() const {
    if (under_way_.empty()) return stores_[static_cast<std::size_t>(work_)];
    const Leg& leg = under_way_.front();
    tables_[static_cast<std::size_t>(leg.table)].kept.wait();
    return stores_[static_cast<std::size_t>(leg.before)];
}

void SparseBackend::set_state(const TrainingState<float>& state) {
    const DeviceScope scope(card_.facts.ordinal);
    const kernels::SparseShape& shape = plan_.shape;
    const std::int64_t count = problem_.parameter_count(), columns = shape.columns, models = shape.models();
    bool fits = static_cast<std::int64_t>(state.parameters.size()) == shape.members * count &&
                static_cast<std::int64_t>(state.state.size()) == shape.vectors() &&
                static_cast<std::int64_t>(state.waiting.size()) == shape.members * idle_numbers;
    for (const std::vector<float>& vector : state.state) fits = fits && static_cast<std::int64_t>(vector.size()) == shape.members * count;
    if (!fits) fail(ErrorKind::internal, "set_state: the state does not have the shape of the problem");
    if (!under_way_.empty()) fail(ErrorKind::internal, "set_state: a segment is under way");
    can_roll_back_ = false;
    slow_.clock = most_age;
    slow_.numbers = state.waiting;
    const auto vector = [&](std::int64_t f) -> const std::vector<float>& {
        return f == 0 ? state.parameters : state.state[static_cast<std::size_t>(f - 1)];
    };
    const bool ages = problem_.idle.kind == Idle::fades;
    const Store& store = stores_[static_cast<std::size_t>(work_)];
    visit_records(store, RecordsMove::to_device, [&](std::int64_t first, std::int64_t columns_here, float* records) {
        std::fill_n(records, columns_here * shape.stride(), 0.0F);
        for (std::int64_t j = 0; j < columns_here; ++j) {
            float* record = records + j * shape.stride();
            const std::uint32_t age = ages ? static_cast<std::uint32_t>(state.state.back()[static_cast<std::size_t>(first + j)]) : 0;
            record[0] = std::bit_cast<float>(slow_.clock - age);
            for (std::int64_t f = 0; f <= shape.vectors(); ++f)
                for (std::int64_t k = 0; k < models; ++k)
                    record[shape.theta_at + f * models + k] =
                        vector(f)[static_cast<std::size_t>(k / shape.outputs * count + k % shape.outputs * columns + first + j)];
        }
    });
    for (std::int64_t f = 0; f <= shape.vectors(); ++f)
        for (std::int64_t k = 0; k < models; ++k)
            host_biases_.data()[f * models + k] =
                shape.bias ? vector(f)[static_cast<std::size_t>(k / shape.outputs * count + problem_.weight_count() + k % shape.outputs)]
                           : 0.0F;
    side_.copy(store.biases.data(), host_biases_.data(), host_biases_.count(), cudaMemcpyHostToDevice, "parameters and state");
    side_.synchronize("parameters and state");
}

TrainingState<float> SparseBackend::get_state() {
    const DeviceScope scope(card_.facts.ordinal);
    const kernels::SparseShape& shape = plan_.shape;
    const std::int64_t count = problem_.parameter_count(), columns = shape.columns, models = shape.models();
    TrainingState<float> state;
    state.waiting = slow_.numbers;
    state.parameters.resize(static_cast<std::size_t>(shape.members * count));
    state.state.assign(static_cast<std::size_t>(shape.vectors()), state.parameters);
    const auto vector = [&](std::int64_t f) -> std::vector<float>& {
        return f == 0 ? state.parameters : state.state[static_cast<std::size_t>(f - 1)];
    };
    const bool ages = problem_.idle.kind == Idle::fades;
    const Store& store = shown();
    visit_records(store, RecordsMove::to_host, [&](std::int64_t first, std::int64_t columns_here, const float* records) {
        for (std::int64_t j = 0; j < columns_here; ++j) {
            const float* record = records + j * shape.stride();
            const std::uint32_t age = std::min(slow_.clock - std::bit_cast<std::uint32_t>(record[0]), most_age);
            for (std::int64_t f = 0; f <= shape.vectors(); ++f)
                for (std::int64_t k = 0; k < models; ++k)
                    vector(f)[static_cast<std::size_t>(k / shape.outputs * count + k % shape.outputs * columns + first + j)] =
                        ages && f == shape.vectors() ? static_cast<float>(age) : record[shape.theta_at + f * models + k];
        }
    });
    side_.copy(host_biases_.data(), store.biases.data(), host_biases_.count(), cudaMemcpyDeviceToHost, "parameters and state");
    side_.synchronize("parameters and state");
    for (std::int64_t f = 0; shape.bias && f <= shape.vectors(); ++f)
        for (std::int64_t k = 0; k < models; ++k)
            vector(f)[static_cast<std::size_t>(k / shape.outputs * count + problem_.weight_count() + k % shape.outputs)] =
                host_biases_.data()[f * models + k];
    return state;
}

void check_sparse(const Problem<float>& problem, const BackendLimits& limits) {
    const Card card = usable_card(limits.cuda_ordinal);
    const DeviceScope scope(limits.cuda_ordinal);
    check_budget(plan_sparse_card(problem, card, limits, {}).budget, card, limits);
}

}  // namespace glissade::cuda
