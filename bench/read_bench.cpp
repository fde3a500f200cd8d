// SPDX-License-Identifier: Apache-2.0
// How fast files become tables and data sets, in seconds of processor time: what a core is worth, also on a machine that others use.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "glissade/error.hpp"
#include "glissade/random.hpp"
#include "host/data/format.hpp"
#include "host/data/load.hpp"

namespace glissade {
namespace {

constexpr const char* usage =
    R"(usage: read_bench --generate DIRECTORY [--megabytes N]     writes numeric.csv, mixed.csv, sparse.libsvm and dense.npy of N (200) MB each
       read_bench FILE ... [--runs N] [--threads N]       reads each file N (5) times and prints one JSON object a line
Seconds are of processor time, over all threads. `table` is the file to typed cells (what pandas.read_csv gives), `dataset` the file to
standardised float32 features and targets, ready to train on; an array file is mapped, so it has no `table`. The target
is the last column, or a libsvm file's own.
)";

struct Options {
    std::string directory;
    std::vector<std::string> files;
    std::int64_t megabytes = 200;
    int runs = 5, threads = 1;
};

/// Text that goes to a file a megabyte at a time.
class Writer {
public:
    Writer(const std::string& path, std::int64_t megabytes) : out_(path, std::ios::binary), wanted_(megabytes * 1'000'000) {}
    bool full() const { return written_ + static_cast<std::int64_t>(text_.size()) >= wanted_; }
    Writer& operator<<(std::string_view text) {
        text_ += text;
        if (text_.size() > (1 << 20)) flush();
        return *this;
    }
    void number(double value, int digits) {
        char text[32];
        const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::general, digits).ptr;
        *this << std::string_view(text, static_cast<std::size_t>(end - text));
    }
    ~Writer() { flush(); }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

private:
    void flush() {
        out_.write(text_.data(), static_cast<std::streamsize>(text_.size()));
        written_ += static_cast<std::int64_t>(text_.size());
        text_.clear();
    }
    std::ofstream out_;
    std::string text_;
    std::int64_t wanted_, written_ = 0;
};

class Draw {
public:
    double uniform() { return Philox::uniform(7, 1, counter_++); }
    double normal() { return std::sqrt(-2 * std::log(uniform() + 1e-12)) * std::cos(6.283185307179586 * uniform()); }
    int below(int n) { return std::min(n - 1, static_cast<int>(uniform() * n)); }

private:
    std::uint64_t counter_ = 0;
};

/// 20 columns of normal values with 6 digits, a 0-1 target.
void write_numeric(const std::string& path, std::int64_t megabytes) {
    Writer out(path, megabytes);
    Draw draw;
    for (int c = 0; c < 20; ++c) out << "x" << std::to_string(c) << ",";
    for (out << "y\n"; !out.full(); out << (draw.uniform() < .5 ? "0\n" : "1\n")) {
        for (int c = 0; c < 20; ++c) {
            out.number(draw.normal(), 6);
            out << ",";
        }
    }
}

/// What tables of people hold: whole numbers, money, categories, a quoted text, empty cells.
void write_mixed(const std::string& path, std::int64_t megabytes) {
    const char* const work[] = {"Private", "Self-emp-not-inc", "Local-gov", "State-gov", "Federal-gov"};
    const char* const place[] = {"\"Paris, France\"", "\"Lyon, France\"", "\"Graz, Austria\"", "\"Bern, Switzerland\""};
    Writer out(path, megabytes);
    Draw draw;
    for (out << "age,work,weight,school,place,gain,hours,rate,y\n"; !out.full(); out << (draw.uniform() < .3 ? ",>50K\n" : ",<=50K\n")) {
        out << std::to_string(17 + draw.below(70)) << "," << work[draw.below(5)] << "," << std::to_string(20000 + draw.below(900000)) << ","
            << std::to_string(1 + draw.below(16)) << "," << place[draw.below(4)] << ",";
        if (draw.uniform() < .9) out.number(std::round(draw.uniform() * 1e6) / 100, 8);
        out << "," << std::to_string(draw.below(99)) << ",";
        out.number(draw.normal(), 6);
    }
}

/// 39 of 1,000,000 features a row.
void write_sparse(const std::string& path, std::int64_t megabytes) {
    Writer out(path, megabytes);
    Draw draw;
    while (!out.full()) {
        out << (draw.uniform() < .5 ? "+1" : "-1");
        std::int64_t index = 0;
        for (int c = 0; c < 39; ++c) {
            index += 1 + draw.below(51000);
            out << " " << std::to_string(std::min<std::int64_t>(index, 1'000'000 - 38 + c)) << ":";
            out.number(draw.uniform(), 4);
            index = std::min<std::int64_t>(index, 1'000'000 - 38 + c);
        }
        out << "\n";
    }
}

