// SPDX-License-Identifier: Apache-2.0
// Tables whose columns the library itself makes a matrix of, text among them.
#include "python/src/table_columns.hpp"

#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

#include "glissade/device.hpp"
#include "glissade/error.hpp"
#include "glissade/model.hpp"
#include "host/data/columns.hpp"
#include "host/data/memory_table.hpp"
#include "python/src/held_dataset.hpp"

namespace nb = nanobind;

namespace glissade::python {
namespace {

using Numbers = nb::ndarray<const double, nb::c_contig, nb::device::cpu>;
using Codes = nb::ndarray<const std::int32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using NamedPlaces = std::vector<std::pair<std::string, std::int64_t>>;

/// Python's texts may hold halves of surrogate pairs, which no UTF-8 has. `what` stands before the reason.
std::string utf8_of(const nb::handle& given, const std::string& what) {
    Py_ssize_t size = 0;
    const char* const text = PyUnicode_AsUTF8AndSize(given.ptr(), &size);
    if (text != nullptr) return {text, static_cast<std::size_t>(size)};
    if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) throw nb::python_error();
    PyErr_Clear();
    fail(ErrorKind::data, what + nb::cast<std::string>(nb::module_::import_("builtins").attr("ascii")(given)) + " is not valid Unicode");
}

std::vector<std::string> words_of(const nb::sequence& words, const std::string& column) {
    std::vector<std::string> texts;
    for (const nb::handle word : words) texts.push_back(utf8_of(word, "column '" + column + "': "));
    return texts;
}

/// What `_tables.Table` holds, with the arrays that it lies in.
class GivenTable {
public:
    GivenTable(const nb::handle& given, const std::optional<Numbers>& targets, const std::optional<Numbers>& weights) {
        table.rows = nb::cast<std::int64_t>(given.attr("rows"));
        table.has_names = nb::cast<bool>(given.attr("has_names"));
        table.all_columns = nb::cast<std::int64_t>(given.attr("width"));
        const auto places = nb::cast<std::vector<std::int64_t>>(given.attr("places"));
        for (const nb::handle column : given.attr("columns")) add_column(column, places.at(table.columns.size()));
        if (targets) {
            table.target_count = targets->ndim() == 2 ? static_cast<std::int64_t>(targets->shape(1)) : 1;
            table.targets = values_of(*targets, table.rows * table.target_count, "targets");
        }
        if (weights) table.weights = values_of(*weights, table.rows, "weights");
    }

    MemoryTable table;

private:
    void add_column(const nb::handle& given, std::int64_t place) {
        MemoryColumn column;
        column.name = utf8_of(given.attr("name"), "the name ");
        column.position = place;
        column.is_boolean = nb::cast<bool>(given.attr("is_boolean"));
        const nb::object values = given.attr("values");
        column.is_text = nb::isinstance<nb::tuple>(values);
        if (column.is_text) {
            const auto& codes = codes_.emplace_back(nb::cast<Codes>(values[0]));
            column.codes = {codes.data(), codes.size()};
            column.words = words_of(nb::cast<nb::sequence>(values[1]), column.name);
        } else {
            const auto& numbers = numbers_.emplace_back(nb::cast<Numbers>(values));
            column.numbers = {numbers.data(), numbers.size()};
        }
        table.columns.push_back(std::move(column));
    }

    static std::vector<double> values_of(const Numbers& array, std::int64_t count, const std::string& what) {
        if (static_cast<std::int64_t>(array.size()) != count)
            fail(ErrorKind::data, what + " has " + std::to_string(array.size()) + " elements, the rows ask for " + std::to_string(count));
        return {array.data(), array.data() + array.size()};
    }

