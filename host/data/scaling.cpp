// SPDX-License-Identifier: Apache-2.0
#include "host/data/scaling.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "host/data/parallel.hpp"

namespace glissade {
namespace {

struct ColumnFacts {
    double sum = 0, squares = 0;  ///< squares: of the distances to the mean
    double smallest = std::numeric_limits<double>::infinity(), largest = -std::numeric_limits<double>::infinity();
    bool only_0_1 = true;
};
using Facts = std::vector<ColumnFacts>;

/// Cuts the rows into shares, as many as the number of columns alone decides, and runs `body(share, its facts)` for each; returns the
/// facts of the shares in order.
template <class Body>
std::vector<Facts> by_shares(std::span<const std::int64_t> rows, std::int64_t width, int threads, const Body& body) {
    constexpr std::int64_t most_shares = 64, most_facts = std::int64_t{1} << 21;
    const std::int64_t shares = std::clamp<std::int64_t>(most_facts / std::max<std::int64_t>(width, 1), 1, most_shares);
    std::vector<Facts> parts(static_cast<std::size_t>(shares), Facts(static_cast<std::size_t>(width)));
    parallel_for(shares, threads, [&](std::int64_t share) { body(share_of(rows, share, shares), parts[static_cast<std::size_t>(share)]); });
    return parts;
}

Facts first_pass(const MatrixSource& source, std::span<const std::int64_t> rows, RealType type, int threads) {
    const auto width = static_cast<std::size_t>(source.columns());
    const auto parts = by_shares(rows, source.columns(), threads, [&](std::span<const std::int64_t> share, Facts& facts) {
        for_each_block(source, share, [&](std::span<const std::int64_t> block, const double* values) {
            refuse_unusable(source, block, values, type);
            for (std::size_t r = 0; r < block.size(); ++r, values += width) {
                for (std::size_t j = 0; j < width; ++j) {
                    ColumnFacts& fact = facts[j];
                    fact.sum += values[j];
                    fact.smallest = std::min(fact.smallest, values[j]);
                    fact.largest = std::max(fact.largest, values[j]);
                    fact.only_0_1 = fact.only_0_1 && (values[j] == 0 || values[j] == 1);
                }
            }
        });
    });
    Facts facts(width);
    for (const Facts& part : parts) {
        for (std::size_t j = 0; j < width; ++j) {
            facts[j].sum += part[j].sum;
            facts[j].smallest = std::min(facts[j].smallest, part[j].smallest);
            facts[j].largest = std::max(facts[j].largest, part[j].largest);
            facts[j].only_0_1 = facts[j].only_0_1 && part[j].only_0_1;
        }
    }
    return facts;
}

std::vector<double> second_pass(const MatrixSource& source, std::span<const std::int64_t> rows, const std::vector<double>& means,
                                int threads) {
    const std::size_t width = means.size();
    const auto parts = by_shares(rows, source.columns(), threads, [&](std::span<const std::int64_t> share, Facts& facts) {
        for_each_block(source, share, [&](std::span<const std::int64_t> block, const double* values) {
            for (std::size_t r = 0; r < block.size(); ++r, values += width) {
                for (std::size_t j = 0; j < width; ++j) facts[j].squares += (values[j] - means[j]) * (values[j] - means[j]);
            }
        });
    });
    std::vector<double> deviations(width);
    for (std::size_t j = 0; j < width; ++j) {
        double squares = 0;
        for (const Facts& part : parts) squares += part[j].squares;
        deviations[j] = std::sqrt(squares / static_cast<double>(rows.size()));
    }
    return deviations;
}

std::vector<ScalingRule> choose_rules(const MatrixSource& source, Toggle mode, const Facts& facts) {
    std::vector<ScalingRule> rules;
    const bool holds_bytes = std::any_of(facts.begin(), facts.end(), [](const ColumnFacts& fact) { return fact.largest > 1; });
    for (std::size_t j = 0; j < facts.size(); ++j) {
        ScalingRule rule = mode == Toggle::on ? ScalingRule::z_score : source.rule(static_cast<std::int64_t>(j));
        if (mode == Toggle::automatic && rule == ScalingRule::z_score && facts[j].only_0_1) rule = ScalingRule::none;
        if (rule == ScalingRule::bytes && !holds_bytes) rule = ScalingRule::none;
        rules.push_back(rule);
    }
    return rules;
}

/// Rounding alone gives a constant column a deviation of some ulps of its mean.
double usable_deviation(double deviation, double mean) {
    const double noise = 16 * std::numeric_limits<double>::epsilon() * std::abs(mean);
    return deviation <= noise ? 1 : deviation;
}

}  // namespace

std::span<const std::int64_t> share_of(std::span<const std::int64_t> rows, std::int64_t share, std::int64_t shares) {
    const auto count = static_cast<std::int64_t>(rows.size());
    const std::int64_t first = count / shares * share + std::min(share, count % shares);
    const std::int64_t size = count / shares + (share < count % shares ? 1 : 0);
    return rows.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(size));
}

