// SPDX-License-Identifier: Apache-2.0
#include "glissade/model.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "host/train/atomic_file.hpp"
#include "host/train/safetensors.hpp"
#include "problems.hpp"

namespace glissade {
namespace {

using testing::error_of;
using testing::RandomProblem;

template <class Real>
Model trained(const char* loss, int classes) {
    const RandomProblem<Real> problem(120, 5, classes, 7);
    TrainOptions options;
    options.loss = loss;
    options.epochs = 5;
    options.device = "cpu";
    options.standardize = true;
    options.standardize_target = classes == 0;
    return train(problem.dataset(), options).model;
}

class ModelFile : public ::testing::Test {
protected:
    std::string path = (std::filesystem::temp_directory_path() / ("glissade-model-" + std::to_string(getpid()) + ".safetensors")).string();
    void TearDown() override { std::filesystem::remove(path); }
};

void expect_equal(const Model& a, const Model& b) {
    EXPECT_EQ(a.parameters, b.parameters);
    EXPECT_EQ(a.real_type, b.real_type);
    EXPECT_EQ(a.task, b.task);
    EXPECT_EQ(a.class_labels, b.class_labels);
    EXPECT_EQ(a.feature_names, b.feature_names);
    EXPECT_EQ(a.input.scale, b.input.scale);
    EXPECT_EQ(a.input.shift, b.input.shift);
    EXPECT_EQ(a.target_scale, b.target_scale);
    EXPECT_EQ(a.target_shift, b.target_shift);
    EXPECT_EQ(a.spec.loss.name(), b.spec.loss.name());
    EXPECT_EQ(a.trained_with, b.trained_with);
    EXPECT_EQ(a.preparation.na_values, b.preparation.na_values);
    EXPECT_EQ(a.preparation.sparse, b.preparation.sparse);
    EXPECT_EQ(a.preparation.hash_bits, b.preparation.hash_bits);
    ASSERT_EQ(a.preparation.columns.size(), b.preparation.columns.size());
    for (std::size_t c = 0; c < a.preparation.columns.size(); ++c) {
        const SourceColumn &x = a.preparation.columns[c], &y = b.preparation.columns[c];
        EXPECT_EQ(x.name, y.name);
        EXPECT_EQ(x.kind, y.kind);
        EXPECT_EQ(x.fill, y.fill);
        EXPECT_EQ(x.scale, y.scale);
        EXPECT_EQ(x.shift, y.shift);
    }
}

TEST_F(ModelFile, ComesBackAsItWasSaved) {
    for (Model model : {trained<float>("logistic", 2), trained<double>("softmax", 4), trained<float>("huber", 0)}) {
        model.feature_names = {"a", "b", "c=\"quoted\"", "d\n", "\xc3\xa9"};
        model.preparation.format = "csv";
        model.preparation.file_columns = 5;
        model.preparation.na_values = {"?"};
        for (int j = 0; j < 5; ++j)
            model.preparation.columns.push_back({"c" + std::to_string(j), j, ColumnKind::numeric, false, .1 * j, {}});
        model.save(path);
        expect_equal(Model::load(path), model);
    }
}

TEST_F(ModelFile, OfHashedTextComesBackAsItWasSaved) {
    Model model = trained<float>("logistic", 2);
    model.preparation.format = "csv";
    model.preparation.file_columns = 3;
    model.preparation.sparse = true;
    model.preparation.hash_bits = 2;  // four columns behind that of numbers
    model.preparation.columns = {{"a", 0, ColumnKind::numeric, false, .5, {}, .1, -3}, {"b", 2, ColumnKind::hashed, false, 0, {}}};
    model.save(path);
    expect_equal(Model::load(path), model);
}

TEST_F(ModelFile, IsRejectedWhenAnyByteChangesOrAnyByteIsMissing) {
    trained<float>("logistic", 2).save(path);
    std::ifstream in(path, std::ios::binary);
    const std::string good((std::istreambuf_iterator<char>(in)), {});
    const auto rejected = [&](const std::string& bytes) {
        std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
        try {
            Model::load(path);
        } catch (const Error& error) {
            return error.kind() == ErrorKind::data;
        }
        return false;
    };
    for (std::size_t i = 0; i < good.size(); i += 3) {
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ (1 << (i % 8)));
        ASSERT_TRUE(rejected(bad)) << "byte " << i;
        ASSERT_TRUE(rejected(good.substr(0, i))) << "cut at " << i;
    }
    EXPECT_TRUE(rejected(good + "x"));
}

TEST_F(ModelFile, IsRejectedWhereItsColumnsContradictItsFile) {
    Model good = trained<float>("logistic", 2);
    good.preparation.format = "csv";
    good.preparation.file_columns = 4;
    good.preparation.target_names = {"y"};
    good.preparation.target_positions = {3};
    good.preparation.columns = {{"a", 0, ColumnKind::numeric, true, .5, {}}, {"b", 2, ColumnKind::categorical, false, 2, {"p", "q", "r"}}};
    good.save(path);
    EXPECT_EQ(Model::load(path).preparation.columns.size(), 2u);
    const TensorFile file = decode(read_file(posix_io(), path), path);
    // Forged before the checksums are made: they fit.
    for (const auto& [at, value] : std::vector<std::pair<const char*, nlohmann::json>>{{"/columns/0/position", 4},
                                                                                       {"/columns/1/position", -1},
                                                                                       {"/columns/0/position", std::int64_t{1} << 62},
                                                                                       {"/columns/0/position", 2},
                                                                                       {"/columns/1/fill", 3},
                                                                                       {"/columns/1/fill", -1},
                                                                                       {"/columns/0/categories", {"x"}},
                                                                                       {"/columns/1/categories", nlohmann::json::array()},
                                                                                       {"/columns/0/scale", 0},
                                                                                       {"/columns/1/kind", "hashed"},
                                                                                       {"/hash_bits", 31},
                                                                                       {"/hash_bits", std::int64_t{1} << 40},
                                                                                       {"/hash_bits", -1},
                                                                                       {"/hash_bits", 2},
                                                                                       {"/file_columns", 2},
                                                                                       {"/target_positions/0", 4},
                                                                                       {"/target_positions/0", 2},
                                                                                       {"/target_positions", {3, 3}},
                                                                                       {"/target_positions/0", -2}}) {
        TensorFile forged = file;
        auto description = nlohmann::json::parse(forged.metadata["model"]);
        description["preparation"][nlohmann::json::json_pointer(at)] = value;
        forged.metadata["model"] = description.dump();
        write_file_atomically(posix_io(), path, encode(forged));
        const auto error = error_of([&] { Model::load(path); });
        ASSERT_TRUE(error.has_value()) << at << " = " << value;
        EXPECT_EQ(error->kind(), ErrorKind::data);
        EXPECT_NE(std::string(error->what()).find("metadata \"model\""), std::string::npos) << error->what();
    }
}

TEST_F(ModelFile, IsAskedForByName) {
    try {
        Model::load("/nonexistent/model.safetensors");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::io);
        EXPECT_NE(std::string(error.what()).find("/nonexistent/model.safetensors"), std::string::npos);
    }
}

