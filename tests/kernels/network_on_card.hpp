// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "host/train/training_loop.hpp"
#include "tests/kernels/compare.hpp"
#include "tests/unit/train/network_run.hpp"

namespace glissade::testing {

/// A network's run on a card by a plan of the test's choice, segment by segment, without the trainer around it.
class NetworkOnCard {
public:
    explicit NetworkOnCard(NetworkRun& run)
        : options_(run.with_start<float>()),
          data_(run.dataset<float>()),
          resolved_(resolve(data_, options_)),
          rows_(set_up<float>(data_, options_, resolved_)),
          start_(initial_state<float>(data_, options_, resolved_, *rows_)) {
        rows_->problem.members = static_cast<std::int64_t>(resolved_.members.size());
    }

    std::unique_ptr<cuda::CudaBackend> backend(const Placement& p) const {
        use(p.card);
        auto made = cuda::make_cuda_backend_with(rows_->problem, {}, p.wishes);
        made->set_state(start_.live);
        return made;
    }
    /// Runs all steps, at most `a_segment` at a time.
    TrainingState<float> trained(Backend<float>& backend, std::int64_t a_segment) const {
        Scheduler<float> scheduler(settings());
        scheduler.memory = start_.rule_memory;
        for (std::int64_t step = 0; step < resolved_.total_steps;) {
            const SegmentReport report = backend.run(scheduler.next(step, a_segment, false));
            EXPECT_FALSE(report.frozen) << "step " << step + report.steps_done;
            if (report.frozen) break;
            step += report.steps_done;
        }
        return backend.get_state();
    }
    /// All steps as one segment, which may freeze.
    SegmentReport report_of(Backend<float>& backend) const {
        Scheduler<float> scheduler(settings());
        scheduler.memory = start_.rule_memory;
        return backend.run(scheduler.next(0, resolved_.total_steps, false));
    }
    TrainingState<float> trained(const Placement& p, std::int64_t a_segment) const { return trained(*backend(p), a_segment); }
    /// What a run reports as parameters: their running average, if there is one.
    std::vector<float> parameters(const TrainingState<float>& state) const {
        return options_.average.on() ? state.state.back() : state.parameters;
    }

private:
    SchedulerSettings settings() const {
        return {resolved_.batches, resolved_.members, options_.schedule, resolved_.total_steps, options_.decay_bias, resolved_.average};
    }

    const TrainOptions& options_;
    Dataset data_;
    ResolvedRun resolved_;
    std::unique_ptr<TrainingRows<float>> rows_;
    RunState<float> start_;
};

}  // namespace glissade::testing
