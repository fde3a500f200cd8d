// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>

// AddressSanitizer's interface where it is on, nothing where it is off.
#if defined(__SANITIZE_ADDRESS__)
#define GLISSADE_EMULATION_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GLISSADE_EMULATION_ASAN 1
#endif
#endif
#ifndef GLISSADE_EMULATION_ASAN
#define GLISSADE_EMULATION_ASAN 0
#endif

#if GLISSADE_EMULATION_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace glissade::emulation {

inline constexpr bool asan = GLISSADE_EMULATION_ASAN != 0;

#if GLISSADE_EMULATION_ASAN
inline void asan_poison(const void* begin, std::size_t bytes) {
    __asan_poison_memory_region(begin, bytes);
}
inline void asan_unpoison(const void* begin, std::size_t bytes) {
    __asan_unpoison_memory_region(begin, bytes);
}
inline void asan_start_switch(void** fake_stack, const void* bottom, std::size_t bytes) {
    __sanitizer_start_switch_fiber(fake_stack, bottom, bytes);
}
inline void asan_finish_switch(void* fake_stack, const void** bottom, std::size_t* bytes) {
    __sanitizer_finish_switch_fiber(fake_stack, bottom, bytes);
}
#else
inline void asan_poison(const void*, std::size_t) {}
inline void asan_unpoison(const void*, std::size_t) {}
inline void asan_start_switch(void**, const void*, std::size_t) {}
inline void asan_finish_switch(void*, const void**, std::size_t*) {}
#endif

}  // namespace glissade::emulation
