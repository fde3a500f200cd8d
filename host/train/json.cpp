// SPDX-License-Identifier: Apache-2.0
#include "host/train/json.hpp"

#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "host/data/number.hpp"

namespace glissade {
namespace {

constexpr std::size_t deepest = 64;

/// Builds a value from the events of the parser. The containers that are not closed yet lie on a stack.
class Builder : public nlohmann::json_sax<nlohmann::json> {
public:
    Json take() { return std::move(done_); }

    bool null() override { return put({}); }
    bool boolean(bool value) override { return put(value); }
    bool number_integer(number_integer_t value) override { return put(value); }
    bool number_unsigned(number_unsigned_t value) override {
        const bool fits = value <= static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max());
        return fits ? put(static_cast<std::int64_t>(value)) : put(std::uint64_t{value});
    }
    bool number_float(number_float_t value, const std::string&) override { return put(value); }
    bool string(std::string& text) override { return put(std::move(text)); }
    bool binary(binary_t&) override { throw JsonError("binary data"); }
    bool start_object(std::size_t) override { return open(Json::object({})); }
    bool start_array(std::size_t) override { return open(Json::Array()); }
    bool key(std::string& text) override {
        open_.back().key = std::move(text);
        return true;
    }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }
    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
        throw JsonError("not JSON near byte " + std::to_string(position));
    }

private:
    struct Open {
        Json values;
        std::string key = {};  ///< of the member whose value comes next
    };

    bool open(Json empty) {
        if (open_.size() == deepest) throw JsonError("nested too deeply");
        open_.push_back({std::move(empty)});
        return true;
    }

    bool close() {
        Json value = std::move(open_.back().values);
        open_.pop_back();
        return put(std::move(value));
    }

    bool put(Json value) {
        if (open_.empty())
            done_ = std::move(value);
        else if (open_.back().values.is_array())
            open_.back().values.add(std::move(value));
        else
            open_.back().values.add(std::move(open_.back().key), std::move(value));
        return true;
    }

    std::vector<Open> open_;
    Json done_;
};

void write_number(double value, std::string& out) {
    if (!std::isfinite(value)) {
        out += "null";
        return;
    }
    char text[32];
    const std::string_view written(text, static_cast<std::size_t>(std::to_chars(text, text + sizeof text, value).ptr - text));
    out += written;
    if (written.find_first_not_of("-0123456789") == std::string_view::npos) out += ".0";  // a real stays one
}

}  // namespace

Json Json::object(std::initializer_list<Member> members) {
    Json object;
    object.kind_ = Kind::object;
    object.members_ = members;
    return object;
}

void Json::add(std::string key, Json value) {
    members_.push_back({std::move(key), std::move(value)});
}

void Json::expect(Kind kind, const char* what) const {
    if (kind_ != kind) throw JsonError(std::string(what) + " expected");
}

bool Json::boolean() const {
    expect(Kind::boolean, "true or false");
    return bits_ != 0;
}

std::int64_t Json::integer() const {
    expect(Kind::whole, "a whole number");
    return static_cast<std::int64_t>(bits_);
}

double Json::number() const {
    if (kind_ == Kind::whole) return static_cast<double>(static_cast<std::int64_t>(bits_));
    if (kind_ == Kind::natural) return static_cast<double>(bits_);
    expect(Kind::real, "a number");
    return std::bit_cast<double>(bits_);
}

const std::string& Json::text() const {
    expect(Kind::text, "a string");
    return text_;
}

const Json::Array& Json::array() const {
    expect(Kind::array, "an array");
    return array_;
}

std::vector<std::string> Json::texts() const {
    std::vector<std::string> texts;
    texts.reserve(array().size());
    for (const Json& value : array()) texts.push_back(value.text());
    return texts;
}

const Json* Json::find(std::string_view key) const {
    expect(Kind::object, "an object");
    for (const Member& member : members_)
        if (member.key == key) return &member.value;
    return nullptr;
}

const Json& Json::at(std::string_view key) const {
    if (const Json* value = find(key)) return *value;
    throw JsonError("no \"" + std::string(key) + "\"");
}

Json Json::parse(std::string_view text) {
    Builder builder;
    nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
    return builder.take();
}

std::string Json::dump() const {
    std::string out;
    write(out);
    return out;
}

void Json::write(std::string& out) const {
    const auto separate = [&](bool first) { out += first ? "" : ","; };
    switch (kind_) {
        case Kind::null:
            out += "null";
            return;
        case Kind::boolean:
            out += bits_ != 0 ? "true" : "false";
            return;
        case Kind::whole:
            out += std::to_string(static_cast<std::int64_t>(bits_));
            return;
        case Kind::natural:
            out += std::to_string(bits_);
            return;
        case Kind::real:
            return write_number(std::bit_cast<double>(bits_), out);
        case Kind::text:
            out += json_quoted(text_);
            return;
        case Kind::array:
            out += '[';
            for (const Json& value : array_) {
                separate(&value == array_.data());
                value.write(out);
            }
            out += ']';
            return;
        case Kind::object:
            out += '{';
            for (const Member& member : members_) {
                separate(&member == members_.data());
                out += json_quoted(member.key) + ":";
                member.value.write(out);
            }
            out += '}';
            return;
    }
}

std::string json_quoted(std::string_view text) {
    if (invalid_utf8_at(text)) throw JsonError("a text that is not UTF-8");
    constexpr std::string_view short_forms = "\"\"\\\\\bb\ff\nn\rr\tt";  // pairs: the character, what follows its backslash
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out = "\"";
    for (const char c : text) {
        std::size_t form = 0;
        while (form < short_forms.size() && short_forms[form] != c) form += 2;
        if (form < short_forms.size()) {
            out += {'\\', short_forms[form + 1]};
        } else if (static_cast<unsigned char>(c) < ' ') {
            out += {'\\', 'u', '0', '0', digits[static_cast<unsigned char>(c) >> 4], digits[static_cast<unsigned char>(c) & 15]};
        } else {
            out += c;
        }
    }
    return out += '"';
}

}  // namespace glissade
