// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/launch.hpp"

namespace glissade::kernels {

/// The segment kernel's forms, each compiled by itself: the switches over losses and rules make them large.
using SegmentKernel = void (*)(SegmentLinearParams);
SegmentKernel segment_kernel_replica();
SegmentKernel segment_kernel_sliced();

using SegmentNetworkKernel = void (*)(SegmentNetworkParams);
SegmentNetworkKernel segment_network_kernel_replica();
SegmentNetworkKernel segment_network_kernel_sliced();

}  // namespace glissade::kernels
