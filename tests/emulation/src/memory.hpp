// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace glissade::emulation {

// What fresh memory holds: a NaN for every floating-point type, -1 for every integer.
inline constexpr unsigned char poison_byte = 0xFF;
// What stands in the slack around a buffer; no number that a kernel is likely to write.
inline constexpr unsigned char guard_byte = 0xA5;

// Pages of their own between two pages that nobody may touch. `user` begins as late as a 256-byte boundary allows; what is left of the
// pages before and behind it is slack, filled with guard bytes.
struct Region {
    std::byte* pages = nullptr;
    std::size_t page_bytes = 0;
    std::byte* user = nullptr;
    std::size_t user_bytes = 0;
    std::int64_t number = 0;
    int device = 0;

    std::byte* end() const { return pages + page_bytes; }
    // Too big to be filled: its pages come to be when somebody touches them, and read as poison until then.
    bool is_sparse() const { return page_bytes >= std::size_t{256} << 20; }
};

inline std::uintptr_t address(const void* pointer) {
    return reinterpret_cast<std::uintptr_t>(pointer);
}

std::size_t page_size();
std::size_t round_up(std::size_t value, std::size_t unit);
Region map_region(std::size_t bytes);
void unmap_region(const Region& region);
void protect_region(const Region& region, bool accessible);
// Fills the buffer with poison and its slack with guard bytes. The region must be accessible.
void paint_region(const Region& region);
// What is wrong with the slack, or an empty text; repaints it. The region must be accessible.
std::string check_guards(const Region& region);

// The device's memory. Nobody may touch it, except while it is open: in kernels, copies and memsets.
class DeviceMemory {
public:
    ~DeviceMemory();
    void* allocate(std::size_t bytes, int device);
    // False if nothing begins at `pointer`. What was wrong with the guards is added to `findings`.
    bool release(void* pointer, std::vector<std::string>& findings);
    void clear();

    void open();
    void close();
    bool is_open() const { return depth_ > 0; }
    std::vector<std::string> check_all_guards();

    // The live buffer that holds [pointer, pointer + bytes), or nothing.
    const Region* find(const void* pointer, std::size_t bytes) const;
    // True if any live, released or guard page holds the address.
    bool owns(const void* pointer) const;
    // Says which buffer an address belongs to, or stands near.
    std::string describe(const void* pointer) const;

    const std::map<std::uintptr_t, Region>& live() const { return live_; }
    std::size_t bytes_in_use(int device) const;

private:
    const Region* near(const std::map<std::uintptr_t, Region>& regions, const void* pointer) const;

    std::map<std::uintptr_t, Region> live_;      // by the address of the first page
    std::map<std::uintptr_t, Region> released_;  // stay mapped and untouchable, so that a late access is found
    std::vector<std::uintptr_t> release_order_;
    std::int64_t next_number_ = 1;
    int depth_ = 0;
};

// Page-locked host memory: allocated here or registered by the test's program.
class PinnedMemory {
public:
    ~PinnedMemory();
    void* allocate(std::size_t bytes);
    bool release(void* pointer, std::vector<std::string>& findings);
    bool add_registered(void* pointer, std::size_t bytes);
    bool remove_registered(void* pointer);
    void clear();

    bool holds(const void* pointer, std::size_t bytes) const;
    std::vector<std::string> check_all_guards();
    const std::map<std::uintptr_t, Region>& allocated() const { return allocated_; }
    const std::map<std::uintptr_t, std::size_t>& registered() const { return registered_; }

private:
    std::map<std::uintptr_t, Region> allocated_;  // by the address of the buffer
    std::map<std::uintptr_t, std::size_t> registered_;
    std::int64_t next_number_ = 1;
};

}  // namespace glissade::emulation
