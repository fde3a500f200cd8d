// SPDX-License-Identifier: Apache-2.0
#include "host/execution/probe.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "glissade/row_order.hpp"

namespace glissade {

namespace probe {

namespace {

using Word = std::uint64_t;

/// Keeps a sum from being optimised away.
void keep(Word value) {
    asm volatile("" : : "r"(value) : "memory");
}

/// The sum of the words at p. Each cache line that it reads asks for the one at the same place of `ahead`: plain loads alone leave a fifth
/// of the bandwidth unused.
Word sum_words(const std::byte* p, std::int64_t bytes, const std::byte* ahead) {
    constexpr int ways = 16;  // independent sums, two cache lines a turn
    Word sums[ways] = {};
    std::int64_t at = 0;
    for (; at + static_cast<std::int64_t>(sizeof(sums)) <= bytes; at += sizeof(sums)) {
        __builtin_prefetch(ahead + at);
        __builtin_prefetch(ahead + at + 64);
        Word words[ways];
        std::memcpy(words, p + at, sizeof(words));
        for (int i = 0; i < ways; ++i) sums[i] += words[i];
    }
    Word total = 0;
    for (; at + static_cast<std::int64_t>(sizeof(Word)) <= bytes; at += sizeof(Word)) {
        Word word;
        std::memcpy(&word, p + at, sizeof(word));
        total += word;
    }
    for (const Word sum : sums) total += sum;
    return total;
}

template <class Task>
std::vector<double> time_of(int repetitions, Task&& task) {
    std::vector<double> seconds;
    for (int i = 0; i < repetitions; ++i) {
        const auto start = std::chrono::steady_clock::now();
        task();
        seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    return seconds;
}

}  // namespace

std::vector<double> read(ThreadTeam& team, std::span<const std::byte> buffer, int repetitions) {
    const std::int64_t pages = static_cast<std::int64_t>(buffer.size()) / 4096;
    return time_of(repetitions, [&] {
        team.run([&](int thread) {
            const std::int64_t begin = pages * thread / team.size(), end = pages * (thread + 1) / team.size();
            const std::byte* part = buffer.data() + begin * 4096;
            keep(sum_words(part, (end - begin) * 4096, part + 4096));
        });
    });
}

std::vector<double> copy(ThreadTeam& team, std::span<std::byte> buffer, int repetitions) {
    const std::int64_t pages = static_cast<std::int64_t>(buffer.size()) / 8192;
    return time_of(repetitions, [&] {
        team.run([&](int thread) {
            const std::int64_t begin = pages * thread / team.size(), end = pages * (thread + 1) / team.size();
            std::memcpy(buffer.data() + (pages + begin) * 4096, buffer.data() + begin * 4096,
                        static_cast<std::size_t>((end - begin) * 4096));
        });
    });
}

std::vector<double> gather_rows(ThreadTeam& team, std::span<const std::byte> buffer, std::int64_t row_bytes, int repetitions) {
    const std::int64_t rows = static_cast<std::int64_t>(buffer.size()) / row_bytes;
    constexpr std::int64_t most_visits = 1 << 21;  // short rows in a large buffer would take minutes to say the same
    const std::int64_t visits = std::min(rows, most_visits);
    std::vector<std::int64_t> order(static_cast<std::size_t>(visits));
    const EpochOrder epoch = RowOrder{rows, 1, Shuffle::full}.epoch(0);
    for (std::int64_t i = 0; i < visits; ++i) order[i] = epoch(i);
    const std::int64_t ahead = std::clamp<std::int64_t>(4096 / row_bytes, 1, 32);
    const bool within_a_line = row_bytes >= 4 && row_bytes <= 64 && 64 % row_bytes == 0;
    auto seconds = time_of(repetitions, [&] {
        team.run([&](int thread) {
            Word total = 0;
            const std::int64_t end = visits * (thread + 1) / team.size();
            std::int64_t i = visits * thread / team.size();
            for (; within_a_line && i < end; ++i) {  // summing words would take longer than waiting for the line
                __builtin_prefetch(buffer.data() + order[std::min(i + ahead, end - 1)] * row_bytes);
                std::uint32_t word;
                std::memcpy(&word, buffer.data() + order[i] * row_bytes, sizeof word);
                total += word;
            }
            for (; i < end; ++i) {
                const std::byte* next = buffer.data() + order[std::min(i + ahead, end - 1)] * row_bytes;
                total += sum_words(buffer.data() + order[i] * row_bytes, row_bytes, next);
                for (std::int64_t line = row_bytes & ~std::int64_t{127}; line < row_bytes; line += 64) __builtin_prefetch(next + line);
                __builtin_prefetch(next + row_bytes - 1);
            }
            keep(total);
        });
    });
    for (double& s : seconds) s *= static_cast<double>(rows) / static_cast<double>(visits);
    return seconds;
}

std::vector<double> barrier(ThreadTeam& team, int repetitions) {
    constexpr int times = 1000;
    auto seconds = time_of(repetitions, [&] {
        team.run([&](int) {
            for (int i = 0; i < times; ++i) team.barrier();
        });
    });
    for (double& s : seconds) s /= times;
    return seconds;
}

double read_rate(int threads, std::span<const std::byte> data, double otherwise) {
    constexpr std::size_t least_bytes = std::size_t{4} << 20, most_bytes = std::size_t{64} << 20;
    constexpr double most_seconds = .01;  // of one pass: three follow
    if (data.size() < least_bytes) return otherwise * threads;
    std::span<const std::byte> sample = data.first(std::min(data.size(), most_bytes));
    ThreadTeam team(threads);
    const double first = read(team, sample.first(least_bytes), 1).front();  // faults pages in, and tells how much there is time for
    const double affordable = static_cast<double>(least_bytes) * most_seconds / std::max(first, 1e-9);
    if (affordable < static_cast<double>(sample.size())) sample = sample.first(std::max(least_bytes, static_cast<std::size_t>(affordable)));
    return static_cast<double>(sample.size()) / spread_of(read(team, sample, 3)).median;
}

}  // namespace probe

Spread spread_of(std::vector<double> values) {
    if (values.empty()) return {};
    std::sort(values.begin(), values.end());
    const auto at = [&](double part) {
        const double place = part * static_cast<double>(values.size() - 1);
        const std::size_t below = static_cast<std::size_t>(place), above = std::min(below + 1, values.size() - 1);
        return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
    };
    return {at(.5), at(.75) - at(.25), values.front()};
}

}  // namespace glissade
