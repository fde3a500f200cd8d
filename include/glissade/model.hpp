// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "glissade/activation.hpp"
#include "glissade/dataset.hpp"
#include "glissade/export.hpp"
#include "glissade/layers.hpp"
#include "glissade/metrics.hpp"
#include "glissade/optimizer.hpp"
#include "glissade/preparation.hpp"

namespace glissade {

/// The shape of a model: a stack of dense layers that ends in a loss. A linear model is the stack without hidden layers.
struct ModelSpec {
    std::int64_t features = 0;
    std::int64_t outputs = 1;  ///< scores a row: 1, the number of classes (grouped losses, one-vs-rest), of labels, or of targets
    bool bias = true;
    bool multi_label = false;  ///< each output says yes or no to a label of its own: a loss of two classes on rows of several labels
    Loss loss;
    std::vector<std::int64_t> hidden;  ///< widths of the hidden layers, from the input on; empty: a linear model
    Activation activation;             ///< of every hidden layer

    bool is_network() const { return !hidden.empty(); }
    /// Whether each output tells one class from all others: a loss of two classes on more of them.
    bool one_vs_rest() const { return loss.kind() == LossKind::binary && outputs > 1 && !multi_label; }
    /// Targets a row, and what predict() gives.
    std::int64_t target_count() const { return loss.kind() == LossKind::regression || multi_label ? outputs : 1; }
    /// Classes that the scores tell apart, or labels that a row may have; 0 for a regression.
    std::int64_t class_count() const {
        if (loss.kind() == LossKind::regression) return 0;
        return loss.kind() == LossKind::binary && outputs == 1 && !multi_label ? 2 : outputs;
    }

    /// Parameters are those of one layer after another, each its weights [outputs][inputs] row-major, then its biases [outputs].
    std::vector<DenseLayer> layers() const { return dense_layers(features, hidden, outputs, bias); }
    std::int64_t weight_count() const {
        std::int64_t inputs = features, count = 0;
        for (const std::int64_t width : hidden) {
            count += inputs * width;
            inputs = width;
        }
        return count + inputs * outputs;
    }
    std::int64_t bias_count() const {
        std::int64_t count = outputs;
        for (const std::int64_t width : hidden) count += width;
        return bias ? count : 0;
    }
    std::int64_t parameter_count() const { return weight_count() + bias_count(); }
};

/// How a prediction is run. The defaults use the CPU and every processor that the process may use. Results do not depend on it.
struct PredictOptions {
    /// cpu, cuda or cuda:N: that one, or an error. auto: for a model of float32 the first usable GPU, else the CPU; rows in the memory of a
    /// GPU are that one's.
    std::string device = "cpu";
    int threads = 0;  ///< 1 ... 1024, or 0: usable_processors()
    /// Called, at most once a call of a model's, with why the CPU is taken after all where device auto found a GPU: the model could not be
    /// made ready there, or, in evaluate(), anything failed there. Without it the CPU is taken for want of memory only, and nobody is told;
    /// other errors of the GPU are thrown. Scores that fail once the model is ready there are an error either way, and so is all that fails
    /// on rows in the memory of a GPU.
    std::function<void(const std::string&)> on_fallback = {};
};

/// A trained model: everything that prediction needs. A value: copying copies the parameters.
///
/// The fields may be read and set freely. Each function checks them first and throws Error(usage) that says which of them do not fit each
/// other or are not finite. Cost of that: a pass over the parameters.
class GLISSADE_EXPORT Model {
public:
    ModelSpec spec;
    Task task = Task::regression;
    RealType real_type = RealType::float32;          ///< in which it was trained and in which it predicts
    std::vector<double> parameters;                  ///< spec.parameter_count() values of `real_type`, widened
    std::vector<std::string> class_labels;           ///< classification: the user's label of each class, or the name of each label
    std::vector<std::string> feature_names;          ///< empty or one a column
    ColumnAffine input;                              ///< applied to raw features: standardisation; empty: none
    std::vector<double> target_scale, target_shift;  ///< a prediction is score * scale + shift, one an output; empty: 1 and 0
    Preparation preparation;                         ///< how files become matrices; empty if it was trained on a matrix
    std::string trained_with;                        ///< a JSON object with the run's settings, for people; may be empty

