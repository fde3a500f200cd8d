// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "glissade/schedule.hpp"

/// How a schedule is kept: parts (rows of the table with their settings) under sequences of products.
namespace glissade::scheduling {

/// Where a part stands, in its own unit: a real number, which grows within an epoch when the unit is the epoch.
struct Place {
    double at = 0;    ///< since the part began
    double one = 1;   ///< a step
    double rest = 1;  ///< from where the part began to the end of the run
    double held = 0;  ///< the rate that watching the loss has led to
};

inline constexpr int max_keys = 10;

/// The settings of a part: `number[i]` is the value of key i of its row; a key that holds a list has it in `list`.
struct Settings {
    std::array<double, max_keys> number{};
    std::vector<double> list;
    double length = 0;  ///< 0: not given
};

/// Changes what a schedule remembers of the losses, whose rate is set, when an epoch has ended.
using Observer = void (*)(const EpochLosses& losses, const Settings& settings, LossWatch& watch);
using Function = ScheduleValue (*)(const Place& place, const Settings& settings, double base);

/// A key of a schedule, as people write it.
struct Key {
    std::string_view name;
    std::string_view value;       ///< the default as it would be written; empty: the key is needed
    double low = 0;               ///< smallest value allowed
    bool low_open = false;        ///< `low` itself is not allowed
    std::string_view alias = {};  ///< PyTorch's name of it, where that is another
    std::string_view words = {};  ///< "a|b": the value is one of these words, kept as its index
    bool is_list = false;         ///< rising numbers separated by '/', or pairs of them with `is_pairs`
    bool whole = false;           ///< a whole number
    double high = 1e300;          ///< largest value allowed
    bool is_pairs = false;        ///< a list of pairs, 0:0.1/50:0.01, of which the first numbers rise; kept one after the other
};

/// One schedule: its row of the table.
struct Row {
    std::string_view name;
    std::string_view help;
    Function function;
    std::span<const Key> keys;
    std::string_view length_alias = {};  ///< PyTorch's name of `length`
    bool needs_length = false;
    bool moves_momentum = false;
    Observer observer = nullptr;  ///< of one that watches the loss
};

std::span<const Row> rows();

struct Part {
    const Row* row = nullptr;
    ScheduleUnit unit = ScheduleUnit::step;
    Settings settings;
};

/// Parts whose rates are multiplied.
using Product = std::vector<Part>;

/// Products that follow one another. Every one but the last has a length.
struct Tree {
    std::vector<Product> sequence;
};

/// Throws Error(usage) that names the part, the key and what would be right.
Tree parse(std::string_view text);

/// The steps that a length in some unit stands for.
double steps_in(ScheduleUnit unit, const ScheduleClock& clock);

/// The part that watches the loss, if it goes on at the last of `clock.step` steps. Null if there is none.
const Part* watching(const Tree& tree, const ScheduleClock& clock);

ScheduleValue evaluate(const Tree& tree, const ScheduleClock& clock, double base);

}  // namespace glissade::scheduling
