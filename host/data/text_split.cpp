// SPDX-License-Identifier: Apache-2.0
#include "host/data/text_split.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "host/data/parallel.hpp"

namespace glissade {
namespace {

constexpr std::size_t piece_bytes = std::size_t{1} << 20;

std::vector<std::string_view> cut(std::string_view text, const std::vector<std::size_t>& ends) {
    std::vector<std::string_view> pieces;
    std::size_t begin = 0;
    for (const std::size_t end : ends) {
        if (end > begin) pieces.push_back(text.substr(begin, end - begin));
        begin = std::max(begin, end);
    }
    if (begin < text.size()) pieces.push_back(text.substr(begin));
    return pieces;
}

/// std::count, eight bytes at a time: it is the only pass over the text besides the reading itself.
std::int64_t count_quotes(std::string_view text) {
    constexpr std::uint64_t ones = 0x0101010101010101, low_bits = 0x7f * ones, even_bytes = 0x00ff00ff00ff00ff;
    constexpr std::size_t most_words = 255;  // that a byte can count
    std::uint64_t quotes = 0;
    std::size_t i = 0;
    while (i + 8 <= text.size()) {
        std::uint64_t counts = 0;
        for (std::size_t words = std::min(most_words, (text.size() - i) / 8); words > 0; --words, i += 8) {
            std::uint64_t word = 0;
            std::memcpy(&word, text.data() + i, sizeof word);
            word ^= ones * '"';  // a quote is now 0
            counts += ~(((word & low_bits) + low_bits) | word) >> 7 & ones;
        }
        const std::uint64_t pairs = (counts & even_bytes) + (counts >> 8 & even_bytes);
        quotes += pairs * 0x0001000100010001 >> 48;
    }
    return static_cast<std::int64_t>(quotes) + std::count(text.begin() + static_cast<std::ptrdiff_t>(i), text.end(), '"');
}

/// The place behind the first line end outside quotes at or after `from`; `inside` tells whether `from` lies in quotes.
std::size_t row_end(std::string_view text, std::size_t from, bool inside) {
    for (std::size_t i = from; i < text.size(); ++i) {
        if (text[i] == '"') inside = !inside;
        if (text[i] == '\n' && !inside) return i + 1;
    }
    return text.size();
}

}  // namespace

std::vector<std::string_view> split_rows(std::string_view text, int threads) {
    const std::size_t blocks = (text.size() + piece_bytes - 1) / piece_bytes;
    if (blocks < 2) return cut(text, {});
    std::vector<std::int64_t> quotes(blocks);
    parallel_for(static_cast<std::int64_t>(blocks), threads, [&](std::int64_t i) {
        const std::string_view block = text.substr(static_cast<std::size_t>(i) * piece_bytes, piece_bytes);
        quotes[static_cast<std::size_t>(i)] = count_quotes(block);
    });
    std::vector<std::size_t> ends;
    std::int64_t before = quotes[0];
    for (std::size_t i = 1; i < blocks; ++i) {
        ends.push_back(row_end(text, i * piece_bytes, before % 2 != 0));
        before += quotes[i];
        // A quoted cell, or a broken one, that runs on for many blocks: its end was found once, and is not sought again from each.
        while (i + 1 < blocks && ends.back() >= (i + 1) * piece_bytes) before += quotes[++i];
    }
    return cut(text, ends);
}

std::vector<std::string_view> split_lines(std::string_view text) {
    std::vector<std::size_t> ends;
    for (std::size_t from = piece_bytes; from < text.size(); from = std::max(ends.back(), from) + piece_bytes) {
        const std::size_t line_end = text.find('\n', from);
        ends.push_back(line_end == std::string_view::npos ? text.size() : line_end + 1);
    }
    return cut(text, ends);
}

}  // namespace glissade
