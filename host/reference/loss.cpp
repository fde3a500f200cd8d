// SPDX-License-Identifier: Apache-2.0
#include "host/reference/loss.hpp"

#include <algorithm>
#include <vector>

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

/// Losses of the distance |z-y|: `piece(distance, z above y, steepness)` gives the value and the slope away from y.
template <class T, class Piece>
T of_distance(std::span<const T> z, std::span<const double> y, std::span<T> slopes, const Piece& piece) {
    T sum(0);
    for (std::size_t o = 0; o < z.size(); ++o) {
        const T e = z[o] - T(y[o]);
        T steepness(0);
        sum = sum + piece(magnitude(e), e > T(0), steepness);
        slopes[o] = e > T(0) ? steepness : (e < T(0) ? -steepness : T(0));
    }
    return sum;
}

/// |z-y|.
template <class T>
T absolute(std::span<const T> z, std::span<const double> y, std::span<T> slopes) {
    return of_distance<T>(z, y, slopes, [](T distance, bool, T& steepness) {
        steepness = T(1);
        return distance;
    });
}

/// max(q*(y-z), (1-q)*(z-y)), Koenker and Bassett 1978.
template <class T>
T quantile(std::span<const T> z, std::span<const double> y, double q, std::span<T> slopes) {
    return of_distance<T>(z, y, slopes, [q](T distance, bool above, T& steepness) {
        steepness = Numbers<T>::from(above ? 1.0L - q : static_cast<long double>(q));
        return steepness * distance;
    });
}

/// max(0, |z-y| - epsilon) to the power 1 or 2.
template <class T>
T epsilon_insensitive(std::span<const T> z, std::span<const double> y, double epsilon, bool squared, std::span<T> slopes) {
    return of_distance<T>(z, y, slopes, [=](T distance, bool, T& steepness) {
        const T excess = distance > Numbers<T>::from(epsilon) ? distance - Numbers<T>::from(epsilon) : T(0);
        const T one = distance > Numbers<T>::from(epsilon) ? T(1) : T(0);
        steepness = squared ? T(2) * excess : one;
        return squared ? excess * excess : excess;
    });
}

