// SPDX-License-Identifier: Apache-2.0
#include "host/cli/flags.hpp"

#include <CLI/CLI.hpp>
#include <utility>

#include "host/cli/text.hpp"

namespace glissade::cli {
namespace {

/// "--patience" of "--patience,--early-stopping", "--output" of "-o,--output".
std::string long_name(const std::string& names) {
    const auto begin = names.find("--");
    return names.substr(begin, names.find(',', begin) - begin);
}

template <class Whole>
CLI::Option* add_whole_of(CLI::App& app, const std::string& names, Whole& value, Range<Whole> range, const std::string& help) {
    const auto take = [&value, range, flag = long_name(names)](const std::string& text) {
        value = whole_of<Whole>(flag, text, range.low, range.high);
    };
    return app.add_option_function<std::string>(names, take, help)->type_name("N")->default_str(std::to_string(value));
}

}  // namespace

CLI::Option* add_whole(CLI::App& app, const std::string& names, std::int64_t& value, Range<std::int64_t> range, const std::string& help) {
    return add_whole_of(app, names, value, range, help);
}
CLI::Option* add_whole(CLI::App& app, const std::string& names, std::uint64_t& value, Range<std::uint64_t> range, const std::string& help) {
    return add_whole_of(app, names, value, range, help);
}
CLI::Option* add_whole(CLI::App& app, const std::string& names, int& value, Range<int> range, const std::string& help) {
    return add_whole_of(app, names, value, range, help);
}

CLI::Option* add_real(CLI::App& app, const std::string& names, double& value, Range<double> range, const std::string& help) {
    const auto take = [&value, range, flag = long_name(names)](const std::string& text) {
        value = number_of(flag, text, range.low, range.high);
    };
    return app.add_option_function<std::string>(names, take, help)->type_name("X")->default_str(shortest(value));
}

CLI::Option* add_bytes(CLI::App& app, const std::string& names, std::int64_t& bytes, const std::string& help) {
    const auto take = [&bytes, flag = long_name(names)](const std::string& text) { bytes = bytes_of(flag, text); };
    return app.add_option_function<std::string>(names, take, help)->type_name("SIZE");
}

CLI::Option* checked(CLI::Option* option, std::function<void(const std::string&)> look) {
    return option->check([look = std::move(look)](const std::string& text) {
        look(text);
        return std::string();
    });
}

}  // namespace glissade::cli
