// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cublasLt.h>

#include <optional>
#include <string>
#include <vector>

namespace glissade::kernels {

/// What is used of cuBLASLt. The library is half a gigabyte and only networks need it, so it is opened when the first of them asks:
/// programs start without it.
struct CublasLt {
    decltype(&cublasLtCreate) create = nullptr;
    decltype(&cublasLtDestroy) destroy = nullptr;
    decltype(&cublasLtMatmul) matmul = nullptr;
    decltype(&cublasLtMatmulAlgoGetHeuristic) get_heuristic = nullptr;
    decltype(&cublasLtMatmulDescCreate) create_desc = nullptr;
    decltype(&cublasLtMatmulDescDestroy) destroy_desc = nullptr;
    decltype(&cublasLtMatmulDescSetAttribute) set_desc = nullptr;
    decltype(&cublasLtMatrixLayoutCreate) create_layout = nullptr;
    decltype(&cublasLtMatrixLayoutDestroy) destroy_layout = nullptr;
    decltype(&cublasLtMatrixLayoutSetAttribute) set_layout = nullptr;
    decltype(&cublasLtMatmulPreferenceCreate) create_preference = nullptr;
    decltype(&cublasLtMatmulPreferenceDestroy) destroy_preference = nullptr;
    decltype(&cublasLtMatmulPreferenceSetAttribute) set_preference = nullptr;
};

struct CublasLtSearch {
    std::optional<CublasLt> functions;  ///< none where no library was found that has them all
    std::string tried;                  ///< what was of no use, and why
};
/// The first library of these, as dlopen() takes them, that has every function.
CublasLtSearch find_cublaslt(const std::vector<std::string>& names);
/// Searched for once; safe from any thread.
const CublasLtSearch& cublaslt();

}  // namespace glissade::kernels
