// SPDX-License-Identifier: Apache-2.0
#include "host/export/cpp_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace glissade {

namespace {

constexpr std::array<std::string_view, 97> keywords = {"alignas",
                                                       "alignof",
                                                       "and",
                                                       "and_eq",
                                                       "asm",
                                                       "atomic_cancel",
                                                       "atomic_commit",
                                                       "atomic_noexcept",
                                                       "auto",
                                                       "bitand",
                                                       "bitor",
                                                       "bool",
                                                       "break",
                                                       "case",
                                                       "catch",
                                                       "char",
                                                       "char8_t",
                                                       "char16_t",
                                                       "char32_t",
                                                       "class",
                                                       "compl",
                                                       "concept",
                                                       "const",
                                                       "consteval",
                                                       "constexpr",
                                                       "constinit",
                                                       "const_cast",
                                                       "continue",
                                                       "co_await",
                                                       "co_return",
                                                       "co_yield",
                                                       "decltype",
                                                       "default",
                                                       "delete",
                                                       "do",
                                                       "double",
                                                       "dynamic_cast",
                                                       "else",
                                                       "enum",
                                                       "explicit",
                                                       "export",
                                                       "extern",
                                                       "false",
                                                       "float",
                                                       "for",
                                                       "friend",
                                                       "goto",
                                                       "if",
                                                       "inline",
                                                       "int",
                                                       "long",
                                                       "mutable",
                                                       "namespace",
                                                       "new",
                                                       "noexcept",
                                                       "not",
                                                       "not_eq",
                                                       "nullptr",
                                                       "operator",
                                                       "or",
                                                       "or_eq",
                                                       "private",
                                                       "protected",
                                                       "public",
                                                       "reflexpr",
                                                       "register",
                                                       "reinterpret_cast",
                                                       "requires",
                                                       "return",
                                                       "short",
                                                       "signed",
                                                       "sizeof",
                                                       "static",
                                                       "static_assert",
                                                       "static_cast",
                                                       "struct",
                                                       "switch",
                                                       "synchronized",
                                                       "template",
                                                       "this",
                                                       "thread_local",
                                                       "throw",
                                                       "true",
                                                       "try",
                                                       "typedef",
                                                       "typeid",
                                                       "typename",
                                                       "union",
                                                       "unsigned",
                                                       "using",
                                                       "virtual",
                                                       "void",
                                                       "volatile",
                                                       "wchar_t",
                                                       "while",
                                                       "xor",
                                                       "xor_eq"};

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

template <class Real>
std::string number_text(Real value) {
    std::array<char, 40> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    std::string out(text.data(), end);
    if (out.find_first_of(".e") == std::string::npos) out += ".0";
    return out;
}

}  // namespace

bool is_cpp_name(std::string_view text) {
    const bool reserved = text.starts_with('_') || text.find("__") != std::string_view::npos;
    if (text.empty() || reserved || is_digit(text[0])) return false;
    if (std::find(keywords.begin(), keywords.end(), text) != keywords.end()) return false;
    return std::all_of(text.begin(), text.end(), [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
}

std::string cpp_name(std::string_view text, const std::string& otherwise) {
    std::string name;
    for (const char c : text) {
        if (is_letter(c) || is_digit(c))
            name += c;
        else if (!name.empty() && name.back() != '_')
            name += '_';
    }
    while (name.ends_with('_')) name.pop_back();
    if (name.empty()) return otherwise;
    if (is_digit(name[0])) name = otherwise + "_" + name;
    return is_cpp_name(name) ? name : name + "_";
}

std::vector<std::string> cpp_names(const std::vector<std::string>& texts, std::vector<std::string> taken) {
    std::vector<std::string> names;
    for (const std::string& text : texts) {
        const std::string wanted = cpp_name(text, "column");
        std::string name = wanted;
        for (int count = 2; std::find(taken.begin(), taken.end(), name) != taken.end(); ++count)
            name = wanted + (wanted.ends_with('_') ? "" : "_") + std::to_string(count);
        taken.push_back(name);
        names.push_back(name);
    }
    return names;
}

std::string cpp_quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\' || c == '?') {  // "??/" would be a backslash in C++11
            out += '\\';
            out += c;
        } else if (byte >= 0x20 && byte < 0x7f) {
            out += c;
        } else {
            out += '\\';
            for (const int shift : {6, 3, 0}) out += static_cast<char>('0' + (byte >> shift & 7));
        }
    }
    return out + "\"";
}

std::string cpp_number(double value) {
    return number_text(value);
}
std::string cpp_number(float value) {
    return number_text(value) + "f";
}

}  // namespace glissade
