// SPDX-License-Identifier: Apache-2.0
// Logistic regression or networks with Adam on a card: generates the data, writes it, its row orders and the first parameters for a peer to
// train on the same, trains epoch by epoch with each number of members, batch size (0: all rows) and variant (order of the rows and their
// storage: shuffled, file, shuffled-bfloat16, file-bfloat16), and prints one JSON object, run by run. Usage:
// gpu_train_bench [--variants shuffled,...] FOLDER ROWS COLUMNS EPOCHS BATCH,BATCH,... MEMBERS,MEMBERS,... [OUTPUTS HIDDEN,HIDDEN,...]
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "glissade/error.hpp"
#include "glissade/layers.hpp"
#include "glissade/random.hpp"
#include "host/cuda/cuda_backend.hpp"
#include "host/scheduler/scheduler.hpp"

namespace glissade::bench {
namespace {

constexpr std::int64_t held_out_rows = 100000;

/// How a run takes its rows.
struct Variant {
    bool in_file_order = false, bfloat16 = false;

    const char* order() const { return in_file_order ? "file" : "shuffled"; }
    const char* storage() const { return bfloat16 ? "bfloat16" : "float32"; }
};

struct Settings {
    std::string folder;
    std::int64_t rows, columns, epochs;
    std::vector<std::int64_t> batches, members;
    std::int64_t outputs = 1;               ///< 1: logistic; more: classes, softmax
    std::vector<std::int64_t> hidden = {};  ///< relu
    std::vector<Variant> variants = {};
};

struct Data {
    std::vector<float> x, y;  // training rows, then the held out ones
};

void in_parallel(std::int64_t rows, const std::function<void(std::int64_t, std::int64_t)>& work) {
    const std::int64_t count = std::max(1U, std::thread::hardware_concurrency());
    std::vector<std::thread> team;
    for (std::int64_t t = 0; t < count; ++t) team.emplace_back(work, rows * t / count, rows * (t + 1) / count);
    for (std::thread& thread : team) thread.join();
}

/// Features uniform in [-1, 1), classes drawn from a logistic model; of more than two classes the one with the largest of as many scores.
Data generate(const Settings& s) {
    const std::int64_t rows = s.rows + held_out_rows;
    Data data;
    data.x.resize(static_cast<std::size_t>(rows * s.columns));
    data.y.resize(static_cast<std::size_t>(rows));
    const auto uniform = [](std::uint64_t seed, std::int64_t i) { return Philox::uniform(seed, 5, static_cast<std::uint64_t>(i)); };
    std::vector<double> w(static_cast<std::size_t>(s.columns * s.outputs));
    for (std::size_t j = 0; j < w.size(); ++j)
        w[j] = (4 * uniform(1, static_cast<std::int64_t>(j)) - 2) * std::sqrt(28.0 / static_cast<double>(s.columns));
    in_parallel(rows, [&](std::int64_t begin, std::int64_t end) {
        std::vector<double> z(static_cast<std::size_t>(s.outputs));
        for (std::int64_t r = begin; r < end; ++r) {
            std::fill(z.begin(), z.end(), .3);
            for (std::int64_t j = 0; j < s.columns; ++j) {
                const auto value = static_cast<float>(2 * uniform(2, r * s.columns + j) - 1);
                data.x[static_cast<std::size_t>(r * s.columns + j)] = value;
                for (std::int64_t o = 0; o < s.outputs; ++o)
                    z[static_cast<std::size_t>(o)] += w[static_cast<std::size_t>(o * s.columns + j)] * value;
            }
            data.y[static_cast<std::size_t>(r)] = s.outputs > 1 ? static_cast<float>(std::max_element(z.begin(), z.end()) - z.begin())
                                                  : uniform(3, r) < 1 / (1 + std::exp(-z[0])) ? 1.0f
                                                                                              : 0.0f;
        }
    });
    return data;
}

/// Where training begins: 0 of a linear model, else weights uniform with He's deviation and biases 0.
std::vector<float> first_parameters(const Settings& s) {
    const std::vector<DenseLayer> layers = dense_layers(s.columns, s.hidden, s.outputs, true);
    std::vector<float> parameters(static_cast<std::size_t>(layers.back().end()));
    for (const DenseLayer& layer : layers)
        for (std::int64_t at = layer.weights_at; at < layer.biases_at() && !s.hidden.empty(); ++at)
            parameters[static_cast<std::size_t>(at)] = static_cast<float>((2 * Philox::uniform(4, 5, static_cast<std::uint64_t>(at)) - 1) *
                                                                          std::sqrt(6 / static_cast<double>(layer.inputs)));
    return parameters;
}

template <class T>
void write_file(const std::string& path, const std::vector<T>& values) {
    std::ofstream out(path, std::ios::binary);
    out.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(T)));
    if (!out.flush()) fail(ErrorKind::io, "cannot write " + path);
}

