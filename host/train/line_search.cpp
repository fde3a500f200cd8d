// SPDX-License-Identifier: Apache-2.0
#include "host/train/line_search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace glissade {

namespace {

constexpr double least_stretch = 1.1, most_stretch = 4;  // of a step beyond an interval that is not bracketed yet
constexpr double enough_shrinkage = .66;                 // of the interval in two trials
// Near a minimum the fall that is asked for drowns in the rounding of the values, while slopes still tell (Hager and Zhang 2005).
constexpr double noise = 8 * std::numeric_limits<double>::epsilon();

}  // namespace

LineSearch::LineSearch(double value, double slope, double first_step, double highest)
    : start_value_(value),
      start_slope_(slope),
      highest_(highest),
      step_(std::min(first_step, highest)),
      low_(0),
      high_(step_ + most_stretch * step_),
      best_{0, value, slope},
      other_(best_),
      width_(highest),
      width_before_(2 * highest) {}

LineSearch::Status LineSearch::next(double value, double slope) {
    const double fall = decrease * start_slope_, wanted = start_value_ + step_ * fall;
    if (value <= wanted + noise * std::abs(start_value_) && std::abs(slope) <= -curvature * start_slope_) return Status::found;
    const bool stuck = bracketed_ && (step_ <= low_ || step_ >= high_);
    if (stuck || (step_ == highest_ && value <= wanted && slope <= fall)) return value < start_value_ ? Status::found : Status::failed;
    if (first_stage_ && value <= wanted && slope >= 0) first_stage_ = false;
    const Point now{step_, value, slope};
    if (first_stage_ && value <= best_.value && value > wanted) {  // the auxiliary function, which has no such fall
        const auto tilted = [&](Point p, double by) { return Point{p.step, p.value + p.step * by, p.slope + by}; };
        best_ = tilted(best_, -fall);
        other_ = tilted(other_, -fall);
        move(tilted(now, -fall));
        best_ = tilted(best_, fall);
        other_ = tilted(other_, fall);
    } else {
        move(now);
    }
    if (bracketed_) {
        if (std::abs(other_.step - best_.step) >= enough_shrinkage * width_before_) step_ = best_.step + .5 * (other_.step - best_.step);
        width_before_ = width_;
        width_ = std::abs(other_.step - best_.step);
        low_ = std::min(best_.step, other_.step);
        high_ = std::max(best_.step, other_.step);
    } else {
        low_ = step_ + least_stretch * (step_ - best_.step);
        high_ = step_ + most_stretch * (step_ - best_.step);
    }
    if (!std::isfinite(step_)) step_ = .5 * (best_.step + other_.step);  // values too far apart for a cubic
    step_ = std::clamp(step_, 0.0, highest_);
    if (bracketed_ && (step_ <= low_ || step_ >= high_)) step_ = best_.step;
    return step_ > 0 ? Status::evaluate : Status::failed;
}

/// Chooses the next step and shrinks the interval of uncertainty (dcstep).
void LineSearch::move(Point now) {
    const bool turned = now.slope * best_.slope < 0;
    if (now.value > best_.value || turned) bracketed_ = true;
    const double next = choose(now);
    if (now.value > best_.value) {
        other_ = now;
    } else {
        if (turned) other_ = best_;
        best_ = now;
    }
    step_ = next;
}

double LineSearch::choose(const Point& now) const {
    const auto cubic = [](const Point& a, const Point& b) {  // theta and gamma of the cubic through a and b
        const double theta = 3 * (a.value - b.value) / (b.step - a.step) + a.slope + b.slope;
        const double size = std::max({std::abs(theta), std::abs(a.slope), std::abs(b.slope)});
        const double square = (theta / size) * (theta / size) - (a.slope / size) * (b.slope / size);
        return std::pair(theta, size * std::sqrt(std::max(0.0, square)));
    };
    const double span = best_.step - now.step, secant = now.step + now.slope / (now.slope - best_.slope) * span;
    if (now.value > best_.value) {  // a higher value: the minimum is bracketed
        auto [theta, gamma] = cubic(best_, now);
        if (now.step < best_.step) gamma = -gamma;
        const double part = ((gamma - best_.slope) + theta) / (((gamma - best_.slope) + gamma) + now.slope);
        const double by_cubic = best_.step - part * span;
        const double bend = (best_.value - now.value) / (now.step - best_.step) + best_.slope;
        const double by_parabola = best_.step - best_.slope / bend / 2 * span;
        return std::abs(by_cubic - best_.step) < std::abs(by_parabola - best_.step) ? by_cubic : by_cubic + (by_parabola - by_cubic) / 2;
    }
    if (now.slope * best_.slope < 0) {  // a lower value, slopes of opposite sign: the minimum is bracketed
        auto [theta, gamma] = cubic(best_, now);
        if (now.step > best_.step) gamma = -gamma;
        const double part = ((gamma - now.slope) + theta) / (((gamma - now.slope) + gamma) + best_.slope);
        const double by_cubic = now.step + part * span;
        return std::abs(by_cubic - now.step) > std::abs(secant - now.step) ? by_cubic : secant;
    }
    if (std::abs(now.slope) < std::abs(best_.slope)) {  // a lower value, and the slope flattens
        auto [theta, gamma] = cubic(best_, now);
        if (now.step > best_.step) gamma = -gamma;
        const double part = ((gamma - now.slope) + theta) / ((gamma + (best_.slope - now.slope)) + gamma);
        const double by_cubic = part < 0 && gamma != 0 ? now.step + part * span : (now.step > best_.step ? high_ : low_);
        const bool cubic_is_nearer = std::abs(by_cubic - now.step) < std::abs(secant - now.step);
        if (!bracketed_) return std::clamp(cubic_is_nearer ? secant : by_cubic, low_, high_);
        const double next = cubic_is_nearer ? by_cubic : secant, edge = now.step + enough_shrinkage * (other_.step - now.step);
        return now.step > best_.step ? std::min(edge, next) : std::max(edge, next);
    }
    if (!bracketed_) return now.step > best_.step ? high_ : low_;  // a lower value, and the slope does not flatten
    auto [theta, gamma] = cubic(other_, now);
    if (now.step > other_.step) gamma = -gamma;
    const double part = ((gamma - now.slope) + theta) / (((gamma - now.slope) + gamma) + other_.slope);
    return now.step + part * (other_.step - now.step);
}

}  // namespace glissade
