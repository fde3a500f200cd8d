// SPDX-License-Identifier: Apache-2.0
// Every byte of a model and of a checkpoint changed, and every length cut: none is ever taken for whole.
#include <gtest/gtest.h>

#include <functional>

#include "tests/faults/small_run.hpp"
#include "tests/support/fault_figures.hpp"

namespace glissade {
namespace {

using namespace test;

/// How the library reads a file: "" if it took it.
using Reader = std::function<std::string(const std::string& path)>;

std::string rejection(const Reader& read, const std::string& path) {
    try {
        return read(path);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::data) << error.what();
        return error.what();
    }
}

struct Count {
    std::int64_t trials = 0, accepted = 0;
};

/// Changes a file where it lies: to replace it thousands of times would make some file systems wait for the disk each time.
void overwrite(const std::string& path, std::size_t at, char byte) {
    std::fstream(path, std::ios::in | std::ios::out | std::ios::binary).seekp(static_cast<std::streamoff>(at)).put(byte);
}

void try_one(const Reader& read, const std::string& path, Count& count) {
    const std::string message = rejection(read, path);
    ++count.trials;
    const bool named = message.find(path + ": header: ") != std::string::npos || message.find(path + ": tensor '") != std::string::npos ||
                       message.find(path + ": trailing bytes: ") != std::string::npos;
    EXPECT_TRUE(named) << "the message names the file and its section: " << message;
    count.accepted += message.empty() ? 1 : 0;
}

/// Each byte with one of its bits flipped and with all of them, each length, and bytes behind the end. (Each bit:
/// safetensors_damage_test.cpp.)
Count damage_everywhere(const std::string& path, const Reader& read) {
    const std::string whole = contents(path);
    EXPECT_EQ(rejection(read, path), "");
    Count count;
    for (std::size_t at = 0; at < whole.size() && !::testing::Test::HasFailure(); ++at) {  // one failure says enough
        for (const int change : {1 << at % 8, 255}) {
            overwrite(path, at, static_cast<char>(whole[at] ^ change));
            try_one(read, path, count);
        }
        overwrite(path, at, whole[at]);
    }
    for (std::size_t added = 1; added <= 9; ++added) {
        std::filesystem::resize_file(path, whole.size() + added);  // zeros
        try_one(read, path, count);
    }
    for (std::size_t size = whole.size(); size-- > 0;) {
        std::filesystem::resize_file(path, size);
        try_one(read, path, count);
    }
    put(path, whole);
    EXPECT_EQ(rejection(read, path), "");
    return count;
}

TEST(DamagedBytes, OfAModelAreNeverAccepted) {
    const testing::RandomProblem<double> problem(30, 2, 3, 4);
    TrainOptions options;
    options.loss = "softmax";
    options.epochs = 2;
    options.standardize = true;
    options.device = "cpu";
    options.threads = 1;
    Model model = train(problem.dataset(), options).model;
    model.feature_names = {"a", "b"};
    model.preparation.format = "csv";
    model.preparation.file_columns = 2;
    model.preparation.columns = {{"a", 0, ColumnKind::numeric, false, .5, {}}, {"b", 1, ColumnKind::numeric, false, 1, {}}};
    const ScratchDirectory scratch;
    const std::string path = scratch.file("model");
    model.save(path);
    const Count count = damage_everywhere(path, [](const std::string& file) {
        Model::load(file);
        return "";
    });
    EXPECT_EQ(count.accepted, 0);
    testing::record_faults("damaged model", count.trials, count.accepted);
}

TEST(DamagedBytes, OfACheckpointAreNeverAccepted) {
    const SmallRun run;
    const ScratchDirectory scratch;
    run.go_half_way(scratch.path());
    const std::string checkpoints = scratch.file("run"), path = newest_checkpoint(checkpoints).path;
    for (const auto& entry : std::filesystem::directory_iterator(checkpoints)) {
        if (entry.path() != path) std::filesystem::remove(entry.path());  // else the one before is taken
    }
    const Count count = damage_everywhere(path, [&](const std::string&) {
        newest_checkpoint(checkpoints);
        return "";
    });
    EXPECT_EQ(count.accepted, 0);
    testing::record_faults("damaged checkpoint", count.trials, count.accepted);
}

TEST(DamagedBytes, OfTheNewestCheckpointLeadBackToTheOneBefore) {
    const SmallRun run;
    const ScratchDirectory scratch;
    run.go_half_way(scratch.path());
    const std::string checkpoints = scratch.file("run"), newest = newest_checkpoint(checkpoints).path;
    const std::int64_t step = newest_checkpoint(checkpoints).step;
    const std::string whole = contents(newest);
    Count count;
    for (std::size_t at = 0; at < whole.size(); ++at) {
        overwrite(newest, at, static_cast<char>(whole[at] ^ (1 << at % 8)));
        const CheckpointInfo info = newest_checkpoint(checkpoints);
        ++count.trials;
        count.accepted += info.step == step ? 1 : 0;
        ASSERT_NE(info.skipped.find(newest), std::string::npos) << "byte " << at;
        const ScratchDirectory copy;
        if (at % 64 == 0) std::filesystem::copy(checkpoints, copy.file("run"), std::filesystem::copy_options::recursive);
        overwrite(newest, at, whole[at]);
        if (at % 64 != 0) continue;  // a whole run takes longer than a look
        ASSERT_NO_THROW(run.go(copy.path()));
        ASSERT_EQ(contents(copy.file("model")), run.wanted()) << "byte " << at;
    }
    EXPECT_EQ(count.accepted, 0);
    testing::record_faults("damaged checkpoint", count.trials, count.accepted);
}

}  // namespace
}  // namespace glissade
