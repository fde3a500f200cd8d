// SPDX-License-Identifier: Apache-2.0
// cuBLASLt is opened when it is asked for. Needs the toolkit's library and no card.
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "kernels/gateway/cublaslt.cuh"

namespace glissade::testing {
namespace {

TEST(GemmLibrary, HasEveryFunctionThatIsUsed) {
    const std::optional<kernels::CublasLt>& lt = kernels::cublaslt().functions;
    if (!lt) GTEST_SKIP() << "libcublasLt is not on this machine: " << kernels::cublaslt().tried;
    cublasLtMatrixLayout_t layout = nullptr;
    ASSERT_EQ(lt->create_layout(&layout, CUDA_R_32F, 3, 5, 4), CUBLAS_STATUS_SUCCESS);
    std::uint64_t rows = 7;
    EXPECT_EQ(lt->set_layout(layout, CUBLASLT_MATRIX_LAYOUT_ROWS, &rows, sizeof rows), CUBLAS_STATUS_SUCCESS);
    EXPECT_EQ(lt->destroy_layout(layout), CUBLAS_STATUS_SUCCESS);
}

TEST(GemmLibrary, ThatLacksAFunctionDoesNotEndTheSearch) {
    const kernels::CublasLtSearch none = kernels::find_cublaslt({"libm.so.6", "no_such_library.so"});
    EXPECT_FALSE(none.functions);
    EXPECT_EQ(none.tried.rfind("libm.so.6 has no function cublasLtCreate; no_such_library.so: ", 0), 0U) << none.tried;
    const std::string name = "libcublasLt.so." + std::to_string(CUBLAS_VER_MAJOR);
    const std::string toolkit = "/usr/local/cuda/lib64/" + name;
    if (!kernels::find_cublaslt({name, toolkit}).functions) GTEST_SKIP() << "libcublasLt is not on this machine";
    EXPECT_TRUE(kernels::find_cublaslt({"libm.so.6", name, toolkit}).functions);
}

}  // namespace
}  // namespace glissade::testing
