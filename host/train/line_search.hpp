// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace glissade {

/// Looks along a line for a point that satisfies the strong Wolfe conditions: value <= value(0) + decrease*step*slope(0) and
/// |slope| <= curvature*|slope(0)|, the first up to rounding. More and Thuente 1994, ACM TOMS 20(3), as in MINPACK-2's dcsrch. The caller
/// evaluates: it is asked for value and slope at step(), hands them to next(), and so on until the search is over.
class LineSearch {
public:
    static constexpr double decrease = 1e-4, curvature = .9;  // Nocedal and Wright 2006, section 3.1, for quasi-Newton directions

    enum class Status { evaluate, found, failed };

    /// `slope` < 0 is that at 0; steps lie within (0, highest].
    LineSearch(double value, double slope, double first_step, double highest);

    double step() const { return step_; }
    /// Takes value and slope at step(). `failed`: rounding leaves no better point to try.
    Status next(double value, double slope);

private:
    struct Point {
        double step, value, slope;
    };
    void move(Point now);
    double choose(const Point& now) const;

    double start_value_, start_slope_, highest_;
    double step_, low_, high_;  // the next step, and where it may lie
    Point best_, other_;        // ends of the interval of uncertainty
    double width_, width_before_;
    bool bracketed_ = false, first_stage_ = true;
};

}  // namespace glissade
