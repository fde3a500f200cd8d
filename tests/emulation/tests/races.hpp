// SPDX-License-Identifier: Apache-2.0
#pragma once

// For programs built with ThreadSanitizer: its reports are counted, and do not fail the process by themselves.
namespace glissade::emulation {

// Reports since the last call.
int take_races();

}  // namespace glissade::emulation
