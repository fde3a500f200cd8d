// SPDX-License-Identifier: Apache-2.0
#include "host/cli/member_table.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "host/cli/text.hpp"
#include "host/train/folds.hpp"

namespace glissade::cli {
namespace {

/// A setting that members have of their own.
struct MemberSetting {
    const char* name;
    std::string (*text)(const Member&);
};

constexpr MemberSetting member_settings[] = {
    {"lr", [](const Member& member) { return shortest(member.optimizer.get("lr")); }},
    {"l2", [](const Member& member) { return shortest(member.l2); }},
    {"seed", [](const Member& member) { return std::to_string(member.init_seed); }},
};

/// A spread needs two digits.
std::string rounded(double value) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.2g", value);
    return text.data();
}

/// Those that differ; the first where none does.
std::vector<MemberSetting> telling_settings(const std::vector<Member>& members) {
    std::vector<MemberSetting> telling;
    for (const MemberSetting& setting : member_settings) {
        const std::string first = setting.text(members[0]);
        const auto differs = [&](const Member& member) { return setting.text(member) != first; };
        if (std::any_of(members.begin(), members.end(), differs)) telling.push_back(setting);
    }
    if (telling.empty()) telling.push_back(member_settings[0]);
    return telling;
}

std::string remark_of(const Run& run, std::size_t m) {
    const MemberResult& member = run.members[m];
    if (member.divergence) return "diverged at step " + grouped(member.divergence->step);
    const auto diverged =
        std::count_if(member.folds.begin(), member.folds.end(), [](const Metrics& fold) { return !std::isfinite(fold.loss); });
    if (diverged > 0) return counted(diverged, "fold") + " diverged";
    return static_cast<std::int64_t>(m) == run.best_member ? "best, kept" : "";
}

/// Loss and, as they fit, the other metrics; the log loss is the loss once more.
std::vector<FoldSummary> shown_summaries(const MemberResult& member) {
    std::vector<FoldSummary> summaries = summary_of(member.folds);
    std::erase_if(summaries, [&](const FoldSummary& summary) { return summary.name == "log_loss"; });
    return summaries;
}

std::vector<std::vector<std::string>> fold_rows(const Run& run) {
    std::vector<std::vector<std::string>> rows(1);
    std::vector<std::string> metrics;
    for (const MemberResult& member : run.members)
        for (const FoldSummary& summary : shown_summaries(member))
            if (std::find(metrics.begin(), metrics.end(), summary.name) == metrics.end()) metrics.push_back(summary.name);
    const auto telling = telling_settings(members_of(run));
    for (const MemberSetting& setting : telling) rows[0].emplace_back(setting.name);
    for (const std::string& metric : metrics) rows[0].push_back("held-out " + metric);
    rows[0].emplace_back();
    for (std::size_t m = 0; m < run.members.size(); ++m) {
        std::vector<std::string> row;
        row.reserve(telling.size());
        for (const MemberSetting& setting : telling) row.push_back(setting.text(run.members[m].member));
        const auto summaries = shown_summaries(run.members[m]);
        for (const std::string& metric : metrics) {
            const auto found = std::find_if(summaries.begin(), summaries.end(), [&](const FoldSummary& s) { return s.name == metric; });
            row.push_back(found == summaries.end() ? "-" : brief(found->mean) + " +- " + rounded(found->deviation));
        }
        row.push_back(remark_of(run, m));
        rows.push_back(row);
    }
    return rows;
}

}  // namespace

std::vector<Member> members_of(const Run& run) {
    std::vector<Member> members;
    members.reserve(run.members.size());
    for (const MemberResult& result : run.members) members.push_back(result.member);
    return members;
}

std::string member_name(const std::vector<Member>& members, std::size_t member) {
    std::string text;
    for (const MemberSetting& setting : telling_settings(members))
        text += (text.empty() ? "" : ", ") + std::string(setting.name) + " " + setting.text(members[member]);
    return text;
}

std::vector<std::vector<std::string>> member_rows(const Run& run, bool validated) {
    std::vector<std::vector<std::string>> rows;
    if (run.members.empty()) return rows;
    if (!run.members[0].folds.empty()) return fold_rows(run);
    if (run.members.size() < 2) return rows;
    const auto telling = telling_settings(members_of(run));
    rows.emplace_back();
    for (const MemberSetting& setting : telling) rows[0].emplace_back(setting.name);
    for (const char* name : {"training loss", validated ? "validation loss" : "", "epoch", ""}) rows[0].emplace_back(name);
    for (std::size_t m = 0; m < run.members.size(); ++m) {
        const MemberResult& member = run.members[m];
        std::vector<std::string> row;
        row.reserve(telling.size());
        for (const MemberSetting& setting : telling) row.push_back(setting.text(member.member));
        row.push_back(member.history.empty() ? "-" : brief(member.history.back().loss));
        row.push_back(validated && member.best_epoch > 0 ? brief(member.best_loss) : "");
        row.push_back(std::to_string(member.best_epoch));
        row.push_back(remark_of(run, m));
        rows.push_back(row);
    }
    return rows;
}

Json member_json(const MemberResult& member) {
    Json json = {{"lr", member.member.optimizer.get("lr")},
                 {"l2", member.member.l2},
                 {"seed", member.member.init_seed},
                 {"best_epoch", member.best_epoch},
                 {"best_loss", member.best_loss}};
    if (!member.history.empty()) json["loss"] = member.history.back().loss;
    if (member.divergence) json["diverged_at_step"] = member.divergence->step;
    for (const Metrics& fold : member.folds) json["folds"].push_back(to_json(fold));
    for (const FoldSummary& summary : summary_of(member.folds))
        json["held_out"][summary.name] = {{"mean", summary.mean}, {"deviation", summary.deviation}};
    return json;
}

std::string aligned(const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
    }
    std::string text;
    for (const auto& row : rows) {
        std::string line = " ";
        for (std::size_t c = 0; c < row.size(); ++c)
            line += widths[c] == 0 ? "" : " " + row[c] + std::string(widths[c] - row[c].size() + 1, ' ');
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    return text;
}

}  // namespace glissade::cli
