// SPDX-License-Identifier: Apache-2.0
#include "host/reference/optimizer.hpp"

#include <cmath>
#include <optional>

#include "glissade/error.hpp"

namespace glissade::reference {

template <class T>
Optimizer<T>::Optimizer(const Settings& settings, std::vector<bool> decays) : settings_(settings), decays_(std::move(decays)) {
    const std::string& name = settings_.optimizer;
    for (const char* known : {"sgd", "adagrad", "adadelta", "rmsprop", "adam", "adamw", "adamax", "nadam", "yogi", "radam", "adabelief",
                              "lion", "ftrl", "lazy_adam", "rprop", "lbfgs"})
        if (name == known) return;
    fail(ErrorKind::usage, "the reference has no optimizer '" + name + "'");
}

template <class T>
double Optimizer<T>::field(std::string_view name, double otherwise) const {
    const auto found = settings_.fields.find(name);
    return found == settings_.fields.end() ? otherwise : found->second;
}

template <class T>
std::vector<T>& Optimizer<T>::vector(const char* name) {
    auto& values = state_[name];
    if (values.empty()) values.assign(decays_.size(), T(0));
    return values;
}

template <class T>
void Optimizer<T>::step(std::vector<T> g, double lr, std::optional<double> momentum, std::vector<T>& theta,
                        const std::vector<bool>& stored) {
    ++t_;
    const std::string& name = settings_.optimizer;
    const bool decoupled = name == "adamw" || name == "lion" || field("decoupled_weight_decay", 0) != 0;
    const double decay = field("weight_decay", name == "adamw" ? .01 : 0.);
    for (std::size_t j = 0; j < theta.size(); ++j) {
        if (!decays_[j] || decay == 0) continue;
        if (decoupled)
            theta[j] = theta[j] * Numbers<T>::from(1.0L - static_cast<long double>(lr) * decay);
        else
            g[j] = g[j] + T(decay) * theta[j];
    }
    if (name == "sgd") sgd(g, lr, momentum, theta);
    if (name == "adagrad") adagrad(g, lr, theta);
    if (name == "adadelta") adadelta(g, lr, theta);
    if (name == "rmsprop") rmsprop(g, lr, momentum, theta);
    if (name == "adam" || name == "adamw" || name == "yogi") adam(g, lr, momentum, theta);
    if (name == "adamax") adamax(g, lr, momentum, theta);
    if (name == "nadam") nadam(g, lr, momentum, theta);
    if (name == "radam") radam(g, lr, momentum, theta);
    if (name == "adabelief") adabelief(g, lr, momentum, theta);
    if (name == "lion") lion(g, lr, momentum, theta);
    if (name == "ftrl") ftrl(g, lr, theta);
    if (name == "lazy_adam") lazy_adam(g, lr, momentum, theta, stored);
    if (name == "rprop") rprop(g, theta);
    if (name == "lbfgs") vector("gradient") = g;  // the step is the host's
}

/// PyTorch SGD: b = g on the first step, then mu*b + (1-tau)*g; theta -= lr*b, or lr*(g + mu*b) with Nesterov. Keras SGD: lr*g in place
/// of g, and theta -= b.
template <class T>
void Optimizer<T>::sgd(const std::vector<T>& g, double lr, std::optional<double> momentum, std::vector<T>& theta) {
    const double own = field("momentum", 0), mu = momentum.value_or(own), tau = field("dampening", 0);
    if (own == 0) {
        for (std::size_t j = 0; j < g.size(); ++j) theta[j] = theta[j] - T(lr) * g[j];
        return;
    }
    auto& b = vector("momentum_buffer");
    const bool inside = field("rate_in_buffer", 0) != 0;
    for (std::size_t j = 0; j < g.size(); ++j) {
        const T own_step = inside ? T(lr) * g[j] : g[j];
        b[j] = t_ == 1 ? own_step : T(mu) * b[j] + Numbers<T>::from(1.0L - tau) * own_step;
        const T along = field("nesterov", 0) != 0 ? own_step + T(mu) * b[j] : b[j];
        theta[j] = theta[j] - (inside ? along : T(lr) * along);
    }
}

/// Duchi et al. 2011: s += g^2; theta -= lr/(1+(t-1)*lr_decay) * g/(sqrt(s)+eps), or g/sqrt(s+eps).
template <class T>
void Optimizer<T>::adagrad(const std::vector<T>& g, double lr, std::vector<T>& theta) {
    using N = Numbers<T>;
    auto& s = vector("sum");
    const T rate = N::from(lr / (1.0L + static_cast<long double>(t_ - 1) * field("lr_decay", 0)));
    for (std::size_t j = 0; j < g.size(); ++j) {
        if (t_ == 1) s[j] = T(field("initial_accumulator_value", 0));
        s[j] = s[j] + g[j] * g[j];
        const T eps(field("eps", 1e-10));
        const T root = field("eps_in_root", 0) != 0 ? N::sqrt(s[j] + eps) : N::sqrt(s[j]) + eps;
        theta[j] = theta[j] - rate * (g[j] / root);
    }
}

/// Zeiler 2012.
template <class T>
void Optimizer<T>::adadelta(const std::vector<T>& g, double lr, std::vector<T>& theta) {
    using N = Numbers<T>;
    auto& v = vector("square_avg");
    auto& u = vector("acc_delta");
    const T rho(field("rho", .9)), rest = N::from(1.0L - field("rho", .9)), eps(field("eps", 1e-6));
    for (std::size_t j = 0; j < g.size(); ++j) {
        v[j] = rho * v[j] + rest * (g[j] * g[j]);
        const T d = N::sqrt(u[j] + eps) / N::sqrt(v[j] + eps) * g[j];
        u[j] = rho * u[j] + rest * (d * d);
        theta[j] = theta[j] - T(lr) * d;
    }
}

/// Tieleman and Hinton 2012; centered: Graves 2013; momentum: buf = mu*buf + g/avg.
template <class T>
void Optimizer<T>::rmsprop(const std::vector<T>& g, double lr, std::optional<double> momentum, std::vector<T>& theta) {
    using N = Numbers<T>;
    const double own = field("momentum", 0);
    const bool centered = field("centered", 0) != 0, inside = field("rate_in_buffer", 0) != 0;
    auto& v = vector("square_avg");
    const T a(field("alpha", .99)), rest = N::from(1.0L - field("alpha", .99)), eps(field("eps", 1e-8)), mu(momentum.value_or(own));
    for (std::size_t j = 0; j < g.size(); ++j) {
        v[j] = a * v[j] + rest * (g[j] * g[j]);
        T spread = v[j];
        if (centered) {
            T& mean = vector("grad_avg")[j];
            mean = a * mean + rest * g[j];
            spread = v[j] - mean * mean;
            if (spread < T(0)) spread = T(0);
        }
        T scaled = g[j] / (field("eps_in_root", 0) != 0 ? N::sqrt(spread + eps) : N::sqrt(spread) + eps);
        if (own > 0) {
            T& buffer = vector("momentum_buffer")[j];
            buffer = mu * buffer + (inside ? T(lr) * scaled : scaled);
            scaled = buffer;
        }
        theta[j] = theta[j] - (inside && own > 0 ? scaled : T(lr) * scaled);
    }
}

/// Kingma and Ba 2015; AMSGrad: Reddi et al. 2018, the largest of the uncorrected v; Yogi: Zaheer et al. 2018, v += (1-b2)*sign(g^2-v)*g^2.
template <class T>
void Optimizer<T>::adam(const std::vector<T>& g, double lr, std::optional<double> momentum, std::vector<T>& theta) {
    using N = Numbers<T>;
    const bool yogi = settings_.optimizer == "yogi", amsgrad = field("amsgrad", 0) != 0;
    const long double b1 = momentum.value_or(field("beta1", .9)), b2 = field("beta2", .999);
    const T eps(field("eps", yogi ? 1e-3 : 1e-8)), rate = N::from(lr / (1 - std::pow(b1, t_))),
                                                   correction = N::from(std::sqrt(1 - std::pow(b2, t_)));
    auto& m = vector("exp_avg");
    auto& v = vector("exp_avg_sq");
    for (std::size_t j = 0; j < g.size(); ++j) {
        const T square = g[j] * g[j];
        m[j] = N::from(b1) * m[j] + N::from(1 - b1) * g[j];
        if (yogi)
            v[j] = square > v[j] ? v[j] + N::from(1 - b2) * square : (square < v[j] ? v[j] - N::from(1 - b2) * square : v[j]);
        else
            v[j] = N::from(b2) * v[j] + N::from(1 - b2) * square;
        T used = v[j];
        if (amsgrad) {
            T& largest = vector("max_exp_avg_sq")[j];
            if (v[j] > largest) largest = v[j];
            used = largest;
        }
        const T root = field("eps_uncorrected", 0) != 0 ? (N::sqrt(used) + eps) / correction : N::sqrt(used) / correction + eps;
        theta[j] = theta[j] - rate * (m[j] / root);
    }
}

/// Kingma and Ba 2015, section 7: u = max(b2*u, |g|+eps).
template <class T>
void Optimizer<T>::adamax(const std::vector<T>& g, double lr, std::optional<double> momentum, std::vector<T>& theta) {
    using N = Numbers<T>;
    const long double b1 = momentum.value_or(field("beta1", .9));
    const T b2(field("beta2", .999)), eps(field("eps", 1e-8)), rate = N::from(lr / (1 - std::pow(b1, t_)));
    auto& m = vector("exp_avg");
    auto& u = vector("exp_inf");
    for (std::size_t j = 0; j < g.size(); ++j) {
        m[j] = N::from(b1) * m[j] + N::from(1 - b1) * g[j];
        const T faded = b2 * u[j], fresh = magnitude(g[j]) + eps;
        u[j] = faded > fresh ? faded : fresh;
        theta[j] = theta[j] - rate * (m[j] / u[j]);
    }
}

/// Dozat 2016 as PyTorch has it: mu_t = b1*(1-.5*.96^(t*psi)).
template <class T>
void Optimizer<T>::nadam(const std::vector<T>& g, double lr, std::optional<double> momentum, std::vector<T>& theta) {
    using N = Numbers<T>;
    const long double b1 = momentum.value_or(field("beta1", .9)), b2 = field("beta2", .999), psi = field("momentum_decay", 4e-3);
    const auto mu_at = [&](long t) { return b1 * (1 - .5L * std::pow(.96L, static_cast<long double>(t) * psi)); };
    const long double mu = mu_at(t_), mu_next = mu_at(t_ + 1);
    mu_product_ *= mu;
    const T along_m = N::from(lr * mu_next / (1 - mu_product_ * mu_next)), along_g = N::from(lr * (1 - mu) / (1 - mu_product_));
    const T correction = N::from(std::sqrt(1 - std::pow(b2, t_))), eps(field("eps", 1e-8));
    auto& m = vector("exp_avg");
    auto& v = vector("exp_avg_sq");
    for (std::size_t j = 0; j < g.size(); ++j) {
        m[j] = N::from(b1) * m[j] + N::from(1 - b1) * g[j];
        v[j] = N::from(b2) * v[j] + N::from(1 - b2) * (g[j] * g[j]);
        theta[j] = theta[j] - (along_m * m[j] + along_g * g[j]) / (N::sqrt(v[j]) / correction + eps);
    }
}

/// Liu et al. 2020, algorithm 2, with PyTorch's place for eps.
template <class T>
void Optimizer<T>::radam(const std::vector<T>& g, double lr, std::optional<double> momentum, std::vector<T>& theta) {
    using N = Numbers<T>;
    const long double b1 = momentum.value_or(field("beta1", .9)), b2 = field("beta2", .999), rho_inf = 2 / (1 - b2) - 1;
    // The power as double has it, for all alike: the cancellation below magnifies its last digit a hundredfold and more.
    const long double b2_t = std::pow(field("beta2", .999), static_cast<double>(t_));
    const long double rho = N::cancelled(rho_inf - 2 * t_ * b2_t / (1 - b2_t), rho_inf);
    const T rate = N::from(lr / (1 - std::pow(b1, t_))), eps(field("eps", 1e-8));
    auto& m = vector("exp_avg");
    auto& v = vector("exp_avg_sq");
    for (std::size_t j = 0; j < g.size(); ++j) {
        m[j] = N::from(b1) * m[j] + N::from(1 - b1) * g[j];
        v[j] = N::from(b2) * v[j] + N::from(1 - b2) * (g[j] * g[j]);
        if (rho > 5) {
            const T r = N::from(std::sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho)));
            theta[j] = theta[j] - rate * r * m[j] * N::from(std::sqrt(1 - b2_t)) / (N::sqrt(v[j]) + eps);
        } else {
            theta[j] = theta[j] - rate * m[j];
        }
    }
}

