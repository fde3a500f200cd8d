// SPDX-License-Identifier: Apache-2.0
#include "host/cli/generated_data.hpp"

#include <cmath>
#include <thread>
#include <vector>

#include "glissade/device.hpp"
#include "glissade/random.hpp"

namespace glissade::cli {
namespace {

constexpr auto stream = static_cast<std::uint64_t>(RandomStream::data);
constexpr double unit_deviation = 3.4641016151377544;  // sqrt(12): of uniform numbers in a range of this length

/// A number for the model or a row, the same wherever it is asked for: `place` counts features, then the row's label.
double uniform(std::uint64_t seed, std::int64_t row, std::int64_t width, std::int64_t place) {
    return Philox::uniform(seed, stream, static_cast<std::uint64_t>((row + 1) * width + place));
}

}  // namespace

Dataset generated_classes(std::int64_t rows, std::int64_t features, std::uint64_t seed, std::int64_t first_row) {
    Dataset data = Dataset::allocate(RealType::float32, rows, features, 1, false);
    data.task = Task::classification;
    data.class_labels = {"0", "1"};
    const std::int64_t width = features + 1;
    std::vector<double> truth(static_cast<std::size_t>(features));
    const double scale = 2 / std::sqrt(static_cast<double>(features));
    for (std::int64_t j = 0; j < features; ++j)
        truth[static_cast<std::size_t>(j)] = (uniform(seed, -1, width, j) - .5) * unit_deviation * scale;
    float* x = data.mutable_features<float>();
    float* y = data.mutable_targets<float>();
    const auto fill = [&, stride = data.stride()](std::int64_t begin, std::int64_t end) {
        for (std::int64_t r = begin; r < end; ++r) {
            double score = 0;
            for (std::int64_t j = 0; j < features; ++j) {
                const double value = (uniform(seed, first_row + r, width, j) - .5) * unit_deviation;
                x[r * stride + j] = static_cast<float>(value);
                score += value * truth[static_cast<std::size_t>(j)];
            }
            y[r] = uniform(seed, first_row + r, width, features) < 1 / (1 + std::exp(-score)) ? 1.0F : 0.0F;
        }
    };
    const int threads = usable_processors();
    std::vector<std::jthread> team;
    for (int t = 1; t < threads; ++t) team.emplace_back(fill, rows * t / threads, rows * (t + 1) / threads);
    fill(0, rows / threads);
    return data;
}

}  // namespace glissade::cli
