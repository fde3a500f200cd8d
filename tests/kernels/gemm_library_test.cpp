// SPDX-License-Identifier: Apache-2.0
// cuBLASLt is opened when it is asked for. Needs the toolkit's library and no card.
#include <gtest/gtest.h>

#include "glissade/error.hpp"
#include "host/cuda/check.hpp"
#include "kernels/gateway/cublaslt.cuh"
#include "tests/support/error_of.hpp"

namespace glissade::testing {
namespace {

TEST(GemmLibrary, HasEveryFunctionThatIsUsed) {
    const kernels::CublasLt* lt = kernels::cublaslt();
    if (lt == nullptr) GTEST_SKIP() << "libcublasLt is not on this machine";
    EXPECT_EQ(reinterpret_cast<void*>(lt->matmul), reinterpret_cast<void*>(kernels::cublaslt()->matmul));
    cublasLtMatrixLayout_t layout = nullptr;
    ASSERT_EQ(lt->create_layout(&layout, CUDA_R_32F, 3, 5, 4), CUBLAS_STATUS_SUCCESS);
    std::uint64_t rows = 7;
    EXPECT_EQ(lt->set_layout(layout, CUBLASLT_MATRIX_LAYOUT_ROWS, &rows, sizeof rows), CUBLAS_STATUS_SUCCESS);
    EXPECT_EQ(lt->destroy_layout(layout), CUBLAS_STATUS_SUCCESS);
}

TEST(GemmLibrary, ThatIsMissingIsAnErrorThatSaysSo) {
    const auto error = error_of([] { cuda::check_launch(cudaErrorSharedObjectInitFailed, "cublasLtCreate", "matrix products"); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind(), ErrorKind::device);
    EXPECT_NE(std::string(error->what()).find("install the CUDA toolkit's cuBLAS"), std::string::npos) << error->what();
}

}  // namespace
}  // namespace glissade::testing