    std::vector<Codes> codes_;
    std::vector<Numbers> numbers_;
};

LoadOptions options_of(bool float64, std::int64_t rows) {
    constexpr std::int64_t few_rows = 1024;  // done before a second thread has started
    LoadOptions options;
    options.real_type = float64 ? RealType::float64 : RealType::float32;
    options.threads = rows <= few_rows ? 1 : usable_processors();
    options.memory_limit_bytes = available_memory_bytes();
    return options;
}

HeldDataset held_rows(LoadedData loaded) {
    return {std::move(loaded.data), {}, std::move(loaded.notes)};
}

HeldDataset learn(const nb::object& given, const std::optional<Numbers>& targets, const std::optional<Numbers>& weights,
                  const NamedPlaces& target_columns, const std::optional<std::string>& missing, const std::optional<std::string>& unknown,
                  int hash_bits, bool float64) {
    GivenTable rows(given, targets, weights);
    for (const auto& [name, position] : target_columns) {
        rows.table.target_names.push_back(name);
        rows.table.target_positions.push_back(position);
    }
    LoadOptions options = options_of(float64, rows.table.rows);
    set_policies(missing, unknown, hash_bits, options);
    const nb::gil_scoped_release unlocked;
    return held_rows(learn_table(rows.table, options));
}

HeldDataset encode_for(const Columns& columns, const nb::object& given, const std::optional<Numbers>& targets,
                       const std::optional<Numbers>& weights) {
    const GivenTable rows(given, targets, weights);
    const nb::gil_scoped_release unlocked;
    return held_rows(table_for_model(rows.table, options_of(columns.float64, rows.table.rows), columns.contract));
}

constexpr std::array<std::pair<const char*, MissingPolicy>, 4> missing_policies = {{{"error", MissingPolicy::error},
                                                                                    {"drop", MissingPolicy::drop},
                                                                                    {"mean", MissingPolicy::mean},
                                                                                    {"indicator", MissingPolicy::indicator}}};
constexpr std::array<std::pair<const char*, UnknownPolicy>, 2> unknown_policies = {
    {{"ignore", UnknownPolicy::ignore}, {"error", UnknownPolicy::error}}};

template <class Policy, std::size_t N>
std::optional<Policy> policy_of(const std::string& what, const std::optional<std::string>& given,
                                const std::array<std::pair<const char*, Policy>, N>& known) {
    if (!given) return std::nullopt;
    std::string listed;
    for (const auto& [name, policy] : known) {
        if (*given == name) return policy;
        listed += (listed.empty() ? "" : ", ") + std::string(name);
    }
    fail(ErrorKind::usage, what + "='" + *given + "' is not known; there are: " + listed);
}

/// None where a matrix, or a table of numbers taken as one, says the same.
nb::object columns_or_none(ModelContract contract, bool float64) {
    const Preparation& preparation = contract.preparation;
    const bool fills =
        preparation.missing == MissingPolicy::mean || preparation.missing == MissingPolicy::indicator || !preparation.na_values.empty();
    const bool encodes = std::any_of(preparation.columns.begin(), preparation.columns.end(),
                                     [](const SourceColumn& column) { return column.kind != ColumnKind::numeric || column.has_indicator; });
    if (preparation.columns.empty() || !(fills || encodes)) return nb::none();
    return nb::cast(Columns{std::move(contract), float64});
}

nb::object columns_of_model(const Model& model) {
    return columns_or_none(
        {model.preparation, model.input, model.task, model.class_labels, model.target_scale, model.target_shift, model.spec.multi_label},
        model.real_type == RealType::float64);
}

nb::object columns_of_data(const HeldDataset& held) {
    const Dataset& data = held.data;
    if (!data.preparation) return nb::none();
    return columns_or_none({*data.preparation, data.input, data.task, data.class_labels, data.target_scale, data.target_shift},
                           data.real_type() == RealType::float64);
}

/// Name and categories of each column; None in place of categories where it is no text.
nb::list described(const Columns& columns) {
    nb::list result;
    for (const SourceColumn& column : columns.contract.preparation.columns)
        result.append(nb::make_tuple(column.name, column.kind == ColumnKind::numeric ? nb::none() : nb::cast(column.categories)));
    return result;
}

/// The rows of a dense data set, which lie in its memory.
nb::object matrix_of_rows(nb::handle self) {
    const Dataset& data = nb::cast<const HeldDataset&>(self).data;
    const std::size_t shape[] = {static_cast<std::size_t>(data.rows()), static_cast<std::size_t>(data.columns())};
    const std::int64_t strides[] = {data.stride(), 1};
    if (data.real_type() == RealType::float32)
        return nb::cast(nb::ndarray<nb::numpy, const float>(data.features<float>().row(0), 2, shape, self, strides));
    return nb::cast(nb::ndarray<nb::numpy, const double>(data.features<double>().row(0), 2, shape, self, strides));
}

using ColumnState = std::tuple<std::string, std::int64_t, double, std::optional<std::vector<std::string>>, bool>;

/// Of what is known of a table's columns of numbers and categories, by the rules that are those of estimators: what their pickles hold.
nb::tuple column_states(const Columns& columns) {
    const Preparation& preparation = columns.contract.preparation;
    std::vector<ColumnState> states;
    for (const SourceColumn& column : preparation.columns) {
        const bool is_text = column.kind == ColumnKind::categorical;
        states.emplace_back(column.name, column.position, column.fill, is_text ? std::optional(column.categories) : std::nullopt,
                            column.is_boolean);
    }
    return nb::make_tuple(states, preparation.file_columns, preparation.has_header, columns.float64);
}

void set_column_states(Columns& columns, const std::tuple<std::vector<ColumnState>, std::int64_t, bool, bool>& state) {
    auto* made = new (&columns) Columns;
    Preparation& preparation = made->contract.preparation;
    preparation.format = "csv";
    std::tie(std::ignore, preparation.file_columns, preparation.has_header, made->float64) = state;
    for (const auto& [name, position, fill, categories, is_boolean] : std::get<0>(state)) {
        SourceColumn column;
        column.name = name;
        column.position = position;
        column.fill = fill;
        column.is_boolean = is_boolean;
        if (categories) {
            column.kind = ColumnKind::categorical;
            column.categories = *categories;
        }
        preparation.columns.push_back(std::move(column));
    }
}

}  // namespace

