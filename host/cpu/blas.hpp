// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

/// Matrix products on the thread that calls, by the private copy of OpenBLAS that cmake/Blas.cmake builds: it knows no threads of its own
/// and shares no state with a BLAS that the host program uses (docs/decisions/0011). The bits of a product follow from its shape, the
/// processor type and the version of OpenBLAS.
namespace glissade::cpu {

/// Where products pack their factors: address space of which pages are taken as they are written to. For one thread at a time.
class BlasBuffer {
public:
    /// Throws Error(memory).
    BlasBuffer();
    ~BlasBuffer();
    BlasBuffer(const BlasBuffer&) = delete;
    BlasBuffer& operator=(const BlasBuffer&) = delete;
    void* data() const { return data_; }

    /// About as many reals of it as a product with so many rows and columns writes to.
    static std::int64_t packed_reals(std::int64_t rows, std::int64_t columns) { return 512 * (rows + columns); }

private:
    void* data_ = nullptr;
};

/// A row-major matrix to be multiplied, or its transpose.
template <class Real>
struct Factor {
    const Real* data = nullptr;
    std::int64_t stride = 0;  ///< from row to row as it lies in memory
    bool transposed = false;
};

/// c[rows][columns] (+)= a[rows][depth] * b[depth][columns]; c is added to where `adds`, else what it held does not matter. All counts at
/// least 1 and below 2^31.
template <class Real>
struct Product {
    std::int64_t rows = 0, columns = 0, depth = 0;
    Factor<Real> a, b;
    Real* c = nullptr;
    std::int64_t c_stride = 0;
    bool adds = false;
};
/// May be called from many threads at once, each with a buffer of its own.
void multiply(const Product<float>& product, const BlasBuffer& buffer);
void multiply(const Product<double>& product, const BlasBuffer& buffer);

}  // namespace glissade::cpu
