// SPDX-License-Identifier: Apache-2.0
#include "host/reference/loss.hpp"

#include "glissade/error.hpp"

namespace glissade::reference {
namespace {

double field(const Fields& fields, std::string_view name, double otherwise) {
    const auto found = fields.find(name);
    return found == fields.end() ? otherwise : found->second;
}

/// scale * (z-y)^2, summed over outputs.
template <class T>
T squared(std::span<const T> z, std::span<const double> y, double scale, std::span<T> slopes) {
    T sum(0);
    for (std::size_t o = 0; o < z.size(); ++o) {
        const T e = z[o] - T(y[o]);
        slopes[o] = T(2 * scale) * e;
        sum = sum + slopes[o] * e / T(2);
    }
    return sum;
}

/// Huber 1964.
template <class T>
T huber(std::span<const T> z, std::span<const double> y, double delta_in, std::span<T> slopes) {
    const T delta(delta_in);
    T sum(0);
    for (std::size_t o = 0; o < z.size(); ++o) {
        const T e = z[o] - T(y[o]), size = magnitude(e);
        slopes[o] = size <= delta ? e : (e > T(0) ? delta : -delta);
        sum = sum + (size <= delta ? e * e / T(2) : delta * (size - delta / T(2)));
    }
    return sum;
}

/// log(1 + e^-tz) with t = +-1; its slope is -t / (1 + e^tz). Both from e^-|z|, so that nothing overflows.
template <class T>
T logistic(T z, double y, T& slope) {
    using N = Numbers<T>;
    const T e = N::exp(-magnitude(z)), p = (z < T(0) ? e : T(1)) / (T(1) + e);
    slope = p - T(y);
    const T linear = z > T(0) ? (T(1) - T(y)) * z : -(T(y) * z);
    return linear + N::log1p(e);
}

/// max(0, 1 - tz).
template <class T>
T hinge(T z, double y, T& slope) {
    const T t(2 * y - 1), margin = T(1) - t * z;
    slope = margin > T(0) ? -t : T(0);
    return margin > T(0) ? margin : T(0);
}

/// max(0, 1 - tz)^2.
template <class T>
T squared_hinge(T z, double y, T& slope) {
    const T t(2 * y - 1), margin = T(1) - t * z, excess = margin > T(0) ? margin : T(0);
    slope = -(T(2) * t * excess);
    return excess * excess;
}

/// -log softmax(z)[c].
template <class T>
T softmax(std::span<const T> z, double target, std::span<T> slopes) {
    using N = Numbers<T>;
    const auto c = static_cast<std::size_t>(target);
    T top = z[0], sum(0);
    for (const T score : z) top = score > top ? score : top;
    for (std::size_t i = 0; i < z.size(); ++i) {
        slopes[i] = N::exp(z[i] - top);
        sum = sum + slopes[i];
    }
    for (std::size_t i = 0; i < z.size(); ++i) slopes[i] = slopes[i] / sum - T(i == c ? 1 : 0);
    return N::log(sum) + (top - z[c]);
}

}  // namespace

template <class T>
T evaluate_loss(const Settings& settings, std::span<const T> scores, std::span<const double> targets, std::span<T> slopes) {
    const std::string& name = settings.loss;
    if (name == "squared") return squared(scores, targets, field(settings.loss_fields, "error_scale", .5), slopes);
    if (name == "huber") return huber(scores, targets, field(settings.loss_fields, "delta", 1.0), slopes);
    if (name == "logistic") return logistic(scores[0], targets[0], slopes[0]);
    if (name == "hinge") return hinge(scores[0], targets[0], slopes[0]);
    if (name == "squared_hinge") return squared_hinge(scores[0], targets[0], slopes[0]);
    if (name == "softmax") return softmax(scores, targets[0], slopes);
    fail(ErrorKind::usage, "the reference has no loss '" + name + "'");
}

template double evaluate_loss(const Settings&, std::span<const double>, std::span<const double>, std::span<double>);
template long double evaluate_loss(const Settings&, std::span<const long double>, std::span<const double>, std::span<long double>);
template Noisy evaluate_loss(const Settings&, std::span<const Noisy>, std::span<const double>, std::span<Noisy>);

}  // namespace glissade::reference
