// SPDX-License-Identifier: Apache-2.0
// The library in about ten lines: borrow a matrix, train, predict, save.
#include <cstdio>
#include <vector>

#include "glissade/glissade.hpp"

int main() {
    const std::int64_t rows = 1000, columns = 3;
    std::vector<float> x, targets;
    for (std::int64_t i = 0; i < rows * columns; ++i)
        x.push_back(static_cast<float>(glissade::Philox::uniform(1, 5, static_cast<std::uint64_t>(i)) - .5));
    for (std::int64_t r = 0; r < rows; ++r)
        targets.push_back(x[static_cast<std::size_t>(r * columns)] > x[static_cast<std::size_t>(r * columns + 1)] ? 1.0f : 0.0f);
    const glissade::MatrixView<const float> matrix_view(x.data(), rows, columns);

    const auto data = glissade::Dataset::borrow(matrix_view, targets);
    const auto run = glissade::train(data, {.loss = "logistic", .optimizer = glissade::Adam{.lr = 1e-2}, .batch_size = 256, .epochs = 10});
    std::vector<float> out(2 * rows);
    run.model.predict_proba(matrix_view, out);
    run.model.save("model.safetensors");
    std::printf("accuracy %.3f, p(class 1 | row 0) = %.3f\n", *run.model.evaluate(data).accuracy, static_cast<double>(out[1]));
}
