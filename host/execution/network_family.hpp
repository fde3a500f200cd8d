// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace glissade {

/// How a network's steps run on a card: by a segment kernel, or by a graph of matrix products. The two add in different orders, so a run
/// keeps to one. `faster`: nothing is laid down, and a plan takes what it expects to be faster; also of what is no network on a card.
enum class NetworkFamily { faster, segments, graph };

/// As checkpoints have it; empty where nothing is laid down.
constexpr std::string_view word_for(NetworkFamily family) {
    return family == NetworkFamily::segments ? "segments" : family == NetworkFamily::graph ? "graph" : "";
}

}  // namespace glissade
