// SPDX-License-Identifier: Apache-2.0
// Text that must not be taken in silence: every file of this corpus is an error with its line and column.
#include <gtest/gtest.h>

#include "data_files.hpp"

namespace glissade::hostile_text_test {
namespace {

using testing::DataFiles;
using testing::raw_options;

struct Hostile {
    std::string content;
    std::string place;    ///< "line L, column C" that the message must name
    std::string message;  ///< a part of it
};

std::string with_nul(const char* before, const char* after) {
    return std::string(before) + '\0' + after;
}

/// A table of numbers with one cell replaced.
std::string table_with(const std::string& cell, int row, int column, const std::string& delimiter) {
    std::string text;
    for (int r = 0; r < 4; ++r) {
        for (int c = 0; c < 3; ++c) text += (r == row && c == column ? cell : std::to_string(10 * r + c)) + (c == 2 ? "\n" : delimiter);
    }
    return text;
}

std::vector<Hostile> csv_corpus() {
    std::vector<Hostile> corpus = {
        {"1,2,3\n4,5\n6,7,8\n", "line 2, column 3", "the row has 2 cells, the first line has 3"},
        {"1,2,3\n4,5,6,7\n6,7,8\n", "line 2, column 4", "more cells"},
        {"1,2\n3,4\n5", "line 3, column 2", "the row has 1 cell"},
        {"1,2\n3,4,\n5,6\n", "line 2, column 3", "more cells"},
        {"a,b\n1,2\n3\n", "line 3, column 2", "the row has 1 cell"},
        {"a,b\n1,2,3\n", "line 2, column 3", "more cells"},
        {"1 2 3\n4 5\n", "line 2, column 3", "the row has 2 cells"},
        {"1\t2\n3\t4\t5\n", "line 2, column 3", "more cells"},
        {"junk,line\n1,2,3\n4,5,6\n", "line 2, column 3", "more cells"},
        {"|1x3 Cross validator\n25, Private, 7, x\n", "line 2, column 4", "more cells"},
        {"1,2,3\njunk\n4,5,6\n", "line 2, column 2", "the row has 1 cell"},
        {"1,2,3\n# comment\n4,5,6\n", "line 2, column 2", "the row has 1 cell"},
        {"1,2,3\n4,5,6\nend of file\n", "line 3, column 2", "the row has 1 cell"},
        {"\n1,2\n3,4\n", "line 1, column 1", "blank"},
        {"1,2\n\n3,4\n", "line 2, column 1", "a blank line between rows"},
        {"1,2\n3,4\n   \n\n5,6\n", "line 3, column 1", "a blank line between rows"},
        {"a,b,a\n1,2,3\n", "line 1, column 3", "the header repeats \"a\""},
        {"a, a\n1,2\n", "line 1, column 2", "the header repeats \"a\""},
        {"a,b\n1,2\na,b\n3,4\n", "line 3, column 1", "\"a\" is not a number"},
        {"\"1,2\n3,4\n5,6\n", "line 1, column 1", "never closed"},
        {"1,2\n3,\"4\n5,6\n", "line 2, column 2", "never closed"},
        {"1,\"2\"x\n3,4\n", "line 1, column 2", "text after a closing quote"},
        {"1,2\n3,\"4\" \"5\"\n", "line 2, column 2", "text after a closing quote"},
        {"1,2\n3,4\"5\n", "line 2, column 2", "a quote inside an unquoted cell"},
        {"x,1\n5\" pipe,2\n", "line 2, column 1", "a quote inside an unquoted cell"},
        {with_nul("1,2\n3,", "4\n5,6\n"), "line 2, column 2", "a NUL byte"},
        {with_nul("1,2\n3,4", "\n5,6\n"), "line 2, column 2", "a NUL byte"},
        {with_nul("x,1\ny", ",2\n"), "line 2, column 1", "a NUL byte"},
        {with_nul("x,1\n\"y", "\",2\n"), "line 2, column 1", "a NUL byte"},
        {"1,2\r3,4\r5,6\r", "line 1, column 2", "carriage return"},
        {"1,2\n3\r,4\n", "line 2, column 1", "carriage return"},
        {"name,1\nS\xe3o,2\n", "line 2, column 1", "not valid UTF-8"},
        {"n\xe4me,b\n1,2\n", "line 1, column 1", "not valid UTF-8"},
        {"\xff\xfe"
         "1,2\n",
         "line 1, column 1", "UTF-16"},
        {"1;2,5\n3;4,5\n", "line 1, column 2", "decimal point"},
        {"1,x\n2,y\nz,w\n", "line 3, column 1", "\"z\" is not a number, and 2 other cells"},
        {"NA,1\nNA,2\n", "line 1, column 1", "\"NA\" is not a number"},
        {"nan,1\ninf,2\n", "line 1, column 1", "\"nan\" is not a number"},
        {"1,\"1,234\"\n2,\"2,345\"\n", "line 1, column 2", "decimal point and no grouping"},
        {"1,2\n3,--4\n5,6\n", "line 2, column 2", "\"--4\""},
    };
    // One bad cell in each corner of a table of numbers, with each delimiter.
    const std::string cells[] = {"nan",  "NaN",  "-nan", "inf",  "-Inf", "infinity", "1e400", "-1e999", "0x10", "0x1p3", "1_000", "NA",
                                 "null", "None", "abc",  "nanx", "1e",   "1.2.3",    "+-1",   "1f",     "?",    "-",     "\"x\"", "12abc"};
    const std::pair<std::string, std::string> ways[] = {{",", "comma"}, {"\t", "tab"}, {";", "semicolon"}, {" ", "blanks"}};
    for (const std::string& cell : cells) {
        for (const auto& [delimiter, name] : ways) {
            for (const auto& [row, column] : {std::pair(1, 0), std::pair(2, 1), std::pair(3, 2)}) {
                const std::string place = "line " + std::to_string(row + 1) + ", column " + std::to_string(column + 1);
                corpus.push_back({table_with(cell, row, column, delimiter), place, "is not a number"});
            }
        }
    }
    return corpus;
}

TEST(HostileText, NoCsvFileOfTheCorpusIsAccepted) {
    const DataFiles files;
    for (const Hostile& hostile : csv_corpus()) {
        SCOPED_TRACE(::testing::PrintToString(hostile.content));
        const std::string path = files.write("hostile.csv", hostile.content);
        for (const int threads : {1, 4}) {
            LoadOptions options = raw_options("0");
            options.threads = threads;
            EXPECT_ERROR(ErrorKind::data, path + ", " + hostile.place, load_training(path, options));
            EXPECT_ERROR(ErrorKind::data, hostile.message, load_training(path, options));
        }
    }
    EXPECT_GE(csv_corpus().size(), 200u);
}

TEST(HostileText, NoLibsvmFileOfTheCorpusIsAccepted) {
    const DataFiles files;
    const Hostile corpus[] = {
        {"1 1:1\n0 0:1\n", "line 2, column 3", "feature index 0"},
        {"1 1:1\n0 3:1 2:1\n", "line 2, column 7", "must ascend"},
        {"1 1:1\n0 2:1 2:1\n", "line 2, column 7", "repeated"},
        {"1 1:1\n0 4294967297:1\n", "line 2, column 3", "exceeds"},
        {"1 1:1\n0 99999999999999999999999:1\n", "line 2, column 3", "exceeds"},
        {"1 1:1\n0 -1:1\n", "line 2, column 3", "INDEX:VALUE"},
        {"1 1:1\n0 x:1\n", "line 2, column 3", "INDEX:VALUE"},
        {"1 1:1\n0 1.5:1\n", "line 2, column 3", "INDEX:VALUE"},
        {"1 1:1\n0 1\n", "line 2, column 3", "INDEX:VALUE"},
        {"1 1:1\n0 :1\n", "line 2, column 3", "INDEX:VALUE"},
        {"1 1:1\n0 1:\n", "line 2, column 5", "has no value"},
        {"1 1:1\n0 1: 2\n", "line 2, column 5", "has no value"},
        {"1 1:1\n0 1:x\n", "line 2, column 5", "\"x\" is not a number"},
        {"1 1:1\n0 1:nan\n", "line 2, column 5", "\"nan\" is not a number"},
        {"1 1:1\n0 1:nanx\n", "line 2, column 5", "\"nanx\" is not a number"},
        {"1 1:1\n0 1:inf\n", "line 2, column 5", "\"inf\" is not a number"},
        {"1 1:1\n0 1:1e400\n", "line 2, column 5", "\"1e400\" is not a number"},
        {"1 1:1\n0 1:0x1\n", "line 2, column 5", "\"0x1\" is not a number"},
        {"1 1:1\n0 1:1,5\n", "line 2, column 5", "decimal point"},
        {"1 1:1\n0 1:1:2\n", "line 2, column 5", "\"1:2\" is not a number"},
        {"1 1:1\nnan 1:1\n", "line 2, column 1", "label \"nan\""},
        {"1 1:1\n1,2 1:1\n", "line 2, column 1", "label \"1,2\""},
        {"1 1:1\nyes 1:1\n", "line 2, column 1", "label \"yes\""},
        {"1 1:1\n1:0.5 1:1\n", "line 2, column 1", "not with a label"},
        {"1 1:1\n2:1 3:1\n", "line 2, column 1", "not with a label"},
        {"1 1:1\njunk line here\n", "line 2, column 1", "label \"junk\""},
        {"1 1:1\n0 1:1 junk\n", "line 2, column 7", "INDEX:VALUE"},
        {"1 1:1\n0 qid:3 1:1\n", "line 2, column 3", "INDEX:VALUE"},
        {"1 qid:3 1:1\n0 qid:3 1:1\n", "line 1, column 3", "INDEX:VALUE"},
        {"1 1:1\n\n0 1:1\n", "line 2, column 1", "a blank line between rows"},
        {"\n1 1:1\n0 1:1\n", "line 1, column 1", "a blank line between rows"},
        {with_nul("1 1:1\n0 1:", "1\n"), "line 2, column 5", "NUL"},
        {with_nul("1 1:1\n0 1", ":1\n"), "line 2, column 3", "INDEX:VALUE"},
        {"1 1:1\r0 1:1\r", "line 1, column 5", "is not a number"},
    };
    for (const Hostile& hostile : corpus) {
        SCOPED_TRACE(::testing::PrintToString(hostile.content));
        const std::string path = files.write("hostile.libsvm", hostile.content);
        EXPECT_ERROR(ErrorKind::data, path + ", " + hostile.place, load_training(path, {}));
        EXPECT_ERROR(ErrorKind::data, hostile.message, load_training(path, {}));
    }
}

TEST(HostileText, NoVwFileOfTheCorpusIsAccepted) {
    const DataFiles files;
    const Hostile corpus[] = {
        {"1 |f a\n0 f a\n", "line 2, column 1", "no '|' on the line"},
        {"1 |f a\nyes |f a\n", "line 2, column 1", "label \"yes\" is not a number"},
        {"1 |f a\nnan |f a\n", "line 2, column 1", "label \"nan\" is not a number"},
        {"1 |f a\n1e400 |f a\n", "line 2, column 1", "label \"1e400\" is not a number"},
        {"1 |f a\n1,5 |f a\n", "line 2, column 1", "decimal point"},
        {"1 |f a\n0x1 |f a\n", "line 2, column 1", "label \"0x1\" is not a number"},
        {"1 |f a\n0 x |f a\n", "line 2, column 3", "importance \"x\" is not a number"},
        {"1 |f a\n0 -1 |f a\n", "line 2, column 3", "importance \"-1\" is below 0"},
        {"1 |f a\n0 inf |f a\n", "line 2, column 3", "importance \"inf\" is not a number"},
        {"1 |f a\n0 1 0.5 |f a\n", "line 2, column 5", "base \"0.5\""},
        {"1 |f a\n0 1 zebra |f a\n", "line 2, column 5", "base \"zebra\" is not a number; a tag begins with '"},
        {"1 |f a\n0 1 0 2 |f a\n", "line 2, column 7", "a label, an importance, a base and a 'tag at most"},
        {"1 |f a\n0 'tag 1 |f a\n", "line 2, column 8", "\"1\" behind the tag"},
        {"1 |f a\n0 'tag other|f a\n", "line 2, column 8", "\"other\" behind the tag"},
        {"1 |f a\n0|f a\n", "line 2, column 1", "\"0\" touches '|'"},
        {"1 |f a\n0 1|f a\n", "line 2, column 3", "\"1\" touches '|'"},
        {"1 |f a\n0 |f :1\n", "line 2, column 6", "\":1\": a value without the name of a feature"},
        {"1 |f a\n0 |f a :1\n", "line 2, column 8", "a value without the name of a feature"},
        {"1 |f a\n0 |:2 a\n", "line 2, column 4", "a scale without a namespace"},
        {"1 |f a\n0 |f: a\n", "line 2, column 6", "the scale of namespace \"f\" is missing behind ':'"},
        {"1 |f a\n0 |f:x a\n", "line 2, column 6", "the scale of namespace \"f\": \"x\" is not a number"},
        {"1 |f a\n0 |f:1e400 a\n", "line 2, column 6", "\"1e400\" is not a number"},
        {"1 |f a\n0 |f:2:3 a\n", "line 2, column 6", "\"2:3\" is not a number"},
        {"1 |f a\n0 |f a:\n", "line 2, column 8", "the value of \"a\" is missing behind ':'"},
        {"1 |f a\n0 |f a: 1\n", "line 2, column 8", "the value of \"a\" is missing behind ':'"},
        {"1 |f a\n0 |f a:x\n", "line 2, column 8", "the value of \"a\": \"x\" is not a number"},
        {"1 |f a\n0 |f a:1x\n", "line 2, column 8", "\"1x\" is not a number"},
        {"1 |f a\n0 |f a:nan\n", "line 2, column 8", "\"nan\" is not a number"},
        {"1 |f a\n0 |f a:-inf\n", "line 2, column 8", "\"-inf\" is not a number"},
        {"1 |f a\n0 |f a:1:2\n", "line 2, column 8", "\"1:2\" is not a number"},
        {"1 |f a\n0 |f a:1e400\n", "line 2, column 8", "\"1e400\" is not a number"},
        {"1 |f a\n0 |f http://x\n", "line 2, column 11", "\"//x\" is not a number"},
        {"1 |f a\n0 |f:1e200 a:1e200\n", "line 2, column 12", "times the scale of its namespace is too large"},
        {"1 |f a\n0 |f a|g b\n", "line 2, column 7", "'|' wants a blank before it"},
        {"1 |f a\n0 |f a:1|g b\n", "line 2, column 9", "'|' wants a blank before it"},
        {"1 |f a\n0 |f||g b\n", "line 2, column 5", "'|' wants a blank before it"},
        {"1 |f a\n\n0 |f a\n", "line 2, column 1", "a blank line between rows"},
        {"1 |f a\n# comment\n0 |f a\n", "line 2, column 1", "no '|' on the line"},
        {with_nul("1 |f a\n0 |f a", "b\n"), "line 2, column 7", "a NUL byte"},
        {with_nul("1 |f a\n0", " |f a\n"), "line 2, column 2", "a NUL byte"},
        {"1 |f a\r0 |f b\r", "line 1, column 7", "a carriage return inside the line"},
    };
    for (const Hostile& hostile : corpus) {
        SCOPED_TRACE(::testing::PrintToString(hostile.content));
        const std::string path = files.write("hostile.vw", hostile.content);
        EXPECT_ERROR(ErrorKind::data, path + ", " + hostile.place, load_training(path, {}));
        EXPECT_ERROR(ErrorKind::data, hostile.message, load_training(path, {}));
    }
}

TEST(HostileText, AWordAmongManyNumbersIsNeverACategory) {
    const DataFiles files;
    std::string text;
    for (int i = 0; i < 5000; ++i) text += std::to_string(i) + "," + std::to_string(i % 7) + "\n";
    text += "x,1\n";
    const std::string path = files.write("long.csv", text);
    EXPECT_ERROR(ErrorKind::data, "line 5001, column 1: \"x\" is not a number, and 5000 other cells of column \"0\" are",
                 load_training(path, raw_options("1")));
}

/// The first rows speak for a text column; the file as a whole does not.
TEST(HostileText, WordsBeforeManyNumbersAreNoCategories) {
    const DataFiles files;
    for (const std::string word : {"x", "nan"}) {
        std::string text;
        for (int i = 0; i < 300; ++i) text += word + ",1\n";
        for (int i = 0; i < 5000; ++i) text += std::to_string(i % 3) + "," + std::to_string(i % 7) + "\n";
        const std::string path = files.write("late.csv", text);
        EXPECT_ERROR(ErrorKind::data, "line 1, column 1: \"" + word + "\" is not a number, and 5000 other cells of column \"0\" are",
                     load_training(path, raw_options("1")));
    }
}

TEST(HostileText, TheFirstOfSeveralBadCellsIsNamed) {
    const DataFiles files;
    const std::string path = files.write("many.csv", "1,2,3\n4,5,nan\n7,inf,9\nx,11,12\n1,1,1\n2,2,2\n");
    EXPECT_ERROR(ErrorKind::data, "line 2, column 3: \"nan\"", load_training(path, raw_options("0")));
}

}  // namespace
}  // namespace glissade::hostile_text_test
