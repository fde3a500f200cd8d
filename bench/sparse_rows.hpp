// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "glissade/dataset.hpp"
#include "glissade/random.hpp"

namespace glissade {

/// Sparse rows as one-hot and hashed columns make them: the same number of nonzeros in each, columns drawn by Zipf's law (the k-th most
/// frequent with a chance of about 1/k) and scattered over the whole width, two noisy classes.
class SparseRows {
public:
    std::int64_t rows, columns, nonzeros;

    /// `columns_in` is a power of two.
    SparseRows(std::int64_t rows_in, std::int64_t columns_in, std::int64_t nonzeros_a_row)
        : rows(rows_in),
          columns(columns_in),
          nonzeros(rows_in * nonzeros_a_row),
          data_(Dataset::allocate_sparse(RealType::float32, rows, columns, nonzeros, 1, false)) {
        std::uint64_t drawn = 0;
        const double width = std::log(static_cast<double>(columns) + 1);
        std::vector<std::uint32_t> row;
        std::uint32_t* indices = data_.mutable_indices();
        float* values = data_.mutable_values<float>();
        for (std::int64_t r = 0; r < rows; ++r) {
            row.clear();
            while (static_cast<std::int64_t>(row.size()) < nonzeros_a_row) {
                while (static_cast<std::int64_t>(row.size()) < nonzeros_a_row) row.push_back(draw(width, drawn++));
                std::sort(row.begin(), row.end());
                row.erase(std::unique(row.begin(), row.end()), row.end());
            }
            double score = 0;
            for (const std::uint32_t column : row) {
                const double value = .5 + Philox::uniform(7, 2, drawn++);
                *indices++ = column;
                *values++ = static_cast<float>(value);
                score += value * (Philox::uniform(7, 3, column) - .5);
            }
            data_.mutable_offsets()[r + 1] = (r + 1) * nonzeros_a_row;
            data_.mutable_targets<float>()[r] = score + Philox::uniform(7, 4, static_cast<std::uint64_t>(r)) - .5 > 0 ? 1.0f : 0.0f;
        }
    }
    SparseView<const float> view() const { return data_.sparse<float>(); }
    std::span<const float> targets() const { return data_.targets<float>(); }
    Dataset part(std::int64_t first, std::int64_t count) const {
        Dataset data =
            Dataset::borrow(view().part(first, count), targets().subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count)));
        data.task = Task::classification;
        data.class_labels = {"0", "1"};
        return data;
    }

private:
    std::uint32_t draw(double width, std::uint64_t counter) const {
        const auto rank = static_cast<std::uint64_t>(std::exp(width * Philox::uniform(7, 1, counter))) - 1;
        return static_cast<std::uint32_t>((rank * 0x9E3779B1u) & static_cast<std::uint64_t>(columns - 1));
    }

    Dataset data_;
};

}  // namespace glissade
