// SPDX-License-Identifier: Apache-2.0
#pragma once

// A stand-in for CUDA's header of the same name. A copy lands when its thread waits for it: reading before shows poison or old values.
#include "emulated/thread.hpp"

inline void __pipeline_memcpy_async(void* shared_destination, const void* global_source, std::size_t bytes, std::size_t zero_fill = 0) {
    glissade::emulation::copy_later(shared_destination, global_source, bytes, zero_fill);
}
inline void __pipeline_commit() {
    glissade::emulation::commit_copies();
}
inline void __pipeline_wait_prior(std::size_t newest_commits_left) {
    glissade::emulation::wait_for_copies(newest_commits_left);
}
