// SPDX-License-Identifier: Apache-2.0
#include "host/cli/network_flags.hpp"

#include <CLI/CLI.hpp>
#include <array>

#include "glissade/error.hpp"
#include "host/cli/choice.hpp"
#include "host/cli/flags.hpp"
#include "host/cli/text.hpp"
#include "host/scheduler/named.hpp"

namespace glissade::cli {
namespace {

constexpr std::int64_t most_units = 1'000'000;  ///< as the library has it

constexpr std::array<Choice<Init>, 9> inits = {{{"auto", Init::automatic},
                                                {"zeros", Init::zeros},
                                                {"he", Init::he_normal},
                                                {"he_normal", Init::he_normal},
                                                {"he_uniform", Init::he_uniform},
                                                {"xavier", Init::xavier_uniform},
                                                {"xavier_normal", Init::xavier_normal},
                                                {"xavier_uniform", Init::xavier_uniform},
                                                {"torch", Init::torch}}};

std::vector<std::int64_t> widths_of(std::string_view text) {
    std::vector<std::int64_t> widths;
    for (;;) {
        const auto comma = text.find(',');
        widths.push_back(whole_of<std::int64_t>("--hidden", text.substr(0, comma), 1, most_units));
        if (comma == std::string_view::npos) return widths;
        text.remove_prefix(comma + 1);
    }
}

}  // namespace

void NetworkFlags::add_to(CLI::App& app, TrainOptions& options) {
    const std::string group = "Network";
    checked(
        app.add_option("--hidden", hidden_, "Hidden layers: their widths, from the input on, 256,128; none: a linear model. Dense rows"),
        [](const std::string& text) { widths_of(text); })
        ->expected(1)
        ->take_all()
        ->type_name("N[,N...]")
        ->group(group);
    checked(app.add_option("--activation", activation_, "Of the hidden layers: " + joined_names(Activation::names()) + " (relu)"),
            [](const std::string& text) { static_cast<void>(Activation(text)); })
        ->type_name("NAME")
        ->group(group);
    checked(
        app.add_option("--init", init_,
                       "Start of the weights: zeros (auto of a linear model), he (auto of a network), he_uniform, xavier, xavier_normal, "
                       "torch (PyTorch's default)"),
        [](const std::string& text) { choose("--init", text, inits); })
        ->type_name("NAME")
        ->capture_default_str()
        ->group(group);
    add_real(app, "--dropout", options.dropout, {0, 1}, "Part of the hidden units that a step leaves out, each row its own; below 1")
        ->group(group);
    add_real(app, "--label-smoothing", options.label_smoothing, {0, 1},
             "Part of a target that is spread evenly over all classes (softmax, logistic); below 1; of the training loss only")
        ->group(group);
}

void NetworkFlags::read(TrainOptions& options_out) const {
    options_out.hidden.clear();
    if (!hidden_.empty()) options_out.hidden = widths_of(join(hidden_, ","));
    options_out.init = choose("--init", init_, inits);
    if (!activation_.empty()) options_out.activation = Activation(activation_);
    if (!options_out.hidden.empty()) return;
    for (const auto& [flag, given] : {std::pair("--activation", !activation_.empty()), std::pair("--dropout", options_out.dropout > 0)})
        if (given) fail(ErrorKind::usage, std::string(flag) + " is of hidden layers, and the model has none: add --hidden 256,128");
}

}  // namespace glissade::cli
