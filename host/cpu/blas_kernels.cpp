// SPDX-License-Identifier: Apache-2.0
#include "host/cpu/blas_kernels.hpp"

#include <cstdlib>

#include "host/cpu/simd_targets.hpp"
#include "hwy/targets.h"

namespace {

const char* const type_variable = "OPENBLAS_CORETYPE";
/// What OpenBLAS is told that the variable holds; null: what it does hold.
const char* chosen_type = nullptr;

}  // namespace

// What is left of OpenBLAS beside its products, null where its build knows one processor type only; and what it asks for its variables.
extern "C" {
[[gnu::weak]] const char* glissade_blas_corename();
[[gnu::weak]] void glissade_blas_dynamic_quit();
[[gnu::weak]] void glissade_blas_dynamic_init();
const char* glissade_blas_getenv(const char*);

const char* glissade_blas_getenv(const char* name) {
    return chosen_type != nullptr && std::string_view(name) == type_variable ? chosen_type : std::getenv(name);
}
}

namespace glissade::cpu {

std::string blas_kernels() {
    return glissade_blas_corename != nullptr ? glissade_blas_corename() : "";
}

std::string_view better_kernels(std::string_view found, std::int64_t targets) {
    if (found != "Prescott") return {};  // what OpenBLAS falls back to
    if ((targets & HWY_AVX3) != 0) return "SkylakeX";
    if ((targets & HWY_AVX2) != 0) return "Haswell";
    return {};
}

void choose_blas_kernels() {
    if (glissade_blas_dynamic_quit == nullptr || glissade_blas_dynamic_init == nullptr || std::getenv(type_variable) != nullptr) return;
    const std::string_view better = better_kernels(blas_kernels(), hwy::SupportedTargets());
    if (better.empty()) return;
    chosen_type = better.data();
    glissade_blas_dynamic_quit();
    glissade_blas_dynamic_init();
}

}  // namespace glissade::cpu
