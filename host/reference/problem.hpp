// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// What the reference trains: plain values, rules by name. Nothing here knows the catalog.
namespace glissade::reference {

/// A dense layer: where its weights [outputs][inputs] and then, if any, its biases [outputs] lie among the parameters.
struct Layer {
    std::int64_t inputs = 0, outputs = 0, weights_at = 0, biases_at = 0;
};

/// Dense rows or sparse ones. Parameters: layer by layer weights, then biases if `bias`.
struct Problem {
    std::int64_t rows = 0, features = 0;
    std::int64_t outputs = 1;       ///< scores a row: 1, classes (softmax, one against the rest) or targets (of a regression)
    std::int64_t target_count = 1;  ///< targets a row
    bool bias = true;
    std::vector<std::int64_t> hidden;    ///< widths of hidden layers
    std::vector<double> x;               ///< [rows][features]; of sparse rows their stored values
    std::vector<std::int64_t> offsets;   ///< of sparse rows, rows + 1: those of row r are offsets[r] ... offsets[r + 1] - 1; else empty
    std::vector<std::uint32_t> indices;  ///< the feature of each stored value; the others are 0
    std::vector<double> targets;         ///< [rows][target_count]: real, 0 or 1, or the index of a class
    std::vector<double> weights;         ///< [rows], or empty: all 1
    std::vector<double> scale, shift;    ///< [features], or empty: x * scale + shift is what the model sees

    std::vector<Layer> layers() const {
        std::vector<Layer> list;
        std::int64_t inputs = features, at = 0;
        for (std::size_t i = 0; i <= hidden.size(); ++i) {
            const std::int64_t units = i < hidden.size() ? hidden[i] : outputs;
            list.push_back({inputs, units, at, at + inputs * units});
            at = list.back().biases_at + (bias ? units : 0);
            inputs = units;
        }
        return list;
    }
    /// Of a linear model.
    std::int64_t weight_count() const { return outputs * features; }
    std::int64_t parameter_count() const { return layers().back().biases_at + (bias ? outputs : 0); }
};

/// Settings of rules that are not named have the defaults of their papers or of PyTorch. A flag is 0 or 1.
using Fields = std::map<std::string, double, std::less<>>;

struct Settings {
    std::string loss = "squared";
    Fields loss_fields;
    std::string activation = "relu";
    Fields activation_fields;
    double label_smoothing = 0;  ///< logistic, softmax: targets are mixed with even ones
    /// Of dropout: what the value of a unit is multiplied by, 0 or 1/(1 - share), by step (from 0), layer, row of the batch and unit.
    std::function<double(long step, long layer, long row, long unit)> dropout;
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
