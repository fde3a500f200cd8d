// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "glissade/error.hpp"
#include "host/scheduler/named.hpp"

namespace glissade::cli {

/// A word that a flag takes, and what it means.
template <class Value>
struct Choice {
    std::string_view word;
    Value value;
};

/// The value of `word`. Throws Error(usage) naming the nearest of the words that `flag` takes.
template <class Value, class Table>
Value choose_from(std::string_view flag, std::string_view word, const Table& table) {
    std::vector<std::string_view> words;
    for (const auto& choice : table) {
        if (same_name(choice.word, word)) return choice.value;
        words.push_back(choice.word);
    }
    fail(ErrorKind::usage, unknown_name("word for " + std::string(flag), word, words));
}

template <class Table>
auto choose(std::string_view flag, std::string_view word, const Table& table) {
    return choose_from<decltype(table[0].value)>(flag, word, table);
}

}  // namespace glissade::cli
