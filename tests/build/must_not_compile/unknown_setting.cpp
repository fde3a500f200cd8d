// SPDX-License-Identifier: Apache-2.0
// A setting that a rule does not have is no setting of it.
#include "glissade/optimizer.hpp"

glissade::Optimizer make() {
#ifdef PLANTED_MISTAKE
    return glissade::Adam{.momentum = 0.9};
#else
    return glissade::Sgd{.momentum = 0.9};
#endif
}
