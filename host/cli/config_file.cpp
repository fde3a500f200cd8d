// SPDX-License-Identifier: Apache-2.0
#include "host/cli/config_file.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>

#include "glissade/error.hpp"
#include "host/cli/files.hpp"

namespace glissade::cli {
namespace {

class ConfigReader {
public:
    using TryOut = std::function<void(const Setting&)>;

    ConfigReader(const std::string& path, const std::string& text, const CLI::App& app, const TryOut& try_out)
        : path_(path), text_(text), app_(app), try_out_(try_out) {}

    Settings read() {
        Settings settings;
        for (skip_lines(); !at_end(); skip_lines()) {
            const std::string name = read_name();
            if (find(settings, name) != nullptr) complain("\"" + name + "\" is set twice");
            skip_blanks();
            take('=');
            skip_blanks();
            const std::size_t begin = at_;
            settings.push_back({name, read_values()});
            check(settings.back(), begin);
            end_line();
        }
        return settings;
    }

private:
    bool at_end() const { return at_ == text_.size(); }
    char peek() const { return at_end() ? '\0' : text_[at_]; }

    [[noreturn]] void complain(const std::string& what) const {
        const auto before = text_.substr(0, at_);
        const auto line = std::count(before.begin(), before.end(), '\n') + 1;
        const auto line_start = before.rfind('\n');
        const auto column = line_start == std::string::npos ? at_ + 1 : at_ - line_start;
        fail(ErrorKind::usage, path_ + ": line " + std::to_string(line) + ", column " + std::to_string(column) + ": " + what);
    }

    /// What the program says of a setting is said of its place in the file.
    void check(const Setting& setting, std::size_t begin) {
        const std::size_t end = at_;
        at_ = begin;
        const CLI::Option* option = app_.get_option_no_throw(setting.name == "DATA" ? setting.name : "--" + setting.name);
        const bool takes_lists = option != nullptr && option->get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
        if (setting.values.size() > 1 && !takes_lists) complain("\"" + setting.name + "\" takes one value, not a list");
        try {
            try_out_(setting);
        } catch (const Error& error) {
            complain(error.what());
        }
        at_ = end;
    }

    void take(char wanted) {
        if (peek() != wanted || at_end()) complain(std::string("expected '") + wanted + "'");
        ++at_;
    }
    void skip_blanks() {
        while (peek() == ' ' || peek() == '\t' || peek() == '\r') ++at_;
    }
    void skip_comment() {
        if (peek() != '#') return;
        while (!at_end() && peek() != '\n') ++at_;
    }
    void skip_lines() {
        for (;;) {
            skip_blanks();
            skip_comment();
            if (peek() != '\n') return;
            ++at_;
        }
    }
    void end_line() {
        skip_blanks();
        skip_comment();
        if (!at_end()) take('\n');
    }

    std::string read_name() {
        const std::size_t begin = at_;
        while (std::isalnum(static_cast<unsigned char>(peek())) || peek() == '-' || peek() == '_') ++at_;
        const std::string typed = text_.substr(begin, at_ - begin);
        if (typed.empty())
            complain(peek() == '[' ? "sections are not used here: one file holds one run's settings" : "expected the name of a setting");
        const std::string name = canonical_name(app_, typed);
        at_ = name.empty() ? begin : at_;
        if (name.empty()) complain(unknown_flag(app_, "--" + typed));
        if (name == "config" || name == "save-config" || name == "resume" || name == "help")
            complain("\"" + name + "\" belongs on the command line");
        return name;
    }

    std::vector<std::string> read_values() {
        if (peek() != '[') return {read_value()};
        ++at_;
        std::vector<std::string> values;
        for (skip_lines(); peek() != ']'; skip_lines()) {
            values.push_back(read_value());
            skip_lines();
            if (peek() != ']') take(',');
        }
        ++at_;
        if (values.empty()) complain("an empty list sets nothing");
        return values;
    }

    std::string read_value() {
        if (peek() == '"') return read_quoted();
        if (peek() == '\'') return read_literal();
        const std::size_t begin = at_;
        while (std::isalnum(static_cast<unsigned char>(peek())) || peek() == '-' || peek() == '+' || peek() == '.') ++at_;
        const std::string bare = text_.substr(begin, at_ - begin);
        const bool number = !bare.empty() && (std::isdigit(static_cast<unsigned char>(bare.back())) || bare.back() == '.') &&
                            !std::isalpha(static_cast<unsigned char>(bare.front()));
        if (!number && bare != "true" && bare != "false") {
            at_ = begin;
            complain("expected a value: text stands in \"quotes\"");
        }
        return bare;
    }

    std::string read_quoted() {
        std::string value;
        for (++at_; peek() != '"'; ++at_) {
            if (at_end() || peek() == '\n') complain("the quote is not closed");
            if (peek() != '\\') {
                value += peek();
                continue;
            }
            ++at_;
            constexpr std::string_view names = "\"\\tnr", bytes = "\"\\\t\n\r";
            const auto which = at_end() ? std::string_view::npos : names.find(peek());
            if (which == std::string_view::npos) complain("unknown escape; there are \\\" \\\\ \\t \\n \\r");
            value += bytes[which];
        }
        ++at_;
        return value;
    }

    std::string read_literal() {
        const auto end = text_.find_first_of("'\n", ++at_);
        if (end == std::string::npos || text_[end] == '\n') complain("the quote is not closed");
        const std::string value = text_.substr(at_, end - at_);
        at_ = end + 1;
        return value;
    }

    const std::string& path_;
    const std::string& text_;
    const CLI::App& app_;
    const TryOut& try_out_;
    std::size_t at_ = 0;
};

std::string quoted_value(const std::string& value) {
    std::string text = "\"";
    for (const char c : value) {
        constexpr std::string_view names = "\"\\tnr", bytes = "\"\\\t\n\r";
        const auto which = bytes.find(c);
        if (which != std::string_view::npos) {
            text += '\\';
            text += names[which];
        } else {
            text += c;
        }
    }
    return text + "\"";
}

}  // namespace

Settings read_config(const std::string& path, const CLI::App& app, const std::function<void(const Setting&)>& try_out) {
    return parse_config(read_text(path, max_config_bytes), path, app, try_out);
}

Settings parse_config(const std::string& text, const std::string& path, const CLI::App& app,
                      const std::function<void(const Setting&)>& try_out) {
    return ConfigReader(path, text, app, try_out).read();
}

std::string config_text(const Settings& settings, const std::string& title) {
    std::string text = "# " + title + "\n";
    for (const Setting& setting : settings) {
        std::vector<std::string> values;
        for (const std::string& value : setting.values) values.push_back(quoted_value(value));
        std::string list;
        for (const std::string& value : values) list += (list.empty() ? "" : ", ") + value;
        text += (setting.name == "DATA" ? "data" : setting.name) + " = " + (values.size() == 1 ? list : "[" + list + "]") + "\n";
    }
    return text;
}

void write_config(const std::string& path, const Settings& settings, const std::string& title) {
    write_text(path, config_text(settings, title));
}

}  // namespace glissade::cli
