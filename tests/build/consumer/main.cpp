// SPDX-License-Identifier: Apache-2.0
// What README shows, on rows whose class is the sign of their first feature.
#include <cstdio>
#include <glissade/glissade.hpp>
#include <random>
#include <vector>

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    const char* path = argv[1];
    const std::int64_t rows = 4096, columns = 3;
    std::vector<float> features(static_cast<std::size_t>(rows * columns)), targets(static_cast<std::size_t>(rows));
    std::mt19937 random(7);
    for (float& value : features) value = static_cast<float>(random() % 2001) / 1000 - 1;
    for (std::int64_t r = 0; r < rows; ++r) targets[r] = features[r * columns] > 0 ? 1.0f : 0.0f;
    const glissade::MatrixView<float> x(features.data(), rows, columns);  // of writable memory, as a program's own matrix is
    std::vector<float> out(static_cast<std::size_t>(rows * 2));

    auto data = glissade::Dataset::borrow(x, targets);
    auto run = glissade::train(data, {.loss = "logistic", .optimizer = glissade::Adam{.lr = 1e-2}, .batch_size = 256, .epochs = 10});
    run.model.predict_proba(x, out);
    run.model.save(path);

    std::int64_t right = 0;
    for (std::int64_t r = 0; r < rows; ++r) right += (out[r * 2 + 1] > 0.5f) == (targets[r] > 0.5f);
    std::vector<float> again(out.size());
    glissade::Model::load(path).predict_proba(x, again);
    std::printf("accuracy %.3f, loss %.4f\n", static_cast<double>(right) / static_cast<double>(rows), run.history.back().loss);
    try {
        glissade::Model::load("/nonexistent/model.safetensors");
        return 1;
    } catch (const glissade::Error& error) {  // thrown inside the library, caught by type outside of it
        if (error.kind() != glissade::ErrorKind::io) return 1;
    }
    return again == out && right > rows * 9 / 10 ? 0 : 1;
}
