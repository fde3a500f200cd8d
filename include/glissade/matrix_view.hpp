// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
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

/// A row-major matrix that somebody else owns. Row r starts at `data + r * stride`; `stride >= columns`, both in elements.
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
