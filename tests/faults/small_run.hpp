// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "glissade/glissade.hpp"
#include "tests/unit/persistence/scratch_directory.hpp"
#include "tests/unit/train/problems.hpp"

namespace glissade::test {

/// The same small run in every trial: it trains with checkpoints in DIRECTORY/run and saves its model as DIRECTORY/model.
class SmallRun {
public:
    SmallRun() : problem_(60, 4, 2, 3), data_(problem_.dataset(true)) {
        const ScratchDirectory scratch;
        go(scratch.path());
        wanted_ = contents(scratch.file("model"));
    }

    const Dataset& data() const { return data_; }
    /// The bytes of the model that the run ends with where nothing disturbs it.
    const std::string& wanted() const { return wanted_; }

    TrainOptions options(const std::string& directory) const {
        TrainOptions options;
        options.loss = "logistic";
        options.optimizer = NAdam{.lr = .05};  // it carries more from step to step than others
        options.batch_size = 16;
        options.epochs = 5;
        options.segment_steps = 2;
        options.average.kind = AverageKind::mean;
        options.device = "cpu";
        options.threads = 1;
        options.memory_limit_bytes = std::int64_t{1} << 30;  // else each run asks the system how much there is
        options.checkpoint.directory = directory + "/run";
        options.checkpoint.every_steps = 4;
        return options;
    }

    /// Trains from the start, or from the newest checkpoint where there is one, to the end.
    void go(const std::string& directory) const { finish(directory, options(directory)); }

    /// The first half of the run, as a stop leaves it.
    void go_half_way(const std::string& directory) const {
        TrainOptions stopped = options(directory);
        stopped.on_segment = [](const Progress& progress) { return progress.step >= 10 ? Control::stop : Control::go_on; };
        train(data_, stopped);
    }

    static bool has_checkpoint(const std::string& directory) {
        std::error_code absent;
        for (const auto& entry : std::filesystem::directory_iterator(directory + "/run", absent)) {
            if (entry.path().extension() == ".safetensors") return true;
        }
        return false;
    }

    /// Goes on to the end after whatever happened. Whether nothing was lost: what lies there is whole, the model is the wanted one to the
    /// last byte, and nothing is left behind.
    ::testing::AssertionResult recovers(const std::string& directory) const {
        try {
            if (has_checkpoint(directory)) {
                const CheckpointInfo newest = newest_checkpoint(directory + "/run");
                if (!newest.skipped.empty()) return ::testing::AssertionFailure() << "a checkpoint is not whole: " << newest.skipped;
            }
            go(directory);
        } catch (const Error& error) {
            return ::testing::AssertionFailure() << "could not go on: " << error.what();
        }
        if (contents(directory + "/model") != wanted_) return ::testing::AssertionFailure() << "another model";
        for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
            const auto& path = entry.path();
            if (path.filename() != "model" && path.filename() != "run" && path.extension() != ".safetensors")
                return ::testing::AssertionFailure() << path << " was left behind";
        }
        return ::testing::AssertionSuccess();
    }

private:
    void finish(const std::string& directory, const TrainOptions& options) const {
        const std::string checkpoints = directory + "/run";
        const Run run = has_checkpoint(directory) ? resume(data_, checkpoints, options) : train(data_, options);
        run.model.save(directory + "/model");
    }

    testing::RandomProblem<float> problem_;
    Dataset data_;
    std::string wanted_;
};

}  // namespace glissade::test
