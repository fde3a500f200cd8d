// SPDX-License-Identifier: Apache-2.0
#include "host/cli/learning_flags.hpp"

#include <CLI/CLI.hpp>
#include <array>

#include "glissade/error.hpp"
#include "host/cli/choice.hpp"
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

void refuse_for_now(const std::string& flag, const std::string& word, const std::string& offered) {
    constexpr std::array<std::string_view, 4> words = {"float32", "bfloat16", "float16", "int8"};
    for (const std::string_view known : words) {
        if (word == known) fail(ErrorKind::usage, flag + " " + word + " is not part of this version; it offers " + offered);
    }
    fail(ErrorKind::usage, unknown_name("word for " + flag, word, words));
}

}  // namespace

void LearningFlags::add_to(CLI::App& app) {
    optimizer_ = options.optimizer.name();
    schedule_ = options.schedule.text();
    batch_size_ = std::to_string(options.batch_size);
    add_rules(app);
    rule_flags_.add_to(app);
    add_penalties(app);
    add_limits(app);
    add_machine(app);
}

void LearningFlags::add_rules(CLI::App& app) {
    const std::string group = "Learning";
    app.add_option("--loss", loss_, "auto (by the task: squared, logistic, softmax), or " + joined_names(Loss::names()))
        ->type_name("NAME")
        ->capture_default_str()
        ->group(group);
    app.add_option("--optimizer", optimizer_, joined_names(Optimizer::names()))->type_name("NAME")->capture_default_str()->group(group);
    app.add_option("--lr,--learning-rate", lr_,
                   "Learning rate (" + shortest(options.optimizer.get("lr")) + " for " + std::string(options.optimizer.name()) +
                       ", else the rule's own); several, 1e-3,1e-2,1e-1, are trained in one pass and the best is kept")
        ->type_name("X[,X...]")
        ->group(group);
    app.add_option("--schedule", schedule_, schedule_help())->type_name("TEXT")->capture_default_str()->group(group);
    app.add_option("--batch-size", batch_size_, "Rows a step: a number, or full for gradient descent")
        ->type_name("N|full")
        ->capture_default_str()
        ->group(group);
    app.add_option("--epochs", options.epochs, "Passes over the data")->type_name("N")->capture_default_str()->group(group);
    app.add_option("--seed", options.seed, "Of the row order, the start and the validation split")
        ->type_name("N")
        ->capture_default_str()
        ->group(group);
    app.add_option("--init", init_, "Start of the parameters: zeros")->type_name("NAME")->capture_default_str()->group(group);
    app.add_option("--shuffle", shuffle_, "full, none (file order) or replacement")->type_name("NAME")->capture_default_str()->group(group);
    app.add_flag("--drop-last", options.drop_last, "Leave out the last batch of an epoch if it is short")->group(group);
}

void LearningFlags::add_penalties(CLI::App& app) {
    const std::string group = "Penalties, weights and averages";
    app.add_option("--l1", options.l1, "Adds A*|w| to the mean loss; biases are spared")
        ->type_name("A")
        ->capture_default_str()
        ->group(group);
    app.add_option("--l2", options.l2, "Adds A/2*|w|^2 to the mean loss; biases are spared")
        ->type_name("A")
        ->capture_default_str()
        ->group(group);
    app.add_option("--class-weight", class_weight_, "balanced: every class counts the same")
        ->type_name("NAME")
        ->capture_default_str()
        ->group(group);
    app.add_option("--clip-norm", options.clip_norm, "Longest gradient of a step; 0: any")
        ->type_name("X")
        ->capture_default_str()
        ->group(group);
    app.add_option("--clip-value", options.clip_value, "Largest entry of a gradient; 0: any")
        ->type_name("X")
        ->capture_default_str()
        ->group(group);
    app.add_flag("--average", options.average, "The model is the mean of the parameters over all steps")->group(group);
}

