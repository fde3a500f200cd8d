// SPDX-License-Identifier: Apache-2.0
#include "host/train/lbfgs.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "glissade/error.hpp"

namespace glissade {

namespace {

constexpr double farthest = 1e10;  // in lengths of the direction: beyond, a loss has no minimum
constexpr std::size_t fixed_numbers = 5;

template <class A, class B>
double dot(const A& a, const B& b) {
    double sum = 0;
    for (std::size_t j = 0; j < a.size(); ++j) sum += static_cast<double>(a[j]) * static_cast<double>(b[j]);
    return sum;
}

void add_multiple(std::vector<double>& sum, double factor, const std::vector<double>& term) {
    for (std::size_t j = 0; j < sum.size(); ++j) sum[j] += factor * term[j];
}

template <class Real>
double largest_entry(const std::vector<Real>& values) {
    double largest = 0;
    for (const Real value : values) largest = std::max(largest, std::abs(static_cast<double>(value)));
    return largest;
}

template <class Real>
std::vector<double> difference(const std::vector<Real>& a, const std::vector<Real>& b) {
    std::vector<double> out(a.size());
    for (std::size_t j = 0; j < a.size(); ++j) out[j] = static_cast<double>(a[j]) - static_cast<double>(b[j]);
    return out;
}

}  // namespace

std::vector<double> LbfgsMemory::numbers() const {
    std::vector<double> out = {settled ? 1.0 : 0.0, evaluated ? 1.0 : 0.0, value, loss_sum, static_cast<double>(pairs.size())};
    for (const Pair& pair : pairs) {
        out.insert(out.end(), pair.step.begin(), pair.step.end());
        out.insert(out.end(), pair.change.begin(), pair.change.end());
    }
    return out;
}

LbfgsMemory LbfgsMemory::from(std::span<const double> numbers, std::size_t parameters) {
    const std::size_t rest = numbers.size() < fixed_numbers ? 0 : numbers.size() - fixed_numbers;
    const std::size_t pairs = rest / (2 * parameters);
    if (numbers.size() < fixed_numbers || rest != pairs * 2 * parameters || static_cast<double>(pairs) != numbers[fixed_numbers - 1])
        fail(ErrorKind::data, "what L-BFGS remembers has " + std::to_string(numbers.size()) + " numbers, which does not fit " +
                                  std::to_string(parameters) + " parameters");
    LbfgsMemory memory{numbers[0] != 0, numbers[1] != 0, numbers[2], numbers[3], {}};
    for (const double* at = numbers.data() + fixed_numbers; at != numbers.data() + numbers.size(); at += 2 * parameters)
        memory.pairs.push_back({{at, at + parameters}, {at + parameters, at + 2 * parameters}});
    return memory;
}

template <class Real>
LbfgsMethod<Real>::LbfgsMethod(const Lbfgs& rule, std::vector<Real> parameters, std::vector<Real> gradient, LbfgsMemory memory)
    : rule_(rule), parameters_(std::move(parameters)), gradient_(std::move(gradient)), memory_(std::move(memory)) {}

template <class Real>
void LbfgsMethod<Real>::start(const Evaluation& found) {
    memory_.evaluated = true;
    memory_.value = found.value;
    memory_.loss_sum = found.loss_sum;
    gradient_ = found.gradient;
    memory_.settled = largest_entry(gradient_) <= rule_.tolerance_grad;
}

/// The two-loop recursion: Nocedal and Wright 2006, algorithm 7.4.
template <class Real>
std::vector<double> LbfgsMethod<Real>::direction() const {
    const auto& pairs = memory_.pairs;
    std::vector<double> d(gradient_.begin(), gradient_.end()), along(pairs.size());
    for (std::size_t i = pairs.size(); i-- > 0;) {
        along[i] = dot(pairs[i].step, d) / dot(pairs[i].step, pairs[i].change);
        add_multiple(d, -along[i], pairs[i].change);
    }
    if (!pairs.empty()) {
        const auto& newest = pairs.back();
        const double scale = dot(newest.step, newest.change) / dot(newest.change, newest.change);
        for (double& value : d) value *= scale;
    }
    for (std::size_t i = 0; i < pairs.size(); ++i)
        add_multiple(d, along[i] - dot(pairs[i].change, d) / dot(pairs[i].step, pairs[i].change), pairs[i].step);
    for (double& value : d) value = -value;
    return d;
}

template <class Real>
void LbfgsMethod<Real>::begin() {
    if (memory_.settled) return;
    direction_ = direction();
    slope_ = dot(gradient_, direction_);
    if (!(slope_ < 0)) {  // rounding has made the curvature useless
        memory_.pairs.clear();
        direction_ = direction();
        slope_ = dot(gradient_, direction_);
    }
    evaluations_ = 0;
    // Without curvature the length of the gradient says nothing: a step of length lr at most.
    search_along(rule_.lr * (memory_.pairs.empty() ? std::min(1.0, 1.0 / std::sqrt(dot(direction_, direction_))) : 1.0), farthest);
}

template <class Real>
void LbfgsMethod<Real>::search_along(double first_step, double highest) {
    search_.emplace(memory_.value, slope_, first_step, highest);
    place_trial();
}

template <class Real>
void LbfgsMethod<Real>::place_trial() {
    trial_.resize(parameters_.size());
    for (std::size_t j = 0; j < trial_.size(); ++j) trial_[j] = static_cast<Real>(parameters_[j] + search_->step() * direction_[j]);
    if (trial_ == parameters_) give_up();
}

template <class Real>
void LbfgsMethod<Real>::tell(const Evaluation& found) {
    ++evaluations_;
    const double slope = std::isfinite(found.value) ? dot(found.gradient, direction_) : 0.0;
    if (!std::isfinite(found.value) || !std::isfinite(slope)) {
        const double step = search_->step();
        return evaluations_ < rule_.max_evaluations ? search_along(step / 8, step / 2) : give_up();
    }
    const LineSearch::Status status = search_->next(found.value, slope);
    if (status == LineSearch::Status::found) return accept(found);
    const bool last = evaluations_ >= rule_.max_evaluations;
    if (last && found.value < memory_.value) return accept(found);
    if (last || status == LineSearch::Status::failed) return give_up();
    place_trial();
}

template <class Real>
void LbfgsMethod<Real>::accept(const Evaluation& found) {
    search_.reset();
    LbfgsMemory::Pair pair{difference(trial_, parameters_), difference(found.gradient, gradient_)};
    constexpr double eps = std::numeric_limits<double>::epsilon();
    if (dot(pair.step, pair.change) > eps * dot(pair.change, pair.change)) memory_.pairs.push_back(std::move(pair));
    if (static_cast<double>(memory_.pairs.size()) > rule_.history) memory_.pairs.erase(memory_.pairs.begin());
    const double before = memory_.value;
    std::swap(parameters_, trial_);
    start(found);
    const double fall = (before - found.value) / std::max({std::abs(before), std::abs(found.value), 1.0});
    memory_.settled = memory_.settled || (rule_.tolerance_change > 0 && fall <= rule_.tolerance_change);
}

/// A search that failed is tried anew along the gradient; where that fails, too, there is nothing left to gain.
template <class Real>
void LbfgsMethod<Real>::give_up() {
    search_.reset();
    memory_.settled = memory_.pairs.empty();
    memory_.pairs.clear();
    begin();
}

template class LbfgsMethod<float>;
template class LbfgsMethod<double>;

}  // namespace glissade
