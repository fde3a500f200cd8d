// SPDX-License-Identifier: Apache-2.0
#include "kernels/gateway/cublaslt.cuh"

#include <dlfcn.h>

#include <string>
#include <vector>

namespace glissade::kernels {

namespace {

/// Takes functions out of a library as long as it has them.
class Functions {
public:
    explicit Functions(void* library) : library_(library) {}
    template <class Function>
    Functions& take(const char* name, Function& function) {
        if (missing_) return *this;
        function = reinterpret_cast<Function>(::dlsym(library_, name));
        if (!function) missing_ = name;
        return *this;
    }
    const char* missing() const { return missing_; }

private:
    void* library_;
    const char* missing_ = nullptr;
};

/// The first function that the library lacks, or null.
const char* take_all(void* library, CublasLt& lt) {
    return Functions(library)
        .take("cublasLtCreate", lt.create)
        .take("cublasLtDestroy", lt.destroy)
        .take("cublasLtMatmul", lt.matmul)
        .take("cublasLtMatmulAlgoGetHeuristic", lt.get_heuristic)
        .take("cublasLtMatmulDescCreate", lt.create_desc)
        .take("cublasLtMatmulDescDestroy", lt.destroy_desc)
        .take("cublasLtMatmulDescSetAttribute", lt.set_desc)
        .take("cublasLtMatrixLayoutCreate", lt.create_layout)
        .take("cublasLtMatrixLayoutDestroy", lt.destroy_layout)
        .take("cublasLtMatrixLayoutSetAttribute", lt.set_layout)
        .take("cublasLtMatmulPreferenceCreate", lt.create_preference)
        .take("cublasLtMatmulPreferenceDestroy", lt.destroy_preference)
        .take("cublasLtMatmulPreferenceSetAttribute", lt.set_preference)
        .missing();
}

/// By its name with the major version, whose functions do not change: one that is loaded already (a Python package's), one on the linker's
/// paths, or the toolkit's.
CublasLtSearch search() {
    const std::string name = "libcublasLt.so." + std::to_string(CUBLAS_VER_MAJOR);
    return find_cublaslt({name, "/usr/local/cuda/lib64/" + name});
}

}  // namespace

CublasLtSearch find_cublaslt(const std::vector<std::string>& names) {
    CublasLtSearch found;
    for (const std::string& name : names) {
        std::string trouble;
        if (void* library = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL)) {
            CublasLt functions;
            const char* const missing = take_all(library, functions);
            if (!missing) {
                found.functions = functions;
                return found;
            }
            trouble = name + " has no function " + missing;
            (void)::dlclose(library);
        } else {
            const char* const why = ::dlerror();  // begins with the name
            trouble = why ? why : name + " cannot be opened";
        }
        found.tried += (found.tried.empty() ? "" : "; ") + trouble;
    }
    return found;
}

const CublasLtSearch& cublaslt() {
    static const CublasLtSearch searched = search();
    return searched;
}

}  // namespace glissade::kernels
