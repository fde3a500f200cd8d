// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "sanitizers.hpp"

namespace glissade::emulation {

// What ThreadSanitizer is told of one barrier: whatever a thread did before it came, it did before any thread went on. Phases take turns
// with two addresses, so that who comes to the next barrier early orders nothing for those who have not left this one.
class Meeting {
public:
    // The calling thread has come; the result is for its leave().
    void* arrive() {
        if constexpr (!tsan) return nullptr;
        // Addresses of its own, which nobody has met at before.
        if (places_ == nullptr) places_ = std::make_unique<char[]>(2);
        void* const place = &places_[phase_ % 2];
        tsan_release(place);
        return place;
    }
    void all_have_come() { ++phase_; }
    static void leave(void* place) {
        if constexpr (tsan) tsan_acquire(place);
    }

private:
    std::unique_ptr<char[]> places_;
    unsigned phase_ = 0;
};

}  // namespace glissade::emulation
