// SPDX-License-Identifier: Apache-2.0
#include "kernels/segment_kernels.hpp"
#include "kernels/segment_network.cuh"

namespace glissade::kernels {

SegmentNetworkKernel segment_network_kernel_sliced() {
    return segment_network_kernel<Exchange::sliced>;
}

}  // namespace glissade::kernels
