// SPDX-License-Identifier: Apache-2.0
#include "host/cuda/products.hpp"

#include <string>

#include "host/cuda/check.hpp"

namespace glissade::cuda {

using kernels::GemmShape;

namespace {

std::string product_words(const GemmShape& shape) {
    const char* const precision = shape.precision == kernels::GemmPrecision::tf32       ? "tf32"
                                  : shape.precision == kernels::GemmPrecision::bfloat16 ? "bfloat16"
                                                                                        : "float32";
    return "a product of " + std::to_string(shape.rows) + " x " + std::to_string(shape.depth) + " x " + std::to_string(shape.columns) +
           " for " + std::to_string(shape.members) + (shape.members == 1 ? " member in " : " members in ") + precision;
}

/// The largest power of two, up to 16 bytes, that every row of these begins at, of buffers that begin at a multiple of 256 bytes.
template <class... Offsets>
std::int64_t alignment_of(Offsets... offsets) {
    const std::int64_t floats = (offsets | ... | 4);
    return (floats & -floats) * static_cast<std::int64_t>(sizeof(float));
}

GemmShape counts(const LayerProducts& all, std::int64_t rows, std::int64_t columns, std::int64_t depth) {
    GemmShape shape;
    shape.precision = all.precision;
    shape.rows = rows;
    shape.columns = columns;
    shape.depth = depth;
    shape.members = all.members;
    return shape;
}

}  // namespace

ProductLibrary::ProductLibrary() {
    kernels::GemmLibrary* library = nullptr;
    check_product(kernels::make_gemm_library(&library), "cublasLtCreate", "matrix products");
    library_.reset(library);
}

Product::Product(const ProductLibrary& library, const GemmShape& shape) : shape_(shape) {
    kernels::GemmPlan* plan = nullptr;
    check_product(kernels::make_gemm_plan(library.get(), shape, &plan), "cublasLtMatmulAlgoGetHeuristic", product_words(shape));
    plan_.reset(plan);
}

void Product::queue(const kernels::GemmCall& call, const Stream& stream) const {
    check_product(kernels::launch_gemm(plan_.get(), call, stream.get()), "cublasLtMatmul", product_words(shape_));
}

GemmShape LayerProducts::forward(const DenseLayer& layer) const {
    GemmShape shape = counts(*this, rows, layer.outputs, layer.inputs);
    shape.a = {layer.inputs, false, shared_input ? 0 : rows * layer.inputs};
    shape.b = {layer.inputs, true, parameter_stride};
    shape.c_stride = layer.outputs;
    shape.c_member_stride = rows * layer.outputs;
    shape.alignment = alignment_of(layer.inputs, layer.outputs, layer.weights_at, members > 1 ? parameter_stride : 0);
    return shape;
}

GemmShape LayerProducts::gradient(const DenseLayer& layer) const {
    GemmShape shape = counts(*this, layer.outputs, layer.inputs, rows);
    shape.a = {layer.outputs, true, rows * layer.outputs};
    shape.b = {layer.inputs, false, shared_input ? 0 : rows * layer.inputs};
    shape.c_stride = layer.inputs;
    shape.c_member_stride = sum_stride;
    shape.alignment = alignment_of(layer.inputs, layer.outputs, layer.weights_at);
    return shape;
}

GemmShape LayerProducts::back(const DenseLayer& layer) const {
    GemmShape shape = counts(*this, rows, layer.inputs, layer.outputs);
    shape.a = {layer.outputs, false, rows * layer.outputs};
    shape.b = {layer.inputs, false, parameter_stride};
    shape.c_stride = layer.inputs;
    shape.c_member_stride = rows * layer.inputs;
    shape.alignment = alignment_of(layer.inputs, layer.outputs, layer.weights_at, members > 1 ? parameter_stride : 0);
    return shape;
}

}  // namespace glissade::cuda
