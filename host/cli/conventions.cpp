// SPDX-License-Identifier: Apache-2.0
#include "host/cli/conventions.hpp"

#include <algorithm>
#include <array>

#include "glissade/error.hpp"
#include "glissade/optimizer.hpp"
#include "host/cli/choice.hpp"

namespace glissade::cli {
namespace {

constexpr std::array<Choice<Convention>, 5> conventions = {{{"none", Convention::none},
                                                            {"torch", Convention::torch},
                                                            {"keras", Convention::keras},
                                                            {"sklearn", Convention::sklearn},
                                                            {"d2l", Convention::d2l}}};

/// A flag that a convention sets where `optimizer` is used; empty: any.
struct Preset {
    std::string_view optimizer, flag, value;
};

/// The defaults of SGDClassifier and SGDRegressor. What depends on the task, loss and schedule, LearningFlags settles.
constexpr std::array<Preset, 10> sklearn = {{{"", "optimizer", "sgd"},
                                            {"sgd", "lr", "0.01"},
                                            {"sgd", "batch-size", "1"},
                                            {"", "l2", "0.0001"},
                                            {"", "epochs", "1000"},
                                            {"", "tol", "0.001"},
                                            {"", "delta", "0.1"},
                                            {"", "standardize", "off"},
                                            {"", "standardize-target", "off"},
                                            {"sgd", "decay-to-zero", "true"}}};

/// The rules that "Dive into Deep Learning" writes out.
constexpr std::array<Preset, 7> d2l = {{{"adagrad", "eps", "1e-6"},
                                        {"adagrad", "eps-in-root", "true"},
                                        {"rmsprop", "eps", "1e-6"},
                                        {"rmsprop", "eps-in-root", "true"},
                                        {"rmsprop", "alpha", "0.9"},
                                        {"adadelta", "eps", "1e-5"},
                                        {"adam", "eps", "1e-6"}}};

/// The forms and defaults of Keras 3, of the rules that have the same form here.
constexpr std::array<Preset, 22> keras = {{{"", "batch-size", "32"},
                                           {"sgd", "lr", "0.01"},
                                           {"sgd", "rate-in-buffer", "true"},
                                           {"rmsprop", "lr", "0.001"},
                                           {"rmsprop", "alpha", "0.9"},
                                           {"rmsprop", "eps", "1e-7"},
                                           {"rmsprop", "eps-in-root", "true"},
                                           {"rmsprop", "rate-in-buffer", "true"},
                                           {"adagrad", "lr", "0.001"},
                                           {"adagrad", "initial-accumulator-value", "0.1"},
                                           {"adagrad", "eps", "1e-7"},
                                           {"adagrad", "eps-in-root", "true"},
                                           {"adadelta", "lr", "0.001"},
                                           {"adadelta", "rho", "0.95"},
                                           {"adadelta", "eps", "1e-7"},
                                           {"adam", "lr", "0.001"},
                                           {"adam", "eps", "1e-7"},
                                           {"adam", "eps-uncorrected", "true"},
                                           {"adamw", "lr", "0.001"},
                                           {"adamw", "eps", "1e-7"},
                                           {"adamw", "eps-uncorrected", "true"},
                                           {"adamw", "weight-decay", "0.004"}}};
constexpr std::array<std::string_view, 7> of_keras = {"sgd", "rmsprop", "adagrad", "adadelta", "adam", "adamw", "lion"};

std::string value_of(const Settings& settings, std::string_view name) {
    const Setting* setting = find(settings, name);
    return setting == nullptr ? std::string() : setting->values.front();
}

template <class Presets>
Settings lay_under(const Settings& given, const Presets& presets) {
    Settings all = given;
    const auto used = [&](std::string_view optimizer) {
        const std::string named = value_of(all, "optimizer");
        return optimizer.empty() || same_name(optimizer, named.empty() ? Optimizer().name() : std::string_view(named));
    };
    for (const Preset& preset : presets)
        if (find(all, preset.flag) == nullptr && used(preset.optimizer))
            all.push_back({std::string(preset.flag), {std::string(preset.value)}});
    return {all.begin() + static_cast<std::ptrdiff_t>(given.size()), all.end()};
}

void check_keras(const std::string& optimizer) {
    const bool known = std::any_of(of_keras.begin(), of_keras.end(), [&](std::string_view name) { return same_name(name, optimizer); });
    if (known || optimizer.empty()) return;
    fail(ErrorKind::usage,
         "--compat keras: Keras has " + optimizer + " in another form or not at all; there are: " + joined_names(of_keras));
}

}  // namespace

Convention convention_of(const std::string& word) {
    return choose("--compat", word, conventions);
}

Settings convention_settings(const Settings& given) {
    const std::string word = value_of(given, "compat");
    const Convention convention = word.empty() ? Convention::none : convention_of(word);
    if (convention == Convention::keras) check_keras(value_of(given, "optimizer"));
    if (convention == Convention::keras) return lay_under(given, keras);
    if (convention == Convention::d2l) return lay_under(given, d2l);
    if (convention != Convention::sklearn) return {};
    Settings settings = lay_under(given, sklearn);
    const std::string schedule = folded_name(value_of(given, "schedule")), loss = value_of(given, "loss");
    std::erase_if(settings, [&](const Setting& setting) {
        return (setting.name == "tol" && schedule.find("adaptive") != std::string::npos) ||  // which has a tol of its own
               (setting.name == "decay-to-zero" && !value_of(given, "momentum").empty()) ||
               (setting.name == "delta" && !same_name(loss, "huber"));
    });
    return settings;
}

}  // namespace glissade::cli
