// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "glissade/dataset.hpp"
#include "glissade/export.hpp"
#include "glissade/metrics.hpp"
#include "glissade/model.hpp"
#include "glissade/optimizer.hpp"
#include "glissade/population.hpp"
#include "glissade/row_order.hpp"
#include "glissade/schedule.hpp"

namespace glissade {

/// `batch_size` that means all rows: gradient descent.
inline constexpr std::int64_t full_batch = 0;

/// One finished epoch of one member.
struct EpochRecord {
    std::int64_t epoch = 0;  ///< counts from 1
    std::int64_t step = 0;   ///< steps done
    double lr = 0;           ///< of its last step
    double loss = 0;         ///< mean training loss a row while the epoch ran
    double seconds = 0;      ///< since the run (or the resumed run) began
    std::optional<Metrics> validation;
    std::int64_t member = 0;  ///< position in TrainOptions::members
};

/// What a run reports at the end of each segment of steps.
struct Progress {
    std::int64_t step = 0, total_steps = 0;
    std::int64_t epoch = 0, total_epochs = 0;  ///< epochs finished
    std::int64_t members = 1;                  ///< of the run
    std::int64_t member = 0;                   ///< the one that leads so far, by validation loss where there is one, else by training loss
    double loss = 0;                           ///< mean training loss a row over the segment (the leading member's)
    double lr = 0;                             ///< likewise
    double seconds = 0, rows_per_second = 0;
    bool epoch_ended = false;
    std::optional<Metrics> validation;         ///< set where an epoch ended with a validation set (the leading member's)
    std::vector<EpochRecord> finished_epochs;  ///< those that ended in the segment, of every member that took part, epoch by epoch
};
enum class Control { go_on, stop };

/// Where and how often a run saves everything that it needs to go on bit for bit. Its end is always saved.
struct CheckpointOptions {
    std::string directory;         ///< empty: none are written
    std::int64_t every_steps = 0;   ///< 0: see every_epochs
    std::int64_t every_epochs = 0;  ///< 0: with the first epoch, then with each that ends a second or more after the last checkpoint
    int keep = 3;                   ///< newest checkpoints kept
    std::string user_data;  ///< stored and handed back as it is: the command line keeps its own options here
    std::function<void()> before_first = {};  ///< called once: the run is under way and its first checkpoint is about to be written
};

/// Settings of a run. Every default is the command line's.
struct TrainOptions {
    Loss loss = {};                 ///< "auto" from the data's task
    Optimizer optimizer = {};       ///< Adam, lr 1e-2
    std::int64_t batch_size = 256;  ///< rows a step; `full_batch` for all
    std::int64_t epochs = 20;
    Schedule schedule = "cosine";  ///< to 0 over the run
    std::uint64_t seed = 0;        ///< row order, initial parameters
    Shuffle shuffle = Shuffle::full;
    bool drop_last = false;   ///< leave out the last batch of an epoch if it is short
    double l1 = 0, l2 = 0;    ///< penalties on the weights, added to the mean loss; biases are spared
    bool decay_bias = false;  ///< penalties and weight decay reach the biases too, as in PyTorch
    bool bias = true;
    double clip_norm = 0, clip_value = 0;    ///< of the batch's gradient; 0: off
    bool average = false;                    ///< the model is the mean of the parameters over all steps (Polyak and Ruppert)
    std::vector<double> class_weights = {};  ///< empty or one a class, multiplied into the row weights
    bool balanced = false;                   ///< class_weights = rows / (classes * rows of the class)
    bool standardize = false;                ///< z-score of every column, from the training rows, applied as rows are read
    bool standardize_target = false;         ///< regression: train on z-scores of the targets; predictions come in the user's units

    std::int64_t max_steps = 0;  ///< 0: no limit
    double max_seconds = 0;      ///< 0: no limit
    double tol = 0;              ///< stop when the training loss has not improved by `tol` for `patience` epochs; 0: off
    std::int64_t patience = 0;   ///< stop when the validation loss has not improved for so many epochs; 0: off
    Dataset validation = {};     ///< no rows: none. With one, the model of the best epoch is kept

    std::vector<Member> members = {};  ///< empty: one member from `optimizer`, `l1`, `l2`, `seed`
    std::optional<Model> start = {};   ///< warm start from these parameters; zeros otherwise

    std::string device =
        "auto";       ///< auto, cpu, cuda or cuda:N. auto uses a usable GPU where float32 and the shape allow, and says so in the plan
    int threads = 0;  ///< 0: usable_processors()
    std::int64_t memory_limit_bytes = 0, device_memory_limit_bytes = 0;  ///< 0: what is available
    std::int64_t segment_steps = 0;                                      ///< 0: chosen for tens of milliseconds; never changes results
    CheckpointOptions checkpoint = {};
    std::function<Control(const Progress&)> on_segment = {};  ///< called on the thread that called train
};

enum class StopReason { finished, max_steps, max_seconds, patience, tol, callback, diverged };
GLISSADE_EXPORT std::string_view name_of(StopReason reason);

/// How a run met a non-finite sum.
struct Divergence {
    std::int64_t step = 0, epoch = 0, batch = 0;  ///< step counts from 1; epoch from 1; batch within the epoch from 1
    std::int64_t member = 0;
    std::string message;  ///< names step and batch and the likely cause
};

struct MemberResult {
    Member member;
    Model model;  ///< of the best epoch (validation) or the last; the last finite one if it diverged
    std::vector<EpochRecord> history;
    std::int64_t best_epoch = 0;  ///< counts from 1; 0 if none was finished
    double best_loss = 0;         ///< validation loss where there is one, else training loss
    std::optional<Divergence> divergence;
};

/// What a run gives back.
struct Run {
    Model model;                       ///< of the best member
    std::vector<EpochRecord> history;  ///< of the best member
    std::int64_t best_member = 0;
    std::int64_t best_epoch = 0;
    StopReason stop = StopReason::finished;
    std::optional<Divergence> divergence;  ///< set if the only or every member diverged
    std::string advice;                    ///< one sentence where it is due, else empty
    std::string plan;                      ///< what ran: backend, threads or blocks, memory, why
    std::int64_t steps = 0;
    double seconds = 0;                 ///< of training, evaluation included
    std::vector<MemberResult> members;  ///< all of them, in order
};

/// Trains. Bit-identical for the same data, options and library, for any number of threads. Throws Error(usage | data | memory | device |
/// io); a run that diverges returns with `stop == diverged` and the last finite model. Never prints, exits or touches signal handlers.
GLISSADE_EXPORT Run train(const Dataset& data, const TrainOptions& options);

/// Goes on from the newest intact checkpoint in `directory`, bit for bit as if it had never stopped. `options` holds the run's settings
/// again: those that results depend on are checked against the checkpoint's, and so is the data's fingerprint. How long to train (epochs,
/// max_steps, max_seconds), where (device, threads, memory limits) and who watches may differ. A schedule that spans the run spans the new
/// length. Later checkpoints go to the same directory.
GLISSADE_EXPORT Run resume(const Dataset& data, const std::string& directory, const TrainOptions& options);

/// What train would run, without running it: shape, batches, backend, memory, and the predicted time of a step, an epoch and the run with
/// what it is mostly made of. Checks settings and data as train does. On the CPU it reads the data for some 40 ms to see how fast that goes.
GLISSADE_EXPORT std::string describe_plan(const Dataset& data, const TrainOptions& options);

}  // namespace glissade
