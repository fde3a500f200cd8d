// SPDX-License-Identifier: Apache-2.0
#include "host/execution/backend.hpp"

#include "glissade/error.hpp"

namespace glissade {

template <class Real>
void Backend<Real>::start(const Segment<Real>&) {
    fail(ErrorKind::internal, "this backend runs segments one at a time");
}

template <class Real>
SegmentReport Backend<Real>::wait() {
    fail(ErrorKind::internal, "there is no segment under way");
}

template <class Real>
void Backend<Real>::discard() {
    fail(ErrorKind::internal, "there is no segment under way");
}

template <class Real>
void Backend<Real>::score(SparseView<const Real>, const Real*, std::span<Real>) {
    fail(ErrorKind::internal, "sparse rows are scored where sparse rows are trained on");
}

template class Backend<float>;
template class Backend<double>;

}  // namespace glissade
