// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "glissade/export.hpp"

namespace glissade {

/// In what a schedule counts.
enum class ScheduleUnit { step, epoch, sample, fraction };

/// Where a run stands, for a schedule: all that its value may depend on. `step` is at least 0, the others at least 1.
struct ScheduleClock {
    std::int64_t step = 0;  ///< steps done before this one: the first step has 0
    std::int64_t steps_per_epoch = 1;
    std::int64_t total_steps = 1;  ///< steps of the whole run
    std::int64_t batch_size = 1;
    double watched_rate = 0;  ///< LossWatch::rate, for a schedule that watches the loss; 0: the base rate
};

/// Rates of one step: `lr` is absolute; `momentum` is set by schedules that move it too (one-cycle).
struct ScheduleValue {
    double lr = 0;
    std::optional<double> momentum;
};

/// Losses of an epoch that ended, a row.
struct EpochLosses {
    double training = 0;
    std::optional<double> validation;
};

/// What a schedule that watches the loss remembers of a run: part of its checkpoints.
struct LossWatch {
    double rate = 0;                                        ///< that it has come to; 0: the base rate, before the first epoch has ended
    double best = std::numeric_limits<double>::infinity();  ///< loss so far
    std::int64_t stalls = 0, cooldown = 0;                  ///< epochs
    bool over = false;                                      ///< the schedule ends the run here
};

/// A learning-rate schedule: a pure function of the step, and of a LossWatch where it watches the loss (plateau, adaptive). Written as
/// text, and read back from it, as `name`, `name:key=value,key=value`, sequences `warmup:length=500 + cosine` (each part but the last has a
/// length; a part starts at its own zero, and watches the loss while it lasts) and products `step:every=10 * exponential:gamma=0.99`.
/// `unit=step|epoch|sample|fraction` is a key of every part (default: step).
class GLISSADE_EXPORT Schedule {
public:
    /// Constant rate.
    Schedule();
    Schedule(const char* text) : Schedule(std::string_view(text)) {}
    Schedule(const std::string& text) : Schedule(std::string_view(text)) {}
    /// Throws Error(usage) that names the part, the key and what would be right.
    Schedule(std::string_view text);

    /// One row of the table of schedules: name, keys with defaults, a line of help.
    struct Entry {
        std::string_view name;
        std::vector<std::string> keys;
        std::string_view help;
    };
    static std::vector<Entry> table();

    /// The rates at a step for a base rate. Cost: some tens of nanoseconds.
    ScheduleValue at(const ScheduleClock& clock, double base_lr) const;
    bool moves_momentum() const;
    bool is_constant() const;
    /// A part of it watches the loss: observe() is to be called when an epoch ends.
    bool watches_loss() const;
    /// What the end of an epoch means for the rate: `clock.step` is the number of steps done.
    void observe(const ScheduleClock& clock, double base_lr, const EpochLosses& losses, LossWatch& watch) const;
    /// The text that this schedule reads back from.
    const std::string& text() const { return text_; }

private:
    struct Node;
    std::string text_;
    std::shared_ptr<const Node> root_;
};

}  // namespace glissade