    /// Scores of raw features, rows x outputs, row-major, into `out`. Classification: the decision values. Regression: as predict, but the
    /// logarithm of it where the loss has that link (Poisson, gamma, Tweedie).
    /// Throws Error(data) if the view cannot be read, the columns do not match or `out` has another size, or if a feature is not finite
    /// (row and column named), Error(usage) for options out of range, Error(device) if the device or so many threads cannot be had. Until
    /// then `out` is not written to. A matrix of the other real type than the model's is converted a block of rows at a time, the results
    /// back.
    void decision_function(MatrixView<const float> x, std::span<float> out, const PredictOptions& options = {}) const;
    void decision_function(MatrixView<const double> x, std::span<double> out, const PredictOptions& options = {}) const;
    /// Regression: values in the user's units, rows x outputs. Classification: the index of the class, rows values; of several labels a
    /// row, 1 for each that it has and 0 for the others, rows x outputs.
    void predict(MatrixView<const float> x, std::span<float> out, const PredictOptions& options = {}) const;
    void predict(MatrixView<const double> x, std::span<double> out, const PredictOptions& options = {}) const;
    /// Probability of each class, rows x classes (two classes: both columns). One-vs-rest: that of each output, brought to sum 1. Of
    /// several labels: that of each, rows x labels. Throws Error(usage) unless the loss is logistic, softmax or modified Huber.
    void predict_proba(MatrixView<const float> x, std::span<float> out, const PredictOptions& options = {}) const;
    void predict_proba(MatrixView<const double> x, std::span<double> out, const PredictOptions& options = {}) const;
    /// The same for sparse rows. A model that shifts its columns (it learnt on dense data, standardised) throws Error(usage): sparse rows
    /// cannot be shifted.
    void decision_function(SparseView<const float> x, std::span<float> out, const PredictOptions& options = {}) const;
    void decision_function(SparseView<const double> x, std::span<double> out, const PredictOptions& options = {}) const;
    void predict(SparseView<const float> x, std::span<float> out, const PredictOptions& options = {}) const;
    void predict(SparseView<const double> x, std::span<double> out, const PredictOptions& options = {}) const;
    void predict_proba(SparseView<const float> x, std::span<float> out, const PredictOptions& options = {}) const;
    void predict_proba(SparseView<const double> x, std::span<double> out, const PredictOptions& options = {}) const;
    /// The same for a data set, raw or standardised as `input` says (else Error(data)), of the real type of `out` (else Error(usage)).
    void decision_function(const Dataset& data, std::span<float> out, const PredictOptions& options = {}) const;
    void decision_function(const Dataset& data, std::span<double> out, const PredictOptions& options = {}) const;
    void predict(const Dataset& data, std::span<float> out, const PredictOptions& options = {}) const;
    void predict(const Dataset& data, std::span<double> out, const PredictOptions& options = {}) const;
    void predict_proba(const Dataset& data, std::span<float> out, const PredictOptions& options = {}) const;
    void predict_proba(const Dataset& data, std::span<double> out, const PredictOptions& options = {}) const;
    /// Metrics on data with targets: class indices of `class_labels`, or values in the units that the data set says. Features are raw, or
    /// standardised exactly as the model's `input` says. Throws as the others do, and Error(data) if there are no targets, one of them is
    /// not usable (row named), or the data set is in other terms than the model. Memory: rows x outputs scores, and a copy of data of the
    /// other real type.
    Metrics evaluate(const Dataset& data, const PredictOptions& options = {}) const;

    /// Of a linear model, weights and biases in the user's units: the affine maps of features and targets folded in. [outputs][features]
    /// and [outputs], the biases 0 for a model without. Both vectors are replaced, or neither if it throws. A network has no such numbers:
    /// Error(usage).
    void coefficients(std::vector<double>& weights_out, std::vector<double>& biases_out) const;

    /// Written aside, synced and renamed: a file of that name is either the old one or the whole new one. Throws Error(io), and
    /// Error(usage) for texts that are not UTF-8.
    void save(const std::string& path) const;
    /// Throws Error(data) naming the damaged section, Error(io) if it cannot be read.
    static Model load(const std::string& path);
};

}  // namespace glissade
