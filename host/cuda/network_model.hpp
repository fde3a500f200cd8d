// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "host/cuda/device_model.hpp"
#include "host/cuda/products.hpp"

namespace glissade::cuda {

/// A network that scores rows some at a time: the affine map, then layer by layer a product and an activation.
class NetworkModel final : public DeviceModel {
public:
    NetworkModel(const ModelShape& shape, std::int64_t chunk_rows, int multiprocessors, const DeviceAffine& affine, const Stream& stream);

    void set(const float* parameters) override;
    void score(const float* x, std::int64_t stride, std::int64_t rows, float* scores) override;

    /// Device memory that it takes besides the parameters and the map, in bytes.
    static std::int64_t work_bytes(const ModelShape& shape, std::int64_t chunk_rows);

private:
    void score_chunk(const float* x, std::int64_t stride, std::int64_t rows, float* scores);
    void activate(const DenseLayer& layer, std::int64_t rows, bool last, float* out);
    const std::vector<Product>& products(std::int64_t rows);

    ModelShape shape_;
    std::vector<DenseLayer> layers_;
    std::int64_t chunk_rows_;
    int multiprocessors_;
    const DeviceAffine& affine_;
    const Stream& stream_;
    DeviceBuffer<float> device_, sums_, values_;  ///< values: of a layer, at first the rows
    PinnedBuffer<float> host_;
    DeviceBuffer<std::byte> workspace_;
    ProductLibrary library_;
    std::map<std::int64_t, std::vector<Product>> products_;  ///< by rows; chunks and their ends come in few lengths
};

}  // namespace glissade::cuda
