// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <type_traits>
#include <vector>

namespace glissade {

/// The real type in which a model is trained and its data is stored.
enum class RealType { float32, float64 };

template <class Real>
constexpr RealType real_type_of() {
    static_assert(sizeof(Real) == 4 || sizeof(Real) == 8);
    return sizeof(Real) == 4 ? RealType::float32 : RealType::float64;
}

constexpr std::int64_t real_bytes(RealType type) {
    return type == RealType::float32 ? 4 : 8;
}

/// A row-major matrix that somebody else owns. Row r starts at `data + r * stride`; `stride >= columns`, both in elements. Nothing
/// is checked until it is handed to a function that reads it, which throws Error(data) for one with negative counts, with a stride that is
/// too small, or with elements but no memory.
template <class T>
struct MatrixView {
    T* data = nullptr;
    std::int64_t rows = 0;
    std::int64_t columns = 0;
    std::int64_t stride = 0;

    MatrixView() = default;
    MatrixView(T* data_in, std::int64_t rows_in, std::int64_t columns_in) : MatrixView(data_in, rows_in, columns_in, columns_in) {}
    MatrixView(T* data_in, std::int64_t rows_in, std::int64_t columns_in, std::int64_t stride_in)
        : data(data_in), rows(rows_in), columns(columns_in), stride(stride_in) {}
    /// A view that may write converts to one that only reads, as pointers do; never the other way.
    template <class U>
    requires(std::is_same_v<T, const U>) MatrixView(const MatrixView<U>& other)
        : data(other.data), rows(other.rows), columns(other.columns), stride(other.stride) {}

    T* row(std::int64_t r) const { return data + r * stride; }
};

/// One affine map a column, applied as a row is read: x'[j] = x[j] * scale[j] + shift[j]. Empty views mean the identity.
template <class Real>
struct ColumnAffineView {
    const Real* scale = nullptr;
    const Real* shift = nullptr;
    explicit operator bool() const { return scale != nullptr; }
};

/// An affine map a column in double precision, as a model keeps it: x' = x * scale + shift. Empty: the identity.
struct ColumnAffine {
    std::vector<double> scale, shift;
    bool empty() const { return scale.empty(); }
};

}  // namespace glissade
