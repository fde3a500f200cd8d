// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace glissade::cpu {

/// The processor type by whose kernels the private copy of OpenBLAS multiplies, as it calls it; empty if its build knows one type only.
std::string blas_kernels();

/// The type to take instead of the one that OpenBLAS has found, empty to leave it: a processor that is newer than its list gets the kernels
/// of the oldest type, which are several times slower than its instructions allow. `targets`: bits of Highway's instruction sets.
std::string_view better_kernels(std::string_view found, std::int64_t targets);

/// Has OpenBLAS take better kernels where there are. Once, before the first product; the user's OPENBLAS_CORETYPE stands.
void choose_blas_kernels();

}  // namespace glissade::cpu
