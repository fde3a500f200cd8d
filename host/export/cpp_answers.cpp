// SPDX-License-Identifier: Apache-2.0
#include "host/export/cpp_answers.hpp"

#include <string_view>
#include <utility>

namespace glissade {

namespace {

class AnswerWriter {
public:
    AnswerWriter(const ModelSpec& spec, std::string row) : spec_(spec), row_(std::move(row)) {}

    std::string values() const {
        const bool logarithm = spec_.loss.link() == Link::logarithm;
        std::string text;
        if (spec_.outputs == 1) {
            text += "inline double predict(" + row_ + ") {\n    double out[outputs];\n    scores(row, out);\n";
            return text + "    return " + (logarithm ? "std::exp(out[0])" : "out[0]") + ";\n}\n\n";
        }
        text += "inline void predict(" + row_ + ", double* out) {\n    scores(row, out);\n";
        if (logarithm) text += "    for (int o = 0; o < outputs; ++o) out[o] = std::exp(out[o]);\n";
        return text + "}\n\n";
    }

    std::string classes() const {
        if (spec_.multi_label) return several_labels();
        std::string text = "inline int predict_class(" + row_ + ") {\n    double out[outputs];\n    scores(row, out);\n" +
                           "    if (std::isnan(out[0])) return -1;\n";
        text += spec_.outputs == 1
                    ? "    return out[0] > 0 ? 1 : 0;\n}\n\n"
                    : "    int best = 0;\n    for (int o = 1; o < outputs; ++o) {\n        if (out[o] > out[best]) best = o;\n    }\n"
                      "    return best;\n}\n\n";
        text += "inline const char* predict(" + row_ + ") {\n    const int found = predict_class(row);\n" +
                "    return found < 0 ? \"\" : detail::labels()[found];\n}\n\n";
        return cpp_has_probabilities(spec_) ? text + probabilities() : text;
    }

private:
    std::string several_labels() const {
        std::string text = "inline void predict(" + row_ + ", int* labels) {\n    double out[outputs];\n    scores(row, out);\n" +
                           "    for (int o = 0; o < outputs; ++o) labels[o] = out[o] > 0 ? 1 : 0;\n}\n\n";
        if (!cpp_has_probabilities(spec_)) return text;
        return text + "inline void predict_proba(" + row_ + ", double* out) {\n    scores(row, out);\n" +
               "    for (int o = 0; o < outputs; ++o) out[o] = " + probability_of("out[o]") + ";\n}\n\n";
    }

    /// Of a loss of two classes.
    std::string probability_of(const std::string& score) const {
        if (spec_.loss.name() == "logistic") return "1 / (1 + std::exp(-" + score + "))";
        return "((" + score + " < -1 ? -1.0 : " + score + " > 1 ? 1.0 : " + score + ") + 1) / 2";
    }

    std::string probabilities() const {
        std::string text = "inline void predict_proba(" + row_ + ", double* out) {\n";
        const bool logistic = spec_.loss.name() == "logistic";
        if (spec_.one_vs_rest())
            return text + R"(    scores(row, out);
    double sum = 0;
    for (int o = 0; o < outputs; ++o) {
        out[o] = )" +
                   probability_of("out[o]") +
                   R"(;
        sum += out[o];
    }
    for (int o = 0; o < outputs; ++o) out[o] = sum <= 0 ? 1.0 / outputs : out[o] / sum;
}

)";
        if (spec_.outputs != 1)
            return text + R"(    scores(row, out);
    double top = out[0], sum = 0;
    for (int o = 1; o < outputs; ++o) top = out[o] > top ? out[o] : top;
    for (int o = 0; o < outputs; ++o) sum += out[o] = std::exp(out[o] - top);
    for (int o = 0; o < outputs; ++o) out[o] /= sum;
}

)";
        text += "    double score[1];\n    scores(row, score);\n";
        if (logistic)
            text += "    out[0] = 1 / (1 + std::exp(score[0]));\n    out[1] = 1 / (1 + std::exp(-score[0]));\n";
        else
            text +=
                "    const double bounded = score[0] < -1 ? -1.0 : score[0] > 1 ? 1.0 : score[0];\n    out[0] = (1 - bounded) / 2;\n"
                "    out[1] = (1 + bounded) / 2;\n";
        return text + "}\n\n";
    }

    const ModelSpec& spec_;
    std::string row_;
};

}  // namespace

bool cpp_has_probabilities(const ModelSpec& spec) {
    const std::string_view loss = spec.loss.name();
    return loss == "logistic" || loss == "softmax" || loss == "modified_huber";
}

std::string cpp_answers(const Model& model, const std::string& row) {
    const AnswerWriter writer(model.spec, row);
    return model.task == Task::classification ? writer.classes() : writer.values();
}

}  // namespace glissade