/// Zhuang et al. 2020: eps joins s in each step, and the root.
template <class T>
void Optimizer<T>::adabelief(const std::vector<T>& g, double lr, std::optional<double> momentum, std::vector<T>& theta) {
    using N = Numbers<T>;
    const long double b1 = momentum.value_or(field("beta1", .9)), b2 = field("beta2", .999);
    const T rate = N::from(lr / (1 - std::pow(b1, t_))), correction = N::from(std::sqrt(1 - std::pow(b2, t_)));
    const T eps = N::from(field("eps", 1e-16));
    auto& m = vector("exp_avg");
    auto& s = vector("exp_avg_var");
    for (std::size_t j = 0; j < g.size(); ++j) {
        m[j] = N::from(b1) * m[j] + N::from(1 - b1) * g[j];
        s[j] = N::from(b2) * s[j] + N::from(1 - b2) * ((g[j] - m[j]) * (g[j] - m[j])) + eps;
        theta[j] = theta[j] - rate * (m[j] / (N::sqrt(s[j]) / correction + eps));
    }
}

/// Chen et al. 2023; the decay is done before.
template <class T>
void Optimizer<T>::lion(const std::vector<T>& g, double lr, std::optional<double> momentum, std::vector<T>& theta) {
    using N = Numbers<T>;
    const long double b1 = momentum.value_or(field("beta1", .9)), b2 = field("beta2", .99);
    auto& m = vector("exp_avg");
    for (std::size_t j = 0; j < g.size(); ++j) {
        const T c = N::from(b1) * m[j] + N::from(1 - b1) * g[j];
        m[j] = N::from(b2) * m[j] + N::from(1 - b2) * g[j];
        if (c > T(0)) theta[j] = theta[j] - T(lr);
        if (c < T(0)) theta[j] = theta[j] + T(lr);
    }
}

