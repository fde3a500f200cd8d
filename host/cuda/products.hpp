// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>

#include "glissade/layers.hpp"
#include "host/cuda/stream.hpp"
#include "kernels/gateway/gemm.hpp"

namespace glissade::cuda {

/// The library of matrix products on the device that is current when it is made.
class ProductLibrary {
public:
    ProductLibrary();
    kernels::GemmLibrary* get() const { return library_.get(); }

private:
    struct Release {
        void operator()(kernels::GemmLibrary* library) const { kernels::release_gemm_library(library); }
    };
    std::unique_ptr<kernels::GemmLibrary, Release> library_;
};

/// Products of one shape. The library must outlive it.
class Product {
public:
    Product(const ProductLibrary& library, const kernels::GemmShape& shape);
    void queue(const kernels::GemmCall& call, const Stream& stream) const;

private:
    struct Release {
        void operator()(kernels::GemmPlan* plan) const { kernels::release_gemm_plan(plan); }
    };
    kernels::GemmShape shape_;
    std::unique_ptr<kernels::GemmPlan, Release> plan_;
};

/// The products of a layer, on so many rows of each of so many members.
struct LayerProducts {
    std::int64_t rows = 0, members = 1;
    std::int64_t parameter_stride = 0;  ///< from one member's parameters to the next's
    std::int64_t sum_stride = 0;        ///< from one member's gradient to the next's
    bool shared_input = false;          ///< all members read the same rows
    kernels::GemmPrecision precision = kernels::GemmPrecision::float32;

    /// sums[rows][outputs] = inputs[rows][inputs] * weights'
    kernels::GemmShape forward(const DenseLayer& layer) const;
    /// gradient[outputs][inputs] = slopes[rows][outputs]' * inputs[rows][inputs]
    kernels::GemmShape gradient(const DenseLayer& layer) const;
    /// slopes of the inputs[rows][inputs] = slopes[rows][outputs] * weights
    kernels::GemmShape back(const DenseLayer& layer) const;
};

}  // namespace glissade::cuda
