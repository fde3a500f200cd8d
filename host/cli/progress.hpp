// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "glissade/trainer.hpp"

namespace glissade::cli {

/// Shows a run's progress on stderr: on a terminal one line that is drawn again and again, elsewhere a plain line an epoch.
class ProgressLine {
public:
    /// `quiet` shows nothing.
    explicit ProgressLine(bool quiet);
    void show(const Progress& progress);
    /// Leaves the terminal's line as it stands and goes to the next.
    void end();

private:
    void redraw(const Progress& progress);

    bool quiet_, terminal_;
    bool drawn_ = false;
    double last_drawn_seconds_ = -1;
};

/// "epoch 3/20  loss 0.4213  validation loss 0.4402, accuracy 0.812  lr 0.0089  1.2 M rows/s  3.1 s"
std::string epoch_text(const EpochRecord& epoch, const Progress& progress);
/// "loss 0.31, accuracy 0.87": metrics in a row.
std::string metrics_text(const Metrics& metrics);

}  // namespace glissade::cli
