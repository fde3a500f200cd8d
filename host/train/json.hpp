// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace glissade {

/// A text is not JSON, a value is not what its reader expects, or a string is not UTF-8.
class JsonError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// A JSON value that survives a failed allocation at any point, which others do not: the destructor of nlohmann_json's allocates, and so
/// ends the process where memory is out; a copy of GCC 12's std::variant that throws halfway destroys what is not there.
class Json {
public:
    struct Member;
    using Array = std::vector<Json>;
    using Object = std::vector<Member>;  ///< in the order in which they were added

    Json();
    Json(const Json& other);
    Json(Json&& other) noexcept;
    Json& operator=(const Json& other);
    Json& operator=(Json&& other) noexcept;
    ~Json();
    Json(bool value);
    Json(double value);
    template <std::signed_integral Integer>
    Json(Integer value) : kind_(Kind::whole), bits_(static_cast<std::uint64_t>(std::int64_t{value})) {}
    Json(std::uint64_t value);
    Json(const char* text) : Json(std::string(text)) {}
    Json(std::string text);
    Json(Array values);
    template <class T>
    requires(!std::same_as<T, Json>) Json(const std::vector<T>& values) : Json(Array(values.begin(), values.end())) {}
    static Json object(std::initializer_list<Member> members);

    /// Appends to an array, or to an object.
    void add(Json value) { array_.push_back(std::move(value)); }
    void add(std::string key, Json value);

    bool is_null() const { return kind_ == Kind::null; }
    bool is_array() const { return kind_ == Kind::array; }
    /// The value, if it is one of that kind; any number is a `number`. Throw JsonError otherwise.
    bool boolean() const;
    std::int64_t integer() const;
    double number() const;
    const std::string& text() const;
    const Array& array() const;
    std::vector<std::string> texts() const;
    /// The member of an object, null or JsonError if there is none.
    const Json* find(std::string_view key) const;
    const Json& at(std::string_view key) const;

    /// Throws JsonError for anything but one value, nested to a depth of 64 at most.
    static Json parse(std::string_view text);
    /// On one line, numbers as the shortest text that reads back the same; those that are not finite as null. Throws JsonError for a string
    /// that is not UTF-8.
    std::string dump() const;

private:
    enum class Kind { null, boolean, whole, natural, real, text, array, object };

    void expect(Kind kind, const char* what) const;
    void write(std::string& out) const;

    Kind kind_ = Kind::null;
    std::uint64_t bits_ = 0;  ///< of a truth value or a number
    std::string text_;
    Array array_;
    Object members_;
};

struct Json::Member {
    std::string key;
    Json value;
};

// Here, where a member is a complete type.
inline Json::Json() = default;
inline Json::Json(const Json& other) = default;
inline Json::Json(Json&& other) noexcept = default;
inline Json& Json::operator=(const Json& other) = default;
inline Json& Json::operator=(Json&& other) noexcept = default;
inline Json::~Json() = default;
inline Json::Json(bool value) : kind_(Kind::boolean), bits_(value) {}
inline Json::Json(double value) : kind_(Kind::real), bits_(std::bit_cast<std::uint64_t>(value)) {}
inline Json::Json(std::uint64_t value) : kind_(Kind::natural), bits_(value) {}
inline Json::Json(std::string text) : kind_(Kind::text), text_(std::move(text)) {}
inline Json::Json(Array values) : kind_(Kind::array), array_(std::move(values)) {}

/// The text in quotes, escaped as JSON wants it. Throws JsonError if it is not UTF-8.
std::string json_quoted(std::string_view text);

}  // namespace glissade