void set_policies(const std::optional<std::string>& missing, const std::optional<std::string>& unknown, int hash_bits,
                  LoadOptions& options) {
    options.missing = policy_of("missing", missing, missing_policies);
    options.unknown = policy_of("unknown", unknown, unknown_policies);
    if (hash_bits < 0 || hash_bits > most_hash_bits)
        fail(ErrorKind::usage, "hash_bits=" + std::to_string(hash_bits) + ": it is from 1 to " + std::to_string(most_hash_bits) + ", or 0");
    options.hash_bits = hash_bits;
}

void bind_columns(nb::module_& module) {
    nb::class_<Columns>(module, "Columns")
        .def_prop_ro("described", &described)
        .def_prop_ro("has_names", [](const Columns& c) { return c.contract.preparation.has_header; })
        .def_prop_ro("feature_names", [](const Columns& c) { return c.contract.preparation.feature_names(); })
        .def_prop_ro("width", [](const Columns& c) { return c.contract.preparation.matrix_columns(); })
        .def("encode", &encode_for, nb::arg("table"), nb::arg("targets").none(), nb::arg("weights").none())
        .def("__getstate__", &column_states)
        .def("__setstate__", &set_column_states);
    module.attr("most_categories") = most_categories;
    module.def("learn_table", &learn, nb::arg("table"), nb::arg("targets").none(), nb::arg("weights").none(), nb::arg("target_columns"),
               nb::arg("missing").none(), nb::arg("unknown").none(), nb::arg("hash_bits"), nb::arg("float64"));
    module.def("columns_of", &columns_of_model, nb::arg("model"));
    module.def("columns_of", &columns_of_data, nb::arg("data"));
    module.def("matrix_of", &matrix_of_rows, nb::arg("data"));
}

}  // namespace glissade::python
