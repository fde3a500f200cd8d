// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <string>

#include "tests/end_to_end/program.hpp"

/// Tables small enough to be written by a test, the same every time.
namespace glissade::test {

/// Numbers in [0, 1) from a linear congruential generator (Knuth's MMIX).
class Numbers {
public:
    double next() {
        state_ = state_ * 6364136223846793005u + 1442695040888963407u;
        return static_cast<double>(state_ >> 11) * 0x1p-53;
    }

private:
    std::uint64_t state_ = 1;
};

/// Columns x0, x1 and y, which is "yes" above the line x0 + x1 = 1 and "no" below.
inline void write_points(Workplace& place, const std::string& name, int rows) {
    Numbers numbers;
    std::string text = "x0,x1,y\n";
    for (int r = 0; r < rows; ++r) {
        const double x0 = numbers.next(), x1 = numbers.next();
        text += std::to_string(x0) + "," + std::to_string(x1) + "," + (x0 + x1 > 1 ? "yes" : "no") + "\n";
    }
    place.write(name, text);
}

/// Columns a, b and y = 3 a - 2 b + 100 with some noise, in units far from 1.
inline void write_line(Workplace& place, const std::string& name, int rows) {
    Numbers numbers;
    std::string text = "a,b,y\n";
    for (int r = 0; r < rows; ++r) {
        const double a = 1000 * numbers.next(), b = numbers.next() - .5, noise = numbers.next() - .5;
        text += std::to_string(a) + "," + std::to_string(b) + "," + std::to_string(3 * a - 2 * b + 100 + noise) + "\n";
    }
    place.write(name, text);
}

/// Columns a and y, a count whose mean grows as e^(2a).
inline void write_counts(Workplace& place, const std::string& name, int rows) {
    Numbers numbers;
    std::string text = "a,y\n";
    for (int r = 0; r < rows; ++r) {
        const double a = numbers.next(), count = std::floor(std::exp(2 * a) + 2 * numbers.next());
        text += std::to_string(a) + "," + std::to_string(static_cast<int>(count)) + "\n";
    }
    place.write(name, text);
}

}  // namespace glissade::test