void write_for_peer(const Settings& s, const Data& data, const RowOrder& order) {
    write_file(s.folder + "/x.f32", data.x);
    write_file(s.folder + "/y.f32", data.y);
    write_file(s.folder + "/start.f32", first_parameters(s));
    std::vector<std::int32_t> rows(static_cast<std::size_t>(s.rows));
    for (std::int64_t e = 0; e < s.epochs; ++e) {
        const EpochOrder epoch = order.epoch(e);
        in_parallel(s.rows, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t i = begin; i < end; ++i) rows[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(epoch(i));
        });
        write_file(s.folder + "/order." + std::to_string(e) + ".i32", rows);
    }
}

Problem<float> problem_of(const Settings& s, const Data& data, std::int64_t batch, std::int64_t members, Variant variant) {
    Problem<float> problem;
    problem.bfloat16 = variant.bfloat16;
    problem.features = MatrixView<const float>(data.x.data(), s.rows, s.columns);
    problem.targets = data.y.data();
    problem.outputs = s.outputs;
    problem.hidden.widths = s.hidden;
    problem.hidden.activation = rule_index<Relu>(ActivationRules{});
    problem.loss = s.outputs > 1 ? rule_index<Softmax>(LossRules{}) : rule_index<Logistic>(LossRules{});
    problem.rule = rule_index<Adam>(UpdateRules{});
    problem.state_count = Adam::state_count(0);
    problem.members = members;
    problem.batches = plan_batches(s.rows, batch, false, 1, variant.in_file_order ? Shuffle::none : Shuffle::full);
    return problem;
}