/// McMahan et al. 2013, algorithm 1, with sigma_t = 1/eta_t - 1/eta_{t-1} and eta_t = lr_t/(beta+sqrt(n_t)), whatever the rates are.
template <class T>
void Optimizer<T>::ftrl(const std::vector<T>& g, double lr, std::vector<T>& theta) {
    using N = Numbers<T>;
    auto& z = vector("z");
    auto& n = vector("n");
    const T beta(field("beta", 1));
    if (t_ == 1) rate_before_ = lr;
    const T inverse = N::from(1 / static_cast<long double>(lr)), change = N::from(1 / static_cast<long double>(lr) - 1 / rate_before_);
    rate_before_ = lr;
    for (std::size_t j = 0; j < g.size(); ++j) {
        const T l1(decays_[j] ? field("l1_strength", 0) : 0), l2(decays_[j] ? field("l2_strength", 0) : 0);
        const T before = beta + N::sqrt(n[j]);
        if (t_ == 1 && theta[j] > T(0)) z[j] = -(theta[j] * (before * inverse + l2) + l1);
        if (t_ == 1 && theta[j] < T(0)) z[j] = -(theta[j] * (before * inverse + l2) - l1);
        n[j] = n[j] + g[j] * g[j];
        const T after = beta + N::sqrt(n[j]);
        const T sigma = (after - before) * inverse + before * change;
        z[j] = z[j] + g[j] - sigma * theta[j];
        const T over = magnitude(z[j]) - l1;
        theta[j] = over > T(0) ? (z[j] > T(0) ? -over : over) / (after * inverse + l2) : T(0);
    }
}

