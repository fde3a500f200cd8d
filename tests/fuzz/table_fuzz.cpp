// SPDX-License-Identifier: Apache-2.0
// Arbitrary bytes as a data file of one format (GLISSADE_FUZZ_FORMAT). The first byte picks the settings, so that one corpus covers them
// all.
#include <cmath>

#include "host/data/load.hpp"
#include "tests/fuzz/memory_file.hpp"

namespace {

using namespace glissade;

void expect_finite(const float* values, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i)
        if (!std::isfinite(values[i])) std::abort();
}

/// What was read is all that a trainer may presume of it.
void expect_whole(const Dataset& data) {
    if (data.is_sparse()) {
        const auto rows = data.sparse<float>();
        for (std::int64_t r = 0; r < rows.rows; ++r)
            for (std::int64_t i = rows.offsets[r]; i < rows.offsets[r + 1]; ++i)
                if (rows.indices[i] >= rows.columns || (i > rows.offsets[r] && rows.indices[i] <= rows.indices[i - 1])) std::abort();
        expect_finite(rows.values, data.nonzeros());
    } else {
        for (std::int64_t r = 0; r < data.rows(); ++r) expect_finite(data.features<float>().row(r), data.columns());
    }
    if (data.has_targets()) expect_finite(data.targets<float>().data(), std::ssize(data.targets<float>()));
    if (data.has_weights()) expect_finite(data.weights<float>().data(), std::ssize(data.weights<float>()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const fuzz::MemoryFile file;
    fuzz::Input input(data, size);
    const unsigned choice = input.byte();
    file.hold(input.data(), input.size());
    LoadOptions options;
    options.format = GLISSADE_FUZZ_FORMAT;
    options.missing = static_cast<MissingPolicy>(choice % 4);
    options.memory_limit_bytes = std::int64_t{32} << 20;
    options.memory_limit_is_asked_for = true;
    const bool vw = options.format == "vw", has_targets = vw || options.format == "libsvm";
    if (!has_targets) options.target = "-1";
    if ((choice & 4) != 0) options.na_values = {"?", "-999"};
    if ((choice & 8) != 0) options.standardize = options.standardize_target = Toggle::off;
    if ((choice & 16) != 0) options.validation_fraction = .4;
    if ((choice & 32) != 0) options.header = HeaderMode::no;
    if ((choice & 64) != 0) options.task = Task::regression;
    if (vw) options.hash_bits = (choice & 128) != 0 ? 2 : 9;
    if (options.format == "csv" && (choice & 128) != 0) options.hash_bits = 3;
    if (options.format == "libsvm" && (choice & 128) != 0) options.sparse = Toggle::on;
    fuzz::expect_a_verdict([&] {
        const PreparedData loaded = load_training(file.path(), options);
        expect_whole(loaded.train);
        if (loaded.validation) expect_whole(*loaded.validation);
        LoadOptions again;
        again.format = options.format;
        again.memory_limit_bytes = options.memory_limit_bytes;
        expect_whole(load_for_model(file.path(), again, loaded.contract, (choice & 1) != 0).data);
    });
    return 0;
}
