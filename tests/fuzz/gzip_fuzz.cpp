// SPDX-License-Identifier: Apache-2.0
// Arbitrary bytes as a compressed file, opened under a budget, and as a data file whose format is to be found out.
#include "host/data/input_file.hpp"
#include "host/data/load.hpp"
#include "tests/fuzz/memory_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace glissade;
    static const fuzz::MemoryFile file;
    file.hold(data, size);
    fuzz::expect_a_verdict([&] {
        MemoryBudget budget(std::int64_t{8} << 20);
        if (InputFile::open(file.path(), budget)->bytes().empty()) std::abort();
        LoadOptions options;
        options.memory_limit_bytes = std::int64_t{8} << 20;
        options.target = "-1";
        options.missing = MissingPolicy::mean;
        load_training(file.path(), options);
    });
    return 0;
}
