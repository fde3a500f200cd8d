// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "glissade/model.hpp"
#include "glissade/trainer.hpp"
#include "host/cli/flag_parser.hpp"
#include "host/data/load.hpp"

namespace glissade::cli {

/// Where data comes from and how its columns are read.
class DataFlags {
public:
    /// Flags of a verb that trains.
    void add_training(CLI::App& app);
    /// Flags of a verb that reads data for a trained model.
    void add_scoring(CLI::App& app);

    /// The flags as the loader takes them. Throws Error(usage).
    LoadOptions load_options() const;

    std::string path;

private:
    void add_source(CLI::App& app);
    void add_target(CLI::App& app);
    void add_columns(CLI::App& app);
    void add_cells(CLI::App& app);
    void add_preparation(CLI::App& app);
    void add_validation(CLI::App& app);

    std::string format_, delimiter_, header_ = "auto", missing_, unknown_, task_ = "auto", standardize_ = "auto",
                                     standardize_target_ = "auto", sparse_ = "auto", hash_bits_;
    std::string target_file_, weight_, weight_file_, validation_, validation_target_file_;
    double validation_fraction_ = 0;
    std::vector<std::string> target_, columns_, drop_columns_, na_, map_label_;
};

/// Reads the data of a training run: what the loss and patience ask of the data is put into `load`, and the data's notes, and what was
/// decided here, into `notes`.
struct TrainingInput {
    Dataset train, validation;
    std::vector<std::string> notes;
};
TrainingInput read_training(const DataFlags& flags, const TrainOptions& options, RealType real_type);

/// Reads data for `model`; a limit of 0 stands for the memory that is available.
LoadedData read_for_model(const DataFlags& flags, const Model& model, const PredictOptions& options, bool target_required,
                          std::int64_t memory_limit_bytes);

/// CPU threads that `wanted`, 0 for as many as there are, stands for.
int thread_count(int wanted);

}  // namespace glissade::cli
