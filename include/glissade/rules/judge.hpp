// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "glissade/rules/catalog.hpp"
#include "glissade/rules/loss_kind.hpp"
#include "glissade/rules/math.hpp"
#include "glissade/rules/portable.hpp"

/// What a row's scores add to metrics: the same formulas, in double precision, on the host and on the device.
namespace glissade::rules {

/// Sums of metrics are folded: terms in row order, 0 behind the last, are cut into blocks of so many; a block is halved, term i += term
/// i + 128, then + 64 ... 1; the sums of the blocks are the terms of the next round, until one is left. So nobody needs to add in one
/// chain.
inline constexpr int folded_terms = 256;

/// The class that scores stand for: the first of the largest; of one score, 1 above 0.
template <class Real>
GLISSADE_RULE int predicted_class(const Real* scores, int outputs) {
    if (outputs == 1) return scores[0] > Real(0) ? 1 : 0;
    int best = 0;
    for (int o = 1; o < outputs; ++o)
        if (scores[best] < scores[o]) best = o;
    return best;
}

/// How many of a row's labels its scores tell right: all that are 1, and no other, have scores above 0.
template <class Real>
GLISSADE_RULE int right_labels(const Real* scores, const Real* targets, int labels) {
    int right = 0;
    for (int o = 0; o < labels; ++o) right += (scores[o] > Real(0)) == (targets[o] > Real(0.5)) ? 1 : 0;
    return right;
}

/// A row's loss, in the units that the factors of the outputs make of it, and whether its class, or all its labels, are those predicted.
struct RowLoss {
    double loss = 0;
    bool correct = false;
    double right_labels = 0;  ///< the share of its labels, where it has several
};
/// `scratch`: room for `outputs` values, `step` apart, for a grouped loss.
template <class Rule, class Real>
GLISSADE_RULE RowLoss row_loss(const Real* scores, int outputs, const Real* targets, int target_count, const double* constants,
                               const double* factors, double* scratch, int step) {
    RowLoss out;
    if constexpr (Rule::kind != LossKind::regression) {
        if (target_count > 1) {
            const int right = right_labels(scores, targets, outputs);
            out.correct = right == outputs;
            out.right_labels = static_cast<double>(right) / static_cast<double>(outputs);
        } else {
            out.correct = static_cast<double>(predicted_class(scores, outputs)) == static_cast<double>(targets[0]);
        }
    }
    if constexpr (Rule::kind == LossKind::grouped) {
        for (int o = 0; o < outputs; ++o) scratch[o * step] = scores[o];
        out.loss = Rule::template evaluate_group<double>(scratch, outputs, step, static_cast<double>(targets[0]), constants, scratch);
    } else {
        for (int o = 0; o < outputs; ++o) {
            double slope = 0, target = 0;
            if constexpr (Rule::kind == LossKind::binary)
                target = static_cast<double>(binary_target(targets, target_count, o, outputs));
            else
                target = static_cast<double>(targets[o]);
            out.loss += factors[o] * Rule::template evaluate<double>(static_cast<double>(scores[o]), target, constants, slope);
        }
    }
    return out;
}

/// What a prediction is off by, in the user's units.
template <class Real>
GLISSADE_RULE double row_error(Real score, Real target, Link link, double scale) {
    const double value = static_cast<double>(score), prediction = link == Link::logarithm ? exp(value) : value;
    return (prediction - static_cast<double>(target)) * scale;
}

/// The log loss of one-vs-rest probabilities, the logistic functions of a row's scores brought to sum 1: the logarithm of their sum less
/// that of the true class's, both from logarithms of the logistic function, so that nothing underflows. `scratch` as in row_loss.
template <class Real>
GLISSADE_RULE double row_share_loss(const Real* scores, int outputs, Real target, double* scratch, int step) {
    double top = 0;
    for (int o = 0; o < outputs; ++o) {
        const double score = static_cast<double>(scores[o]);
        scratch[o * step] = smaller(score, 0.0) - log1p(exp(-magnitude(score)));
        top = o == 0 ? scratch[0] : larger(top, scratch[o * step]);
    }
    double sum = 0;
    for (int o = 0; o < outputs; ++o) sum += exp(scratch[o * step] - top);
    return top + log(sum) - scratch[static_cast<int>(target) * step];
}

}  // namespace glissade::rules
