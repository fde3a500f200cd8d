// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// What the reference trains: plain values, rules by name. Nothing here knows the catalog.
namespace glissade::reference {

/// Dense rows or sparse ones. Parameters: weights [outputs][features], then biases [outputs] if `bias`.
struct Problem {
    std::int64_t rows = 0, features = 0;
    std::int64_t outputs = 1;       ///< scores a row: 1, classes (softmax, one against the rest) or targets (of a regression)
    std::int64_t target_count = 1;  ///< targets a row
    bool bias = true;
    std::vector<double> x;               ///< [rows][features]; of sparse rows their stored values
    std::vector<std::int64_t> offsets;   ///< of sparse rows, rows + 1: those of row r are offsets[r] ... offsets[r + 1] - 1; else empty
    std::vector<std::uint32_t> indices;  ///< the feature of each stored value; the others are 0
    std::vector<double> targets;         ///< [rows][target_count]: real, 0 or 1, or the index of a class
    std::vector<double> weights;         ///< [rows], or empty: all 1
    std::vector<double> scale, shift;    ///< [features], or empty: x * scale + shift is what the model sees

    std::int64_t weight_count() const { return outputs * features; }
    std::int64_t parameter_count() const { return outputs * (features + (bias ? 1 : 0)); }
};

/// Settings of rules that are not named have the defaults of their papers or of PyTorch. A flag is 0 or 1.
using Fields = std::map<std::string, double, std::less<>>;

struct Settings {
    std::string loss = "squared";
    Fields loss_fields;
    std::string optimizer = "sgd";
    Fields fields;                         ///< the learning rate is a matter of each step
    double l1 = 0, l2 = 0;                 ///< on the weights: proximal step of lr*l1, gradient l2*theta
    bool decay_bias = false;               ///< l1, l2 and weight decay reach the biases too
    double clip_norm = 0, clip_value = 0;  ///< of the batch's gradient; 0: off
    bool average = false;                  ///< keep a mean of the parameters over the steps ...
    long average_from = 1;                 ///< ... the first of them being those after this step ...
    double average_decay = 0;              ///< ... plain, or, above 0, the exponential one
};

struct Step {
    std::vector<std::int64_t> rows;  ///< of the batch, in order
    double lr = 0;
    std::optional<double> momentum;  ///< overrides the rule's momentum or beta1
};

}  // namespace glissade::reference