void LearningFlags::add_limits(CLI::App& app) {
    const std::string group = "When to stop";
    app.add_option("--max-steps", options.max_steps, "Steps at most; 0: as many as the epochs have")
        ->type_name("N")
        ->capture_default_str()
        ->group(group);
    app.add_option("--max-seconds", options.max_seconds, "Seconds of training at most; 0: no limit")
        ->type_name("X")
        ->capture_default_str()
        ->group(group);
    app.add_option("--tol", options.tol, "Stop when the training loss has not improved by X for --patience epochs (5 if not given)")
        ->type_name("X")
        ->capture_default_str()
        ->group(group);
    app.add_option("--patience,--early-stopping", options.patience,
                   "Stop when the validation loss has not improved for N epochs; without a validation set 10 % of the rows are taken")
        ->type_name("N")
        ->capture_default_str()
        ->group(group);
}

void LearningFlags::add_machine(CLI::App& app) {
    const std::string group = "Machine";
    app.add_option("--device", options.device, "auto, cpu, cuda or cuda:N")->type_name("NAME")->capture_default_str()->group(group);
    app.add_option("--threads", options.threads, "CPU threads; 0: as many as this process may use. Results do not depend on it")
        ->type_name("N")
        ->capture_default_str()
        ->group(group);
    app.add_option("--memory-limit", memory_limit_, "Of the CPU: 8G, 512M; what is available if not given")
        ->type_name("SIZE")
        ->group(group);
    app.add_option("--device-memory-limit", device_memory_limit_, "Of the GPU; what is free if not given")->type_name("SIZE")->group(group);
    app.add_option("--precision", precision_, "float32 or float64 (CPU only)")->type_name("NAME")->capture_default_str()->group(group);
    app.add_option("--storage", storage_, "float32")->type_name("NAME")->capture_default_str()->group(group);
}

void LearningFlags::choose_rules() {
    options.loss = folded_name(loss_) == "auto" ? Loss() : Loss(loss_);
    const Optimizer named = Optimizer::named(optimizer_);
    if (named.name() != options.optimizer.name()) options.optimizer = named;
    if (!lr_.empty()) {
        rates = numbers_of("--lr", lr_);
        options.optimizer.set("lr", rates.front());
    }
    rule_flags_.apply(options.optimizer, options.loss);
    options.optimizer.check();
    if (options.l2 > 0 && options.optimizer.has("weight_decay") && options.optimizer.get("weight_decay") > 0) {
        const std::string remedy =
            rule_flags_.given("weight_decay")
                ? "give one of them"
                : std::string(options.optimizer.name()) + " decays weights by itself: add --weight-decay 0, or leave --l2 out";
        fail(ErrorKind::usage, "--l2 and --weight-decay together: both shrink the weights; " + remedy);
    }
    if (rates.size() < 2) return;
    for (const double rate : rates) {
        Member member{options.optimizer, options.l1, options.l2, options.seed};
        member.optimizer.set("lr", rate);
        options.members.push_back(member);
    }
}

void LearningFlags::resolve() {
    choose_rules();
    options.schedule = Schedule(schedule_);
    options.batch_size = batch_size_ == "full" ? full_batch : count_of("--batch-size", batch_size_);
    if (batch_size_ != "full" && options.batch_size < 1) fail(ErrorKind::usage, "--batch-size wants a number of rows, or full");
    options.shuffle = choose("--shuffle", shuffle_, shuffles);
    options.balanced = choose("--class-weight", class_weight_, class_weights);
    constexpr std::array<Choice<bool>, 1> starts = {{{"zeros", true}}};
    choose("--init", init_, starts);
    if (precision_ == "float64") {
        real_type = RealType::float64;
    } else if (precision_ != "float32") {
        refuse_for_now("--precision", precision_, "float32 and float64");
    }
    if (storage_ != "float32") refuse_for_now("--storage", storage_, "float32");
    if (!memory_limit_.empty()) options.memory_limit_bytes = bytes_of("--memory-limit", memory_limit_);
    if (!device_memory_limit_.empty()) options.device_memory_limit_bytes = bytes_of("--device-memory-limit", device_memory_limit_);
}

}  // namespace glissade::cli