ColumnAffine standardising_affine(const MatrixSource& source, std::span<const std::int64_t> rows, Toggle mode, RealType type, int threads) {
    if (mode == Toggle::off) return {};
    bool any_rule = mode == Toggle::on;
    for (std::int64_t j = 0; j < source.columns() && !any_rule; ++j) any_rule = source.rule(j) != ScalingRule::none;
    if (!any_rule) return {};
    const Facts facts = first_pass(source, rows, type, threads);
    const std::vector<ScalingRule> rules = choose_rules(source, mode, facts);
    if (std::all_of(rules.begin(), rules.end(), [](ScalingRule rule) { return rule == ScalingRule::none; })) return {};
    std::vector<double> means;
    for (const ColumnFacts& fact : facts) means.push_back(fact.sum / static_cast<double>(rows.size()));
    const bool any_z_score = std::any_of(rules.begin(), rules.end(), [](ScalingRule rule) { return rule == ScalingRule::z_score; });
    const std::vector<double> deviations = any_z_score ? second_pass(source, rows, means, threads) : std::vector<double>(means.size(), 1.0);
    ColumnAffine affine{std::vector<double>(means.size(), 1.0), std::vector<double>(means.size(), 0.0)};
    for (std::size_t j = 0; j < means.size(); ++j) {
        if (rules[j] == ScalingRule::bytes) affine.scale[j] = 1.0 / 255;
        if (rules[j] != ScalingRule::z_score) continue;
        if (!std::isfinite(means[j]) || !std::isfinite(deviations[j])) {
            fail(ErrorKind::data,
                 source.where(rows[0], static_cast<std::int64_t>(j)) + ": the values of this column are too large to standardise");
        }
        const bool constant = facts[j].smallest == facts[j].largest;
        const double mean = constant ? facts[j].smallest : means[j];
        affine.scale[j] = constant ? 1 : 1 / usable_deviation(deviations[j], mean);
        affine.shift[j] = -mean * affine.scale[j];
    }
    return affine;
}

ColumnAffine scaling_affine(const SparseSource& source, std::span<const std::int64_t> rows, Toggle mode) {
    if (mode != Toggle::on) return {};
    const auto width = static_cast<std::size_t>(source.columns());
    const auto count = static_cast<double>(rows.size());
    std::vector<double> means(width), squares(width);
    std::vector<std::int64_t> entries(width);
    SparseRow scratch;
    const auto for_each_entry = [&](const auto& use) {
        for (const std::int64_t row : rows) {
            source.read(row, scratch);
            for (const SparseEntry& entry : scratch.entries) use(row, static_cast<std::size_t>(entry.column), entry.value);
        }
    };
    for_each_entry([&](std::int64_t, std::size_t j, double value) {
        means[j] += value;
        ++entries[j];
    });
    for (double& mean : means) mean /= count;
    for_each_entry([&](std::int64_t, std::size_t j, double value) { squares[j] += (value - means[j]) * (value - means[j]); });
    ColumnAffine affine{std::vector<double>(width, 1.0), std::vector<double>(width, 0.0)};
    for (std::size_t j = 0; j < width; ++j) {
        const double zeros = count - static_cast<double>(entries[j]);
        const double deviation = std::sqrt((squares[j] + zeros * means[j] * means[j]) / count);
        if (!std::isfinite(deviation)) {
            fail(ErrorKind::data,
                 source.where(rows[0], static_cast<std::int64_t>(j)) + ": the values of this column are too large to standardise");
        }
        affine.scale[j] = 1 / usable_deviation(deviation, means[j]);
    }
    return affine;
}

ColumnAffine standardise_numbers(const CellReader& cells, std::span<const std::int64_t> rows, const LoadOptions& options,
                                 Preparation& preparation) {
    Preparation numbers;
    std::vector<std::int64_t> positions;
    for (std::size_t c = 0; c < preparation.columns.size(); ++c) {
        if (preparation.columns[c].kind != ColumnKind::numeric) continue;
        numbers.columns.push_back(preparation.columns[c]);
        numbers.columns.back().has_indicator = false;
        positions.push_back(cells.positions()[c]);
    }
    const auto source = prepared_source(CellReader(cells.table(), positions), numbers);
    ColumnAffine affine = standardising_affine(*source, rows, options.standardize, options.real_type, options.threads);
    std::size_t number = 0;
    for (SourceColumn& column : preparation.columns) {
        if (column.kind != ColumnKind::numeric || affine.empty()) continue;
        column.scale = affine.scale[number];
        column.shift = affine.shift[number++];
    }
    return affine;
}

Moments moments_of(const std::vector<double>& values) {
    Moments moments;
    double sum = 0, squares = 0;
    for (const double value : values) sum += value;
    moments.mean = sum / static_cast<double>(values.size());
    for (const double value : values) squares += (value - moments.mean) * (value - moments.mean);
    moments.deviation = usable_deviation(std::sqrt(squares / static_cast<double>(values.size())), moments.mean);
    if (!std::isfinite(moments.mean) || !std::isfinite(moments.deviation))
        fail(ErrorKind::data, "the targets are too large to standardise");
    return moments;
}

}  // namespace glissade
