// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "glissade/rules/field.hpp"
#include "glissade/rules/portable.hpp"

namespace glissade {

/// Follow the regularised leader, proximal (McMahan et al. 2013): n' = n+g^2; sigma = (sqrt(n')-sqrt(n))/lr; z += g - sigma*theta;
/// theta = 0 if |z| <= l1, else -(z-sign(z)*l1)/D with D = (beta+sqrt(n'))/lr + l2. Its zeros are real ones.
/// Where the rate moves, sigma is the change of (beta+sqrt(n))/lr, so that the sigmas still add up to D and a falling rate does not pull
/// theta to 0. A start other than zero sets z to what theta follows from; a rate of 0 leaves everything as it is.
struct Ftrl {
    double lr = .1;
    double beta = 1;
    double l1_strength = 0;
    double l2_strength = 0;
    double weight_decay = 0;

    static constexpr std::string_view name = "ftrl";
    static constexpr bool decoupled_decay = false;
    static constexpr int variants = 1;
    static constexpr auto fields() {
        using F = Field<Ftrl>;
        return std::array{F::above("lr", &Ftrl::lr, 0, "learning rate"),
                          F::above("beta", &Ftrl::beta, 0, "added to the root: how slowly the first steps go"),
                          F::at_least("l1_strength", &Ftrl::l1_strength, 0, "L1 against the sum of the gradients: weights below it are 0"),
                          F::at_least("l2_strength", &Ftrl::l2_strength, 0, "L2 against the sum of the gradients"),
                          F::at_least("weight_decay", &Ftrl::weight_decay, 0, "L2 added to the gradient of the weights")};
    }
    static constexpr std::array<std::string_view, 2> state_names(int) { return {"z", "n"}; }
    static constexpr int state_count(int) { return 2; }
    static constexpr Idle idle(int) { return Idle::follows; }
    int variant() const { return 0; }
    double initial_state(int) const { return 0; }
    std::string_view contradiction() const { return ""; }

    /// memory[0] carries 1/lr of the step before.
    void prepare(const StepInfo& step, double* memory, double* k) const {
        constexpr double smallest_rate = 1e-30;  // its inverse is well within float32
        const bool first = step.t == 1, moves = step.lr >= smallest_rate;
        const double inverse = moves ? 1.0 / step.lr : (first ? 1.0 / lr : memory[0]);
        k[0] = inverse;
        k[1] = first ? 0.0 : inverse - memory[0];
        k[2] = beta;
        k[3] = l1_strength;
        k[4] = l2_strength;
        k[5] = first ? 1.0 : 0.0;
        k[6] = moves ? 1.0 : 0.0;
        memory[0] = inverse;
    }

    /// What z is if theta was reached with 1/lr = inverse and the sum of squares n.
    template <class Real>
    static GLISSADE_RULE Real z_of(const Real* k, Real inverse, Real theta, Real n) {
        const Real pull = theta * rules::fused(inverse, k[2] + rules::root(n), k[4]);
        return -(pull > Real(0) ? pull + k[3] : (pull < Real(0) ? pull - k[3] : pull));
    }

    template <int Variant, class Real>
    static GLISSADE_RULE void apply(const Real* k, Real g_in, Real& theta, Real* s) {
        using namespace rules;
        const Real g = k[6] * g_in, before = root(s[1]);
        const Real start = z_of(k, k[0], theta, s[1]);
        const Real z = k[5] != Real(0) ? start : s[0];
        s[1] = fused(g, g, s[1]);
        const Real after = root(s[1]);
        const Real sigma = fused(k[0], after - before, k[1] * (k[2] + before));
        s[0] = z + fused(-sigma, theta, g);
        const Real inner = s[0] > Real(0) ? s[0] - k[3] : s[0] + k[3];
        const Real moved = -inner / fused(k[0], k[2] + after, k[4]);
        theta = magnitude(s[0]) <= k[3] ? Real(0) : moved;
    }
};

}  // namespace glissade
