// SPDX-License-Identifier: Apache-2.0
// Tables in memory become what files of the same cells become.
#include "host/data/memory_table.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <limits>

#include "host/data/columns.hpp"
#include "trained.hpp"

namespace glissade {
namespace {

using testing::DataFiles;
using testing::raw_options;
using testing::row_of;
using testing::Trained;
using testing::values_of;

constexpr double none = std::numeric_limits<double>::quiet_NaN();

/// Columns with the memory that they lie in.
struct TestTable {
    explicit TestTable(std::int64_t rows) {
        table.rows = rows;
        table.has_names = true;
    }
    TestTable& add_numbers(const std::string& name, std::vector<double> values) {
        return add({name, table.all_columns, false, false, numbers_.emplace_back(std::move(values)), {}, {}});
    }
    TestTable& add_words(const std::string& name, std::vector<std::int32_t> codes, std::vector<std::string> words) {
        return add({name, table.all_columns, true, false, {}, codes_.emplace_back(std::move(codes)), std::move(words)});
    }
    MemoryTable table;

private:
    TestTable& add(MemoryColumn column) {
        table.columns.push_back(std::move(column));
        ++table.all_columns;
        return *this;
    }
    std::deque<std::vector<double>> numbers_;
    std::deque<std::vector<std::int32_t>> codes_;
};

void expect_same(const Dataset& made, const Dataset& read) {
    EXPECT_EQ(made.rows(), read.rows());
    EXPECT_EQ(values_of(made), values_of(read));
    EXPECT_EQ(made.feature_names, read.feature_names);
    const std::vector<SourceColumn>&ours = made.preparation->columns, &theirs = read.preparation->columns;
    ASSERT_EQ(ours.size(), theirs.size());
    for (std::size_t c = 0; c < ours.size(); ++c) {
        EXPECT_EQ(ours[c].name, theirs[c].name);
        EXPECT_EQ(ours[c].position, theirs[c].position);
        EXPECT_EQ(ours[c].kind, theirs[c].kind);
        EXPECT_EQ(ours[c].has_indicator, theirs[c].has_indicator);
        EXPECT_EQ(ours[c].categories, theirs[c].categories);
        EXPECT_EQ(ours[c].fill, theirs[c].fill);
    }
    EXPECT_EQ(made.preparation->file_columns + 1, read.preparation->file_columns);  // the file has its target too
}

LoadOptions with_missing(MissingPolicy policy) {
    LoadOptions options = raw_options("y");
    options.missing = policy;
    return options;
}

TestTable towns() {
    TestTable made(5);
    made.add_words("town", {2, 0, -1, 2, 1}, {"Bonn", "Ulm", "Kiel", "nobody's"});
    made.add_numbers("age", {3, none, 5.5, 1, 0.25});
    made.add_words("job", {0, 1, 1, 3, 2}, {"cook", " cook\t", "smith", "  "});
    return made;
}

const std::string towns_file = "town,age,job,y\nKiel,3,cook,0\nBonn,,cook,1\n,5.5,cook,0\nKiel,1,,1\nUlm,0.25,smith,1\n";

TEST(MemoryTable, BecomesWhatAFileOfTheSameCellsBecomesUnderEveryPolicy) {
    const TestTable made = towns();
    for (const MissingPolicy policy : {MissingPolicy::mean, MissingPolicy::indicator, MissingPolicy::drop}) {
        const LoadOptions options = with_missing(policy);
        const Trained read(towns_file, options);
        expect_same(learn_table(made.table, options).data, read.data.train);
    }
    EXPECT_EQ(learn_table(made.table, with_missing(MissingPolicy::mean)).data.feature_names,
              (std::vector<std::string>{"town=Bonn", "town=Kiel", "town=Ulm", "age", "job=cook", "job=smith"}));
}

TEST(MemoryTable, HashesTextAsAFileOfItDoes) {
    const TestTable made = towns();
    LoadOptions options = with_missing(MissingPolicy::mean);
    options.hash_bits = 6;
    const Trained read(towns_file, options);
    const LoadedData learnt = learn_table(made.table, options);
    ASSERT_TRUE(learnt.data.is_sparse());
    expect_same(learnt.data, read.data.train);
    for (std::int64_t r = 0; r < 5; ++r) EXPECT_EQ(row_of(learnt.data, r), row_of(read.data.train, r)) << "row " << r;
}

TEST(MemoryTable, NamesTheFirstMissingCellByRowAndColumn) {
    EXPECT_ERROR(ErrorKind::data,
                 "the table, row 1, column \"age\": a missing cell, the first of 3 (1 in column \"town\", 1 in column \"age\", 1 in column "
                 "\"job\"); fill them, or say missing='drop', 'mean' or 'indicator'",
                 learn_table(towns().table, {}));
}

TEST(MemoryTable, KeepsTargetsAndWeightsBesideTheRowsThatAreLeft) {
    TestTable made = towns();
    made.table.targets = {1, 10, 2, 20, 3, 30, 4, 40, 5, 50};
    made.table.target_count = 2;
    made.table.weights = {0.5, 1, 1.5, 2, 2.5};
    const LoadedData learnt = learn_table(made.table, with_missing(MissingPolicy::drop));
    EXPECT_EQ(testing::targets_of(learnt.data), (std::vector<float>{1, 10, 5, 50}));
    const auto weights = learnt.data.weights<float>();
    EXPECT_EQ(std::vector<float>(weights.begin(), weights.end()), (std::vector<float>{0.5, 2.5}));
    EXPECT_EQ(learnt.notes.back(), "the table: 3 rows with missing cells dropped");
}

TEST(MemoryTable, IsReadForAModelOfAFileByNameInAnyOrder) {
    const Trained model(towns_file, with_missing(MissingPolicy::indicator));
    TestTable asked(3);
    asked.add_words("unused", {0, 0, 0}, {"x"}).add_words("job", {0, 1, -1}, {"smith", "pilot"});
    asked.add_numbers("age", {none, 2, 7}).add_words("town", {0, 0, -1}, {"Ulm"});
    const LoadedData rows = table_for_model(asked.table, {}, model.data.contract);
    const LoadedData same = model.load("job,age,town\nsmith,,Ulm\npilot,2,Ulm\n,7,\n", false);
    EXPECT_EQ(values_of(rows.data), values_of(same.data));
    ASSERT_EQ(rows.notes.size(), 1U);
    EXPECT_NE(rows.notes[0].find("the table: 1 cells of column \"job\" hold categories not seen in training"), std::string::npos)
        << rows.notes[0];
    LoadOptions strict;
    strict.unknown = UnknownPolicy::error;
    EXPECT_ERROR(ErrorKind::data, "the table, row 1, column \"job\": the category \"pilot\" was not seen in training; unknown='ignore'",
                 table_for_model(asked.table, strict, model.data.contract));
}

TEST(MemoryTable, IsStandardisedAsTheModelsFileWas) {
    LoadOptions options = with_missing(MissingPolicy::mean);
    options.standardize = Toggle::on;
    const Trained model(towns_file, options);
    TestTable asked(1);
    asked.add_words("town", {0}, {"Kiel"}).add_numbers("age", {4}).add_words("job", {0}, {"cook"});
    EXPECT_EQ(values_of(table_for_model(asked.table, {}, model.data.contract).data),
              values_of(model.load("town,age,job\nKiel,4,cook\n", false).data));
}

TEST(MemoryTable, IsReadByPositionWhereOneSideHasNoNames) {
    const Trained model("Kiel,3,0\nBonn,1,1\n", raw_options("2"));
    TestTable asked(1);
    asked.add_words("a", {0}, {"Bonn"}).add_numbers("b", {7});
    EXPECT_EQ(values_of(table_for_model(asked.table, {}, model.data.contract).data), (std::vector<float>{1, 0, 7}));
    asked.add_numbers("target", {0});
    EXPECT_EQ(values_of(table_for_model(asked.table, {}, model.data.contract).data), (std::vector<float>{1, 0, 7}));
    asked.add_numbers("more", {0});
    EXPECT_ERROR(ErrorKind::data, "the table has 4 columns without names to tell them by; the model reads 2",
                 table_for_model(asked.table, {}, model.data.contract));
}

TEST(MemoryTable, IsRefusedForAModelWhoseColumnsItLacksOrHasOtherwise) {
    const Trained model(towns_file, with_missing(MissingPolicy::drop));
    TestTable asked(2);
    asked.add_words("town", {-1, 0}, {"Ulm"}).add_words("job", {0, 0}, {"cook"});
    const auto ask = [&] { return table_for_model(asked.table, {}, model.data.contract); };
    EXPECT_ERROR(ErrorKind::data, "the table has no column \"age\", which the model needs; its columns are: town, job", ask());
    asked.add_words("age", {-1, 0}, {"old"});
    EXPECT_ERROR(ErrorKind::data, "column \"age\" has \"old\" in row 1, where the model has numbers", ask());
    asked.table.columns.pop_back();
    asked.add_numbers("age", {1, 2});
    EXPECT_ERROR(ErrorKind::data, "the table: 1 row with missing cells would get no prediction: fill them", ask());
    asked.table.columns.erase(asked.table.columns.begin());
    asked.add_numbers("town", {none, 4});
    EXPECT_ERROR(ErrorKind::data, "column \"town\" has 4 in row 1, where the model has text", ask());
    EXPECT_ERROR(ErrorKind::usage, "knows no columns", table_for_model(asked.table, {}, {}));
    asked.add_words(" town", {0, 0}, {"Ulm"});
    EXPECT_ERROR(ErrorKind::data, "two columns are called \"town\"", ask());
}

TEST(MemoryTable, TakesAColumnOfMissingCellsForWhateverTheModelHas) {
    const Trained model(towns_file, with_missing(MissingPolicy::indicator));
    TestTable asked(1);
    asked.add_numbers("town", {none}).add_words("age", {-1}, {}).add_words("job", {0}, {"smith"});
    EXPECT_EQ(values_of(table_for_model(asked.table, {}, model.data.contract).data),
              values_of(model.load("town,age,job\n,,smith\n", false).data));
}

TEST(MemoryTable, HasTheMissingCellsThatTheModelsFileHad) {
    LoadOptions options = with_missing(MissingPolicy::indicator);
    options.na_values = {"?", "not known", "-999"};
    const Trained model("town,age,y\nUlm,5,1\n?,6,0\nKiel,-999,1\nnot known,7,0\n", options);
    TestTable asked(4);
    asked.add_words("town", {0, 1, 2, -1}, {" ? ", "Ulm", "not known"}).add_numbers("age", {1, -999, none, 999});
    const LoadedData rows = table_for_model(asked.table, {}, model.data.contract);
    EXPECT_EQ(values_of(rows.data), values_of(model.load("town,age\n?,1\nUlm,-999\nnot known,-999\n?,999\n", false).data));
    EXPECT_TRUE(rows.notes.empty());
    EXPECT_ERROR(ErrorKind::data, "the table, row 0, column \"age\": a missing cell, the first of 2", [&] {
        ModelContract strict = model.data.contract;
        strict.preparation.missing = MissingPolicy::error;
        strict.preparation.columns[0].has_indicator = strict.preparation.columns[1].has_indicator = false;
        TestTable holes(2);
        holes.add_words("town", {0, 0}, {"Ulm"}).add_numbers("age", {-999, none});
        return table_for_model(holes.table, {}, strict);
    }());
}

TEST(MemoryTable, IsRefusedWhereItContradictsItself) {
    const auto learn = [](const TestTable& made) { return learn_table(made.table, {}); };
    EXPECT_ERROR(ErrorKind::data, "two columns are called \"a\"",
                 learn(std::move(TestTable(1).add_numbers("a", {1}).add_numbers(" a", {1}))));
    EXPECT_ERROR(ErrorKind::data, "column \"a\" has 2 cells, the table has 1 row", learn(std::move(TestTable(1).add_numbers("a", {1, 2}))));
    EXPECT_ERROR(ErrorKind::data, "column \"a\" has a code without a word", learn(std::move(TestTable(1).add_words("a", {1}, {"x"}))));
    EXPECT_ERROR(ErrorKind::data, "\"\\xff\" is not valid UTF-8", learn(std::move(TestTable(1).add_words("a", {0}, {"\xff"}))));
    EXPECT_ERROR(ErrorKind::data, "is not valid UTF-8", learn(std::move(TestTable(1).add_numbers("\xff", {1}))));
    EXPECT_ERROR(ErrorKind::data, "the table, row 1, column \"a\": the value is inf",
                 learn(std::move(TestTable(2).add_numbers("a", {1, std::numeric_limits<double>::infinity()}))));
    EXPECT_ERROR(ErrorKind::data, "the table has no rows", learn(std::move(TestTable(0).add_numbers("a", {}))));
    EXPECT_ERROR(ErrorKind::data, "the table has no feature columns", learn(TestTable(1)));
}

TEST(MemoryTable, IsRefusedBeforeACodeWithoutAWordIsLookedUp) {
    const Trained model(towns_file, with_missing(MissingPolicy::mean));
    TestTable asked(1);
    asked.add_words("age", {3}, {"x"}).add_words("town", {0}, {"Ulm"}).add_words("job", {0}, {"cook"});
    EXPECT_ERROR(ErrorKind::data, "column \"age\" has a code without a word", table_for_model(asked.table, {}, model.data.contract));
    TestTable counted(2);
    counted.add_numbers("a", {1, 2}).table.targets = {1};
    EXPECT_ERROR(ErrorKind::data, "there are 1 target and 0 weights for 2 rows", learn_table(counted.table, {}));
    counted.table.targets.clear();
    counted.table.weights = {1, 2, 3};
    EXPECT_ERROR(ErrorKind::data, "there are 0 targets and 3 weights for 2 rows", learn_table(counted.table, {}));
}

TEST(MemoryTable, NamesTargetsAndWeightsThatNoRunTakesByTheirRowBesideRowsThatAreLeftOut) {
    constexpr double infinite = std::numeric_limits<double>::infinity();
    const auto learn = [](double target, double weight, RealType type) {
        TestTable made = towns();
        made.table.targets = {1, 2, 3, 4, target};
        made.table.target_count = 1;
        made.table.weights = {1, 1, 1, 1, weight};
        LoadOptions options = with_missing(MissingPolicy::drop);
        options.real_type = type;
        return learn_table(made.table, options).data;
    };
    for (const RealType type : {RealType::float32, RealType::float64}) {
        EXPECT_ERROR(ErrorKind::data, "the table, row 4: the target is missing", learn(none, 1, type));
        EXPECT_ERROR(ErrorKind::data, "the table, row 4: the target is -inf", learn(-infinite, 1, type));
        EXPECT_ERROR(ErrorKind::data, "the table, row 4: the weight is missing", learn(5, none, type));
        EXPECT_ERROR(ErrorKind::data, "the table, row 4: the weight is inf", learn(5, infinite, type));
        EXPECT_ERROR(ErrorKind::data, "the table, row 4: the weight is -2; weights are finite and not negative", learn(5, -2, type));
    }
    EXPECT_ERROR(ErrorKind::data, "the table, row 4: the target 1e+39 does not fit float32", learn(1e39, 1, RealType::float32));
    EXPECT_ERROR(ErrorKind::data, "the table, row 4: the weight 1e+39 does not fit float32", learn(5, 1e39, RealType::float32));
    EXPECT_EQ(learn(1e39, 1e39, RealType::float64).rows(), 2);
}

TEST(MemoryTable, AsksForHashingWhereThereAreTooManyWords) {
    std::vector<std::string> words;
    std::vector<std::int32_t> codes;
    for (std::int32_t k = 0; k <= static_cast<std::int32_t>(most_categories); ++k) {
        words.push_back("w" + std::to_string(k));
        codes.push_back(k);
    }
    TestTable made(static_cast<std::int64_t>(codes.size()));
    made.add_words("a", codes, words);
    EXPECT_ERROR(ErrorKind::data, "hash_bits=18 hashes text", learn_table(made.table, {}));
    LoadOptions hashed;
    hashed.hash_bits = 12;
    EXPECT_EQ(learn_table(made.table, hashed).data.columns(), 4096);
    EXPECT_ERROR(ErrorKind::usage, "nothing to hash, leave hash_bits out", learn_table(TestTable(1).add_numbers("a", {1}).table, hashed));
}

TEST(MemoryTable, LeavesAModelThatReadsTheWordsTrueAndFalseInItsColumnsOfBooleansAlone) {
    TestTable made(3);
    made.add_numbers("known", {1, 0, 1}).add_numbers("age", {4, 5, 6}).add_words("town", {0, 1, 0}, {"Ulm", "Kiel"});
    made.table.columns[0].is_boolean = true;
    ModelContract contract;
    contract.preparation = *learn_table(made.table, {}).data.preparation;
    DataFiles files;
    const auto load = [&](const std::string& text) { return load_for_model(files.write("o.csv", text), {}, contract, false); };
    EXPECT_EQ(values_of(load("town,known,age\nUlm,True,1\nKiel,false,2\nUlm,0,3\n").data),
              (std::vector<float>{1, 1, 0, 1, 0, 2, 1, 0, 0, 3, 0, 1}));
    contract.preparation.has_header = false;
    EXPECT_EQ(values_of(load("False,8,Kiel\n").data), (std::vector<float>{0, 8, 1, 0}));
    contract.preparation.has_header = true;
    EXPECT_ERROR(ErrorKind::data, "\"yes\" is not a number", load("town,known,age\nUlm,yes,1\n"));
    EXPECT_ERROR(ErrorKind::data, "\"True\" is not a number", load("town,known,age\nUlm,True,True\n"));
}

}  // namespace
}  // namespace glissade
