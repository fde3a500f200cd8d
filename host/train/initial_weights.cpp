// SPDX-License-Identifier: Apache-2.0
#include "host/train/initial_weights.hpp"

#include <array>
#include <cmath>

#include "glissade/error.hpp"
#include "glissade/random.hpp"
#include "glissade/rules/math.hpp"

namespace glissade {

namespace {

template <std::size_t N>
double polynomial(const std::array<double, N>& coefficients, double x) {
    double sum = 0;
    for (std::size_t k = N; k-- > 0;) sum = sum * x + coefficients[k];
    return sum;
}

/// A standard normal or a uniform number of deviation 1.
double draw(bool normal, std::uint64_t seed, std::uint64_t stream, std::uint64_t counter) {
    constexpr double half_step = 0x1p-54;  // never 0 or 1
    const double u = Philox::uniform(seed, stream, counter) + half_step;
    return normal ? normal_quantile(u) : std::sqrt(3.0) * (2 * u - 1);
}

double deviation_of(Init init, const DenseLayer& layer, bool before_activation) {
    const auto inputs = static_cast<double>(layer.inputs), outputs = static_cast<double>(layer.outputs);
    switch (init) {
        case Init::xavier_normal:
        case Init::xavier_uniform:
            return std::sqrt(2 / (inputs + outputs));
        case Init::torch:
            return std::sqrt(1 / (3 * inputs));
        default:
            return std::sqrt((before_activation ? 2 : 1) / inputs);
    }
}

}  // namespace

/// Wichura 1988, algorithm AS 241 (PPND16), with the logarithm of our own, so that every machine draws the same numbers.
double normal_quantile(double p) {
    constexpr std::array a = {3.3871328727963666080e0,  1.3314166789178437745e+2, 1.9715909503065514427e+3, 1.3731693765509461125e+4,
                              4.5921953931549871457e+4, 6.7265770927008700853e+4, 3.3430575583588128105e+4, 2.5090809287301226727e+3};
    constexpr std::array b = {1.0,
                              4.2313330701600911252e+1,
                              6.8718700749205790830e+2,
                              5.3941960214247511077e+3,
                              2.1213794301586595867e+4,
                              3.9307895800092710610e+4,
                              2.8729085735721942674e+4,
                              5.2264952788528545610e+3};
    constexpr std::array c = {1.42343711074968357734e0, 4.63033784615654529590e0,  5.76949722146069140550e0,  3.64784832476320460504e0,
                              1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4};
    constexpr std::array d = {1.0,
                              2.05319162663775882187e0,
                              1.67638483018380384940e0,
                              6.89767334985100004550e-1,
                              1.48103976427480074590e-1,
                              1.51986665636164571966e-2,
                              5.47593808499534494600e-4,
                              1.05075007164441684324e-9};
    constexpr std::array e = {6.65790464350110377720e0,  5.46378491116411436990e0,  1.78482653991729133580e0,  2.96560571828504891230e-1,
                              2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7};
    constexpr std::array f = {1.0,
                              5.99832206555887937690e-1,
                              1.36929880922735805310e-1,
                              1.48753612908506148525e-2,
                              7.86869131145613259100e-4,
                              1.84631831751005468180e-5,
                              1.42151175831644588870e-7,
                              2.04426310338993978564e-15};
    const double q = p - .5;
    if (std::abs(q) <= .425) {
        const double r = .180625 - q * q;
        return q * polynomial(a, r) / polynomial(b, r);
    }
    const double r = rules::root(-rules::log(q < 0 ? p : 1 - p));
    const double value = r <= 5 ? polynomial(c, r - 1.6) / polynomial(d, r - 1.6) : polynomial(e, r - 5) / polynomial(f, r - 5);
    return q < 0 ? -value : value;
}

std::string_view name_of(Init init) {
    switch (init) {
        case Init::automatic:
            return "auto";
        case Init::zeros:
            return "zeros";
        case Init::he_normal:
            return "he_normal";
        case Init::he_uniform:
            return "he_uniform";
        case Init::xavier_normal:
            return "xavier_normal";
        case Init::xavier_uniform:
            return "xavier_uniform";
        case Init::torch:
            return "torch";
    }
    fail(ErrorKind::usage, "init has a value that means nothing");
}

std::vector<double> initial_weights(const ModelSpec& spec, Init init, std::uint64_t seed) {
    std::vector<double> out(static_cast<std::size_t>(spec.parameter_count()), 0.0);
    if (init == Init::automatic) init = spec.is_network() ? Init::he_normal : Init::zeros;
    if (init == Init::zeros) return out;
    const bool normal = init == Init::he_normal || init == Init::xavier_normal;
    const std::vector<DenseLayer> layers = spec.layers();
    for (std::size_t i = 0; i < layers.size(); ++i) {
        const DenseLayer& layer = layers[i];
        const double deviation = deviation_of(init, layer, i + 1 < layers.size());
        const std::uint64_t stream = static_cast<std::uint64_t>(RandomStream::init) | (static_cast<std::uint64_t>(i) << 8);
        const std::int64_t end = init == Init::torch ? layer.end() : layer.biases_at();
        for (std::int64_t j = layer.weights_at; j < end; ++j)
            out[static_cast<std::size_t>(j)] = deviation * draw(normal, seed, stream, static_cast<std::uint64_t>(j - layer.weights_at));
    }
    return out;
}

}  // namespace glissade
