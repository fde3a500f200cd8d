// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "glissade/glissade.hpp"
#include "tests/unit/persistence/scratch_directory.hpp"

namespace glissade::testing {

/// A run as its caller sees it: what came back, and every report on the way.
struct Watched {
    Run run;
    std::vector<double> reports;
};
inline Watched watched(const Dataset& data, TrainOptions options, const char* device) {
    Watched out;
    options.device = device;
    options.segment_steps = 3;
    const auto control = options.on_segment;
    options.on_segment = [&](const Progress& progress) {
        for (const double value : {static_cast<double>(progress.step), progress.loss, progress.lr, static_cast<double>(progress.member)})
            out.reports.push_back(value);
        return control ? control(progress) : Control::go_on;
    };
    out.run = train(data, options);
    return out;
}
/// One at a time on the CPU, running ahead on the card.
inline void expect_same_ends(const Dataset& data, const TrainOptions& options, StopReason stop) {
    const Watched one = watched(data, options, "cpu"), ahead = watched(data, options, "cuda");
    EXPECT_EQ(one.run.stop, stop);
    EXPECT_EQ(ahead.run.stop, stop);
    EXPECT_EQ(ahead.run.steps, one.run.steps);
    EXPECT_EQ(ahead.reports, one.reports);
    EXPECT_EQ(ahead.run.best_epoch, one.run.best_epoch);
    ASSERT_EQ(ahead.run.members.size(), one.run.members.size());
    for (std::size_t m = 0; m < one.run.members.size(); ++m) {
        const MemberResult &a = ahead.run.members[m], &b = one.run.members[m];
        EXPECT_EQ(a.model.parameters, b.model.parameters) << "member " << m;
        ASSERT_EQ(a.divergence.has_value(), b.divergence.has_value()) << "member " << m;
        if (a.divergence) {
            EXPECT_EQ(a.divergence->step, b.divergence->step) << "member " << m;
        }
        ASSERT_EQ(a.history.size(), b.history.size()) << "member " << m;
        for (std::size_t e = 0; e < a.history.size(); ++e) {
            EXPECT_EQ(a.history[e].loss, b.history[e].loss);
            EXPECT_EQ(a.history[e].lr, b.history[e].lr);
            EXPECT_EQ(a.history[e].validation ? a.history[e].validation->loss : 0,
                      b.history[e].validation ? b.history[e].validation->loss : 0);
        }
    }
}

/// Stopped on the card with a segment ahead, resumed on either device.
inline void expect_to_go_on_from_checkpoints(const Dataset& data, TrainOptions options) {
    const Run whole = watched(data, options, "cpu").run;
    for (const std::int64_t every : {0, 4})
        for (const char* device : {"cpu", "cuda"}) {
            const test::ScratchDirectory scratch;
            options.checkpoint.directory = scratch.path();
            options.checkpoint.every_steps = every;
            options.on_segment = [](const Progress& progress) { return progress.step >= 11 ? Control::stop : Control::go_on; };
            options.device = "cuda";
            options.segment_steps = 3;
            EXPECT_EQ(train(data, options).stop, StopReason::callback);
            options.on_segment = nullptr;
            options.device = device;
            EXPECT_EQ(resume(data, scratch.path(), options).model.parameters, whole.model.parameters) << device;
        }
}

}  // namespace glissade::testing
