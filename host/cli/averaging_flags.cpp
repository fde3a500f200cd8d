// SPDX-License-Identifier: Apache-2.0
#include "host/cli/averaging_flags.hpp"

#include <CLI/CLI.hpp>
#include <array>

#include "glissade/error.hpp"
#include "host/cli/choice.hpp"
#include "host/cli/flags.hpp"
#include "host/cli/text.hpp"

namespace glissade::cli {
namespace {

/// A flag that stands alone is given as "mean"; "true" and "false" are what a config file says of a flag.
enum class Kind { none, mean, tail, exponential };
constexpr std::array<Choice<Kind>, 6> kinds = {{{"mean", Kind::mean},
                                                {"ema", Kind::exponential},
                                                {"tail", Kind::tail},
                                                {"none", Kind::none},
                                                {"true", Kind::mean},
                                                {"false", Kind::none}}};
constexpr std::array<Choice<ScheduleUnit>, 4> units = {
    {{"", ScheduleUnit::epoch}, {"epochs", ScheduleUnit::epoch}, {"steps", ScheduleUnit::step}, {"rows", ScheduleUnit::sample}}};
constexpr double tail_start = .5;  // the last half of the run

/// "0.5" is a part of the run, "5" and "5epochs" are epochs, "500steps", "1000rows".
void read_start(const std::string& text, Averaging& averaging) {
    const auto unit = std::min(text.find_first_not_of("0123456789.eE+-"), text.size());
    const auto end = text.ends_with("epochs") ? text.size() - std::string_view("epochs").size() : unit;  // its e is none of the number's
    averaging.start = number_of("--average-start", text.substr(0, end), 0);
    averaging.start_unit = choose("--average-start", text.substr(end), units);
    if (end == text.size() && averaging.start < 1) averaging.start_unit = ScheduleUnit::fraction;
}

double decay_of(const std::string& text) {
    const double decay = number_of("--average-decay", text, 0, 1);
    if (decay == 0 || decay == 1) fail(ErrorKind::usage, "--average-decay wants a number above 0 and below 1");
    return decay;
}

}  // namespace

void AveragingFlags::add_to(CLI::App& app, const std::string& group) {
    checked(app.add_flag("--average{mean}", kind_,
                         "The model is a mean of the parameters over the steps: mean (over all), tail (over the last half) or ema "
                         "(exponential)"),
            [](const std::string& text) { choose("--average", text, kinds); })
        ->type_name("[KIND]")
        ->group(group);
    checked(app.add_option("--average-start", start_,
                           "Where averaging begins: 0.5 (a part of the run), 5 (epochs), 500steps, 1000rows; 0, and 0.5 for tail, if not "
                           "given"),
            [](const std::string& text) {
                Averaging averaging;
                read_start(text, averaging);
            })
        ->type_name("X")
        ->group(group);
    checked(app.add_option("--average-decay", decay_, "Weight of the exponential mean so far at each step; 0.999 if not given"),
            [](const std::string& text) { decay_of(text); })
        ->type_name("X")
        ->group(group);
}

Averaging AveragingFlags::read() const {
    const Kind kind = choose("--average", kind_, kinds);
    Averaging averaging;
    if (kind == Kind::none && !(start_.empty() && decay_.empty()))
        fail(ErrorKind::usage, std::string(start_.empty() ? "--average-decay" : "--average-start") + " speaks of averaging: add --average");
    if (kind != Kind::exponential && !decay_.empty())
        fail(ErrorKind::usage, "--average-decay is a setting of the exponential mean: --average=ema");
    averaging.kind = kind == Kind::none ? AverageKind::none : (kind == Kind::exponential ? AverageKind::exponential : AverageKind::mean);
    if (kind == Kind::tail) averaging.start = tail_start;
    if (!start_.empty()) read_start(start_, averaging);
    if (!decay_.empty()) averaging.decay = decay_of(decay_);
    return averaging;
}

}  // namespace glissade::cli
