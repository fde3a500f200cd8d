// SPDX-License-Identifier: Apache-2.0
#include "kernels/gateway/cublaslt.cuh"

#include <dlfcn.h>

#include <initializer_list>
#include <string>

namespace glissade::kernels {

namespace {

template <class Function>
bool take(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(::dlsym(library, name));
    return function != nullptr;
}

bool take_all(void* library, CublasLt& lt) {
    return take(library, "cublasLtCreate", lt.create) && take(library, "cublasLtDestroy", lt.destroy) &&
           take(library, "cublasLtMatmul", lt.matmul) && take(library, "cublasLtMatmulAlgoGetHeuristic", lt.get_heuristic) &&
           take(library, "cublasLtMatmulDescCreate", lt.create_desc) && take(library, "cublasLtMatmulDescDestroy", lt.destroy_desc) &&
           take(library, "cublasLtMatmulDescSetAttribute", lt.set_desc) && take(library, "cublasLtMatrixLayoutCreate", lt.create_layout) &&
           take(library, "cublasLtMatrixLayoutDestroy", lt.destroy_layout) &&
           take(library, "cublasLtMatrixLayoutSetAttribute", lt.set_layout) &&
           take(library, "cublasLtMatmulPreferenceCreate", lt.create_preference) &&
           take(library, "cublasLtMatmulPreferenceDestroy", lt.destroy_preference) &&
           take(library, "cublasLtMatmulPreferenceSetAttribute", lt.set_preference);
}

/// By its name with the major version, whose functions do not change: one that is loaded already (a Python package's), one on the linker's
/// paths, or the toolkit's.
const CublasLt* open() {
    static CublasLt lt;
    const std::string name = "libcublasLt.so." + std::to_string(CUBLAS_VER_MAJOR);
    for (const char* folder : {"", "/usr/local/cuda/lib64/"})
        if (void* library = ::dlopen((folder + name).c_str(), RTLD_NOW | RTLD_LOCAL)) return take_all(library, lt) ? &lt : nullptr;
    return nullptr;
}

}  // namespace

const CublasLt* cublaslt() {
    static const CublasLt* const opened = open();
    return opened;
}

}  // namespace glissade::kernels
