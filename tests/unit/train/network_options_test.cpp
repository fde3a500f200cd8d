// SPDX-License-Identifier: Apache-2.0
// Settings of networks that cannot be, each with its clear error, and where parameters begin.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>

#include "host/train/initial_weights.hpp"
#include "tests/support/bounds.hpp"
#include "tests/unit/train/problems.hpp"

namespace glissade::network_options_test {
namespace {

using testing::error_of;
using testing::RandomProblem;

struct Refused {
    const char* says;  ///< part of the message
    std::function<void(TrainOptions&)> change;
    ErrorKind kind = ErrorKind::usage;
};

TEST(NetworkOptions, ThatCannotBeAreRefusedByName) {
    const RandomProblem<float> problem(50, 3, 2, 4);
    const std::vector<Refused> cases = {
        {"hidden[1] = 0",
         [](TrainOptions& o) {
             o.hidden = {4, 0};
         }},
        {"hidden[0] = -3", [](TrainOptions& o) { o.hidden = {-3}; }},
        {"101 hidden layers", [](TrainOptions& o) { o.hidden.assign(101, 2); }},
        {"too large", [](TrainOptions& o) { o.hidden.assign(100, 1'000'000); }},
        {"dropout = 1", [](TrainOptions& o) { o.dropout = 1; }},
        {"dropout", [](TrainOptions& o) { o.dropout = std::nan(""); }},
        {"dropout", [](TrainOptions& o) { o.dropout = 1 - 0x1p-40; }},
        {"the model has none", [](TrainOptions& o) { o.hidden.clear(), o.dropout = .5; }},
        {"label_smoothing = -0.1", [](TrainOptions& o) { o.label_smoothing = -.1; }},
        {"label smoothing is for", [](TrainOptions& o) { o.loss = "hinge", o.label_smoothing = .1; }},
        {"begin alike stay alike", [](TrainOptions& o) { o.init = Init::zeros; }},
        {"elu_alpha", [](TrainOptions& o) { o.activation = Elu{.elu_alpha = -1}; }},
        {"are allowed",
         [](TrainOptions& o) {
             o.hidden = {500, 500}, o.memory_limit_bytes = 1 << 20;
         },
         ErrorKind::memory},
        {"are available: use narrower layers",
         [](TrainOptions& o) {
             o.hidden = {1'000'000, 1'000'000};
         },
         ErrorKind::memory},
    };
    for (const Refused& refused : cases) {
        TrainOptions options;
        options.loss = "logistic";
        options.hidden = {4};
        options.epochs = 1;
        refused.change(options);
        const auto error = error_of([&] { train(problem.dataset(), options); });
        ASSERT_TRUE(error) << refused.says;
        EXPECT_EQ(error->kind(), refused.kind) << error->what();
        EXPECT_NE(std::string(error->what()).find(refused.says), std::string::npos) << error->what();
    }
}

TEST(NetworkOptions, SparseRowsAreRefused) {
    const testing::SparseProblem<float> problem(50, 3, 2, 4);
    TrainOptions options;
    options.hidden = {4};
    options.loss = "logistic";
    const auto error = error_of([&] { train(problem.dataset(), options); });
    ASSERT_TRUE(error);
    EXPECT_NE(std::string(error->what()).find("hidden layers read dense rows"), std::string::npos) << error->what();
}

TEST(NetworkOptions, AutoTakesTheCpuForFloat64AndSaysWhy) {
    const RandomProblem<double> problem(50, 3, 2, 4);
    TrainOptions options;
    options.hidden = {4};
    options.loss = "logistic";
    options.epochs = 1;
    EXPECT_NE(train(problem.dataset(), options).plan.find("float64 runs on the CPU"), std::string::npos);
    const std::string plan = describe_plan(problem.dataset(), options);
    EXPECT_NE(plan.find("3 features x 4 relu units x 1 output, 21 parameters"), std::string::npos) << plan;
}

TEST(NormalQuantile, InvertsTheDistribution) {
    for (int i = 1; i < 4000; ++i) {
        const double p = i < 2000 ? i / 2000.0 : std::ldexp(1.0, -(i - 2000) / 40);
        if (!(p > 0 && p < 1)) continue;
        const long double z = normal_quantile(p), share = std::erfc(-z / std::sqrt(2.0L)) / 2;
        // The distribution turns an error e of z into one of z * e of the tail, and z itself is good to some 8 units.
        const double bound = testing::gamma_bound<double>(8 + 8 * static_cast<double>(z * z));
        EXPECT_NEAR(static_cast<double>(share / p), 1, bound) << "p " << p;
    }
    EXPECT_EQ(normal_quantile(.5), 0);
}

ModelSpec wide() {
    ModelSpec spec;
    spec.features = 60;
    spec.hidden = {200, 50};
    spec.outputs = 3;
    spec.loss = "softmax";
    return spec;
}

/// Of n independent numbers of deviation s, the mean lies within five deviations s/sqrt(n) of 0 and the mean square within five of its own,
/// at most sqrt(2/n) of it, but for one time in a million.
TEST(InitialWeights, HaveTheDeviationsThatTheyPromise) {
    for (const Init init : {Init::automatic, Init::he_normal, Init::he_uniform, Init::xavier_normal, Init::xavier_uniform, Init::torch}) {
        const ModelSpec spec = wide();
        const auto weights = initial_weights(spec, init, 5);
        const auto layers = spec.layers();
        for (std::size_t i = 0; i < layers.size(); ++i) {
            const auto in = static_cast<double>(layers[i].inputs), out = static_cast<double>(layers[i].outputs);
            double deviation = std::sqrt((i + 1 < layers.size() ? 2 : 1) / in);
            if (init == Init::xavier_normal || init == Init::xavier_uniform) deviation = std::sqrt(2 / (in + out));
            if (init == Init::torch) deviation = 1 / std::sqrt(3 * in);
            double sum = 0, squares = 0, top = 0;
            for (std::int64_t j = layers[i].weights_at; j < layers[i].biases_at(); ++j) {
                const double w = weights[static_cast<std::size_t>(j)];
                sum += w;
                squares += w * w;
                top = std::max(top, std::fabs(w));
            }
            const double n = in * out;
            const std::string label = std::string(name_of(init)) + ", layer " + std::to_string(i);
            EXPECT_LE(std::fabs(sum / n), 5 * deviation / std::sqrt(n)) << label;
            EXPECT_LE(std::fabs(squares / n / (deviation * deviation) - 1), 5 * std::sqrt(2 / n)) << label;
            const bool uniform = init == Init::he_uniform || init == Init::xavier_uniform || init == Init::torch;
            EXPECT_EQ(top <= std::sqrt(3.0) * deviation, uniform) << label;
            for (std::int64_t j = layers[i].biases_at(); j < layers[i].end(); ++j)
                EXPECT_EQ(weights[static_cast<std::size_t>(j)] != 0, init == Init::torch) << label;
        }
    }
}

TEST(InitialWeights, AreAFunctionOfSeedLayerAndPlace) {
    const ModelSpec spec = wide();
    const auto weights = initial_weights(spec, Init::he_normal, 5);
    EXPECT_EQ(weights, initial_weights(spec, Init::he_normal, 5));
    EXPECT_NE(weights, initial_weights(spec, Init::he_normal, 6));
    ModelSpec linear = spec;
    linear.hidden.clear();
    EXPECT_EQ(initial_weights(linear, Init::automatic, 5), std::vector<double>(static_cast<std::size_t>(linear.parameter_count()), 0.0));
    ModelSpec deeper = spec;
    deeper.hidden = {200, 50, 10};
    const auto longer = initial_weights(deeper, Init::he_normal, 5);
    EXPECT_TRUE(std::equal(weights.begin(), weights.begin() + spec.layers()[1].end(), longer.begin())) << "the first layers are the same";
}

}  // namespace
}  // namespace glissade::network_options_test
