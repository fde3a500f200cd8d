// SPDX-License-Identifier: Apache-2.0
#include "host/data/dataset_storage.hpp"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "glissade/error.hpp"

namespace glissade::storage {

namespace {
constexpr std::int64_t huge_page_bytes = std::int64_t{2} << 20;
constexpr std::int64_t most_columns = std::int64_t{1} << 32;
}  // namespace

std::int64_t checked_size(std::int64_t a, std::int64_t b, std::int64_t c) {
    std::int64_t product = 0, sum = 0;
    if (a < 0 || b < 0 || c < 0 || __builtin_mul_overflow(a, b, &product) || __builtin_add_overflow(product, c, &sum)) {
        fail(ErrorKind::memory,
             "a data set of " + std::to_string(a) + " rows by " + std::to_string(b) + " bytes a row does not fit any memory");
    }
    return sum;
}

std::int64_t round_up(std::int64_t value, std::int64_t unit) {
    return checked_size((value + unit - 1) / unit, unit, 0);
}

std::shared_ptr<void> allocate_zeroed(std::int64_t bytes) {
    const auto size = static_cast<std::size_t>(bytes);
    if (bytes >= huge_page_bytes) {
        void* block = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (block == MAP_FAILED) fail(ErrorKind::memory, "could not allocate " + std::to_string(bytes) + " bytes for a data set");
        ::madvise(block, size, MADV_HUGEPAGE);  // a hint: nothing depends on it
        return {block, [size](void* p) { ::munmap(p, size); }};
    }
    void* block = std::aligned_alloc(line_bytes, size);
    if (block == nullptr) fail(ErrorKind::memory, "could not allocate " + std::to_string(bytes) + " bytes for a data set");
    std::memset(block, 0, size);
    return {block, std::free};
}

template <class Real>
void require_type(RealType type) {
    if (type != real_type_of<Real>()) fail(ErrorKind::internal, "a data set was read as another real type than it holds");
}

void check_counts(std::int64_t rows, std::int64_t target_values, std::int64_t weight_values) {
    if (rows == 0 ? target_values != 0 : target_values % rows != 0)
        fail(ErrorKind::data, std::to_string(target_values) + " targets for " + std::to_string(rows) + " rows");
    if (weight_values != 0 && weight_values != rows)
        fail(ErrorKind::data, std::to_string(weight_values) + " weights for " + std::to_string(rows) + " rows");
}

template <class Real>
void check_structure(const SparseView<Real>& x, const char* what) {
    if (x.rows < 0 || x.columns < 0 || x.columns > most_columns)
        fail(ErrorKind::data, std::string(what) + ": " + std::to_string(x.rows) + " sparse rows by " + std::to_string(x.columns) +
                                  " columns; 0 to 2^32 columns are possible");
    if (x.rows == 0) return;
    if (x.offsets == nullptr) fail(ErrorKind::data, std::string(what) + ": sparse rows without offsets");
    if (x.offsets[0] < 0) fail(ErrorKind::data, std::string(what) + ": the first offset is negative");
    const auto at_row = [&](std::int64_t r) { return std::string(what) + ", row " + std::to_string(r + 1); };
    for (std::int64_t r = 0; r < x.rows; ++r)
        if (x.offsets[r + 1] < x.offsets[r]) fail(ErrorKind::data, at_row(r) + ": its offsets fall");
    if (x.nonzeros() > 0 && (x.indices == nullptr || x.values == nullptr))
        fail(ErrorKind::data, std::string(what) + ": sparse rows have nonzeros, but no indices or values");
    for (std::int64_t r = 0; r < x.rows; ++r) {
        std::int64_t before = -1;
        for (std::int64_t k = x.offsets[r]; k < x.offsets[r + 1]; ++k) {
            const auto column = static_cast<std::int64_t>(x.indices[k]);
            if (column <= before)
                fail(ErrorKind::data, at_row(r) + ": column " + std::to_string(column + 1) + " follows column " +
                                          std::to_string(before + 1) + "; the columns of a sparse row must ascend");
            before = column;
        }
        if (before >= x.columns)
            fail(ErrorKind::data,
                 at_row(r) + ": column " + std::to_string(before + 1) + ", but there are " + std::to_string(x.columns) + " columns");
    }
}

template void require_type<float>(RealType);
template void require_type<double>(RealType);
template void check_structure<const float>(const SparseView<const float>&, const char*);
template void check_structure<const double>(const SparseView<const double>&, const char*);

}  // namespace glissade::storage