/// PyTorch's SparseAdam: Adam for what the batch holds, with the bias corrections of all steps; the rest stays as it is.
template <class T>
void Optimizer<T>::lazy_adam(const std::vector<T>& g, double lr, std::optional<double> momentum, std::vector<T>& theta,
                             const std::vector<bool>& stored) {
    using N = Numbers<T>;
    const long double b1 = momentum.value_or(field("beta1", .9)), b2 = field("beta2", .999);
    const T rate = N::from(lr / (1 - std::pow(b1, t_))), correction = N::from(std::sqrt(1 - std::pow(b2, t_))), eps(field("eps", 1e-8));
    auto& m = vector("exp_avg");
    auto& v = vector("exp_avg_sq");
    for (std::size_t j = 0; j < g.size(); ++j) {
        if (!stored[j]) continue;
        m[j] = N::from(b1) * m[j] + N::from(1 - b1) * g[j];
        v[j] = N::from(b2) * v[j] + N::from(1 - b2) * (g[j] * g[j]);
        theta[j] = theta[j] - rate * (m[j] / (N::sqrt(v[j]) / correction + eps));
    }
}

/// Riedmiller and Braun 1993 as PyTorch has it: where the sign turns, the step shrinks and the gradient is taken for 0.
template <class T>
void Optimizer<T>::rprop(const std::vector<T>& g, std::vector<T>& theta) {
    auto& previous = vector("prev");
    auto& step = vector("step_size");
    const T least(field("step_min", 1e-6)), most(field("step_max", 50));
    for (std::size_t j = 0; j < g.size(); ++j) {
        if (t_ == 1) step[j] = T(field("lr", .01));
        const T agreement = g[j] * previous[j];
        if (agreement > T(0)) step[j] = step[j] * T(field("eta_plus", 1.2));
        if (agreement < T(0)) step[j] = step[j] * T(field("eta_minus", .5));
        step[j] = step[j] > most ? most : (step[j] < least ? least : step[j]);
        previous[j] = agreement < T(0) ? T(0) : g[j];
        if (previous[j] > T(0)) theta[j] = theta[j] - step[j];
        if (previous[j] < T(0)) theta[j] = theta[j] + step[j];
    }
}

template class Optimizer<double>;
template class Optimizer<long double>;
template class Optimizer<Noisy>;

}  // namespace glissade::reference