TEST(Model, PredictsWhatItsScoresSay) {
    const RandomProblem<float> problem(50, 5, 4, 11);
    const Model model = trained<float>("softmax", 4);
    std::vector<float> scores(200), probabilities(200), classes(50);
    model.decision_function({problem.x.data(), 50, 5}, scores);
    model.predict_proba({problem.x.data(), 50, 5}, probabilities);
    model.predict({problem.x.data(), 50, 5}, classes);
    for (std::size_t r = 0; r < 50; ++r) {
        double sum = 0, top = 0;
        for (std::size_t c = 0; c < 4; ++c) sum += std::exp(static_cast<double>(scores[r * 4 + c]));
        for (std::size_t c = 0; c < 4; ++c) {
            // exp and its argument's rounding: a few ulps, scaled by the size of the scores
            EXPECT_NEAR(probabilities[r * 4 + c], std::exp(static_cast<double>(scores[r * 4 + c])) / sum, 16 * 0x1p-24);
            top = std::max(top, static_cast<double>(scores[r * 4 + c]));
        }
        EXPECT_EQ(scores[r * 4 + static_cast<std::size_t>(classes[r])], static_cast<float>(top));
    }
}

TEST(Model, GivesBothColumnsForTwoClasses) {
    const RandomProblem<double> problem(50, 5, 2, 11);
    const Model model = trained<double>("logistic", 2);
    std::vector<double> scores(50), probabilities(100), classes(50);
    model.decision_function({problem.x.data(), 50, 5}, scores);
    model.predict_proba({problem.x.data(), 50, 5}, probabilities);
    model.predict({problem.x.data(), 50, 5}, classes);
    for (std::size_t r = 0; r < 50; ++r) {
        EXPECT_NEAR(probabilities[2 * r + 1], 1 / (1 + std::exp(-scores[r])), 8 * 0x1p-53);
        EXPECT_NEAR(probabilities[2 * r] + probabilities[2 * r + 1], 1, 2 * 0x1p-53);
        EXPECT_EQ(classes[r], scores[r] > 0 ? 1 : 0);
    }
}

