// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace glissade {

/// How features are stored while a run trains on them.
/// - float32: as they come (float64 runs: in float64)
/// - bfloat16: rounded to 8 bits of precision, after the map of the columns. On the GPU rows take half the memory and half the time to be
///   read; the CPU rounds as it reads and gives the same bits. Scores of validation and prediction are of features as they come.
enum class Storage { float32, bfloat16 };

/// What the factors of a network's matrix products are rounded to on a GPU's tensor cores. Sums, parameters, state and everything else stay
/// float32, and so does prediction.
/// - tf32: to 11 bits of precision
/// - bfloat16: to 8 bits
/// Both need a GPU of compute capability 8.0 or later; the run is the step graph's. float32 rounds nothing.
enum class MatmulPrecision { float32, tf32, bfloat16 };

}  // namespace glissade
