// SPDX-License-Identifier: Apache-2.0
#include "host/cpu/budget.hpp"

#include <cstdio>

#include "glissade/device.hpp"
#include "glissade/error.hpp"
#include "host/cpu/step_plan.hpp"

namespace glissade::cpu {

template <class Real>
Sizes backend_sizes(const Problem<Real>& problem, int threads) {
    const Layout layout(problem.members, problem.outputs, problem.features.columns, problem.bias);
    const StepPlan alone(problem.batches.batch_size, 1), shared(problem.batches.batch_size, threads);
    std::int64_t levels = 1;
    while (alone.shape.partials >> levels > 0) ++levels;
    Sizes sizes;
    sizes.state = (1 + problem.state_vectors()) * layout.members * layout.member_stride;
    sizes.gradient = layout.members * layout.member_stride + padding;
    sizes.slot_sums = shared.slots * layout.sum_size;
    sizes.stack_a_thread = levels * layout.sum_size;
    sizes.tile_a_thread = (layout.models + layout.members + problem.target_count + problem.weight_sets) * tile_rows;
    sizes.rows_a_thread = problem.maps_rows() ? tile_rows * layout.row_stride : 0;
    return sizes;
}

template <class Real>
Budget backend_budget(const Problem<Real>& problem, int threads) {
    const Sizes sizes = backend_sizes(problem, threads);
    constexpr std::int64_t real = sizeof(Real);
    Budget budget;
    budget.state_bytes = 2 * sizes.state * real;
    budget.sums_bytes = (sizes.gradient + sizes.slot_sums + threads * sizes.stack_a_thread) * real;
    budget.scratch_bytes = threads * ((sizes.tile_a_thread + sizes.rows_a_thread) * real + static_cast<std::int64_t>(sizeof(RowStream)));
    return budget;
}

template Sizes backend_sizes<float>(const Problem<float>&, int);
template Sizes backend_sizes<double>(const Problem<double>&, int);
template Budget backend_budget<float>(const Problem<float>&, int);
template Budget backend_budget<double>(const Problem<double>&, int);

std::string bytes_text(std::int64_t bytes) {
    static constexpr const char* units[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};
    double value = static_cast<double>(bytes);
    int unit = 0;
    while (value >= 1000 && unit < 5) {
        value /= 1000;
        ++unit;
    }
    char text[32];
    std::snprintf(text, sizeof(text), unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
    return text;
}

void check_budget(const Budget& budget, int threads, std::int64_t limit_bytes) {
    const std::int64_t limit = limit_bytes > 0 ? limit_bytes : available_memory_bytes();
    if (budget.total() <= limit) return;
    const std::string remedy = threads > 1 ? "use fewer threads, fewer members or an update rule with less state"
                                           : "use fewer members or an update rule with less state";
    fail(ErrorKind::memory, "training would take " + bytes_text(budget.total()) + " besides the data (parameters and state, twice, " +
                                bytes_text(budget.state_bytes) + "; partial sums of " + std::to_string(threads) +
                                (threads == 1 ? " thread " : " threads ") + bytes_text(budget.sums_bytes) + "; tiles " +
                                bytes_text(budget.scratch_bytes) + "), but " + bytes_text(limit) +
                                (limit_bytes > 0 ? " are allowed; " : " are available; ") + remedy);
}

}  // namespace glissade::cpu
