// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "host/reference/noisy.hpp"
#include "host/reference/optimizer.hpp"
#include "host/reference/problem.hpp"

/// The CPU reference path: the formulas of the papers and of PyTorch in plain loops, in double precision, sharing no line with the
/// library's rules. It is what every backend is compared with; it is not fast.
namespace glissade::reference {

/// Trains step by step on the steps that it is given. T: double, long double (for float64 runs to be compared with), or Noisy (for bounds).
template <class T>
class Trainer {
public:
    /// `start`: parameter_count() values. Keeps a reference to `problem`. Throws Error(usage) if a name is unknown or a size does not fit.
    Trainer(const Problem& problem, const Settings& settings, std::span<const double> start);

    /// Runs one step and returns the mean over the batch's rows of weight * loss at the parameters before it.
    /// gradient = sum of weight * slope * x over the rows / number of rows; clip_value; clip_norm (times clip/(norm+1e-6) where norm
    /// exceeds clip);
    /// + l2*theta; the optimizer's step; soft threshold by lr*l1; average.
    double step(const Step& step);

    std::vector<double> parameters() const;
    /// Mean of the parameters over the steps so far, zeros before it begins; empty unless the settings ask for it.
    std::vector<double> average() const;
    /// A state vector by PyTorch's name; empty if the rule has none of that name (yet).
    std::vector<double> state(std::string_view name) const;
    std::vector<std::string> state_names() const;

private:
    template <class F>
    void for_each_stored(std::int64_t row, F&& f) const;
    std::vector<bool> stored_in(const Step& step) const;
    std::vector<T> read_row(std::int64_t row) const;
    /// What the units of a layer make of what the layer before gives.
    std::vector<T> sums_of(const Layer& layer, const std::vector<T>& input) const;
    /// `place`: of the row within the batch.
    T add_row(std::int64_t row, long place, std::vector<T>& gradient) const;
    void add_layer(const Layer& layer, const std::vector<T>& input, const std::vector<T>& slopes, std::vector<T>& gradient) const;
    void add_to_average();
    void clip(std::vector<T>& gradient) const;

    const Problem& problem_;
    std::vector<Layer> layers_;
    Settings settings_;
    std::vector<bool> decays_;
    std::vector<T> theta_, average_;
    Optimizer<T> optimizer_;
    long steps_ = 0;
};

/// What a run went through.
struct Trajectory {
    std::vector<std::vector<double>> parameters;  ///< before the first step and after each
    std::vector<double> losses;                   ///< of each step
    std::vector<double> average;                  ///< at the end
};

/// Trains in double precision.
Trajectory train(const Problem& problem, const Settings& settings, std::span<const Step> steps, std::span<const double> start);

/// Batches in row order, as plain training without shuffling has them: `epochs` passes of `batch_size` rows, the last batch of each may be
/// short.
std::vector<Step> steps_in_file_order(const Problem& problem, std::int64_t batch_size, std::int64_t epochs, double lr);

}  // namespace glissade::reference
