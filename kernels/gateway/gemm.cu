// SPDX-License-Identifier: Apache-2.0
// The products of cuBLASLt. It thinks in columns: a row-major matrix is its transpose there, so c = a * b becomes c' = b' * a'.
#include "kernels/gateway/gemm.hpp"

#include <cuda_runtime.h>

#include <memory>
#include <new>
#include <optional>

#include "kernels/gateway/cublaslt.cuh"

namespace glissade::kernels {

struct GemmLibrary {
    const CublasLt* lt = nullptr;
    cublasLtHandle_t handle = nullptr;
    ~GemmLibrary() {
        if (handle) (void)lt->destroy(handle);
    }
};

struct GemmPlan {
    const CublasLt* lt = nullptr;
    cublasLtHandle_t handle = nullptr;  ///< the library's
    cublasLtMatmulDesc_t operation = nullptr;
    cublasLtMatrixLayout_t first = nullptr, second = nullptr, result = nullptr;
    cublasLtMatmulAlgo_t algorithm = {};
    ~GemmPlan() {
        if (operation) (void)lt->destroy_desc(operation);
        for (cublasLtMatrixLayout_t layout : {first, second, result})
            if (layout) (void)lt->destroy_layout(layout);
    }
};

namespace {

constexpr std::int64_t workspace_bytes = 32 << 20;  ///< what NVIDIA recommends for Hopper; older cards take 4 MB

cudaError_t as_cuda_error(cublasStatus_t status) {
    switch (status) {
        case CUBLAS_STATUS_SUCCESS:
            return cudaSuccess;
        case CUBLAS_STATUS_ALLOC_FAILED:
            return cudaErrorMemoryAllocation;
        case CUBLAS_STATUS_INVALID_VALUE:
            return cudaErrorInvalidValue;
        case CUBLAS_STATUS_ARCH_MISMATCH:
            return cudaErrorNoKernelImageForDevice;
        case CUBLAS_STATUS_NOT_SUPPORTED:
            return cudaErrorNotSupported;
        case CUBLAS_STATUS_NOT_INITIALIZED:
            return cudaErrorInitializationError;
        case CUBLAS_STATUS_EXECUTION_FAILED:
            return cudaErrorLaunchFailure;
        default:
            return cudaErrorUnknown;
    }
}

cublasComputeType_t compute_type(GemmPrecision precision) {
    switch (precision) {
        case GemmPrecision::tf32:
            return CUBLAS_COMPUTE_32F_FAST_TF32;
        case GemmPrecision::bfloat16:
            return CUBLAS_COMPUTE_32F_FAST_16BF;
        default:
            return CUBLAS_COMPUTE_32F;
    }
}

/// Goes on with what has to be asked for in turn as long as all is well.
class Steps {
public:
    template <class Call>
    Steps& operator()(const Call& call) {
        if (status_ == CUBLAS_STATUS_SUCCESS) status_ = call();
        return *this;
    }
    cublasStatus_t status() const { return status_; }

private:
    cublasStatus_t status_ = CUBLAS_STATUS_SUCCESS;
};

/// A matrix as it lies in memory, seen in columns.
struct Columns {
    std::int64_t rows, columns, stride, member_stride;
};
Columns factor_columns(const GemmFactor& factor, std::int64_t rows, std::int64_t columns) {
    return factor.transposed ? Columns{rows, columns, factor.stride, factor.member_stride}
                             : Columns{columns, rows, factor.stride, factor.member_stride};
}

cublasStatus_t make_layout(const CublasLt& lt, const Columns& matrix, std::int64_t members, cublasLtMatrixLayout_t* out) {
    const auto count = static_cast<std::int32_t>(members);
    return Steps()([&] {
               return lt.create_layout(out, CUDA_R_32F, static_cast<std::uint64_t>(matrix.rows), static_cast<std::uint64_t>(matrix.columns),
                                       matrix.stride);
           })([&] { return lt.set_layout(*out, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count, sizeof count); })([&] {
               return lt.set_layout(*out, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &matrix.member_stride, sizeof matrix.member_stride);
           })
        .status();
}

cublasStatus_t make_operation(const CublasLt& lt, const GemmShape& shape, cublasLtMatmulDesc_t* out) {
    const auto form = [](const GemmFactor& factor) { return factor.transposed ? CUBLAS_OP_T : CUBLAS_OP_N; };
    const cublasOperation_t first = form(shape.b), second = form(shape.a);
    return Steps()([&] { return lt.create_desc(out, compute_type(shape.precision), CUDA_R_32F); })([&] {
               return lt.set_desc(*out, CUBLASLT_MATMUL_DESC_TRANSA, &first, sizeof first);
           })([&] { return lt.set_desc(*out, CUBLASLT_MATMUL_DESC_TRANSB, &second, sizeof second); })
        .status();
}

/// The algorithm that the library expects to be fastest, of those that add in an order that is fixed: a depth that is split may not be
/// added up in place, by atomics.
cublasStatus_t choose_algorithm(const GemmShape& shape, GemmPlan& plan) {
    const std::uint32_t schemes = CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE | CUBLASLT_REDUCTION_SCHEME_OUTPUT_TYPE;
    const auto bytes = static_cast<std::uint64_t>(workspace_bytes);
    const auto alignment = static_cast<std::uint32_t>(shape.alignment);
    cublasLtMatmulPreference_t preference = nullptr;
    cublasLtMatmulHeuristicResult_t found = {};
    int count = 0;
    Steps steps;
    const auto prefer = [&](cublasLtMatmulPreferenceAttributes_t attribute, const auto& value) {
        steps([&] { return plan.lt->set_preference(preference, attribute, &value, sizeof value); });
    };
    steps([&] { return plan.lt->create_preference(&preference); });
    prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, bytes);
    prefer(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, schemes);
    for (const auto attribute : {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
                                 CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES})
        prefer(attribute, alignment);
    steps([&] {
        return plan.lt->get_heuristic(plan.handle, plan.operation, plan.first, plan.second, plan.result, plan.result, preference, 1, &found,
                                      &count);
    });
    if (preference) (void)plan.lt->destroy_preference(preference);
    if (steps.status() != CUBLAS_STATUS_SUCCESS) return steps.status();
    if (count < 1) return CUBLAS_STATUS_NOT_SUPPORTED;
    plan.algorithm = found.algo;
    return found.state;
}

}  // namespace