double held_out_loss(const Settings& s, const Data& data, Backend<float>& backend) {
    const TrainingState<float> state = backend.get_state();
    std::vector<float> scores(static_cast<std::size_t>(held_out_rows * s.outputs));
    backend.score(MatrixView<const float>(data.x.data() + s.rows * s.columns, held_out_rows, s.columns), state.parameters.data(), scores);
    double sum = 0;
    for (std::int64_t i = 0; i < held_out_rows; ++i) {
        const float* row = scores.data() + i * s.outputs;
        const double z = row[0], y = data.y[static_cast<std::size_t>(s.rows + i)];
        if (s.outputs == 1) {
            sum += std::max(z, 0.0) - y * z + std::log1p(std::exp(-std::fabs(z)));
            continue;
        }
        double powers = 0;
        const double top = *std::max_element(row, row + s.outputs);
        for (std::int64_t o = 0; o < s.outputs; ++o) powers += std::exp(row[o] - top);
        sum += std::log(powers) + top - row[static_cast<std::size_t>(y)];
    }
    return sum / held_out_rows;
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Each has a rate of its own; the first one's is the peer's.
std::vector<Member> make_members(std::int64_t count) {
    std::vector<Member> members;
    for (std::int64_t m = 0; m < count; ++m) members.push_back({Adam{.lr = 1e-2 / static_cast<double>(m + 1)}});
    return members;
}

void run_one(const Settings& s, const Data& data, std::int64_t batch, std::int64_t members, Variant variant) {
    const Problem<float> problem = problem_of(s, data, batch, members, variant);
    const auto setup_begin = std::chrono::steady_clock::now();
    const auto backend = cuda::make_cuda_backend_with(problem, {}, {});
    const double setup_seconds = seconds_since(setup_begin);
    TrainingState<float> start;
    for (std::int64_t m = 0; m < members; ++m) {
        const std::vector<float> first = first_parameters(s);
        start.parameters.insert(start.parameters.end(), first.begin(), first.end());
    }
    start.state.assign(2, std::vector<float>(start.parameters.size()));
    backend->set_state(start);

    const std::int64_t steps_per_epoch = problem.batches.steps_per_epoch;
    Scheduler<float> scheduler({problem.batches, make_members(members), Schedule("constant"), steps_per_epoch * s.epochs, false, {}});
    std::vector<double> epochs, losses;
    std::int64_t step = 0;
    for (std::int64_t e = 0; e < s.epochs; ++e) {
        const auto begin = std::chrono::steady_clock::now();
        for (const std::int64_t end = step + steps_per_epoch; step < end;)
            step += backend->run(scheduler.next(step, end - step, true)).steps_done;
        epochs.push_back(seconds_since(begin));
        losses.push_back(held_out_loss(s, data, *backend));
    }
    std::vector<double> sorted(epochs.begin() + (s.epochs > 1 ? 1 : 0), epochs.end());  // the first epoch warms up
    std::sort(sorted.begin(), sorted.end());
    const double median = sorted[sorted.size() / 2];
    const std::int64_t record_bytes = cuda::shape_of(problem).record_floats() * 4;
    std::printf("{\"batch\": %lld, \"members\": %lld, \"order\": \"%s\", \"storage\": \"%s\", ", static_cast<long long>(batch),
                static_cast<long long>(members), variant.order(), variant.storage());
    std::printf("\"setup_seconds\": %.6g, \"first_epoch_seconds\": %.6g,\n", setup_seconds, epochs.front());
    std::printf("  \"epoch_seconds\": {\"median\": %.6g, \"low\": %.6g, \"high\": %.6g}, \"step_us\": %.6g, \"predicted_step_us\": %.6g,\n",
                median, sorted.front(), sorted.back(), median / static_cast<double>(steps_per_epoch) * 1e6,
                backend->predict_step().seconds * 1e6);
    std::printf("  \"record_bytes\": %lld, \"gb_a_second\": %.6g, \"held_out_loss\": [", static_cast<long long>(record_bytes),
                static_cast<double>(s.rows * record_bytes) / median / 1e9);
    for (std::size_t i = 0; i < losses.size(); ++i) std::printf("%s%.9g", i ? ", " : "", losses[i]);
    std::printf("],\n  \"plan\": \"%s\"}", backend->description().c_str());
    std::fflush(stdout);  // what is done stands, should a later run be ended
}

void run(const Settings& s) {
    const Data data = generate(s);
    write_for_peer(s, data, plan_batches(s.rows, 0, false, 1, Shuffle::full).order);
    std::printf("{\"rows\": %lld, \"columns\": %lld, \"epochs\": %lld, \"lr\": 0.01, \"layers\": [", static_cast<long long>(s.rows),
                static_cast<long long>(s.columns), static_cast<long long>(s.epochs));
    for (const std::int64_t width : s.hidden) std::printf("%lld, ", static_cast<long long>(width));
    std::printf("%lld], \"runs\": [\n", static_cast<long long>(s.outputs));
    bool first = true;
    for (const std::int64_t members : s.members)
        for (const std::int64_t batch : s.batches)
            for (const Variant variant : s.variants) {
                if (!first) std::printf(",\n");
                first = false;
                run_one(s, data, batch, members, variant);
            }
    std::printf("\n]}\n");
}

std::vector<std::int64_t> whole_numbers(const char* text) {
    std::vector<std::int64_t> numbers;
    for (char* end = nullptr;; text = end + 1) {
        numbers.push_back(std::strtoll(text, &end, 10));
        if (*end != ',') return numbers;
    }
}

std::vector<Variant> variants_of(std::string_view text) {
    std::vector<Variant> variants;
    for (;; text.remove_prefix(text.find(',') + 1)) {
        const std::string_view word = text.substr(0, text.find(','));
        const Variant variant{word.starts_with("file"), word.ends_with("-bfloat16")};
        if (word != std::string(variant.order()) + (variant.bfloat16 ? "-bfloat16" : ""))
            fail(ErrorKind::usage, "--variants: there is no " + std::string(word));
        variants.push_back(variant);
        if (text.find(',') == std::string_view::npos) return variants;
    }
}

/// `words`: what follows the name of the program and the variants.
Settings settings_of(const std::vector<const char*>& words, std::string_view variants) {
    Settings settings{
        words[0], std::atoll(words[1]), std::atoll(words[2]), std::atoll(words[3]), whole_numbers(words[4]), whole_numbers(words[5])};
    if (words.size() == 8) {
        settings.outputs = std::atoll(words[6]);
        settings.hidden = whole_numbers(words[7]);
    }
    settings.variants = variants_of(variants);
    return settings;
}

}  // namespace
}  // namespace glissade::bench

int main(int count, char** all) {
    std::vector<const char*> words(all + 1, all + count);
    const char* variants = "shuffled";
    if (words.size() >= 2 && std::string_view(words[0]) == "--variants") {
        variants = words[1];
        words.erase(words.begin(), words.begin() + 2);
    }
    if (words.size() != 6 && words.size() != 8) {
        std::fprintf(
            stderr,
            "usage: gpu_train_bench [--variants shuffled,...] FOLDER ROWS COLUMNS EPOCHS BATCH,... MEMBERS,... [OUTPUTS HIDDEN,...]\n");
        return 2;
    }
    try {
        const glissade::bench::Settings settings = glissade::bench::settings_of(words, variants);
        glissade::bench::run(settings);
    } catch (const glissade::Error& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