/// float32, 29 columns, C order; the last holds 0 and 1.
void write_array(const std::string& path, std::int64_t megabytes) {
    constexpr std::int64_t columns = 29;
    const std::int64_t rows = megabytes * 1'000'000 / (columns * 4);
    std::string header =
        "{'descr': '<f4', 'fortran_order': False, 'shape': (" + std::to_string(rows) + ", " + std::to_string(columns) + "), }";
    header.append(63 - (10 + header.size()) % 64, ' ').append("\n");
    const auto length = static_cast<std::uint16_t>(header.size());
    Writer out(path, megabytes + 1);
    out << std::string_view("\x93NUMPY\x01\x00", 8) << std::string_view(reinterpret_cast<const char*>(&length), 2) << header;
    Draw draw;
    for (std::int64_t r = 0; r < rows; ++r) {
        float row[columns];
        for (float& x : row) x = static_cast<float>(draw.uniform() - .5);
        row[columns - 1] = r % 2 == 0 ? 0.0f : 1.0f;
        out << std::string_view(reinterpret_cast<const char*>(row), sizeof row);
    }
}

void generate(const Options& options) {
    std::filesystem::create_directories(options.directory);
    const auto path = [&](const char* name) { return options.directory + "/" + name; };
    write_numeric(path("numeric.csv"), options.megabytes);
    write_mixed(path("mixed.csv"), options.megabytes);
    write_sparse(path("sparse.libsvm"), options.megabytes);
    write_array(path("dense.npy"), options.megabytes);
}

double processor_seconds() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

std::vector<double> time_runs(int runs, const std::function<void()>& action) {
    std::vector<double> seconds;
    action();  // the page cache is warm after it
    for (int run = 0; run < runs; ++run) {
        const double begun = processor_seconds();
        action();
        seconds.push_back(processor_seconds() - begun);
    }
    std::sort(seconds.begin(), seconds.end());
    return seconds;
}

void print(const std::string& file, const char* what, std::int64_t bytes, const std::vector<double>& seconds) {
    std::printf("{\"file\": \"%s\", \"what\": \"%s\", \"bytes\": %lld, \"median_seconds\": %.6f, \"least_seconds\": %.6f}\n",
                std::filesystem::path(file).filename().c_str(), what, static_cast<long long>(bytes), seconds[seconds.size() / 2],
                seconds.front());
    std::fflush(stdout);
}

void bench(const std::string& file, const Options& options) {
    constexpr std::int64_t budget_bytes = std::int64_t{1} << 40;
    std::int64_t bytes = 0;
    {
        MemoryBudget budget(budget_bytes);
        bytes = static_cast<std::int64_t>(InputFile::open(file, budget)->bytes().size());  // uncompressed
    }
    const auto read_as_table = [&] {
        MemoryBudget budget(budget_bytes);
        ReadOptions read;
        read.threads = options.threads;
        read.budget = &budget;
        const Table out = read_table(file, read, [](const TableHead& head) {
            return ColumnPlan{std::vector<ColumnUse>(head.names.size(), ColumnUse::infer), -1};
        });
        if (out.rows() == 0) std::abort();
    };
    if (!file.ends_with(".npy")) print(file, "table", bytes, time_runs(options.runs, read_as_table));
    if (file.find(".libsvm") != std::string::npos) return;  // a million columns: no dense matrix of them
    const auto dataset = time_runs(options.runs, [&] {
        LoadOptions load;
        load.target = "-1";
        load.missing = MissingPolicy::mean;
        load.threads = options.threads;
        if (load_training(file, load).train.rows() == 0) std::abort();
    });
    print(file, "dataset", bytes, dataset);
}

Options parse(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (!word.starts_with("--")) {
            options.files.push_back(word);
            continue;
        }
        const char* const value = i + 1 < argc ? argv[++i] : nullptr;
        if (value != nullptr && word == "--generate") {
            options.directory = value;
        } else if (value != nullptr && word == "--megabytes") {
            options.megabytes = std::atoll(value);
        } else if (value != nullptr && word == "--runs") {
            options.runs = std::max(1, std::atoi(value));
        } else if (value != nullptr && word == "--threads") {
            options.threads = std::max(1, std::atoi(value));
        } else {
            std::fputs(usage, stderr);
            std::exit(2);
        }
    }
    if (options.directory.empty() == options.files.empty()) {
        std::fputs(usage, stderr);
        std::exit(2);
    }
    return options;
}

}  // namespace
}  // namespace glissade

int main(int argc, char** argv) {
    using namespace glissade;
    const Options options = parse(argc, argv);
    try {
        if (!options.directory.empty()) generate(options);
        for (const std::string& file : options.files) bench(file, options);
    } catch (const Error& error) {
        std::fprintf(stderr, "read_bench: %s\n", error.what());
        return 1;
    }
    return 0;
}
