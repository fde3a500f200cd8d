// SPDX-License-Identifier: Apache-2.0
#include "host/cli/learning_flags.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <limits>

#include "glissade/error.hpp"
#include "host/cli/choice.hpp"
#include "host/cli/conventions.hpp"
#include "host/cli/flags.hpp"
#include "host/cli/text.hpp"
#include "host/scheduler/named.hpp"

namespace glissade::cli {
namespace {

constexpr std::array<Choice<Shuffle>, 3> shuffles = {
    {{"full", Shuffle::full}, {"none", Shuffle::none}, {"replacement", Shuffle::replacement}}};
constexpr std::array<Choice<bool>, 2> class_weights = {{{"none", false}, {"balanced", true}}};
std::string schedule_help() {
    std::string names;
    for (const Schedule::Entry& entry : Schedule::table()) names += (names.empty() ? "" : ", ") + std::string(entry.name);
    return "How the rate moves: " + names +
           "; with settings after a colon, step:every=10,gamma=0.5, in sequence with +, and multiplied with *";
}

Loss loss_named(const std::string& text) {
    return folded_name(text) == "auto" ? Loss() : Loss(text);
}

constexpr std::int64_t most_folds = 1000;
constexpr std::size_t most_members = 1024;  ///< as the library has it

/// The numbers of a flag that may list several, 0 or more each.
std::vector<double> penalties_of(const std::string& flag, const std::string& text) {
    const std::vector<double> values = numbers_of(flag, text);
    for (const double value : values) number_of(flag, shortest(value), 0);
    return values;
}

std::vector<std::uint64_t> seeds_of(std::string_view text) {
    std::vector<std::uint64_t> seeds;
    for (;;) {
        const auto comma = text.find(',');
        seeds.push_back(whole_of<std::uint64_t>("--seed", text.substr(0, comma), 0, std::numeric_limits<std::uint64_t>::max()));
        if (comma == std::string_view::npos) return seeds;
        text.remove_prefix(comma + 1);
    }
}

}  // namespace

std::int64_t batch_size_of(std::string_view flag, std::string_view text) {
    constexpr auto most_rows = std::numeric_limits<std::int64_t>::max();
    return text == "full" ? full_batch : whole_of<std::int64_t>(flag, text, 1, most_rows);
}

void LearningFlags::add_to(CLI::App& app) {
    optimizer_ = options.optimizer.name();
    add_rules(app);
    network_.add_to(app, options);
    rule_flags_.add_to(app);
    add_penalties(app);
    add_limits(app);
    machine_.add_to(app, options);
}

void LearningFlags::add_rules(CLI::App& app) {
    const std::string group = "Learning";
    checked(app.add_option("--loss", loss_,
                           "auto (by the task: squared, logistic, softmax), or " + joined_names(Loss::names()) +
                               "; of more than two classes, one of two trains each against the rest"),
            [](const std::string& text) { loss_named(text); })
        ->type_name("NAME")
        ->capture_default_str()
        ->group(group);
    checked(app.add_option("--optimizer", optimizer_, joined_names(Optimizer::names())),
            [](const std::string& text) { Optimizer::named(text); })
        ->type_name("NAME")
        ->capture_default_str()
        ->group(group);
    checked(app.add_option(
                "--lr,--learning-rate", lr_,
                "Learning rate (" + shortest(options.optimizer.get("lr")) + " for " + std::string(options.optimizer.name()) + ", " +
                    shortest(Adam().lr) +
                    " with --hidden, else the rule's own); several, 1e-3,1e-2,1e-1, are trained in one pass, each with each of --l2 and "
                    "--seed, and the best is kept"),
            [](const std::string& text) { numbers_of("--lr", text); })
        ->expected(1)
        ->take_all()
        ->type_name("X[,X...]")
        ->group(group);
    checked(app.add_option("--schedule", schedule_, schedule_help()), [](const std::string& text) { static_cast<void>(Schedule(text)); })
        ->type_name("TEXT")
        ->default_str(options.schedule.text())
        ->group(group);
    checked(app.add_option("--batch-size", batch_size_, "Rows a step: a number, or full for gradient descent"),
            [](const std::string& text) { batch_size_of("--batch-size", text); })
        ->type_name("N|full")
        ->default_str(std::to_string(options.batch_size))
        ->group(group);
    checked(add_whole(app, "--epochs", options.epochs, {1}, "Passes over the data; iterations of lbfgs, 100 if not given"),
            [this](const std::string&) { epochs_given_ = true; })
        ->group(group);
    checked(app.add_option("--seed", seed_,
                           "Of the row order, the start and the validation split (0); of several, the first is that of order and split, "
                           "and each starts a model of its own"),
            [](const std::string& text) { seeds_of(text); })
        ->expected(1)
        ->take_all()
        ->type_name("N[,N...]")
        ->group(group);
    checked(app.add_option("--shuffle", shuffle_, "full, none (file order) or replacement"),
            [](const std::string& text) { choose("--shuffle", text, shuffles); })
        ->type_name("NAME")
        ->capture_default_str()
        ->group(group);
    app.add_flag("--drop-last", options.drop_last, "Leave out the last batch of an epoch if it is short")->group(group);
}

void LearningFlags::add_penalties(CLI::App& app) {
    const std::string group = "Penalties, weights and averages";
    add_real(app, "--l1", options.l1, {0}, "Adds A*|w| to the mean loss; biases are spared")->type_name("A")->group(group);
    checked(app.add_option("--l2", l2_, "Adds A/2*|w|^2 to the mean loss (0); biases are spared; several as with --lr"),
            [](const std::string& text) { penalties_of("--l2", text); })
        ->expected(1)
        ->take_all()
        ->type_name("A[,A...]")
        ->group(group);
    checked(app.add_option("--class-weight", class_weight_, "balanced: every class counts the same"),
            [](const std::string& text) { choose("--class-weight", text, class_weights); })
        ->type_name("NAME")
        ->capture_default_str()
        ->group(group);
    add_real(app, "--clip-norm", options.clip_norm, {0}, "Longest gradient of a step; 0: any")->group(group);
    add_real(app, "--clip-value", options.clip_value, {0}, "Largest entry of a gradient; 0: any")->group(group);
    averaging_.add_to(app, group);
    checked(
        app.add_option("--compat", compat,
                       "Conventions of others. torch: the squared loss without its half (a mean over several targets), weight decay and "
                       "penalties on biases too; keras: the same loss, rules in its form; sklearn: the defaults of SGDClassifier and "
                       "SGDRegressor; d2l: the rules of Dive into "
                       "Deep Learning"),
        [](const std::string& text) { convention_of(text); })
        ->type_name("NAME")
        ->capture_default_str()
        ->group(group);
}

void LearningFlags::add_limits(CLI::App& app) {
    const std::string group = "When to stop";
    add_whole(
        app, "--folds", options.folds, {0, most_folds},
        "Cross-validation: in the same pass, models that leave out one of K parts of the rows each, scored on it; a table of mean and "
        "spread for each setting; the model kept is trained on all rows with the best; 0: none")
        ->type_name("K")
        ->group("Validation");
    add_whole(app, "--max-steps", options.max_steps, {0}, "Steps at most; 0: as many as the epochs have")->group(group);
    add_real(app, "--max-seconds", options.max_seconds, {0}, "Seconds of training at most; 0: no limit")->group(group);
    add_real(app, "--tol", options.tol, {0}, "Stop when the training loss has not improved by X for --patience epochs (5 if not given)")
        ->group(group);
    add_whole(app, "--patience,--early-stopping", options.patience, {0},
              "Stop when the validation loss has not improved for N epochs; without a validation set 10 % of the rows are taken")
        ->group(group);
}

void LearningFlags::choose_rules() {
    options.loss = loss_named(loss_);
    network_.read(options);
    const Optimizer named = Optimizer::named(optimizer_);
    if (named.name() != options.optimizer.name())
        options.optimizer = named;
    else if (!options.hidden.empty())
        options.optimizer.set("lr", Adam().lr);  // a network wants a lower rate than a linear model
    if (!lr_.empty()) {
        rates = numbers_of("--lr", join(lr_, ","));
        options.optimizer.set("lr", rates.front());
    }
    rule_flags_.apply(options.optimizer, options.loss, options.activation);
    options.optimizer.check();
    if (!l2_.empty()) l2s = penalties_of("--l2", join(l2_, ","));
    if (!seed_.empty()) seeds = seeds_of(join(seed_, ","));
    options.l2 = l2s.empty() ? 0 : l2s.front();
    options.seed = seeds.empty() ? 0 : seeds.front();
    const bool any_l2 = std::any_of(l2s.begin(), l2s.end(), [](double l2) { return l2 > 0; });
    if (any_l2 && options.optimizer.has("weight_decay") && options.optimizer.get("weight_decay") > 0) {
        const std::string remedy =
            rule_flags_.given("weight_decay")
                ? "give one of them"
                : std::string(options.optimizer.name()) + " decays weights by itself: add --weight-decay 0, or leave --l2 out";
        fail(ErrorKind::usage, "--l2 and --weight-decay together: both shrink the weights; " + remedy);
    }
    list_members();
}

void LearningFlags::list_members() {
    const auto or_one = [](auto values, auto one) { return values.empty() ? decltype(values){one} : values; };
    const auto each_rate = or_one(rates, options.optimizer.get("lr")), each_l2 = or_one(l2s, options.l2);
    const auto each_seed = or_one(seeds, options.seed);
    const std::size_t count = each_rate.size() * each_l2.size() * each_seed.size();
    if (count > most_members || count * static_cast<std::size_t>(options.folds + 1) > most_members)
        fail(ErrorKind::usage, "--lr, --l2 and --seed list " + std::to_string(each_rate.size()) + " x " + std::to_string(each_l2.size()) +
                                   " x " + std::to_string(each_seed.size()) + " settings" +
                                   (options.folds > 0 ? ", each for all rows and for " + counted(options.folds, "fold") : std::string()) +
                                   "; one pass trains " + std::to_string(most_members) + " models at most");
    if (count == 1) return;
    for (const double rate : each_rate)
        for (const double l2 : each_l2)
            for (const std::uint64_t seed : each_seed) {
                options.members.push_back({options.optimizer, options.l1, l2, seed, seed});
                options.members.back().optimizer.set("lr", rate);
            }
}

void LearningFlags::resolve() {
    choose_rules();
    const bool full_only = options.optimizer.full_batch_only();  // such a rule says what goes with it
    if (full_only) options.schedule = "constant";
    if (full_only) options.batch_size = full_batch;
    if (options.optimizer.driven_by_host() && !epochs_given_) options.epochs = 100;
    if (!schedule_.empty()) options.schedule = Schedule(schedule_);
    if (!batch_size_.empty()) options.batch_size = batch_size_of("--batch-size", batch_size_);
    options.shuffle = choose("--shuffle", shuffle_, shuffles);
    options.balanced = choose("--class-weight", class_weight_, class_weights);
    options.average = averaging_.read();
    options.decay_bias = convention_of(compat) == Convention::torch;
    real_type = machine_.read(options);
}

void LearningFlags::settle(const Dataset& data) {
    if (convention_of(compat) == Convention::sklearn) follow_sklearn(data);
    const Convention convention = convention_of(compat);
    if ((convention != Convention::torch && convention != Convention::keras) || data.task != Task::regression) return;
    if (options.loss.is_auto()) options.loss = Loss("squared");
    const std::int64_t targets = data.target_count();
    if (options.loss.name() == "squared") {
        if (!rule_flags_.given("error_scale")) options.loss.set("error_scale", 1.0 / static_cast<double>(targets));
    } else if (targets > 1) {
        fail(ErrorKind::usage, "--compat " + compat + " with " + std::to_string(targets) + " targets: there " +
                                   std::string(options.loss.name()) + " is their mean, ours their sum; only the squared loss knows both");
    }
}

/// SGDClassifier fits a linear SVM by the schedule `optimal` if nothing else is said, SGDRegressor a line by `invscaling` with the power
/// .25; the alpha of `optimal` is that of the penalty.
void LearningFlags::follow_sklearn(const Dataset& data) {
    const bool regression = data.task == Task::regression;
    if (options.loss.is_auto()) options.loss = Loss(regression ? "squared" : "hinge");
    if (options.optimizer.full_batch_only()) return;
    const std::string typed = schedule_.empty() ? (regression ? "invscaling" : "optimal") : folded_name(schedule_);
    if (typed == "optimal") options.schedule = Schedule(options.l2 > 0 ? "optimal:alpha=" + number_text(options.l2) : "optimal");
    if (typed == "invscaling") options.schedule = Schedule(regression ? "invscaling:power=0.25" : "invscaling");
}

}  // namespace glissade::cli
