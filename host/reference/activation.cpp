// SPDX-License-Identifier: Apache-2.0
#include "host/reference/activation.hpp"

#include "glissade/error.hpp"

namespace glissade::reference {
namespace {

template <class T>
T constant_field(const Fields& fields, std::string_view name, double otherwise) {
    const auto found = fields.find(name);
    return Numbers<T>::from(found == fields.end() ? otherwise : found->second);
}

/// 1/(1 + e^-z).
template <class T>
T logistic_share(T z) {
    const T e = Numbers<T>::exp(-magnitude(z));
    return (z < T(0) ? e : T(1)) / (T(1) + e);
}

/// z * Phi(z).
template <class T>
T gelu(T z, T& slope) {
    using N = Numbers<T>;
    const T share = N::normal_share(z), density = N::exp(-(z * z / T(2))) / N::from(2.506628274631000502415765284811L);
    slope = share + z * density;
    return z * share;
}

/// z/2 * (1 + tanh(sqrt(2/pi) * (z + 0.044715 z^3))).
template <class T>
T gelu_tanh(T z, T& slope) {
    using N = Numbers<T>;
    const T root = N::from(0.797884560802865355879892119869L), cube = N::from(0.044715L);
    const T t = N::tanh(root * (z + cube * z * z * z));
    const T inner = root * (T(1) + T(3) * cube * z * z);
    slope = (T(1) + t) / T(2) + z / T(2) * (T(1) - t * t) * inner;
    return z / T(2) * (T(1) + t);
}

}  // namespace

template <class T>
T evaluate_activation(const Settings& settings, T z, T& slope) {
    using N = Numbers<T>;
    const std::string& name = settings.activation;
    if (name == "identity") {
        slope = T(1);
        return z;
    }
    if (name == "relu" || name == "leaky_relu") {
        const T below = name == "relu" ? T(0) : constant_field<T>(settings.activation_fields, "negative_slope", .01);
        slope = z > T(0) ? T(1) : below;
        return z > T(0) ? z : below * z;
    }
    if (name == "elu") {
        const T alpha = constant_field<T>(settings.activation_fields, "elu_alpha", 1);
        slope = z > T(0) ? T(1) : alpha * N::exp(z);
        return z > T(0) ? z : alpha * N::expm1(z);
    }
    if (name == "gelu") return gelu(z, slope);
    if (name == "gelu_tanh") return gelu_tanh(z, slope);
    if (name == "tanh") {
        const T t = N::tanh(z);
        slope = T(1) - t * t;
        return t;
    }
    const T share = logistic_share(z);
    if (name == "sigmoid") {
        slope = share * (T(1) - share);
        return share;
    }
    if (name == "silu") {
        slope = share + z * share * (T(1) - share);
        return z * share;
    }
    fail(ErrorKind::usage, "the reference has no activation '" + name + "'");
}

template double evaluate_activation(const Settings&, double, double&);
template long double evaluate_activation(const Settings&, long double, long double&);
template Noisy evaluate_activation(const Settings&, Noisy, Noisy&);

}  // namespace glissade::reference