std::int64_t gemm_workspace_bytes() {
    return workspace_bytes;
}

int make_gemm_library(GemmLibrary** library_out) {
    std::unique_ptr<GemmLibrary> library(new (std::nothrow) GemmLibrary);
    if (!library) return cudaErrorMemoryAllocation;
    const std::optional<CublasLt>& functions = cublaslt().functions;
    if (!functions) return cudaErrorSharedObjectInitFailed;
    library->lt = &*functions;
    const cublasStatus_t status = library->lt->create(&library->handle);
    if (status == CUBLAS_STATUS_SUCCESS) *library_out = library.release();
    return as_cuda_error(status);
}

const char* gemm_library_tried() {
    return cublaslt().tried.c_str();
}

void release_gemm_library(GemmLibrary* library) {
    delete library;
}

int make_gemm_plan(GemmLibrary* library, const GemmShape& shape, GemmPlan** plan_out) {
    std::unique_ptr<GemmPlan> plan(new (std::nothrow) GemmPlan);
    if (!plan) return cudaErrorMemoryAllocation;
    plan->lt = library->lt;
    plan->handle = library->handle;
    const cublasStatus_t status =
        Steps()([&] { return make_operation(*plan->lt, shape, &plan->operation); })([&] {
            return make_layout(*plan->lt, factor_columns(shape.b, shape.depth, shape.columns), shape.members, &plan->first);
        })([&] { return make_layout(*plan->lt, factor_columns(shape.a, shape.rows, shape.depth), shape.members, &plan->second); })([&] {
            return make_layout(*plan->lt, {shape.columns, shape.rows, shape.c_stride, shape.c_member_stride}, shape.members, &plan->result);
        })([&] {
            return choose_algorithm(shape, *plan);
        }).status();
    if (status == CUBLAS_STATUS_SUCCESS) *plan_out = plan.release();
    return as_cuda_error(status);
}

void release_gemm_plan(GemmPlan* plan) {
    delete plan;
}

int launch_gemm(const GemmPlan* plan, const GemmCall& call, StreamHandle stream) {
    const float one = 1.0f, none = 0.0f;
    return as_cuda_error(plan->lt->matmul(plan->handle, plan->operation, &one, call.b, plan->first, call.a, plan->second, &none, call.c,
                                          plan->result, call.c, plan->result, &plan->algorithm, call.workspace,
                                          static_cast<std::size_t>(workspace_bytes), stream));
}

}  // namespace glissade::kernels
