// SPDX-License-Identifier: Apache-2.0
#include "host/cli/machine_flags.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "glissade/error.hpp"
#include "host/cli/choice.hpp"
#include "host/cli/flags.hpp"
#include "host/scheduler/named.hpp"

namespace glissade::cli {
namespace {

constexpr std::array<std::string_view, 2> planned_precisions = {"float16", "int8"};
constexpr std::array<std::string_view, 2> planned_storages = {"float16", "int8"};
/// Of the whole run, and of a network's matrix products.
struct Precision {
    RealType type = RealType::float32;
    MatmulPrecision products = MatmulPrecision::float32;
};
constexpr std::array<Choice<Precision>, 4> precisions = {{{"float32", {}},
                                                          {"float64", {RealType::float64}},
                                                          {"tf32", {RealType::float32, MatmulPrecision::tf32}},
                                                          {"bfloat16", {RealType::float32, MatmulPrecision::bfloat16}}}};
constexpr std::array<Choice<Storage>, 2> storages = {{{"float32", Storage::float32}, {"bfloat16", Storage::bfloat16}}};

/// As choose(), but words of later versions are told from words that never mean anything.
template <class Table, class Planned>
auto choose_offered(const std::string& flag, const std::string& word, const Table& offered, const Planned& planned) {
    const bool later = std::any_of(planned.begin(), planned.end(), [&](std::string_view known) { return same_name(known, word); });
    if (!later) return choose(flag, word, offered);
    std::vector<std::string_view> words;
    words.reserve(std::size(offered));
    for (const auto& choice : offered) words.push_back(choice.word);
    fail(ErrorKind::usage, flag + " " + word + " is reserved for a later version; there are: " + joined_names(words));
}

Precision precision_of(const std::string& text) {
    return choose_offered("--precision", text, precisions, planned_precisions);
}
Storage storage_of(const std::string& text) {
    return choose_offered("--storage", text, storages, planned_storages);
}

}  // namespace

void MachineFlags::add_to(CLI::App& app, TrainOptions& options) {
    const std::string group = "Machine";
    app.add_option("--device", options.device, "auto, cpu, cuda or cuda:N")->type_name("NAME")->capture_default_str()->group(group);
    add_whole(app, "--threads", options.threads, {0, most_threads},
              "CPU threads; 0: as many as this process may use. Results do not depend on it")
        ->group(group);
    app.add_flag(
           "--nondeterministic", options.nondeterministic,
           "On a GPU the gradients of sparse rows are added in any order, which spares a sort: two runs differ by roundings, and so does "
           "one that is resumed (without --clip-norm; the plan says). All else stays the same every time")
        ->group(group);
    add_bytes(app, "--memory-limit", options.memory_limit_bytes, "Of the CPU: 8G, 512M; what is available if not given")->group(group);
    add_bytes(app, "--device-memory-limit", options.device_memory_limit_bytes, "Of the GPU; what is free if not given")->group(group);
    checked(app.add_option(
                "--precision", precision_,
                "float32, float64 (CPU only), or tf32 or bfloat16: float32 with the matrix products of networks on a GPU's tensor cores"),
            [](const std::string& text) { precision_of(text); })
        ->type_name("NAME")
        ->capture_default_str()
        ->group(group);
    checked(
        app.add_option("--storage", storage_,
                       "Of dense rows while a run trains on them: float32, or bfloat16, which the GPU reads in half the time (8 bits of "
                       "precision; standardised columns lose least)"),
        [](const std::string& text) { storage_of(text); })
        ->type_name("NAME")
        ->capture_default_str()
        ->group(group);
}

RealType MachineFlags::read(TrainOptions& options_out) const {
    const Precision precision = precision_of(precision_);
    options_out.matmul_precision = precision.products;
    options_out.storage = storage_of(storage_);
    return precision.type;
}

}  // namespace glissade::cli
