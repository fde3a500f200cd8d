// SPDX-License-Identifier: Apache-2.0
// A kernel of the kind this stand-in is for: logistic regression with Adam over a cooperative grid, against plain loops in double.
#include <cooperative_groups.h>

#include <cmath>

#include "tests/emulation/tests/testing.hpp"

namespace glissade::emulation {
namespace {
namespace cg = cooperative_groups;

constexpr int features = 28;
constexpr int rows = 512;
constexpr int steps = 100;
constexpr unsigned blocks = 4;
constexpr unsigned threads = 128;

struct Training {
    const float* x;         // rows x features
    const float* y;         // rows
    float* partials;        // blocks x features
    float* parameters_out;  // features
};

struct Storage {
    float parameters[features];
    float first[features];
    float second[features];
    float gradient[threads / 32][features];
};

__device__ void add_rows(const Training& p, Storage& shared, int batch_first) {
    auto warp = cg::tiled_partition<32>(cg::this_thread_block());
    const auto lane = static_cast<int>(warp.thread_rank());
    const unsigned which = blockIdx.x * (threads / 32) + warp.meta_group_rank();
    float sum = 0.0F;
    for (int i = static_cast<int>(which); i < 64; i += static_cast<int>(blocks * (threads / 32))) {
        const int row = (batch_first + i) % rows;
        const float value = lane < features ? __ldg(&p.x[row * features + lane]) : 0.0F;
        float score = lane < features ? value * shared.parameters[lane] : 0.0F;
        for (unsigned offset = 16; offset > 0; offset /= 2) score += warp.shfl_xor(score, offset);
        const float slope = 1.0F / (1.0F + std::exp(-score)) - p.y[row];
        sum += slope * value;
    }
    if (lane < features) shared.gradient[warp.meta_group_rank()][lane] = sum / 64.0F;
}

__device__ void adam(Storage& shared, int i, float gradient, int step) {
    shared.first[i] = 0.9F * shared.first[i] + 0.1F * gradient;
    shared.second[i] = 0.999F * shared.second[i] + 0.001F * gradient * gradient;
    const float first = shared.first[i] / (1.0F - std::pow(0.9F, static_cast<float>(step)));
    const float second = shared.second[i] / (1.0F - std::pow(0.999F, static_cast<float>(step)));
    shared.parameters[i] -= 0.01F * first / (std::sqrt(second) + 1e-8F);
}

__global__ void __launch_bounds__(threads) train(const __grid_constant__ Training p) {
    auto& shared = *static_cast<Storage*>(glissade_emulated_shared_memory());
    auto grid = cg::this_grid();
    auto block = cg::this_thread_block();
    const auto rank = static_cast<int>(block.thread_rank());
    if (rank < features) shared.parameters[rank] = shared.first[rank] = shared.second[rank] = 0.0F;
    block.sync();
    for (int step = 1; step <= steps; ++step) {
        add_rows(p, shared, 64 * step);
        block.sync();
        if (rank < features) {
            float sum = 0.0F;
            for (const auto& warp : shared.gradient) sum += warp[rank];
            __stcg(&p.partials[blockIdx.x * features + rank], sum);
        }
        grid.sync();
        if (rank < features) {
            float sum = 0.0F;
            for (unsigned i = 0; i < blocks; ++i) sum += __ldcg(&p.partials[i * features + rank]);
            adam(shared, rank, sum, step);
        }
        grid.sync();
    }
    if (blockIdx.x == 0 && rank < features) p.parameters_out[rank] = shared.parameters[rank];
}

std::vector<double> oracle(const std::vector<float>& x, const std::vector<float>& y) {
    std::vector<double> w(features), m(features), v(features);
    for (int step = 1; step <= steps; ++step) {
        std::vector<double> gradient(features);
        for (int i = 0; i < 64; ++i) {
            const int row = (64 * step + i) % rows;
            double score = 0;
            for (int k = 0; k < features; ++k) score += static_cast<double>(x[row * features + k]) * w[k];
            const double slope = 1 / (1 + std::exp(-score)) - static_cast<double>(y[row]);
            for (int k = 0; k < features; ++k) gradient[k] += slope * static_cast<double>(x[row * features + k]) / 64;
        }
        for (int k = 0; k < features; ++k) {
            m[k] = 0.9 * m[k] + 0.1 * gradient[k];
            v[k] = 0.999 * v[k] + 0.001 * gradient[k] * gradient[k];
            w[k] -= 0.01 * m[k] / (1 - std::pow(0.9, step)) / (std::sqrt(v[k] / (1 - std::pow(0.999, step))) + 1e-8);
        }
    }
    return w;
}

TEST_F(EmulatedTest, ACooperativeTrainingKernelAgreesWithPlainLoopsForEverySeed) {
    std::vector<float> x(rows * features);
    std::vector<float> y(rows);
    std::uint64_t state = 1;
    const auto uniform = [&] {
        state = state * 6364136223846793005U + 1442695040888963407U;
        return static_cast<float>(state >> 40) / 16777216.0F - 0.5F;
    };
    for (float& value : x) value = uniform();
    for (int row = 0; row < rows; ++row) y[row] = x[row * features] - x[row * features + 1] + 0.3F * uniform() > 0 ? 1.0F : 0.0F;

    DeviceArray<float> device_x(x.size());
    DeviceArray<float> device_y(y.size());
    DeviceArray<float> partials(blocks * features);
    DeviceArray<float> parameters(features);
    ASSERT_EQ(cudaMemcpy(device_x.data(), x.data(), x.size() * sizeof(float), cudaMemcpyHostToDevice), cudaSuccess);
    ASSERT_EQ(cudaMemcpy(device_y.data(), y.data(), y.size() * sizeof(float), cudaMemcpyHostToDevice), cudaSuccess);
    const Training params{device_x.data(), device_y.data(), partials.data(), parameters.data()};
    std::vector<float> first;
    for (const std::uint64_t seed : {1, 2}) {
        set_seed(seed);
        ASSERT_EQ(run_cooperative(shape(blocks, threads, sizeof(Storage)), train, params), cudaSuccess);
        const std::vector<float> got = parameters.read();
        if (first.empty()) first = got;
        EXPECT_EQ(got, first) << "seed " << seed << ": the order of threads must not change a bit";
    }
    // Adam divides by the root of its own gradient's square, so a relative error of a gradient, of at most about (n + 10) roundings,
    // moves a step of 0.01 by that much of itself; the errors of all steps add up.
    const double bound = 2 * steps * 0.01 * (features + 64 + 10) * std::ldexp(1.0, -24);
    const std::vector<double> expected = oracle(x, y);
    for (int k = 0; k < features; ++k) EXPECT_NEAR(static_cast<double>(first[k]), expected[k], bound) << k;
}

}  // namespace
}  // namespace glissade::emulation
