// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "glissade/model.hpp"
#include "glissade/trainer.hpp"

namespace glissade {

/// Parameters that a member begins with, by `init`. Number k of layer i, weights then biases, is a function of (seed, i, k) alone.
std::vector<double> initial_weights(const ModelSpec& spec, Init init, std::uint64_t seed);

/// The name of a way to begin, and the way of a name; `words` for messages. automatic is "auto".
std::string_view name_of(Init init);

/// The point below which a standard normal lies with probability p, 0 < p < 1, to some 16 digits.
double normal_quantile(double p);

}  // namespace glissade
