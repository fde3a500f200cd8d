// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "grid.hpp"
#include "text.hpp"

namespace glissade::emulation {
namespace {

constexpr std::size_t max_lines = 16;

// "0-30, 32"
std::string ranges(const std::vector<unsigned>& ranks) {
    std::string out;
    for (std::size_t first = 0; first < ranks.size();) {
        std::size_t last = first;
        while (last + 1 < ranks.size() && ranks[last + 1] == ranks[last] + 1) ++last;
        out += out.empty() ? "" : ", ";
        out += first == last ? text(ranks[first]) : text(ranks[first], '-', ranks[last]);
        first = last + 1;
    }
    return out;
}

std::string stands(const Thread& thread) {
    if (thread.state == ThreadState::returned) return "returned";
    return text("wait at ", place(thread.site), " in ", thread.waits_in);
}

}  // namespace

std::string place(const Site& site) {
    return text(site.file_name(), ':', site.line());
}

std::string name_of(const uint3& index) {
    return text('(', index.x, ',', index.y, ',', index.z, ')');
}

std::string name_of(const Thread& thread) {
    return text("thread ", name_of(thread.index), " of block ", name_of(thread.block->index));
}

std::string Grid::deadlock_report() const {
    std::string report = "deadlock, no thread can go on";
    std::size_t lines = 0;
    for (const Block& block : blocks_) {
        std::map<std::string, std::vector<unsigned>> groups;
        for (const Thread& thread : block.threads) groups[stands(thread)].push_back(thread.rank);
        for (const auto& [where, ranks] : groups) {
            if (++lines > max_lines) return report + "\n  and more";
            report += text("\n  block ", name_of(block.index), ": threads ", ranges(ranks), ' ', where);
        }
    }
    return report;
}

}  // namespace glissade::emulation
