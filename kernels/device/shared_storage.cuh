// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

namespace glissade::kernels {

/// The block's dynamic shared memory as the one struct that a kernel keeps there.
template <class Storage>
__device__ __forceinline__ Storage& shared_storage() {
#ifdef GLISSADE_EMULATED_CUDA
    return *static_cast<Storage*>(glissade_emulated_shared_memory());
#else
    extern __shared__ __align__(16) unsigned char glissade_shared_bytes[];
    return *reinterpret_cast<Storage*>(glissade_shared_bytes);
#endif
}

}  // namespace glissade::kernels
