// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "glissade/activation.hpp"
#include "glissade/averaging.hpp"
#include "glissade/dataset.hpp"
#include "glissade/export.hpp"
#include "glissade/metrics.hpp"
#include "glissade/model.hpp"
#include "glissade/optimizer.hpp"
#include "glissade/population.hpp"
#include "glissade/precision.hpp"
#include "glissade/row_order.hpp"
#include "glissade/schedule.hpp"

namespace glissade {

/// `batch_size` that means all rows: gradient descent.
inline constexpr std::int64_t full_batch = 0;

/// How random initial weights are drawn; biases begin at 0 but for `torch`. With i inputs and o outputs of a layer, whose numbers are
/// functions of the member's init_seed, the layer and their place in it:
enum class Init {
    automatic,       ///< zeros for a linear model, he_normal for a network
    zeros,           ///< only for a linear model: units of a network that begin alike stay alike
    he_normal,       ///< deviation sqrt(2/i) before an activation, sqrt(1/i) in the last layer (He et al. 2015)
    he_uniform,      ///< the same deviations, uniform
    xavier_normal,   ///< deviation sqrt(2/(i+o)) (Glorot and Bengio 2010)
    xavier_uniform,  ///< the same deviation, uniform
    torch            ///< as PyTorch's Linear: weights and biases uniform within 1/sqrt(i)
};

/// One finished epoch of one member.
struct EpochRecord {
    std::int64_t epoch = 0;  ///< counts from 1
    std::int64_t step = 0;   ///< steps done
    double lr = 0;           ///< of its last step
    double loss = 0;         ///< mean training loss a row while the epoch ran
    double seconds = 0;      ///< since the run (or the resumed run) began
    std::optional<Metrics> validation;
    std::int64_t member = 0;  ///< position in TrainOptions::members; models of folds have no records
};

/// What a run reports at the end of each segment of steps.
struct Progress {
    std::int64_t step = 0, total_steps = 0;
    std::int64_t epoch = 0, total_epochs = 0;  ///< epochs finished
    std::int64_t members = 1;                  ///< of the run
    std::int64_t member = 0;                   ///< the one that leads so far, by validation loss where there is one, else by training loss
    double loss = 0;                           ///< mean training loss a row over the segment (the leading member's)
    double lr = 0;                             ///< likewise
    double seconds = 0, rows_per_second = 0;   ///< since the run (or the resumed run) began, evaluation included
    bool epoch_ended = false;                  ///< an epoch ended within the segment
    std::optional<Metrics> validation;         ///< set where an epoch ended with a validation set (the leading member's)
    std::vector<EpochRecord> finished_epochs;  ///< those that ended in the segment, of every member that took part, epoch by epoch
};
enum class Control { go_on, stop };

/// Where and how often a run saves everything that it needs to go on bit for bit. Its end is always saved.
struct CheckpointOptions {
    std::string directory;          ///< of this run alone, made if need be; empty: none are written
    std::int64_t every_steps = 0;   ///< 0: see every_epochs
    std::int64_t every_epochs = 0;  ///< 0: with the first epoch, then with each that ends a second or more after the last checkpoint
    int keep = 3;                   ///< newest checkpoints kept, at least 1
    std::string user_data;          ///< UTF-8; stored and handed back as it is: the command line keeps its own options here
    std::function<void()> before_first = {};  ///< called once: the run is under way and its first checkpoint is about to be written
};

/// Settings of a run. Every default is the command line's. What is negative, not finite or otherwise out of its range is refused with
/// Error(usage) that names the field; nothing is taken for a default but the values that say so here.
struct TrainOptions {
    Loss loss = {};                 ///< "auto" from the data's task; a loss of two classes takes more of them one-vs-rest
    Optimizer optimizer = {};       ///< Adam, lr 1e-2
    std::int64_t batch_size = 256;  ///< rows a step; `full_batch`, and anything above the number of rows, for all
    std::int64_t epochs = 20;       ///< at least 1
    Schedule schedule = "cosine";   ///< to 0 over the run
    std::uint64_t seed = 0;         ///< row order, initial parameters
    Shuffle shuffle = Shuffle::full;
    bool drop_last = false;                 ///< leave out the last batch of an epoch if it is short
    std::vector<std::int64_t> hidden = {};  ///< widths of hidden layers, {256, 128}; empty: a linear model. Networks train on dense rows,
                                            ///< and want a lower rate than a linear model: 1e-3 for Adam
    Activation activation = {};             ///< of the hidden layers: relu
    Init init = Init::automatic;
    double dropout = 0;          ///< the share of a hidden layer's units that a step leaves out, each row its own; the others' values are
                                 ///< divided by the share that is kept (Srivastava et al. 2014). Below 1; 0: off
    double label_smoothing = 0;  ///< logistic and softmax: so much of a target is spread evenly over all classes (Szegedy et al. 2016);
                                 ///< of the training loss only. Below 1; 0: off
    Storage storage = Storage::float32;
    MatmulPrecision matmul_precision = MatmulPrecision::float32;
    double l1 = 0, l2 = 0;    ///< penalties on the weights, added to the mean loss; biases are spared
    bool decay_bias = false;  ///< penalties and weight decay reach the biases too, as in PyTorch
    bool bias = true;
    double clip_norm = 0, clip_value = 0;    ///< of the batch's gradient; 0: off
    Averaging average = {};                  ///< off; else the model is a mean of the parameters over the steps
    std::vector<double> class_weights = {};  ///< empty or one a class, multiplied into the row weights
    bool balanced = false;                   ///< class_weights = rows / (classes * rows of the class)
    bool standardize = false;                ///< z-score of every column, from the training rows, applied as rows are read; sparse rows
                                             ///< are divided by the deviation only, which leaves their zeros
    bool standardize_target = false;         ///< regression: train on z-scores of the targets; predictions come in the user's units

