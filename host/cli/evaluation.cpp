// SPDX-License-Identifier: Apache-2.0
#include "host/cli/evaluation.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "glissade/error.hpp"
#include "host/cli/coefficients.hpp"
#include "host/export/raw_inputs.hpp"

namespace glissade::cli {
namespace {

constexpr std::size_t bin_count = 10;

template <class Real>
class Evaluator {
public:
    Evaluator(const Model& model, const Dataset& data, const PredictOptions& options)
        : model_(model), data_(data), targets_(data.targets<Real>()), options_(options) {}

    Evaluation run() const {
        Evaluation evaluation;
        const std::size_t classes = model_.class_labels.size();
        std::vector<Real> predicted(targets_.size());
        model_.predict(data_, predicted, options_);
        evaluation.confusion = {model_.class_labels, std::vector<std::int64_t>(classes * classes, 0)};
        for (std::size_t r = 0; r < predicted.size(); ++r)
            ++evaluation.confusion.counts[static_cast<std::size_t>(targets_[r]) * classes + static_cast<std::size_t>(predicted[r])];
        evaluation.reliability = reliability(predicted);
        return evaluation;
    }

private:
    /// Of two classes, of the second one; of more, of the one predicted.
    std::optional<Reliability> reliability(const std::vector<Real>& predicted) const {
        const std::size_t classes = model_.class_labels.size();
        std::vector<Real> probabilities(targets_.size() * classes);
        try {
            model_.predict_proba(data_, probabilities, options_);
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::usage) return std::nullopt;
            throw;
        }
        Reliability found{classes == 2 ? "of " + model_.class_labels[1] : "of the predicted class", std::vector<ReliabilityBin>(bin_count)};
        for (std::size_t r = 0; r < targets_.size(); ++r) {
            const std::size_t of = classes == 2 ? 1 : static_cast<std::size_t>(predicted[r]);
            const double p = probabilities[r * classes + of];
            ReliabilityBin& bin = found.bins[std::min(bin_count - 1, static_cast<std::size_t>(p * static_cast<double>(bin_count)))];
            ++bin.rows;
            bin.predicted += p;
            bin.observed += static_cast<std::size_t>(targets_[r]) == of ? 1 : 0;
        }
        for (ReliabilityBin& bin : found.bins) {
            if (bin.rows == 0) continue;
            bin.predicted /= static_cast<double>(bin.rows);
            bin.observed /= static_cast<double>(bin.rows);
        }
        return found;
    }

    const Model& model_;
    const Dataset& data_;
    std::span<const Real> targets_;
    const PredictOptions& options_;
};

}  // namespace

std::int64_t Confusion::rows_of(std::size_t truth) const {
    const auto first = counts.begin() + static_cast<std::ptrdiff_t>(truth * labels.size());
    return std::accumulate(first, first + static_cast<std::ptrdiff_t>(labels.size()), std::int64_t{0});
}

std::int64_t Confusion::rows() const {
    return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

Evaluation evaluate_classifier(const Model& model, const Dataset& data, const PredictOptions& options) {
    return data.real_type() == RealType::float32 ? Evaluator<float>(model, data, options).run()
                                                 : Evaluator<double>(model, data, options).run();
}

std::vector<LargeWeight> largest_weights(const Model& model, std::size_t count) {
    if (model.spec.is_network()) return {};  // no number of it belongs to one feature
    const Coefficients all = coefficients_of(model);
    const std::size_t listed = all.names.size(), features = static_cast<std::size_t>(model.spec.features);
    std::vector<std::size_t> order(listed * static_cast<std::size_t>(model.spec.outputs));
    std::iota(order.begin(), order.end(), std::size_t{0});
    count = std::min(count, order.size());
    const auto feature_of = [&](std::size_t at) { return static_cast<std::size_t>(all.features[at % listed]); };
    const auto weight_of = [&](std::size_t at) { return all.weights[at / listed * features + feature_of(at)]; };
    const auto larger = [&](std::size_t a, std::size_t b) {
        return std::pair(-std::abs(weight_of(a)), a) < std::pair(-std::abs(weight_of(b)), b);
    };
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(), larger);
    std::vector<LargeWeight> largest;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t at = order[i], j = feature_of(at);
        LargeWeight weight;
        weight.feature = all.names[at % listed];
        if (model.spec.outputs > 1) weight.output = output_name(model, static_cast<std::int64_t>(at / listed));
        weight.weight = weight_of(at);
        const bool standardised = !model.input.empty() && (model.input.scale[j] != 1 || model.input.shift[j] != 0);
        if (standardised) weight.a_deviation = weight.weight / model.input.scale[j];
        largest.push_back(weight);
    }
    return largest;
}

}  // namespace glissade::cli
