// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <memory>

// AddressSanitizer's and ThreadSanitizer's interface where they are on, nothing where they are off. The build says whether
// ThreadSanitizer watches the kernels: these objects themselves are compiled without it, for what they do is no thread's of the device.
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

#ifndef GLISSADE_EMULATION_TSAN
#define GLISSADE_EMULATION_TSAN 0
#endif

#if GLISSADE_EMULATION_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if GLISSADE_EMULATION_TSAN
#include <sanitizer/tsan_interface.h>
extern "C" void __tsan_read_range(void* begin, unsigned long bytes);
extern "C" void __tsan_write_range(void* begin, unsigned long bytes);
extern "C" void __tsan_ignore_thread_begin();
extern "C" void __tsan_ignore_thread_end();
#endif

namespace glissade::emulation {

inline constexpr bool asan = GLISSADE_EMULATION_ASAN != 0;
inline constexpr bool tsan = GLISSADE_EMULATION_TSAN != 0;

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

#if GLISSADE_EMULATION_TSAN
struct TsanFiberEnd {
    void operator()(void* fiber) const { __tsan_destroy_fiber(fiber); }
};
// ThreadSanitizer's picture of a fiber; made by whom the fiber comes after.
using TsanFiber = std::unique_ptr<void, TsanFiberEnd>;
inline TsanFiber tsan_make_fiber() {
    return TsanFiber(__tsan_create_fiber(0));
}
inline void* tsan_current_fiber() {
    return __tsan_get_current_fiber();
}
// Switching orders nothing: only barriers do.
inline void tsan_switch(void* fiber) {
    __tsan_switch_to_fiber(fiber, __tsan_switch_to_fiber_no_sync);
}
inline void tsan_acquire(void* place) {
    __tsan_acquire(place);
}
inline void tsan_release(void* place) {
    __tsan_release(place);
}
inline void tsan_reads(const void* begin, std::size_t bytes) {
    __tsan_read_range(const_cast<void*>(begin), bytes);
}
inline void tsan_writes(void* begin, std::size_t bytes) {
    __tsan_write_range(begin, bytes);
}
inline void tsan_ignore(bool begins) {
    begins ? __tsan_ignore_thread_begin() : __tsan_ignore_thread_end();
}
#else
using TsanFiber = std::unique_ptr<int>;
inline TsanFiber tsan_make_fiber() {
    return nullptr;
}
inline void* tsan_current_fiber() {
    return nullptr;
}
inline void tsan_switch(void*) {}
inline void tsan_acquire(void*) {}
inline void tsan_release(void*) {}
inline void tsan_reads(const void*, std::size_t) {}
inline void tsan_writes(void*, std::size_t) {}
inline void tsan_ignore(bool) {}
#endif

// While one lives, what its thread or fiber does is no access of the device: allocations of the emulation itself, above all.
class TsanIgnored {
public:
    TsanIgnored() { tsan_ignore(true); }
    ~TsanIgnored() { tsan_ignore(false); }
    TsanIgnored(const TsanIgnored&) = delete;
    TsanIgnored& operator=(const TsanIgnored&) = delete;
};

}  // namespace glissade::emulation
