// SPDX-License-Identifier: Apache-2.0
// Tables by way of the Arrow C stream interface (arrow.apache.org/docs/format/CStreamInterface.html), whose three structs are its ABI.
#include "python/src/arrow_stream.hpp"

#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "glissade/error.hpp"

namespace nb = nanobind;

namespace glissade::python {
namespace {

struct ArrowSchema {
    const char* format;
    const char* name;
    const char* metadata;
    std::int64_t flags, n_children;
    ArrowSchema** children;
    ArrowSchema* dictionary;
    void (*release)(ArrowSchema*);
    void* private_data;
};

struct ArrowArray {
    std::int64_t length, null_count, offset, n_buffers, n_children;
    const void** buffers;
    ArrowArray** children;
    ArrowArray* dictionary;
    void (*release)(ArrowArray*);
    void* private_data;
};

struct ArrowArrayStream {
    int (*get_schema)(ArrowArrayStream*, ArrowSchema*);
    int (*get_next)(ArrowArrayStream*, ArrowArray*);
    const char* (*get_last_error)(ArrowArrayStream*);
    void (*release)(ArrowArrayStream*);
    void* private_data;
};

/// Gives back what the producer lent.
template <class Struct>
struct Lent {
    Struct value = {};
    Lent() = default;
    Lent(const Lent&) = delete;
    Lent& operator=(const Lent&) = delete;
    ~Lent() {
        if (value.release != nullptr) value.release(&value);
    }
};

using Column = nb::ndarray<nb::numpy, nb::ro>;

/// The element type of a format of one letter; bits 0 if it is no number.
nb::dlpack::dtype number_type(std::string_view format) {
    constexpr std::string_view letters = "cCsSiIlLfg";
    const auto at = format.size() == 1 ? letters.find(format[0]) : std::string_view::npos;
    if (at == std::string_view::npos) return {0, 0, 1};
    const auto kind = at >= 8 ? nb::dlpack::dtype_code::Float : at % 2 == 0 ? nb::dlpack::dtype_code::Int : nb::dlpack::dtype_code::UInt;
    const int bits = at >= 8 ? (at == 8 ? 32 : 64) : 8 << (at / 2);
    return {static_cast<std::uint8_t>(kind), static_cast<std::uint8_t>(bits), 1};
}

bool bit_at(const void* bits, std::int64_t place) {
    return (static_cast<const std::uint8_t*>(bits)[place / 8] >> (place % 8) & 1) != 0;
}

bool may_hold_nulls(const ArrowArray& array) {
    return array.null_count != 0 && array.n_buffers > 0 && array.buffers[0] != nullptr;
}

bool is_null(const ArrowArray& array, std::int64_t i) {
    return may_hold_nulls(array) && !bit_at(array.buffers[0], array.offset + i);
}

bool has_nulls(const ArrowArray& array) {
    if (!may_hold_nulls(array)) return false;
    std::int64_t i = 0;
    while (i < array.length && bit_at(array.buffers[0], array.offset + i)) ++i;
    return i < array.length;
}

void check_no_nulls(const ArrowArray& array, const std::string& name) {
    if (!may_hold_nulls(array)) return;
    for (std::int64_t i = 0; i < array.length; ++i)
        if (is_null(array, i))
            fail(ErrorKind::data, "column " + name + " has a missing cell in row " + std::to_string(i) + " of a batch: fill it first");
}

/// An array of its own of `length` values, `value(i)`.
template <class T, class F>
nb::object filled(std::int64_t length, const F& value) {
    auto values = std::make_unique<T[]>(static_cast<std::size_t>(length) + 1);
    for (std::int64_t i = 0; i < length; ++i) values[static_cast<std::size_t>(i)] = value(i);
    const std::size_t shape = static_cast<std::size_t>(length);
    T* data = values.get();
    const nb::capsule owner(values.release(), [](void* p) noexcept { delete[] static_cast<T*>(p); });
    return nb::cast(nb::ndarray<nb::numpy, T>(data, {shape}, owner));
}

/// Booleans, or, where cells are missing, the numbers 1, 0 and NaN.
nb::object booleans(const ArrowArray& array) {
    const auto value = [&](std::int64_t i) { return bit_at(array.buffers[1], array.offset + i); };
    if (!has_nulls(array)) return filled<bool>(array.length, value);
    return filled<double>(array.length, [&](std::int64_t i) { return is_null(array, i) ? std::nan("") : value(i) ? 1.0 : 0.0; });
}

/// Text with 32- or 64-bit offsets, or as views (of 16 bytes: length, then the text, or its beginning, buffer and place).
std::string_view text_at(const ArrowArray& array, std::string_view format, std::int64_t i) {
    if (format == "vu") {
        const char* view = static_cast<const char*>(array.buffers[1]) + 16 * i;
        std::int32_t length = 0, buffer = 0, place = 0;
        std::memcpy(&length, view, 4);
        if (length <= 12) return {view + 4, static_cast<std::size_t>(length)};
        std::memcpy(&buffer, view + 8, 4);
        std::memcpy(&place, view + 12, 4);
        return {static_cast<const char*>(array.buffers[2 + buffer]) + place, static_cast<std::size_t>(length)};
    }
    const auto slice = [&](const auto* offsets) {
        return std::string_view(static_cast<const char*>(array.buffers[2]) + offsets[i],
                                static_cast<std::size_t>(offsets[i + 1] - offsets[i]));
    };
    return format == "u" ? slice(static_cast<const std::int32_t*>(array.buffers[1]))
                         : slice(static_cast<const std::int64_t*>(array.buffers[1]));
}

/// The pair of the rows' codes, below 0 where a cell is missing, and the texts that they stand for.
nb::object texts(const ArrowArray& array, std::string_view format) {
    std::unordered_map<std::string_view, std::int32_t> places;
    nb::list values;
    nb::object codes = filled<std::int32_t>(array.length, [&](std::int64_t i) {
        if (is_null(array, i)) return -1;
        const std::string_view text = text_at(array, format, array.offset + i);
        const auto [place, is_new] = places.try_emplace(text, static_cast<std::int32_t>(places.size()));
        if (is_new) values.append(nb::str(text.data(), text.size()));
        return place->second;
    });
    return nb::make_tuple(codes, values);
}

/// Numbers with missing cells: NaN, or as indices -1.
nb::object numbers_with_nulls(const ArrowArray& array, const nb::object& numbers, bool are_indices) {
    if (are_indices) {
        const auto indices = nb::cast<nb::ndarray<const std::int64_t, nb::ndim<1>>>(numbers.attr("astype")("int64"));
        return filled<std::int64_t>(array.length,
                                    [&](std::int64_t i) { return is_null(array, i) ? -1 : indices(static_cast<std::size_t>(i)); });
    }
    const auto doubles = nb::cast<nb::ndarray<const double, nb::ndim<1>>>(numbers.attr("astype")("float64"));
    return filled<double>(array.length,
                          [&](std::int64_t i) { return is_null(array, i) ? std::nan("") : doubles(static_cast<std::size_t>(i)); });
}

/// What a column holds, in the words of the package: number, boolean, text, nothing (all cells are missing), or the Arrow type if it is
/// none of these.
std::string kind_of(const ArrowSchema& schema) {
    const std::string_view format = schema.format;
    if (schema.dictionary != nullptr) return kind_of(*schema.dictionary);
    if (number_type(format).bits > 0) return "number";
    if (format == "b") return "boolean";
    if (format == "n") return "nothing";
    return format == "u" || format == "U" || format == "vu" ? "text" : std::string(format);
}

std::string column_name(const ArrowSchema& schema) {
    return schema.name != nullptr ? schema.name : "";
}

/// A column of one batch: a view of its numbers, a copy of booleans, the pair (codes, words) of texts, or (indices, values) of a
/// dictionary. Missing cells are an error, or, where the caller takes them, NaN and codes and indices below 0.
nb::object column(const ArrowSchema& schema, const ArrowArray& array, const std::string& name, nb::handle owner, bool takes_missing) {
    const std::string_view format = schema.format;
    if (!takes_missing) check_no_nulls(array, name);
    const nb::dlpack::dtype type = number_type(format);
    if (type.bits > 0) {
        const std::size_t shape[] = {static_cast<std::size_t>(array.length)};
        const auto* data = static_cast<const char*>(array.buffers[1]) + array.offset * (type.bits / 8);
        nb::object numbers = nb::cast(Column(data, 1, shape, owner, nullptr, type));
        if (has_nulls(array)) numbers = numbers_with_nulls(array, numbers, schema.dictionary != nullptr);
        if (schema.dictionary == nullptr) return numbers;
        return nb::make_tuple(numbers, column(*schema.dictionary, *array.dictionary, name, owner, takes_missing));
    }
    if (format == "b") return booleans(array);
    if (kind_of(schema) == "text") return texts(array, format);
    if (format == "n" && takes_missing) return filled<double>(array.length, [](std::int64_t) { return std::nan(""); });
    fail(ErrorKind::data, "column " + name + " is of the Arrow type '" + std::string(format) + "': numbers, booleans and text are taken");
}

void check_call(ArrowArrayStream& stream, int result) {
    if (result == 0) return;
    const char* why = stream.get_last_error(&stream);
    fail(ErrorKind::data, std::string("the Arrow stream failed: ") + (why != nullptr ? why : std::strerror(result)));
}

/// A table that is being read. It takes the stream over from the capsule, and releases it when it goes.
class ArrowTable {
public:
    explicit ArrowTable(const nb::capsule& capsule) {
        auto* given = static_cast<ArrowArrayStream*>(PyCapsule_GetPointer(capsule.ptr(), "arrow_array_stream"));
        if (given == nullptr) throw nb::python_error();
        if (given->release == nullptr) fail(ErrorKind::data, "this stream has been read already");
        stream_.value = *given;
        given->release = nullptr;
        check_call(stream_.value, stream_.value.get_schema(&stream_.value, &schema_.value));
        if (std::string_view(schema_.value.format) != "+s") fail(ErrorKind::data, "the Arrow stream is not one of tables");
    }

