// SPDX-License-Identifier: Apache-2.0
// Files are mapped, and a mapping ends in zeros up to the end of its page: whoever reads too far is not found out. So the linker gives the
// readers these, which hold a mapped file in a block of the heap that is as long as the file.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <set>

extern "C" {

void* __real_mmap(void* address, std::size_t bytes, int protection, int flags, int descriptor, off_t offset);
int __real_munmap(void* address, std::size_t bytes);

namespace {
std::set<void*>& blocks() {
    static std::set<void*> all;
    return all;
}
}  // namespace

void* __wrap_mmap(void* address, std::size_t bytes, int protection, int flags, int descriptor, off_t offset) {
    if (descriptor < 0 || protection != PROT_READ) return __real_mmap(address, bytes, protection, flags, descriptor, offset);
    void* const block = std::malloc(bytes);
    if (::pread(descriptor, block, bytes, offset) != static_cast<ssize_t>(bytes)) std::abort();
    blocks().insert(block);
    return block;
}

int __wrap_munmap(void* address, std::size_t bytes) {
    if (blocks().erase(address) == 0) return __real_munmap(address, bytes);
    std::free(address);
    return 0;
}

}  // extern "C"
