// SPDX-License-Identifier: Apache-2.0
#include "host/train/option_checks.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "glissade/error.hpp"
#include "host/data/number.hpp"
#include "host/scheduler/named.hpp"

namespace glissade {

namespace {

constexpr int most_threads = 1024;
constexpr std::int64_t most_members = 1024;
constexpr std::size_t most_hidden_layers = 100;
constexpr std::int64_t most_units = 1'000'000;  ///< of a layer

void at_least(std::int64_t low, std::int64_t value, const std::string& name) {
    if (value < low) fail(ErrorKind::usage, name + " = " + std::to_string(value) + " must be at least " + std::to_string(low));
}

void finite_non_negative(double value, const std::string& name) {
    if (!std::isfinite(value) || value < 0)
        fail(ErrorKind::usage, name + " = " + number_text(value) + " must be a finite number, at least 0");
}

void check_members(const TrainOptions& o) {
    o.optimizer.check();
    finite_non_negative(o.l1, "l1");
    finite_non_negative(o.l2, "l2");
    const auto listed = std::max<std::int64_t>(1, static_cast<std::int64_t>(o.members.size()));
    at_least(0, o.folds, "folds");
    if (listed > most_members || o.folds >= most_members || listed * (o.folds + 1) > most_members)
        fail(ErrorKind::usage, std::to_string(listed) + (listed == 1 ? " member" : " members") +
                                   (o.folds > 0 ? " with " + std::to_string(o.folds) + " folds each" : std::string()) +
                                   ": one pass trains " + std::to_string(most_members) + " models at most");
    for (std::size_t m = 0; m < o.members.size(); ++m) {
        const std::string name = "members[" + std::to_string(m) + "].";
        o.members[m].optimizer.check();
        finite_non_negative(o.members[m].l1, name + "l1");
        finite_non_negative(o.members[m].l2, name + "l2");
    }
}

void check_averaging(const Averaging& o) {
    finite_non_negative(o.start, "average.start");
    if (!(o.decay > 0 && o.decay < 1)) fail(ErrorKind::usage, "average.decay = " + number_text(o.decay) + " must be above 0 and below 1");
}

void below_one(double value, const std::string& name) {
    if (!(value >= 0 && static_cast<float>(value) < 1))
        fail(ErrorKind::usage, name + " = " + number_text(value) + " must be at least 0 and below 1");
}

void check_network(const TrainOptions& o) {
    if (o.hidden.size() > most_hidden_layers)
        fail(ErrorKind::usage, std::to_string(o.hidden.size()) + " hidden layers: there may be " + std::to_string(most_hidden_layers));
    for (std::size_t i = 0; i < o.hidden.size(); ++i)
        if (o.hidden[i] < 1 || o.hidden[i] > most_units)
            fail(ErrorKind::usage, "hidden[" + std::to_string(i) + "] = " + std::to_string(o.hidden[i]) + ": a layer has 1 to " +
                                       std::to_string(most_units) + " units");
    double constants[max_activation_constants] = {};
    o.activation.prepare(constants);  // throws if a setting of it is out of range
    below_one(o.dropout, "dropout");
    below_one(o.label_smoothing, "label_smoothing");
    if (o.dropout > 0 && o.hidden.empty())
        fail(ErrorKind::usage, "dropout leaves out units of hidden layers, but the model has none: set hidden, or leave it out");
    if (!o.hidden.empty() && o.init == Init::zeros)
        fail(ErrorKind::usage, "init zeros: units of a network that begin alike stay alike; use he_normal, xavier_uniform, torch ...");
    if (o.dropout > 0 && o.optimizer.driven_by_host())
        fail(ErrorKind::usage, std::string(o.optimizer.name()) + " searches one function of the parameters: leave dropout out");
}

void check_checkpoints(const CheckpointOptions& o) {
    at_least(0, o.every_steps, "checkpoint.every_steps");
    at_least(0, o.every_epochs, "checkpoint.every_epochs");
    at_least(1, o.keep, "checkpoint.keep");
    if (invalid_utf8_at(o.user_data)) fail(ErrorKind::usage, "checkpoint.user_data must be UTF-8");
}

void check_limits(const TrainOptions& o) {
    at_least(0, o.max_steps, "max_steps");
    finite_non_negative(o.max_seconds, "max_seconds");
    finite_non_negative(o.tol, "tol");
    at_least(0, o.patience, "patience");
    at_least(0, o.memory_limit_bytes, "memory_limit_bytes");
    at_least(0, o.device_memory_limit_bytes, "device_memory_limit_bytes");
    at_least(0, o.segment_steps, "segment_steps");
}

}  // namespace

void check_threads(int threads) {
    if (threads >= 0 && threads <= most_threads) return;
    fail(ErrorKind::usage, "threads = " + std::to_string(threads) + " must be from 1 to " + std::to_string(most_threads) +
                               ", or 0 for every usable processor");
}

void check_options(const TrainOptions& o) {
    double constants[max_loss_constants] = {};
    o.loss.prepare(constants);  // throws if a setting of the loss is out of range
    check_members(o);
    at_least(0, o.batch_size, "batch_size");
    at_least(1, o.epochs, "epochs");
    finite_non_negative(o.clip_norm, "clip_norm");
    finite_non_negative(o.clip_value, "clip_value");
    for (std::size_t c = 0; c < o.class_weights.size(); ++c)
        finite_non_negative(o.class_weights[c], "class_weights[" + std::to_string(c) + "]");
    check_averaging(o.average);
    check_network(o);
    check_limits(o);
    check_checkpoints(o.checkpoint);
    check_threads(o.threads);
    if (o.balanced && !o.class_weights.empty())
        fail(ErrorKind::usage, "balanced and class_weights are two answers to one question: set one of them");
    if (o.folds > 0 && o.validation.rows() > 0)
        fail(ErrorKind::usage, "folds and a validation set are two answers to one question: set one of them");
    if (o.patience > 0 && o.tol == 0 && o.validation.rows() == 0)
        fail(ErrorKind::usage,
             "patience watches the validation loss, but there is no validation set; with tol it watches the training loss");
}

}  // namespace glissade
