// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace glissade::cli {

/// What follows a verb. Each returns the exit code and throws Error for what goes wrong.
using Words = std::vector<std::string>;
int run_train(const Words& words);
int run_plan(const Words& words);
int run_predict(const Words& words);
int run_evaluate(const Words& words);
int run_inspect(const Words& words);
int run_export(const Words& words);
int run_bench(const Words& words);
int run_calibrate(const Words& words);

enum ExitCode { exit_done = 0, exit_failed = 1, exit_usage = 2, exit_data = 3, exit_diverged = 4, exit_signal = 128 };

}  // namespace glissade::cli
