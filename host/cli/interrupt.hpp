// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace glissade::cli {

/// SIGINT and SIGTERM. Until `finish_the_step()` they end the program at once, with 130 or 143; from then on the first one is only noted,
/// and a second one ends the program.
namespace interrupt {
void install();
void finish_the_step();
/// 0, or the signal that came.
int requested();
}  // namespace interrupt

}  // namespace glissade::cli
