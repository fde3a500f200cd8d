// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "glissade/export.hpp"
#include "glissade/matrix_view.hpp"
#include "glissade/sparse_view.hpp"

namespace glissade {

enum class Task { regression, classification };

struct Preparation;

/// Where memory of a CUDA device is, and whose work must be over before it may be read.
struct DevicePlace {
    int ordinal = 0;
    void* stream = nullptr;  ///< a cudaStream_t of that device; null: its default stream
};

/// Rows, targets and weights to train on or to score: a dense row-major matrix or compressed sparse rows, owned or borrowed, of float or of
/// double throughout. A Dataset is cheap to copy: copies share the same immutable storage.
///
/// Classification targets are class indices 0, 1, ... stored as reals; `class_labels` maps them back to what the user wrote. With several
/// targets a row each is 1 or 0, whether the row has that label or not; `class_labels` names the labels. The public fields may be set
/// freely; whoever uses the data set checks them against its shape and throws Error(data).
class GLISSADE_EXPORT Dataset {
public:
    Dataset() = default;

    /// Views the caller's memory without a copy; it must stay alive and unchanged while the Dataset or a copy of it is used.
    /// `features` is rows x columns; `targets` holds rows values (or rows * T, row-major, for T targets a row), or none if the rows are not
    /// to be learned from; `weights` is empty or holds rows values >= 0, of any scale: training divides them by their mean. Throws
    /// Error(data) if the sizes disagree or the view cannot be read. Values are checked when they are used. Cost: none.
    static Dataset borrow(MatrixView<const float> features, std::span<const float> targets, std::span<const float> weights = {});
    static Dataset borrow(MatrixView<const double> features, std::span<const double> targets, std::span<const double> weights = {});

    /// The same for sparse rows. Throws Error(data), naming the row, also where the columns of a row do not ascend or there are no such
    /// columns. Cost: a pass over the indices.
    static Dataset borrow(SparseView<const float> rows, std::span<const float> targets, std::span<const float> weights = {});
    static Dataset borrow(SparseView<const double> rows, std::span<const double> targets, std::span<const double> weights = {});

    /// Views dense float32 rows that lie in the memory of a CUDA device, for training and prediction there, with device "auto", "cuda" or
    /// the "cuda:N" of that device; any other throws Error(device). `features` is device memory. `targets` and `weights`, as in borrow(),
    /// are host memory, or memory of the same device, which is copied to the host here. Features must stay alive and unchanged while the
    /// Dataset or a copy of it is used, and so must the stream: whatever reads the rows first waits for what the stream has queued by then,
    /// and has read them when it returns. Training makes records of them on the card, so that they do not travel; standardising (two
    /// passes) and a checkpoint's fingerprint (one) read them over the bus, block by block, to give the bits that rows of the host give.
    /// Throws Error(data) if the sizes disagree or memory is not where it should be, Error(device) if it is another device's, if the device
    /// cannot be used, and in a build without CUDA. select() and cross-validation do not take such rows.
    static Dataset borrow_device(MatrixView<const float> features, std::span<const float> targets, const DevicePlace& place,
                                 std::span<const float> weights = {});

    /// Allocates rows x columns features (rows padded so that few of them straddle cache lines; padding and values are zero),
    /// rows * target_count targets, and weights if asked for. Throws Error(memory).
    static Dataset allocate(RealType type, std::int64_t rows, std::int64_t columns, std::int64_t target_count, bool with_weights);

    /// Allocates sparse rows with room for so many nonzeros, all of it zero: offsets, then indices and values, are to be filled. Throws
    /// Error(memory).
    static Dataset allocate_sparse(RealType type, std::int64_t rows, std::int64_t columns, std::int64_t nonzeros, std::int64_t target_count,
                                   bool with_weights);

    /// The rows `rows[0], rows[1], ...` as a new owned Dataset, in that order, with everything that is known of the numbers.
    Dataset select(std::span<const std::int64_t> rows) const;

