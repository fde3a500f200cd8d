// SPDX-License-Identifier: Apache-2.0
#include "kernels/segment_kernels.hpp"
#include "kernels/segment_linear.cuh"

namespace glissade::kernels {

SegmentKernel segment_kernel_replica() {
    return segment_linear_kernel<Exchange::replica>;
}

}  // namespace glissade::kernels