TEST(Model, ReadsModifiedHuberScoresAsProbabilitiesByClipping) {
    const RandomProblem<double> problem(50, 5, 2, 11);
    const Model model = trained<double>("modified_huber", 2);
    std::vector<double> scores(50), probabilities(100);
    model.decision_function({problem.x.data(), 50, 5}, scores);
    model.predict_proba({problem.x.data(), 50, 5}, probabilities);
    for (std::size_t r = 0; r < 50; ++r) {
        EXPECT_EQ(probabilities[2 * r + 1], std::fmin(std::fmax((scores[r] + 1) / 2, 0.0), 1.0));
        EXPECT_NEAR(probabilities[2 * r] + probabilities[2 * r + 1], 1, 2 * 0x1p-53);
    }
}

TEST(Model, TakesAMatrixOfTheOtherRealType) {
    const RandomProblem<float> problem(50, 5, 2, 11);
    const Model model = trained<float>("logistic", 2);
    const std::vector<double> wide(problem.x.begin(), problem.x.end());
    std::vector<float> narrow_scores(50);
    std::vector<double> wide_scores(50);
    model.decision_function({problem.x.data(), 50, 5}, narrow_scores);
    model.decision_function({wide.data(), 50, 5}, wide_scores);
    for (std::size_t r = 0; r < 50; ++r) EXPECT_EQ(wide_scores[r], static_cast<double>(narrow_scores[r]));
}

/// As files are read for a model.
TEST(Model, DoesNotStandardiseADataSetAgain) {
    const RandomProblem<float> problem(50, 5, 2, 11);
    Model model = trained<float>("logistic", 2);
    model.input = {{2, 1, .5, 4, 1}, {1, 0, -.25, 0, .5}};  // exact in float32 where the numbers are
    std::vector<float> x(problem.x.begin(), problem.x.end());
    for (float& value : x) value = std::round(8 * value) / 8;
    const MatrixView<const float> view(x.data(), 50, 5);
    std::vector<float> scores(50), probabilities(100), classes(50);
    model.decision_function(view, scores);
    model.predict_proba(view, probabilities);
    model.predict(view, classes);
    Dataset data = Dataset::allocate(RealType::float32, 50, 5, 1, false);
    const auto fill = [&](bool standardised) {
        for (std::int64_t r = 0; r < 50; ++r)
            for (std::size_t j = 0; j < 5; ++j) {
                const float value = view.row(r)[j];
                data.mutable_features<float>()[r * data.stride() + static_cast<std::int64_t>(j)] =
                    standardised ? static_cast<float>(value * model.input.scale[j] + model.input.shift[j]) : value;
            }
        data.input = standardised ? model.input : ColumnAffine{};
    };
    for (const bool standardised : {false, true}) {
        fill(standardised);
        std::vector<float> from_data(50), twice(100);
        model.decision_function(data, from_data);
        EXPECT_EQ(from_data, scores) << standardised;
        model.predict(data, from_data);
        EXPECT_EQ(from_data, classes) << standardised;
        model.predict_proba(data, twice);
        EXPECT_EQ(twice, probabilities) << standardised;
    }
    data.input.shift[2] = 7;
    for (const auto& asked :
         std::vector<std::function<void()>>{[&] { model.decision_function(data, scores); }, [&] { model.predict(data, classes); },
                                            [&] { model.predict_proba(data, probabilities); }}) {
        const auto error = error_of(asked);
        ASSERT_TRUE(error.has_value());
        EXPECT_EQ(error->kind(), ErrorKind::data);
        EXPECT_NE(std::string(error->what()).find("column 3: it is standardised otherwise"), std::string::npos) << error->what();
    }
    model.spec.features = 6;  // fewer columns than the model has are named before
    model.parameters.resize(7, 0.0);
    model.input = {};
    EXPECT_THROW(model.predict(data, classes), Error);
}

TEST(Model, RefusesShapesThatDoNotFitAndProbabilitiesItDoesNotHave) {
    const Model model = trained<float>("hinge", 2);
    std::vector<float> x(12, 0.0f), out(2);
    EXPECT_THROW(model.predict({x.data(), 2, 6}, out), Error);
    EXPECT_THROW(model.predict({x.data(), 1, 5}, out), Error);
    std::vector<float> both(4);
    EXPECT_THROW(model.predict_proba({x.data(), 2, 5}, both), Error);
    x[3] = std::nanf("");
    EXPECT_THROW(model.predict({x.data(), 2, 5}, out), Error);
}

}  // namespace
}  // namespace glissade
