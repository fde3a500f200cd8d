// SPDX-License-Identifier: Apache-2.0
// An Optimizer holds a rule of the catalog and nothing else.
#include "glissade/optimizer.hpp"

struct MyRule {};

glissade::Optimizer make() {
#ifdef PLANTED_MISTAKE
    return MyRule{};
#else
    return glissade::Adam{};
#endif
}
