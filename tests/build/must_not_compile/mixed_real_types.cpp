// SPDX-License-Identifier: Apache-2.0
// Features and targets of a Dataset have one real type.
#include "glissade/dataset.hpp"

glissade::Dataset borrow(glissade::MatrixView<const float> features) {
#ifdef PLANTED_MISTAKE
    return glissade::Dataset::borrow(features, std::span<const double>());
#else
    return glissade::Dataset::borrow(features, std::span<const float>());
#endif
}
