// SPDX-License-Identifier: Apache-2.0
#include "host/scheduler/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace glissade {
namespace scheduling {

double steps_in(ScheduleUnit unit, const ScheduleClock& clock) {
    switch (unit) {
        case ScheduleUnit::step:
            return 1.0;
        case ScheduleUnit::epoch:
            return static_cast<double>(clock.steps_per_epoch);
        case ScheduleUnit::sample:
            return 1.0 / static_cast<double>(clock.batch_size);
        case ScheduleUnit::fraction:
            return static_cast<double>(clock.total_steps);
    }
    return 1.0;
}

namespace {

/// `steps` in a unit. One division or product of whole numbers, so that whole results are exact.
double in_unit(ScheduleUnit unit, double steps, const ScheduleClock& clock) {
    return unit == ScheduleUnit::sample ? steps * static_cast<double>(clock.batch_size) : steps / steps_in(unit, clock);
}

/// The length of a product in whole steps: that of its longest part.
double length_steps(const Product& product, const ScheduleClock& clock) {
    double length = 0;
    for (const Part& part : product) length = std::max(length, std::round(part.settings.length * steps_in(part.unit, clock)));
    return length;
}

/// Rates multiply as factors of the base rate; the first part that moves the momentum has the say.
ScheduleValue evaluate(const Product& product, double begin, const ScheduleClock& clock, double base) {
    ScheduleValue value{base, {}};
    for (const Part& part : product) {
        const double steps = static_cast<double>(clock.step) - begin, rest = static_cast<double>(clock.total_steps) - begin;
        const Place place{in_unit(part.unit, steps, clock), in_unit(part.unit, 1.0, clock), in_unit(part.unit, rest, clock),
                          clock.watched_rate > 0 ? clock.watched_rate : base};
        const ScheduleValue own = part.row->function(place, part.settings, base);
        value.lr = product.size() == 1 ? own.lr : value.lr * (own.lr / base);
        if (!value.momentum) value.momentum = own.momentum;
    }
    return value;
}

}  // namespace

namespace {

/// The product of the sequence that a step falls into, and where it began.
std::pair<const Product*, double> product_at(const Tree& tree, const ScheduleClock& clock) {
    double begin = 0;
    for (std::size_t i = 0; i + 1 < tree.sequence.size(); ++i) {
        const double end = begin + length_steps(tree.sequence[i], clock);
        if (static_cast<double>(clock.step) < end) return {&tree.sequence[i], begin};
        begin = end;
    }
    return {&tree.sequence.back(), begin};
}

}  // namespace

ScheduleValue evaluate(const Tree& tree, const ScheduleClock& clock, double base) {
    const auto [product, begin] = product_at(tree, clock);
    return evaluate(*product, begin, clock, base);
}

const Part* watching(const Tree& tree, const ScheduleClock& clock) {
    ScheduleClock last = clock;
    --last.step;
    for (const Part& part : *product_at(tree, last).first)
        if (part.row->observer != nullptr) return &part;
    return nullptr;
}

}  // namespace scheduling

struct Schedule::Node {
    scheduling::Tree tree;
};

Schedule::Schedule() : Schedule(std::string_view("constant")) {}

Schedule::Schedule(std::string_view text) : text_(text), root_(std::make_shared<Node>(Node{scheduling::parse(text)})) {}

std::vector<Schedule::Entry> Schedule::table() {
    std::vector<Entry> entries;
    for (const scheduling::Row& row : scheduling::rows()) {
        Entry entry{row.name, {}, row.help};
        for (const scheduling::Key& key : row.keys) entry.keys.push_back(std::string(key.name) + "=" + std::string(key.value));
        entry.keys.push_back("length=");
        entry.keys.push_back("unit=step");
        entries.push_back(entry);
    }
    return entries;
}

ScheduleValue Schedule::at(const ScheduleClock& clock, double base_lr) const {
    return scheduling::evaluate(root_->tree, clock, base_lr);
}

bool Schedule::moves_momentum() const {
    for (const auto& product : root_->tree.sequence)
        for (const auto& part : product)
            if (part.row->moves_momentum && part.row->function({0, 1, 2, 1}, part.settings, 1.0).momentum) return true;
    return false;
}

bool Schedule::watches_loss() const {
    for (const auto& product : root_->tree.sequence)
        for (const auto& part : product)
            if (part.row->observer != nullptr) return true;
    return false;
}

void Schedule::observe(const ScheduleClock& clock, double base_lr, const EpochLosses& losses, LossWatch& watch) const {
    const scheduling::Part* part = scheduling::watching(root_->tree, clock);
    if (part == nullptr) return;
    if (watch.rate == 0) watch.rate = base_lr;
    part->row->observer(losses, part->settings, watch);
}

bool Schedule::is_constant() const {
    const auto& sequence = root_->tree.sequence;
    return sequence.size() == 1 && sequence[0].size() == 1 && sequence[0][0].row->name == "constant";
}

}  // namespace glissade