    RealType real_type() const { return type_; }
    std::int64_t rows() const { return rows_; }
    std::int64_t columns() const { return columns_; }
    std::int64_t stride() const { return stride_; }  ///< elements from one row to the next; 0 if sparse
    bool is_sparse() const { return offsets_ != nullptr; }
    std::int64_t nonzeros() const;  ///< values stored; throws Error(internal) on dense data
    std::int64_t target_count() const { return target_count_; }
    bool has_targets() const { return targets_ != nullptr; }
    bool has_weights() const { return weights_ != nullptr; }
    /// Where the features are, if in the memory of a device.
    const std::optional<DevicePlace>& place() const { return place_; }

    /// Typed access, rows x columns, rows x target_count() and rows; empty where there are no targets or weights. Throws Error(internal) if
    /// Real is not `real_type()`, for `features` of sparse data or of data on a device and for `sparse` of dense data. Valid as long as the
    /// Dataset or a copy of it lives (borrowed: as long as the caller's memory).
    template <class Real>
    MatrixView<const Real> features() const;
    template <class Real>
    SparseView<const Real> sparse() const;
    template <class Real>
    std::span<const Real> targets() const;
    template <class Real>
    std::span<const Real> weights() const;
    /// The features of data on a device, a view of its memory; throws Error(internal) on other data.
    MatrixView<const float> device_features() const;

    /// Write access to storage made by `allocate` or `allocate_sparse`, for whoever fills it, before it is shared. Throws Error(internal)
    /// on borrowed data, and on data of the other form.
    template <class Real>
    Real* mutable_features();
    std::int64_t* mutable_offsets();   ///< rows() + 1
    std::uint32_t* mutable_indices();  ///< as many as there is room for
    template <class Real>
    Real* mutable_values();  ///< likewise
    template <class Real>
    Real* mutable_targets();
    template <class Real>
    Real* mutable_weights();

    Task task = Task::regression;            ///< what the targets are, for a loss that is chosen from the data
    std::vector<std::string> class_labels;   ///< empty for regression; else the label of class 0, 1, ..., or the name of each target
    std::vector<std::string> feature_names;  ///< empty or one a column

    /// What has already been done to the numbers, so that a model trained on them can repeat or undo it. Empty for raw numbers.
    ColumnAffine input;                              ///< applied to the features: standardisation; a scale and a shift a column (sparse: 0)
    std::vector<double> target_scale, target_shift;  ///< target in the user's units = stored * scale + shift, one a target
    std::shared_ptr<const Preparation> preparation;  ///< how the file's columns became these columns

private:
    template <class Real>
    static Dataset borrow_as(MatrixView<const Real> features, std::span<const Real> targets, std::span<const Real> weights);
    template <class Real>
    static Dataset borrow_rows(SparseView<const Real> rows, std::span<const Real> targets, std::span<const Real> weights);
    template <class Real>
    Dataset select_as(std::span<const std::int64_t> rows) const;
    template <class Real>
    Dataset select_sparse(std::span<const std::int64_t> rows) const;

    RealType type_ = RealType::float32;
    std::int64_t rows_ = 0, columns_ = 0, stride_ = 0, target_count_ = 1;
    const std::int64_t* offsets_ = nullptr;  ///< of sparse rows; null if dense
    const std::uint32_t* indices_ = nullptr;
    const void* features_ = nullptr;  ///< the matrix, or the values of sparse rows
    const void* targets_ = nullptr;
    const void* weights_ = nullptr;
    std::shared_ptr<void> storage_;                     ///< null when borrowed
    std::shared_ptr<const std::vector<float>> copied_;  ///< targets and weights that came from a device
    std::optional<DevicePlace> place_;
};

/// Elements from one owned row to the next for rows of `columns` values: a power of two inside a cache line, else whole cache lines
/// where that wastes at most a seventh, else a multiple of 16 bytes.
GLISSADE_EXPORT std::int64_t padded_stride(std::int64_t columns, RealType type);

}  // namespace glissade
