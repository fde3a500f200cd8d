// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "host/reference/noisy.hpp"
#include "host/reference/problem.hpp"

namespace glissade::reference {

/// State vectors by the names that PyTorch gives them (exp_avg, momentum_buffer, ...).
template <class T>
using State = std::map<std::string, std::vector<T>, std::less<>>;

/// One step of an optimizer over all parameters. Keeps its own state.
template <class T>
class Optimizer {
public:
    /// `decays[j]`: weight decay reaches parameter j. Throws Error(usage) for a name that it does not know.
    Optimizer(const Settings& settings, std::vector<bool> decays);

    /// `g`: gradient, penalties but not weight decay included. `stored`: whether the batch holds parameter j's feature.
    void step(std::vector<T> g, double lr, std::optional<double> momentum, std::vector<T>& theta, const std::vector<bool>& stored);

    const State<T>& state() const { return state_; }

private:
    double field(std::string_view name, double otherwise) const;
    std::vector<T>& vector(const char* name);
    void sgd(const std::vector<T>& g, double lr, std::optional<double> momentum, std::vector<T>& theta);
    void adagrad(const std::vector<T>& g, double lr, std::vector<T>& theta);
    void adadelta(const std::vector<T>& g, double lr, std::vector<T>& theta);
    void rmsprop(const std::vector<T>& g, double lr, std::optional<double> momentum, std::vector<T>& theta);
    void adam(const std::vector<T>& g, double lr, std::optional<double> momentum, std::vector<T>& theta);
    void adamax(const std::vector<T>& g, double lr, std::optional<double> momentum, std::vector<T>& theta);
    void nadam(const std::vector<T>& g, double lr, std::optional<double> momentum, std::vector<T>& theta);
    void radam(const std::vector<T>& g, double lr, std::optional<double> momentum, std::vector<T>& theta);
    void adabelief(const std::vector<T>& g, double lr, std::optional<double> momentum, std::vector<T>& theta);
    void lion(const std::vector<T>& g, double lr, std::optional<double> momentum, std::vector<T>& theta);
    void ftrl(const std::vector<T>& g, double lr, std::vector<T>& theta);
    void lazy_adam(const std::vector<T>& g, double lr, std::optional<double> momentum, std::vector<T>& theta,
                   const std::vector<bool>& stored);
    void rprop(const std::vector<T>& g, std::vector<T>& theta);

    Settings settings_;
    std::vector<bool> decays_;
    State<T> state_;
    long t_ = 0;                   // steps done, the one in progress included
    long double mu_product_ = 1;   // NAdam
    long double rate_before_ = 0;  // FTRL
};

}  // namespace glissade::reference
