// SPDX-License-Identifier: Apache-2.0
// Arbitrary bytes as a file of settings; what is read and written out again must be read as the same.
#include <CLI/CLI.hpp>

#include "host/cli/config_file.hpp"
#include "tests/fuzz/memory_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace glissade;
    static const auto app = [] {
        auto made = std::make_unique<CLI::App>();
        made->add_option("DATA", "");
        made->add_option("--lr,--learning-rate", "");
        made->add_option("--columns", "")->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
        made->add_flag("--quiet", "");
        return made;
    }();
    const auto taken = [](const cli::Setting&) {};
    cli::Settings settings;
    fuzz::expect_a_verdict([&] { settings = cli::parse_config({reinterpret_cast<const char*>(data), size}, "input", *app, taken); });
    // No error is right here: one ends the program.
    if (cli::parse_config(cli::config_text(settings, "a run"), "output", *app, taken) != settings) std::abort();
    return 0;
}
