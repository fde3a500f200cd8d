// SPDX-License-Identifier: Apache-2.0
#include "host/scheduler/rule_fields.hpp"

#include <cmath>
#include <string>

#include "glissade/error.hpp"
#include "host/scheduler/named.hpp"

namespace glissade {

void fail_for_unknown_field(std::string_view rule, const std::vector<FieldInfo>& fields, std::string_view name) {
    std::vector<std::string_view> names;
    names.reserve(fields.size());
    for (const FieldInfo& field : fields) names.push_back(field.name);
    fail(ErrorKind::usage, unknown_name("setting of " + std::string(rule), name, names));
}

void check_field(std::string_view rule, const FieldInfo& field, double value) {
    const bool inside = (field.low_open ? value > field.low : value >= field.low) && value <= field.high;
    const bool whole = !field.is_flag || value == 0 || value == 1;
    if (inside && whole) return;
    std::string range = field.is_flag ? "0 or 1" : (field.low_open ? "above " : "at least ") + number_text(field.low);
    if (!field.is_flag && field.high < 1e300) {
        const double beyond = std::nextafter(field.high, 2 * field.high);  // the end of an open range is the number before a whole one
        range += beyond == std::floor(beyond) ? " and below " + number_text(beyond) : " and at most " + number_text(field.high);
    }
    if (!field.is_flag && !std::isfinite(value)) range = "a finite number " + range;
    fail(ErrorKind::usage, std::string(rule) + ": " + std::string(field.name) + " = " + number_text(value) + " must be " + range);
}

}  // namespace glissade
