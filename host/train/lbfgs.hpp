// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "glissade/rules/update_lbfgs.hpp"
#include "host/train/line_search.hpp"

namespace glissade {

/// What L-BFGS remembers of a member between two steps, beside parameters and gradient: part of a checkpoint.
struct LbfgsMemory {
    struct Pair {
        std::vector<double> step, change;  ///< of the parameters, of the gradient
    };
    bool settled = false;     ///< converged, or no lower value can be found in this precision
    bool evaluated = false;   ///< the values below and the gradient are known
    double value = 0;         ///< mean loss with penalties
    double loss_sum = 0;      ///< over the rows, without penalties
    std::vector<Pair> pairs;  ///< the oldest first

    std::vector<double> numbers() const;
    /// Throws Error(data) unless `numbers` are such for so many parameters.
    static LbfgsMemory from(std::span<const double> numbers, std::size_t parameters);
};

/// L-BFGS for one vector of parameters; the caller evaluates. A step of a run is an iteration:
///   begin(); while (searching()) tell(what was found at point());
/// Inner products are in double precision, one term after the other. Points are numbers of Real: what is evaluated is what is meant.
template <class Real>
class LbfgsMethod {
public:
    /// What was found at a point; an infinite value says that it was not finite.
    struct Evaluation {
        double value = 0, loss_sum = 0;
        std::vector<Real> gradient;
    };

    LbfgsMethod(const Lbfgs& rule, std::vector<Real> parameters, std::vector<Real> gradient, LbfgsMemory memory);

    const std::vector<Real>& parameters() const { return parameters_; }
    const std::vector<Real>& gradient() const { return gradient_; }
    const LbfgsMemory& memory() const { return memory_; }

    /// Hands in value and gradient at the parameters, before the first iteration.
    void start(const Evaluation& found);
    void begin();
    bool searching() const { return search_.has_value(); }
    const std::vector<Real>& point() const { return searching() ? trial_ : parameters_; }
    void tell(const Evaluation& found);

private:
    std::vector<double> direction() const;
    void search_along(double first_step, double highest);
    void place_trial();
    void accept(const Evaluation& found);
    void give_up();

    Lbfgs rule_;
    std::vector<Real> parameters_, gradient_, trial_;
    LbfgsMemory memory_;
    std::vector<double> direction_;
    double slope_ = 0;  // along the direction, at the parameters
    std::optional<LineSearch> search_;
    double evaluations_ = 0;  // of this search
};

}  // namespace glissade
