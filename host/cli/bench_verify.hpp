// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "glissade/trainer.hpp"

namespace glissade::cli {

/// How far a backend's parameters ended from those of the double-precision reference.
struct Verdict {
    std::string backend;
    double largest_difference = 0, bound = 0;
    bool same_bits_as_cpu = false;
    bool inside() const { return largest_difference <= bound; }
};

struct Verification {
    std::int64_t rows = 0, steps = 0;  ///< what was run: the reference and its bound are slow
    std::vector<Verdict> verdicts;
    std::string cuda_left_out;  ///< why; empty if CUDA took part
};

/// Trains the first rows for some steps on the reference, the CPU and, if `with_cuda`, CUDA, with the same batches in the same order.
Verification verify(const Dataset& data, TrainOptions options, bool with_cuda);

}  // namespace glissade::cli
