// SPDX-License-Identifier: Apache-2.0
// Writes a file for the safetensors package to read, and prints what it reads of one that the package has written.
#include <cstdio>
#include <cstring>
#include <string>

#include "glissade/error.hpp"
#include "host/train/atomic_file.hpp"
#include "host/train/safetensors.hpp"
#include "tests/unit/persistence/safetensors_cases.hpp"

namespace {

void write_sample(const std::string& path) {
    const auto bytes = glissade::encode(glissade::test::small_file());
    glissade::write_file_atomically(glissade::posix_io(), path, bytes);
}

void print_file(const std::string& path) {
    using glissade::Checksums;
    const auto file = glissade::decode(glissade::read_file(glissade::posix_io(), path), path, Checksums::optional);
    for (const auto& [key, value] : file.metadata) std::printf("%s=%s\n", key.c_str(), value.c_str());
    for (const auto& tensor : file.tensors) {
        std::printf("%s %s", tensor.name.c_str(), std::string(dtype_name(tensor.dtype)).c_str());
        for (const auto dimension : tensor.shape) std::printf(" %lld", static_cast<long long>(dimension));
        std::printf(" :");
        for (const auto byte : tensor.bytes) std::printf(" %02x", static_cast<unsigned>(byte));
        std::printf("\n");
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    try {
        if (std::strcmp(argv[1], "write") == 0) write_sample(argv[2]);
        if (std::strcmp(argv[1], "print") == 0) print_file(argv[2]);
    } catch (const glissade::Error& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
    return 0;
}
