// SPDX-License-Identifier: Apache-2.0
// Every allocation of the readers fails in turn: those of operator new, realloc, aligned_alloc and mmap. As in allocation_test.cpp,
// whichever it is, the call ends with std::bad_alloc or Error(memory), gives back what it took, and works when it is called again.
#include <gtest/gtest.h>

#include "tests/unit/data/data_files.hpp"
#include "tests/unit/faults/sweep.hpp"

namespace glissade {
namespace {

using testing::DataFiles;
using testing::fail_every_allocation;

class EveryAllocationOfLoading : public ::testing::TestWithParam<bool> {
protected:
    bool for_good() const { return GetParam(); }

    /// Loads `path` again and again, for training.
    void sweep(const std::string& path, const LoadOptions& options) const {
        const std::string wanted = load_training(path, options).fingerprint;
        fail_every_allocation({.call = [&] { return load_training(path, options).fingerprint == wanted; }}, for_good());
    }

    DataFiles files;
    /// Numbers, text, quotes, missing cells, more than a string holds without an allocation of its own.
    std::string table =
        "\"a name that is longer than most\",b,c,y\n1,2.5,\"a category that is longer than most\",no\n-3,,\"p\"\"q\",yes\n4,5,r,no\n"
        "6,,r,yes\n8,9,r,yes\n";
    std::string sparse = "+1 1:0.5 3:-2\n-1 2:1e1\n+1\n-1 1:3 2:4 3:5\n";
};
INSTANTIATE_TEST_SUITE_P(Fails, EveryAllocationOfLoading, ::testing::Values(false, true),
                         [](const auto& p) { return p.param ? "ForGood" : "Once"; });

LoadOptions table_options() {
    LoadOptions options;
    options.target = "y";
    options.missing = MissingPolicy::indicator;
    options.validation_fraction = .4;
    return options;
}

TEST_P(EveryAllocationOfLoading, OfATable) {
    sweep(files.write("table.csv", table), table_options());
}

TEST_P(EveryAllocationOfLoading, OfACompressedTable) {
    sweep(files.write("table.csv.gz", testing::gzip_of(table)), table_options());
}

TEST_P(EveryAllocationOfLoading, OfATableThatThreadsShare) {
    std::string rows;
    const std::string blanks(4000, ' ');  // pieces of a megabyte, of few rows
    for (int i = 0; i < 140; ++i) rows += "1," + blanks + "2,1\n3," + blanks + "4,0\n";
    LoadOptions options = testing::raw_options("-1");
    options.threads = 3;
    sweep(files.write("large.csv", rows), options);
}

TEST_P(EveryAllocationOfLoading, OfSparseText) {
    sweep(files.write("data.libsvm", sparse), {});
}

TEST_P(EveryAllocationOfLoading, OfArraysWithTargetsAndWeightsBesideThem) {
    LoadOptions options;
    options.target_file = files.write("y.npy", testing::npy_of("|u1", "(4,)", testing::bytes_of<std::uint8_t>({0, 1, 0, 1})));
    options.weight_file = files.write("w.csv", "1\n2\n1\n2\n");
    sweep(files.write("x.npy", testing::npy_of("<f4", "(4, 2)", testing::bytes_of<float>({1, 2, 3, 4, 5, 6, 7, 8}))), options);
    sweep(files.write("x-idx", testing::idx_of<std::int16_t>('\x0b', {4, 2}, {1, 2, 3, 4, 5, 6, 7, 8})), options);
}

TEST_P(EveryAllocationOfLoading, OfAFileForAModel) {
    const std::string path = files.write("table.csv", table);
    const LoadOptions options = table_options();
    const ModelContract contract = load_training(path, options).contract;
    for (const bool target_required : {true, false}) {
        const auto load = [&] { return load_for_model(path, {}, contract, target_required); };
        const LoadedData wanted = load();
        fail_every_allocation({.call =
                                   [&] {
                                       const LoadedData loaded = load();
                                       return loaded.notes == wanted.notes && loaded.data.rows() == wanted.data.rows() &&
                                              testing::row_of(loaded.data, 3) == testing::row_of(wanted.data, 3);
                                   }},
                              for_good());
    }
}

/// What is wrong with a file is said, or that there is no memory: never anything else.
TEST_P(EveryAllocationOfLoading, OfAFileThatIsRefused) {
    const std::string path = files.write("bad.csv", table + "10,11,r\n");
    const auto refused = [&] {
        const auto error = testing::error_of([&] { load_training(path, table_options()); });
        if (error && error->kind() == ErrorKind::memory) throw std::bad_alloc();
        return error && std::string(error->what()).find("line 7, column 4") != std::string::npos;
    };
    fail_every_allocation({.call = refused}, for_good());
}

}  // namespace
}  // namespace glissade
