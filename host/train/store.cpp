// SPDX-License-Identifier: Apache-2.0
#include "host/train/store.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "glissade/error.hpp"

namespace glissade {
namespace {

constexpr std::string_view checkpoint_prefix = "checkpoint-";
constexpr std::string_view checkpoint_suffix = ".safetensors";
constexpr std::size_t step_digits = 12;
constexpr std::int64_t max_step = 999'999'999'999;

std::optional<std::int64_t> checkpoint_step(std::string_view name) {
    if (name.size() != checkpoint_prefix.size() + step_digits + checkpoint_suffix.size()) return {};
    const std::string_view digits = name.substr(checkpoint_prefix.size(), step_digits);
    if (!name.starts_with(checkpoint_prefix) || !name.ends_with(checkpoint_suffix) ||
        digits.find_first_not_of("0123456789") != std::string_view::npos)
        return {};
    return std::stoll(std::string(digits));
}

bool is_checkpoint(std::string_view name) {
    return checkpoint_step(name).has_value();
}

}  // namespace

CheckpointStore::CheckpointStore(Io& io, std::string directory, std::int64_t keep)
    : io_(io), directory_(std::move(directory)), keep_(keep) {
    if (keep_ < 1) fail(ErrorKind::usage, "a checkpoint store keeps at least 1 checkpoint, not " + std::to_string(keep_));
}

std::string CheckpointStore::path_of(std::int64_t step) const {
    if (step < 0 || step > max_step) fail(ErrorKind::usage, "a checkpoint's step lies in 0 ... 10^12 - 1, not at " + std::to_string(step));
    std::string digits = std::to_string(step);
    digits.insert(0, step_digits - digits.size(), '0');
    return directory_ + "/" + std::string(checkpoint_prefix) + digits + std::string(checkpoint_suffix);
}

std::vector<std::int64_t> CheckpointStore::steps() const {
    std::vector<std::int64_t> steps;
    for (const std::string& name : list_directory(io_, directory_)) {
        if (const auto step = checkpoint_step(name)) steps.push_back(*step);
    }
    std::sort(steps.begin(), steps.end());
    return steps;
}

std::vector<std::string> CheckpointStore::save(std::int64_t step, std::span<const std::byte> bytes) {
    const std::string path = path_of(step);
    make_directories(io_, directory_);
    for (const std::int64_t other : steps()) {
        if (other > step && !rejected_.contains(other)) {
            fail(ErrorKind::usage,
                 path + " would be older than " + path_of(other) + ", which is there already: resume from it, or use another directory");
        }
    }
    std::vector<std::string> problems = remove_stale_temporaries(io_, directory_, is_checkpoint);
    write_file_atomically(io_, path, bytes);
    rejected_.erase(step);
    for (std::string& problem : remove_superfluous(step)) problems.push_back(std::move(problem));
    return problems;
}

std::vector<std::string> CheckpointStore::remove_superfluous(std::int64_t saved_step) const {
    std::vector<std::string> problems;
    std::vector<std::int64_t> candidates;
    try {
        candidates = steps();
    } catch (const Error& error) {
        problems.emplace_back(error.what());
    }
    std::int64_t kept = 0;
    for (auto step = candidates.rbegin(); step != candidates.rend(); ++step) {
        if (*step > saved_step) continue;
        if (!rejected_.contains(*step) && ++kept <= keep_) continue;
        try {
            remove_file(io_, path_of(*step));
        } catch (const Error& error) {
            problems.emplace_back(error.what());
        }
    }
    return problems;
}

std::optional<LoadedCheckpoint> CheckpointStore::load_newest(const Validate& validate) {
    const std::vector<std::int64_t> candidates = steps();
    std::vector<std::string> skipped;
    for (auto step = candidates.rbegin(); step != candidates.rend(); ++step) {
        try {
            std::vector<std::byte> bytes = read_file(io_, path_of(*step));
            validate(bytes, path_of(*step));
            rejected_.erase(*step);
            return LoadedCheckpoint{*step, std::move(bytes), std::move(skipped)};
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::io && error.kind() != ErrorKind::data) throw;
            skipped.emplace_back(error.what());
            rejected_.insert(*step);
        }
    }
    if (candidates.empty()) return std::nullopt;
    std::string message = directory_ + ": none of its " + std::to_string(candidates.size()) + " checkpoints can be used";
    for (const std::string& reason : skipped) message += "\n  " + reason;
    fail(ErrorKind::data, message);
}

void CheckpointStore::clear() {
    for (const std::int64_t step : steps()) remove_file(io_, path_of(step));
    const auto problems = remove_stale_temporaries(io_, directory_, is_checkpoint);
    if (!problems.empty()) fail(ErrorKind::io, problems.front());
    rejected_.clear();
}

}  // namespace glissade
