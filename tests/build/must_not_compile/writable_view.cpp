// SPDX-License-Identifier: Apache-2.0
// A view that may write serves where one that only reads is wanted, never the other way.
#include "glissade/matrix_view.hpp"

#ifdef PLANTED_MISTAKE
glissade::MatrixView<float> convert(glissade::MatrixView<const float> view) {
#else
glissade::MatrixView<const float> convert(glissade::MatrixView<float> view) {
#endif
    return view;
}
