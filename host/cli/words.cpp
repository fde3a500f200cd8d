// SPDX-License-Identifier: Apache-2.0
#include "host/cli/words.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>

#include "glissade/error.hpp"
#include "host/cli/files.hpp"
#include "host/scheduler/named.hpp"

namespace glissade::cli {
namespace {

std::string name_of(const CLI::Option& option) {
    if (!option.get_lnames().empty()) return option.get_lnames().front();
    return option.get_name(true);
}

/// "--batch_size=4" is "--batch-size=4": people who type Python all day write the former.
void dash_the_name(std::string& word) {
    if (!word.starts_with("--")) return;
    const auto end = std::min(word.find('='), word.size());
    std::replace(word.begin(), word.begin() + static_cast<std::ptrdiff_t>(end), '_', '-');
}

/// "--average ema" is "--average=ema": a flag that may stand alone takes the next word only where that is one of its own.
void join_optional_values(std::vector<std::string>& words) {
    constexpr std::array<std::string_view, 4> own = {"mean", "ema", "tail", "none"};
    for (std::size_t i = 0; i + 1 < words.size() && words[i] != "--"; ++i) {
        if (words[i] != "--average" || std::find(own.begin(), own.end(), words[i + 1]) == own.end()) continue;
        words[i] += "=" + words[i + 1];
        words.erase(words.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    }
}

/// Words that no option took. CLI11 counts the "--" that ends the flags among them.
std::vector<std::string> leftover(const CLI::App& app) {
    auto extras = app.remaining();
    std::erase(extras, "--");
    return extras;
}

/// The first word that looks like a flag, else the first of all.
const std::string& culprit(const std::vector<std::string>& extras) {
    const auto flag = std::find_if(extras.begin(), extras.end(), [](const std::string& word) { return word.size() > 1 && word[0] == '-'; });
    return flag == extras.end() ? extras.front() : *flag;
}

}  // namespace

std::string unknown_flag(const CLI::App& app, std::string_view flag) {
    std::vector<std::string> names;
    for (const CLI::Option* option : app.get_options()) {
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
    const std::string typed(flag.substr(0, flag.find('=')));
    const std::vector<std::string_view> views(names.begin(), names.end());
    return app.get_name() + " has no flag " + typed + "; did you mean " + std::string(nearest_name(typed, views)) + "? " + app.get_name() +
           " --help lists them";
}

bool parse_words(CLI::App& app, std::vector<std::string> words) {
    for (std::string& word : words) {
        if (word == "--") break;
        dash_the_name(word);
    }
    join_optional_values(words);
    app.allow_extras();
    std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
    try {
        app.parse(std::move(words));
    } catch (const CLI::CallForHelp&) {
        write_stdout(app.help());
        return false;
    } catch (const CLI::ParseError& error) {
        const auto extras = leftover(app);
        if (!extras.empty() && culprit(extras)[0] == '-') fail(ErrorKind::usage, unknown_flag(app, culprit(extras)));
        fail(ErrorKind::usage, std::string(error.what()) + "; see " + app.get_name() + " --help");
    }
    const auto extras = leftover(app);
    if (extras.empty()) return true;
    const std::string& word = culprit(extras);
    if (word[0] == '-') fail(ErrorKind::usage, unknown_flag(app, word));
    fail(ErrorKind::usage, app.get_name() + " does not know what to do with \"" + word + "\"; see " + app.get_name() + " --help");
}

bool parse_settings(CLI::App& app, const Settings& settings) {
    std::vector<std::string> words, positionals;
    for (const Setting& setting : settings) {
        const CLI::Option* option = app.get_option_no_throw("--" + setting.name);
        for (const std::string& value : setting.values) {
            if (option == nullptr) {
                positionals.push_back(value);
            } else {
                words.push_back("--" + setting.name + (value.empty() ? "" : "=" + value));
                if (value.empty()) words.push_back(value);  // "--na=" would take the next word for its value
            }
        }
    }
    if (!positionals.empty()) {
        words.push_back("--");
        words.insert(words.end(), positionals.begin(), positionals.end());
    }
    return parse_words(app, std::move(words));
}

Settings given_settings(const CLI::App& app) {
    Settings settings;
    for (const CLI::Option* option : app.get_options()) {
        if (option->count() > 0) settings.push_back({name_of(*option), option->results()});
    }
    return settings;
}

std::string canonical_name(const CLI::App& app, std::string_view name) {
    std::string flag = "--" + std::string(name);
    dash_the_name(flag);
    for (const CLI::Option* option : app.get_options()) {
        if (option->get_lnames().empty() ? same_name(option->get_name(true), name) : option->check_lname(flag.substr(2)))
            return name_of(*option);
    }
    return {};
}

const Setting* find(const Settings& settings, std::string_view name) {
    const auto found = std::find_if(settings.begin(), settings.end(), [&](const Setting& setting) { return setting.name == name; });
    return found == settings.end() ? nullptr : &*found;
}

Settings overlaid(const Settings& first, const Settings& second) {
    Settings all = first;
    for (const Setting& setting : second) {
        if (find(first, setting.name) == nullptr) all.push_back(setting);
    }
    return all;
}

}  // namespace glissade::cli
