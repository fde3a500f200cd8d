// SPDX-License-Identifier: Apache-2.0
#include "host/cpu/blas.hpp"

#include <sys/mman.h>

#include "glissade/error.hpp"
#include "host/cpu/blas_kernels.hpp"

namespace {

/// Of the product in progress on this thread.
thread_local void* blas_buffer = nullptr;

}  // namespace

// The two functions that are left of OpenBLAS, under names that no other copy of it has, and the two that it asks for its buffer by. The
// interface is that of CBLAS, whose enumerations are these numbers.
extern "C" {
void glissade_blas_sgemm(int order, int a_form, int b_form, int m, int n, int k, float alpha, const float* a, int a_stride, const float* b,
                         int b_stride, float beta, float* c, int c_stride);
void glissade_blas_dgemm(int order, int a_form, int b_form, int m, int n, int k, double alpha, const double* a, int a_stride,
                         const double* b, int b_stride, double beta, double* c, int c_stride);
void* glissade_blas_buffer(int);
void glissade_blas_return(void*);

void* glissade_blas_buffer(int) {
    return blas_buffer;
}
void glissade_blas_return(void*) {}
}

namespace glissade::cpu {

namespace {

constexpr int row_major = 101, as_it_lies = 111, turned = 112;
/// OpenBLAS sizes its blocks so that 128 MB hold them on every processor, and begins within the first pages.
constexpr std::size_t buffer_bytes = (std::size_t{32} << 22) + (std::size_t{1} << 20);

template <class Real, class Gemm>
void call(Gemm gemm, const Product<Real>& p, const BlasBuffer& buffer) {
    const auto form = [](const Factor<Real>& factor) { return factor.transposed ? turned : as_it_lies; };
    const auto count = [](std::int64_t value) { return static_cast<int>(value); };
    blas_buffer = buffer.data();
    gemm(row_major, form(p.a), form(p.b), count(p.rows), count(p.columns), count(p.depth), Real(1), p.a.data, count(p.a.stride), p.b.data,
         count(p.b.stride), p.adds ? Real(1) : Real(0), p.c, count(p.c_stride));
}

}  // namespace

BlasBuffer::BlasBuffer()
    : data_(::mmap(nullptr, buffer_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {
    if (data_ == MAP_FAILED) fail(ErrorKind::memory, "the system gave no 129 MB of address space for matrix products");
    static const bool chosen = (choose_blas_kernels(), true);  // no product is under way before there is a buffer
    (void)chosen;
}

BlasBuffer::~BlasBuffer() {
    ::munmap(data_, buffer_bytes);
}

void multiply(const Product<float>& product, const BlasBuffer& buffer) {
    call(glissade_blas_sgemm, product, buffer);
}
void multiply(const Product<double>& product, const BlasBuffer& buffer) {
    call(glissade_blas_dgemm, product, buffer);
}

}  // namespace glissade::cpu