    /// Name and kind of each column.
    nb::list columns() const {
        nb::list result;
        for (std::int64_t c = 0; c < schema_.value.n_children; ++c)
            result.append(nb::make_tuple(column_name(*schema_.value.children[c]), kind_of(*schema_.value.children[c])));
        return result;
    }

    /// The rows of the next batch and those of its columns that stand at `places`, the first `with_missing` of which may have missing
    /// cells; None after the last batch.
    nb::object next(const std::vector<std::int64_t>& places, std::int64_t with_missing) {
        auto batch = std::make_unique<Lent<ArrowArray>>();
        check_call(stream_.value, stream_.value.get_next(&stream_.value, &batch->value));
        if (batch->value.release == nullptr) return nb::none();
        const ArrowArray& table = batch->value;
        if (table.offset != 0) fail(ErrorKind::data, "the Arrow stream has a batch that begins within another");
        const nb::capsule owner(batch.release(), [](void* p) noexcept { delete static_cast<Lent<ArrowArray>*>(p); });
        nb::list taken;
        for (const std::int64_t place : places) {
            if (place < 0 || place >= table.n_children) fail(ErrorKind::data, "the Arrow stream has a batch of fewer columns than it says");
            const ArrowSchema& one = *schema_.value.children[place];
            const bool takes_missing = static_cast<std::int64_t>(taken.size()) < with_missing;
            taken.append(column(one, *table.children[place], column_name(one), owner, takes_missing));
        }
        return nb::make_tuple(table.length, taken);
    }

private:
    Lent<ArrowArrayStream> stream_;  // outlives its schema
    Lent<ArrowSchema> schema_;
};

}  // namespace

void bind_arrow(nb::module_& module) {
    nb::class_<ArrowTable>(module, "ArrowTable")
        .def(nb::init<const nb::capsule&>(), nb::arg("stream"))
        .def("columns", &ArrowTable::columns)
        .def("next", &ArrowTable::next, nb::arg("places"), nb::arg("with_missing"));
}

}  // namespace glissade::python
