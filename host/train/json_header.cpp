// SPDX-License-Identifier: Apache-2.0
#include "host/train/json_header.hpp"

#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "glissade/error.hpp"

namespace glissade {
namespace {

constexpr std::string_view metadata_key = "__metadata__";

/// Follows the parser event by event and refuses the first one that the format has no place for, so that depth and memory stay bounded.
class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
public:
    explicit HeaderReader(std::string where) : where_(std::move(where)) {}
    JsonHeader take() { return std::move(header_); }

    bool start_object(std::size_t) override {
        switch (place_) {
            case Place::outside:
                return enter(Place::top);
            case Place::top_value:
                return enter(name_ == metadata_key ? Place::metadata : Place::tensor);
            default:
                refuse("an object where none belongs");
        }
    }

    bool end_object() override {
        if (place_ == Place::tensor) {
            if (!seen_dtype_ || !seen_shape_ || !seen_offsets_) refuse("dtype, shape and data_offsets are needed");
            header_.tensors.push_back(std::exchange(entry_, {}));
        }
        place_ = place_ == Place::top ? Place::outside : Place::top;
        if (place_ == Place::top) name_.clear();
        return true;
    }

    bool key(std::string& text) override {
        switch (place_) {
            case Place::top:
                return start_entry(text);
            case Place::metadata:
                if (header_.metadata.contains(text)) refuse("the metadata key '" + shown(text) + "' is repeated");
                metadata_name_ = text;
                return enter(Place::metadata_value);
            default:
                return start_field(text);
        }
    }

    bool string(std::string& text) override {
        if (place_ == Place::metadata_value) {
            header_.metadata.emplace(std::exchange(metadata_name_, {}), text);
            return enter(Place::metadata);
        }
        if (place_ != Place::dtype) refuse("a string where none belongs");
        const auto dtype = dtype_from_name(text);
        if (!dtype) refuse("unknown dtype '" + shown(text) + "'");
        entry_.dtype = *dtype;
        return enter(Place::tensor);
    }

    bool start_array(std::size_t) override {
        if (place_ == Place::shape_value) return enter(Place::shape);
        if (place_ == Place::offsets_value) return enter(Place::offsets);
        refuse("an array where none belongs");
    }

    bool end_array() override {
        if (place_ == Place::offsets && offset_count_ != 2) refuse("data_offsets has not 2 numbers");
        return enter(Place::tensor);
    }

    bool number_unsigned(number_unsigned_t value) override {
        if (value > static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max())) refuse("a number is too large");
        const auto number = static_cast<std::int64_t>(value);
        if (place_ == Place::shape) {
            entry_.shape.push_back(number);
        } else if (place_ == Place::offsets && offset_count_ < 2) {
            (offset_count_++ == 0 ? entry_.begin : entry_.end) = number;
        } else {
            refuse("a number where none belongs");
        }
        return true;
    }

    bool number_integer(number_integer_t) override { refuse("a negative number"); }
    bool number_float(number_float_t, const std::string&) override { refuse("a number that is no integer"); }
    bool null() override { refuse("null"); }
    bool boolean(bool) override { refuse("true or false"); }
    bool binary(binary_t&) override { refuse("binary data"); }
    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
        name_.clear();
        refuse("not JSON near byte " + std::to_string(position) + " of the header");
    }

private:
    enum class Place { outside, top, top_value, metadata, metadata_value, tensor, dtype, shape_value, shape, offsets_value, offsets };

    bool enter(Place place) {
        place_ = place;
        return true;
    }

    bool start_entry(const std::string& name) {
        if (!names_.insert(name).second) refuse("the name '" + shown(name) + "' is repeated");
        name_ = name;
        entry_.name = name;
        seen_dtype_ = seen_shape_ = seen_offsets_ = false;
        return enter(Place::top_value);
    }

    bool start_field(const std::string& field) {
        if (field == "dtype") return start_once(seen_dtype_, field, Place::dtype);
        if (field == "shape") return start_once(seen_shape_, field, Place::shape_value);
        if (field != "data_offsets") refuse("unknown key '" + shown(field) + "'");
        offset_count_ = 0;
        return start_once(seen_offsets_, field, Place::offsets_value);
    }

    bool start_once(bool& seen, const std::string& field, Place place) {
        if (std::exchange(seen, true)) refuse("the key '" + shown(field) + "' is repeated");
        return enter(place);
    }

    [[noreturn]] void refuse(const std::string& what) const {
        const bool in_tensor = !name_.empty() && name_ != metadata_key;
        fail(ErrorKind::data, where_ + ": " + (in_tensor ? "tensor '" + shown(name_) + "'" : "header") + ": " + what);
    }

    std::string where_;
    JsonHeader header_;
    Place place_ = Place::outside;
    std::set<std::string> names_;
    std::string name_;
    std::string metadata_name_;
    TensorEntry entry_;
    bool seen_dtype_ = false;
    bool seen_shape_ = false;
    bool seen_offsets_ = false;
    int offset_count_ = 0;
};

}  // namespace

JsonHeader parse_json_header(std::string_view text, const std::string& where) {
    // The parser would skip a byte order mark and take a NUL for the end of the text.
    if (!text.starts_with('{')) fail(ErrorKind::data, where + ": header: does not begin with '{'");
    if (text.find('\0') != std::string_view::npos) fail(ErrorKind::data, where + ": header: holds a NUL byte");
    HeaderReader reader(where);
    nlohmann::json::sax_parse(text.begin(), text.end(), &reader);
    return reader.take();
}

std::string shown(std::string_view name) {
    constexpr std::size_t longest = 80;
    std::string text(name.substr(0, longest));
    for (char& c : text) {
        if (c < ' ' || c > '~') c = '?';
    }
    return name.size() > longest ? text + "..." : text;
}

}  // namespace glissade
