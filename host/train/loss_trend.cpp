// SPDX-License-Identifier: Apache-2.0
#include "host/train/loss_trend.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace glissade {

namespace {

/// Of all progress, in each of the last two quarters. Runs on real data that were within .3 % of their optimum stayed below .03.
constexpr double much_progress = .04;
/// Of the loss, likewise: below, more epochs would not be worth their time.
constexpr double much_loss = .005;
/// A fall may grow so much from the third quarter to the last: the loss of a convex problem falls ever slower, but noise goes ever faster.
constexpr double most_growth = 1.25;
constexpr double much_rise = .1;

/// Losses over the part of all learning rates that was spent, a point an epoch: 0 in the middle of the first, 1 in the middle of the last.
struct Path {
    std::vector<double> spent, loss;

    explicit Path(std::span<const EpochRecord> history) {
        double total = 0, before = history.front().lr;
        for (const EpochRecord& epoch : history) {
            const double weight = (before + epoch.lr) / 2;  // `lr` is that of the last step
            spent.push_back(total + weight / 2);
            loss.push_back(epoch.loss);
            total += weight;
            before = epoch.lr;
        }
        const double first = spent.front(), length = spent.back() - first;
        for (double& at : spent) at = (at - first) / length;
    }

    double at(double part) const {
        const auto next = std::lower_bound(spent.begin(), spent.end(), part) - spent.begin();
        if (next == 0) return loss.front();
        if (next == static_cast<std::ptrdiff_t>(spent.size())) return loss.back();
        const auto i = static_cast<std::size_t>(next);
        const double way = (part - spent[i - 1]) / (spent[i] - spent[i - 1]);
        return loss[i - 1] + way * (loss[i] - loss[i - 1]);
    }
};

/// The most that the loss rose from one epoch to the next.
double largest_rise(std::span<const EpochRecord> history) {
    double rise = 0;
    for (std::size_t e = 1; e < history.size(); ++e) rise = std::max(rise, history[e].loss - history[e - 1].loss);
    return rise;
}

}  // namespace

std::optional<LateFall> late_fall(std::span<const EpochRecord> history) {
    if (history.size() < 2) return std::nullopt;
    const Path path(history);
    if (!std::isfinite(path.spent.back())) return std::nullopt;  // every rate was 0
    const double last = history.back().loss, progress = history.front().loss - last;
    const double third = path.at(.5) - path.at(.75), fourth = path.at(.75) - last, fall = std::min(third, fourth);
    if (!(progress > 0) || !(last > 0) || fall < much_progress * progress || fall < much_loss * last) return std::nullopt;
    if (fourth > most_growth * third || largest_rise(history) > fall) return std::nullopt;
    const auto begun = std::upper_bound(path.spent.begin(), path.spent.end(), .75) - path.spent.begin();
    const auto first = std::max<std::ptrdiff_t>(begun, 1);
    return LateFall{1 - last / history[static_cast<std::size_t>(first - 1)].loss, static_cast<std::int64_t>(history.size()) - first};
}

std::optional<EpochRecord> left_behind(std::span<const EpochRecord> history) {
    if (history.empty()) return std::nullopt;
    const auto lowest = std::min_element(history.begin(), history.end(), [](const auto& a, const auto& b) { return a.loss < b.loss; });
    if (!(lowest->loss >= 0) || !(history.back().loss > lowest->loss * (1 + much_rise))) return std::nullopt;
    return *lowest;
}

}  // namespace glissade