/// Deviances of the exponential family with mean e^z, constants left out: variance 1, p or 2 in powers of the mean.
template <class T>
T deviance(std::span<const T> z, std::span<const double> y, double power, std::span<T> slopes) {
    using N = Numbers<T>;
    T sum(0);
    for (std::size_t o = 0; o < z.size(); ++o) {
        const T p1 = N::from(power - 1.0L), p2 = N::from(2.0L - power);
        const T mean_part = power == 2 ? T(1) : N::exp(p2 * z[o]);
        const T target_part = power == 1 || y[o] == 0 ? T(y[o]) : T(y[o]) * N::exp(-(p1 * z[o]));
        slopes[o] = mean_part - target_part;
        const T mean_value = power == 2 ? z[o] : mean_part / p2;
        const T target_value = power == 1 ? -(target_part * z[o]) : target_part / p1;
        sum = sum + (mean_value + target_value);
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

/// Zhang 2004.
template <class T>
T modified_huber(T z, double y, T& slope) {
    const T t(2 * y - 1), m = t * z;
    if (m < T(-1)) {
        slope = -(T(4) * t);
        return -(T(4) * m);
    }
    return squared_hinge(z, y, slope);
}

/// max(0, -tz); a score of 0 is wrong.
template <class T>
T perceptron(T z, double y, T& slope) {
    const T t(2 * y - 1), m = t * z;
    slope = m > T(0) ? T(0) : -t;
    return m > T(0) ? T(0) : -m;
}

/// The loss of a target between 0 and 1, mixed from those of 0 and 1.
template <class T>
T smoothed_logistic(T z, double y, double smoothing, T& slope) {
    T slope_0(0), slope_1(0);
    const T value_0 = logistic(z, 0, slope_0), value_1 = logistic(z, 1, slope_1);
    const T one = Numbers<T>::from(y * (1.0L - smoothing) + smoothing / 2.0L);
    slope = one * slope_1 + (T(1) - one) * slope_0;
    return one * value_1 + (T(1) - one) * value_0;
}

/// Yes or no for score `c`: the row's own answer if it has one for each, else whether `c` is its class.
double answer(std::span<const double> targets, std::size_t scores, std::size_t c) {
    if (targets.size() == scores) return targets[c];
    return static_cast<std::size_t>(targets[0]) == c ? 1 : 0;
}

/// The sum of a loss of two classes over the scores of a row.
template <class T>
T each_class(std::span<const T> z, std::span<const double> targets, std::span<T> slopes, T (*loss)(T, double, T&)) {
    T sum(0);
    for (std::size_t c = 0; c < z.size(); ++c) {
        const T one = loss(z[c], answer(targets, z.size(), c), slopes[c]);
        sum = c == 0 ? one : sum + one;
    }
    return sum;
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

/// (1-s) * loss of the class + s * the mean of the losses of all classes.
template <class T>
T smoothed_softmax(std::span<const T> z, double target, double smoothing, std::span<T> slopes) {
    std::vector<T> sums(z.size(), T(0));
    T value(0);
    for (std::size_t c = 0; c < z.size(); ++c) {
        const long double share =
            smoothing / static_cast<long double>(z.size()) + (static_cast<std::size_t>(target) == c ? 1.0L - smoothing : 0);
        value = value + Numbers<T>::from(share) * softmax(z, static_cast<double>(c), slopes);
        for (std::size_t i = 0; i < z.size(); ++i) sums[i] = sums[i] + Numbers<T>::from(share) * slopes[i];
    }
    std::copy(sums.begin(), sums.end(), slopes.begin());
    return value;
}

template <class T>
T smoothed_classes(std::span<const T> z, std::span<const double> targets, double smoothing, std::span<T> slopes) {
    T sum(0);
    for (std::size_t c = 0; c < z.size(); ++c) {
        const T one = smoothed_logistic(z[c], answer(targets, z.size(), c), smoothing, slopes[c]);
        sum = c == 0 ? one : sum + one;
    }
    return sum;
}

}  // namespace

template <class T>
T evaluate_loss(const Settings& settings, std::span<const T> scores, std::span<const double> targets, std::span<T> slopes) {
    const std::string& name = settings.loss;
    if (settings.label_smoothing > 0 && name == "logistic") return smoothed_classes<T>(scores, targets, settings.label_smoothing, slopes);
    if (settings.label_smoothing > 0 && name == "softmax") return smoothed_softmax<T>(scores, targets[0], settings.label_smoothing, slopes);
    if (name == "squared") return squared(scores, targets, field(settings.loss_fields, "error_scale", .5), slopes);
    if (name == "huber") return huber(scores, targets, field(settings.loss_fields, "delta", 1.0), slopes);
    if (name == "absolute") return absolute(scores, targets, slopes);
    if (name == "quantile") return quantile(scores, targets, field(settings.loss_fields, "quantile", .5), slopes);
    if (name == "epsilon_insensitive" || name == "squared_epsilon_insensitive")
        return epsilon_insensitive(scores, targets, field(settings.loss_fields, "epsilon", .1), name[0] == 's', slopes);
    if (name == "poisson") return deviance(scores, targets, 1, slopes);
    if (name == "gamma") return deviance(scores, targets, 2, slopes);
    if (name == "tweedie") return deviance(scores, targets, field(settings.loss_fields, "power", 1.5), slopes);
    if (name == "modified_huber") return each_class<T>(scores, targets, slopes, modified_huber<T>);
    if (name == "perceptron") return each_class<T>(scores, targets, slopes, perceptron<T>);
    if (name == "logistic") return each_class<T>(scores, targets, slopes, logistic<T>);
    if (name == "hinge") return each_class<T>(scores, targets, slopes, hinge<T>);
    if (name == "squared_hinge") return each_class<T>(scores, targets, slopes, squared_hinge<T>);
    if (name == "softmax") return softmax(scores, targets[0], slopes);
    fail(ErrorKind::usage, "the reference has no loss '" + name + "'");
}

template double evaluate_loss(const Settings&, std::span<const double>, std::span<const double>, std::span<double>);
template long double evaluate_loss(const Settings&, std::span<const long double>, std::span<const double>, std::span<long double>);
template Noisy evaluate_loss(const Settings&, std::span<const Noisy>, std::span<const double>, std::span<Noisy>);

}  // namespace glissade::reference