    std::int64_t max_steps = 0;  ///< 0: no limit
    double max_seconds = 0;      ///< of training; looked at after each segment; 0: no limit
    double tol = 0;              ///< stop when the training loss has not improved by `tol` for `patience` (0: 5) epochs; 0: off
    std::int64_t patience = 0;   ///< stop when the validation loss has not improved for so many epochs; 0: off
    Dataset validation = {};     ///< as the training data: columns, real type, standardisation; no rows: none. With one, the model of the
                                 ///< best epoch is kept
    /// K > 0: cross-validation. Each row belongs to one of K folds, drawn by `seed` and, for classes, so that each fold has its share of
    /// every class. Beside each model trained on all rows, K more are trained in the same pass, each without the rows of a fold (their
    /// weight is 0), and scored on them: MemberResult::folds. The model with the lowest mean loss there is the run's. From 2 to the number
    /// of rows. Standardisation made by the run is of all rows.
    std::int64_t folds = 0;

    std::vector<Member> members = {};  ///< empty: one member from `optimizer`, `l1`, `l2`, `seed`, which seeds its start and dropout too.
                                       ///< With those of folds 1024 at most
    std::optional<Model> start = {};   ///< warm start from this model, brought into the units of this run; `init` otherwise

    std::string device = "auto";  ///< auto, cpu, cuda or cuda:N. auto uses a usable GPU where float32 and the shape allow, and says so in
                                  ///< the plan
    int threads = 0;              ///< 1 ... 1024, or 0: usable_processors()
    std::int64_t memory_limit_bytes = 0, device_memory_limit_bytes = 0;  ///< for the run, besides the data; 0: what is available
    bool nondeterministic = false;   ///< sums may be added in whatever order is fastest, so that two runs differ by their roundings and a
                                     ///< resumed run does too: on a GPU the gradients of sparse rows (in the plan); nothing elsewhere
    std::int64_t segment_steps = 0;  ///< 0: chosen for tens of milliseconds; never changes results
    CheckpointOptions checkpoint = {};
    /// Called after each segment on the thread that called train. It may train other models. What it throws ends the run and arrives
    /// unchanged at the caller of train; checkpoints written before stay good.
    std::function<Control(const Progress&)> on_segment = {};
};

/// `tol`: also where an adaptive schedule ended the run. `converged`: the rule (lbfgs) found nothing more to gain.
enum class StopReason { finished, max_steps, max_seconds, patience, tol, callback, diverged, converged };
GLISSADE_EXPORT std::string_view name_of(StopReason reason);

/// How a run met a non-finite sum.
struct Divergence {
    std::int64_t step = 0, epoch = 0, batch = 0;  ///< step counts from 1; epoch from 1; batch within the epoch from 1
    std::int64_t member = 0;
    std::string message;  ///< names step and batch and the likely cause
};

struct MemberResult {
    Member member;
    Model model;  ///< of the best epoch (validation) or the last; if it diverged, as it was before the step with the non-finite sum
    std::vector<EpochRecord> history;
    std::int64_t best_epoch = 0;       ///< counts from 1; 0 if none was finished
    std::int64_t nonzero_weights = 0;  ///< of the model; fewer than there are where L1 or FTRL set some to 0
    double best_loss = 0;              ///< validation loss where there is one, else training loss; infinite if no epoch was finished. With
                                       ///< folds the mean of their losses
    std::optional<Divergence> divergence;
    /// With TrainOptions::folds, for each fold what a model of these settings that was trained on the other rows scores on its rows, in the
    /// user's units as by Model::evaluate. An infinite loss and nothing else where that model diverged.
    std::vector<Metrics> folds;
};

/// What a run gives back.
struct Run {
    Model model;                       ///< of the best member
    std::vector<EpochRecord> history;  ///< of the best member
    std::int64_t best_member = 0;
    std::int64_t best_epoch = 0;
    std::int64_t nonzero_weights = 0;  ///< of the model
    StopReason stop = StopReason::finished;
    std::optional<Divergence> divergence;  ///< set if the only or every member diverged
    std::string advice;                    ///< one sentence where it is due, else empty
    std::string plan;                      ///< what ran: backend, threads or blocks, memory, why
    std::int64_t steps = 0;
    double prepare_seconds = 0;         ///< before the first step: checks, statistics, the backend with its copy of the data on a GPU
    double seconds = 0;                 ///< of training after that, evaluation included
    std::vector<MemberResult> members;  ///< all of them, in order
};

/// Trains. Bit-identical for the same data, options and library, for any number of threads. Throws Error(usage | data | memory | device |
/// io), and what on_segment throws; a run that diverges returns with `stop == diverged`. Never prints, exits or touches signal handlers.
/// Its threads end before it returns or throws. Several runs may go on at once in one process, also on the same data, each with its own
/// checkpoint directory; they share the processors.
/// Cost before the first step: a few passes over the data. Memory: parameters and rule state twice, partial sums of `threads` threads;
/// the data is read where it lies (describe_plan gives the figure).
GLISSADE_EXPORT Run train(const Dataset& data, const TrainOptions& options);

/// Goes on from the newest intact checkpoint in `directory`, bit for bit as if it had never stopped. `options` holds the run's settings
/// again: those that results depend on are checked against the checkpoint's, and so is the data's fingerprint. How long to train (epochs,
/// max_steps, max_seconds), where (device, threads, memory limits) and who watches may differ. A schedule that spans the run spans the new
/// length. Later checkpoints go to the same directory. Throws as train does; Error(data) if no checkpoint is intact or it belongs to other
/// settings or data.
GLISSADE_EXPORT Run resume(const Dataset& data, const std::string& directory, const TrainOptions& options);

/// What train would run, without running it, in lines for people: shape, batches, backend with its memory and why that backend, and the
/// predicted time of a step, an epoch and the run with what it is mostly made of. Throws what train would before its first step. On the CPU
/// it reads the data for some 40 ms to see how fast that goes.
GLISSADE_EXPORT std::string describe_plan(const Dataset& data, const TrainOptions& options);

}  // namespace glissade
