// SPDX-License-Identifier: Apache-2.0
#include "host/data/csv.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "data_files.hpp"
#include "host/data/csv_layout.hpp"
#include "host/data/format.hpp"

namespace glissade {
namespace {

using testing::DataFiles;

Table read(const std::string& path, ReadOptions options = {}) {
    static MemoryBudget budget(std::numeric_limits<std::int64_t>::max());
    options.budget = &budget;
    return read_table(path, options, [](const TableHead& head) {
        return ColumnPlan{std::vector<ColumnUse>(head.names.size(), ColumnUse::infer), 0};
    });
}

/// A table as text: numbers by their shortest form, words as they are, "-" for a missing cell.
std::vector<std::vector<std::string>> cells_of(const Table& table) {
    const auto& text = std::get<TextTable>(table.content);
    std::vector<std::vector<std::string>> rows;
    for (std::int64_t r = 0; r < text.rows; ++r) {
        rows.emplace_back();
        for (std::size_t c = 0; c < text.columns.size(); ++c) {
            const double cell = text.cell(r, static_cast<std::int64_t>(c));
            const TextColumn& column = text.columns[c];
            std::string word = "-";
            if (!std::isnan(cell) && column.use == ColumnUse::text) word = column.dictionary[static_cast<std::size_t>(cell)];
            if (!std::isnan(cell) && column.use == ColumnUse::number) {
                word = std::to_string(cell);
                word.erase(word.find_last_not_of('0') + 1);
                if (word.back() == '.') word.pop_back();
            }
            rows.back().push_back(word);
        }
    }
    return rows;
}

using Cells = std::vector<std::vector<std::string>>;

struct Layout {
    std::string name, content;
    char delimiter;
    bool has_header;
    Cells cells;
};

TEST(Csv, ReadsEveryLayoutThatIsFine) {
    const DataFiles files;
    const Cells numbers = {{"1", "2.5"}, {"-3", "4"}};
    const Layout layouts[] = {
        {"comma", "1,2.5\n-3,4\n", ',', false, numbers},
        {"semicolon", "1;2.5\n-3;4\n", ';', false, numbers},
        {"tab", "1\t2.5\n-3\t4\n", '\t', false, numbers},
        {"blanks", "1 2.5\n-3 4\n", ' ', false, numbers},
        {"runs of blanks at both ends", "  1 \t 2.5  \n -3   4 \n", ' ', false, numbers},
        {"header", "a,b\n1,2.5\n-3,4\n", ',', true, numbers},
        {"header in quotes", "\"a\",\"b c\"\n1,2.5\n-3,4\n", ',', true, numbers},
        {"header of blanks", "a b\n1 2.5\n-3 4\n", ' ', true, numbers},
        {"an unnamed first column", ",b\n1,2.5\n-3,4\n", ',', true, numbers},
        {"CRLF", "1,2.5\r\n-3,4\r\n", ',', false, numbers},
        {"byte order mark",
         "\xef\xbb\xbf"
         "1,2.5\n-3,4\n",
         ',', false, numbers},
        {"byte order mark and header",
         "\xef\xbb\xbf"
         "a,b\n1,2.5\n-3,4\n",
         ',', true, numbers},
        {"no final newline", "1,2.5\n-3,4", ',', false, numbers},
        {"final carriage return", "1,2.5\r\n-3,4\r", ',', false, numbers},
        {"trailing blank lines", "1,2.5\n-3,4\n\n\n  \n\r\n", ',', false, numbers},
        {"blanks round cells", " 1 , 2.5\n-3 ,\t4 \n", ',', false, numbers},
        {"numbers in quotes", "\"1\",2.5\n-3,\"4\"\n", ',', false, numbers},
        {"plus signs and exponents", "+1,25e-1\n-3.0,.4e+1\n", ',', false, numbers},
        {"empty cells", "1,\n,4\n", ',', false, {{"1", "-"}, {"-", "4"}}},
        {"empty cells between tabs", "1\t\t2\n\t3\t\n", '\t', false, {{"1", "-", "2"}, {"-", "3", "-"}}},
        {"one column", "1\n2\n", ',', false, {{"1"}, {"2"}}},
        {"one column with a name of two words", "my label\n1\n2\n", ',', true, {{"1"}, {"2"}}},
        {"words", "x,1\ny,2\nx,3\n", ',', false, {{"x", "1"}, {"y", "2"}, {"x", "3"}}},
        {"words with delimiters", "\"a,b\",1\n\"c;d\",2\n", ',', false, {{"a,b", "1"}, {"c;d", "2"}}},
        {"doubled quotes", "\"say \"\"hi\"\"\",1\nplain,2\n", ',', false, {{"say \"hi\"", "1"}, {"plain", "2"}}},
        {"line ends in quotes", "\"two\nlines\",1\n\"a\r\nb\",2\n", ',', false, {{"two\nlines", "1"}, {"a\r\nb", "2"}}},
        {"empty quotes", "\"\",1\nx,2\n", ',', false, {{"-", "1"}, {"x", "2"}}},
        {"blanks inside quotes stay", "\" x \",1\nx,2\n", ',', false, {{" x ", "1"}, {"x", "2"}}},
        {"blanks before quotes", "1, \"a,b\"\n2, \"c\" \n", ',', false, {{"1", "a,b"}, {"2", "c"}}},
        {"UTF-8", "S\xc3\xa3o,1\nK\xc3\xb6ln,2\n", ',', false, {{"S\xc3\xa3o", "1"}, {"K\xc3\xb6ln", "2"}}},
        {"semicolons inside the cells of a comma table", "a;b,1\nc,2\n", ',', false, {{"a;b", "1"}, {"c", "2"}}},
    };
    for (const Layout& layout : layouts) {
        SCOPED_TRACE(layout.name);
        const Table table = read(files.write("table.csv", layout.content));
        const auto& text = std::get<TextTable>(table.content);
        EXPECT_EQ(text.head.delimiter, layout.delimiter);
        EXPECT_EQ(text.head.has_header, layout.has_header);
        EXPECT_EQ(cells_of(table), layout.cells);
    }
}

TEST(Csv, TakesTheHeaderFlagAtItsWord) {
    const DataFiles files;
    const std::string words = files.write("words.csv", "x,y\nx,y\nz,y\n"), numbers = files.write("numbers.csv", "1999,2000\n1,2\n");
    ReadOptions options;
    options.header = HeaderMode::no;
    EXPECT_EQ(read(words, options).rows(), 3);
    EXPECT_EQ(read(words).rows(), 2);  // unique words above: taken for names
    options.header = HeaderMode::yes;
    EXPECT_EQ(std::get<TextTable>(read(numbers, options).content).columns[1].name, "2000");
}

TEST(Csv, TakesTheNaFlagForWordsAndNumbers) {
    const DataFiles files;
    ReadOptions options;
    options.na_values = {"?", "NA", "-999"};
    const Table table = read(files.write("na.csv", "1,x\n?,NA\n-999,y\n4,?\n"), options);
    EXPECT_EQ(cells_of(table), (Cells{{"1", "x"}, {"-", "-"}, {"-", "y"}, {"4", "-"}}));
    EXPECT_EQ(std::get<TextTable>(table.content).columns[0].missing, 2);
}

TEST(Csv, ReadsAColumnAgainWhenItsFirstRowsMislead) {
    const DataFiles files;
    std::string text;
    for (int i = 0; i < 300; ++i) text += "7,1\n";  // looks like numbers
    for (int i = 0; i < 700; ++i) text += "word,1\n";
    const Table table = read(files.write("late.csv", text));
    const auto& column = std::get<TextTable>(table.content).columns[0];
    EXPECT_EQ(column.use, ColumnUse::text);
    EXPECT_EQ(column.dictionary, (std::vector<std::string>{"7", "word"}));
    EXPECT_EQ(column.numbers, 300);
}

TEST(Csv, AgreesWithAnIndependentParserOnRandomTables) {
    const DataFiles files;
    std::mt19937_64 random(7);
    for (int round = 0; round < 40; ++round) {
        const std::size_t rows = 1 + random() % 50, columns = 1 + random() % 7;
        const char delimiter = ",;\t "[random() % 4];
        std::string text;
        std::vector<double> expected;
        for (std::size_t i = 0; i < rows * columns; ++i) {
            char cell[40];
            std::snprintf(cell, sizeof cell, random() % 2 == 0 ? "%.17g" : "%.4f", std::normal_distribution<double>(0, 100)(random));
            expected.push_back(std::strtod(cell, nullptr));
            text += cell;
            text += i % columns + 1 == columns ? '\n' : delimiter;
        }
        const Table table = read(files.write("random.csv", text));
        const auto& content = std::get<TextTable>(table.content);
        ASSERT_EQ(content.rows, static_cast<std::int64_t>(rows)) << text;
        for (std::size_t i = 0; i < expected.size(); ++i) {
            ASSERT_EQ(content.cell(static_cast<std::int64_t>(i / columns), static_cast<std::int64_t>(i % columns)), expected[i]) << text;
        }
    }
}

/// Some megabytes, so that several pieces are read at once; words in quotes hold line ends.
std::string large_table(std::size_t rows) {
    std::string text = "number,word,other\n";
    for (std::size_t i = 0; i < rows; ++i) {
        text += std::to_string(static_cast<double>(i) * 0.37) + ",\"w" + std::to_string(i % 50) +
                (i % 3 == 0 ? "\nnext, \"\"line\"\"" : "") + "\"," + std::to_string(i % 1000) + "\n";
    }
    return text;
}

TEST(Csv, ReadsTheSameTableOnAnyNumberOfThreads) {
    const DataFiles files;
    const std::string path = files.write("large.csv", large_table(200000));
    ReadOptions options;
    const Table one = read(path, options);
    ASSERT_GT(std::get<TextTable>(one.content).chunks.size(), 3u);
    const Cells expected = cells_of(one);
    EXPECT_EQ(expected[199999], (std::vector<std::string>{"73999.63", "w49", "999"}));
    EXPECT_EQ(one.where(199999, 2), path + ", line 266668, column 3 (\"other\")");
    for (const int threads : {2, 3, 8}) {
        options.threads = threads;
        const Table many = read(path, options);
        EXPECT_EQ(cells_of(many), expected) << threads;
        EXPECT_EQ(std::get<TextTable>(many.content).columns[1].dictionary, std::get<TextTable>(one.content).columns[1].dictionary);
        EXPECT_EQ(many.where(123456, 0), one.where(123456, 0));
    }
}

TEST(Csv, ReportsTheFirstFaultOfTheFileOnAnyNumberOfThreads) {
    const DataFiles files;
    const std::string good = large_table(200000);
    const auto line_start = [&](std::size_t line) {
        std::size_t at = 0;
        for (std::size_t i = 1; i < line; ++i) at = good.find('\n', at) + 1;
        return at;
    };
    struct Planted {
        std::size_t line;
        std::string text, message;
    };
    // Every third row takes two lines: lines 4k + 4 begin rows.
    const Planted first = {150004, "1,2\n", "line 150004, column 3: the row has 2 cells"};
    const Planted late[] = {
        {230004, "1,2,3,4\n", ""}, {200004, "\"open,1,1\n", ""}, {266604, "oops,w,1\n", ""}, {190004, "1,a\"b,1\n", ""}};
    for (const Planted& other : late) {
        std::string bad = good;
        bad.insert(line_start(other.line), other.text);
        bad.insert(line_start(first.line), first.text);
        const std::string path = files.write("bad.csv", bad);
        for (const int threads : {1, 2, 8}) {
            ReadOptions options;
            options.threads = threads;
            EXPECT_ERROR(ErrorKind::data, first.message, read(path, options));
        }
    }
    // A word among numbers, before a row that is too short.
    std::string bad = good;
    bad.insert(line_start(first.line), first.text);
    bad.insert(line_start(100004), "oops,w,1\n");
    for (const int threads : {1, 8}) {
        ReadOptions options;
        options.threads = threads;
        EXPECT_ERROR(ErrorKind::data, "line 100004, column 1: \"oops\" is not a number", read(files.write("word.csv", bad), options));
    }
}

TEST(Csv, RefusesATableLargerThanTheMemoryLimit) {
    const DataFiles files;
    const std::string path = files.write("large.csv", large_table(50000));
    MemoryBudget budget(200000);
    ReadOptions options;
    options.budget = &budget;
    const auto planner = [](const TableHead& head) { return ColumnPlan{std::vector<ColumnUse>(head.names.size(), ColumnUse::infer), -1}; };
    EXPECT_ERROR(ErrorKind::memory, "the memory limit is 195.3 KiB", read_table(path, options, planner));
}

}  // namespace
}  // namespace glissade
