// SPDX-License-Identifier: Apache-2.0
// Tables by way of the Arrow C stream interface (arrow.apache.org/docs/format/CStreamInterface.html), whose three structs are its ABI.
#include "python/src/arrow_stream.hpp"

#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
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

void check_no_nulls(const ArrowArray& array, const std::string& name) {
    if (array.null_count == 0 || array.n_buffers == 0 || array.buffers[0] == nullptr) return;
    for (std::int64_t i = 0; i < array.length; ++i)
        if (!bit_at(array.buffers[0], array.offset + i))
            fail(ErrorKind::data, "column " + name + " has a missing cell in row " + std::to_string(i) + " of a batch: fill it first");
}

nb::object booleans(const ArrowArray& array) {
    auto values = std::make_unique<std::uint8_t[]>(static_cast<std::size_t>(array.length) + 1);
    for (std::int64_t i = 0; i < array.length; ++i) values[static_cast<std::size_t>(i)] = bit_at(array.buffers[1], array.offset + i);
    const std::size_t length = static_cast<std::size_t>(array.length);
    std::uint8_t* data = values.get();
    const nb::capsule owner(values.release(), [](void* p) noexcept { delete[] static_cast<std::uint8_t*>(p); });
    return nb::cast(nb::ndarray<nb::numpy, std::uint8_t>(data, {length}, owner));
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

nb::object texts(const ArrowArray& array, std::string_view format) {
    nb::list values;
    for (std::int64_t i = 0; i < array.length; ++i) {
        const std::string_view text = text_at(array, format, array.offset + i);
        values.append(nb::str(text.data(), text.size()));
    }
    return values;
}

/// A column of one batch: a view of its numbers, a copy of booleans, or a list of texts.
nb::object column(const ArrowSchema& schema, const ArrowArray& array, nb::handle owner) {
    const std::string name = schema.name != nullptr ? schema.name : "";
    const std::string_view format = schema.format;
    check_no_nulls(array, name);
    if (schema.dictionary == nullptr) {
        const nb::dlpack::dtype type = number_type(format);
        if (type.bits > 0) {
            const std::size_t shape[] = {static_cast<std::size_t>(array.length)};
            const auto* data = static_cast<const char*>(array.buffers[1]) + array.offset * (type.bits / 8);
            return nb::cast(Column(data, 1, shape, owner, nullptr, type));
        }
        if (format == "b") return booleans(array);
        if (format == "u" || format == "U" || format == "vu") return texts(array, format);
    }
    fail(ErrorKind::data, "column " + name + " is of the Arrow type '" + std::string(format) +
                              (schema.dictionary != nullptr ? "' with a dictionary" : "'") +
                              ": numbers and booleans are taken, and text as the target");
}

void check_call(ArrowArrayStream& stream, int result) {
    if (result == 0) return;
    const char* why = stream.get_last_error(&stream);
    fail(ErrorKind::data, std::string("the Arrow stream failed: ") + (why != nullptr ? why : std::strerror(result)));
}

/// The batches of a stream, each a dictionary from name to column.
nb::list arrow_batches(const nb::capsule& capsule) {
    auto* stream = static_cast<ArrowArrayStream*>(PyCapsule_GetPointer(capsule.ptr(), "arrow_array_stream"));
    if (stream == nullptr) throw nb::python_error();
    Lent<ArrowSchema> schema;
    check_call(*stream, stream->get_schema(stream, &schema.value));
    if (std::string_view(schema.value.format) != "+s") fail(ErrorKind::data, "the Arrow stream is not one of tables");
    nb::list batches;
    for (;;) {
        auto batch = std::make_unique<Lent<ArrowArray>>();
        check_call(*stream, stream->get_next(stream, &batch->value));
        if (batch->value.release == nullptr) return batches;
        const ArrowArray& table = batch->value;
        if (table.offset != 0) fail(ErrorKind::data, "the Arrow stream has a batch that begins within another");
        const nb::capsule owner(batch.release(), [](void* p) noexcept { delete static_cast<Lent<ArrowArray>*>(p); });
        nb::dict columns;
        for (std::int64_t c = 0; c < table.n_children; ++c) {
            const ArrowSchema& one = *schema.value.children[c];
            columns[nb::str(one.name != nullptr ? one.name : "")] = column(one, *table.children[c], owner);
        }
        batches.append(columns);
    }
}

}  // namespace

void bind_arrow(nb::module_& module) {
    module.def("arrow_batches", &arrow_batches, nb::arg("stream"));
}

}  // namespace glissade::python
