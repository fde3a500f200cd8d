// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <optional>

#include "host/data/array_file.hpp"
#include "host/data/number.hpp"

namespace glissade {
namespace {

constexpr std::string_view magic = "\x93NUMPY";

/// Reads the Python literal {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), } and nothing else.
class HeaderReader {
public:
    HeaderReader(const std::string& file, std::string_view text) : file_(file), text_(text) {}

    void read() {
        expect('{');
        while (!accept('}')) {
            read_entry();
            if (!accept(',') && peek() != '}') refuse("a ',' is missing");
        }
        skip_blanks();
        if (at_ != text_.size()) refuse("text after the closing brace");
        if (!type || !has_order_ || !has_shape_) refuse("descr, fortran_order or shape is missing");
    }

    std::optional<std::string> type;
    bool fortran_order = false;
    std::vector<std::int64_t> shape;

private:
    [[noreturn]] void refuse(const std::string& why) const { fail(ErrorKind::data, file_ + ": malformed npy header: " + why); }

    void skip_blanks() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
    }
    char peek() {
        skip_blanks();
        return at_ < text_.size() ? text_[at_] : '\0';
    }
    bool accept(char c) {
        if (peek() != c || at_ == text_.size()) return false;
        ++at_;
        return true;
    }
    void expect(char c) {
        if (!accept(c)) refuse(std::string("'") + c + "' is missing");
    }

    std::string read_string() {
        const char quote = peek();
        if (quote != '\'' && quote != '"') refuse("a quoted string is missing");
        const std::size_t end = text_.find(quote, at_ + 1);
        if (end == std::string_view::npos) refuse("a string is not closed");
        std::string value(text_.substr(at_ + 1, end - at_ - 1));
        at_ = end + 1;
        return value;
    }

    bool accept_word(std::string_view word) {
        skip_blanks();
        if (text_.substr(at_, word.size()) != word) return false;
        at_ += word.size();
        return true;
    }

    void read_entry() {
        const std::string key = read_string();
        expect(':');
        if (key == "descr" && !type) {
            if (peek() == '[') fail(ErrorKind::data, file_ + ": the array holds records; save one plain matrix");
            type = read_string();
        } else if (key == "fortran_order" && !has_order_) {
            has_order_ = true;
            fortran_order = accept_word("True");
            if (!fortran_order && !accept_word("False")) refuse("fortran_order is neither True nor False");
        } else if (key == "shape" && !has_shape_) {
            has_shape_ = true;
            read_shape();
        } else {
            refuse("unexpected or repeated key " + quoted(key));
        }
    }

    void read_shape() {
        expect('(');
        while (!accept(')')) {
            if (shape.size() == 32) refuse("too many dimensions");
            shape.push_back(read_size());
            if (!accept(',') && peek() != ')') refuse("a ',' is missing in the shape");
        }
    }

    std::int64_t read_size() {
        if (peek() < '0' || peek() > '9') refuse("a size is not a number");
        std::int64_t size = 0;
        for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
            if (__builtin_mul_overflow(size, 10, &size) || __builtin_add_overflow(size, text_[at_] - '0', &size))
                refuse("a size is too large");
        }
        return size;
    }

    const std::string& file_;
    std::string_view text_;
    std::size_t at_ = 0;
    bool has_order_ = false, has_shape_ = false;
};

struct NamedType {
    std::string_view code;
    ElementType type;
};
constexpr std::array<NamedType, 11> types = {{{"b1", ElementType::boolean},
                                              {"u1", ElementType::u8},
                                              {"u2", ElementType::u16},
                                              {"u4", ElementType::u32},
                                              {"u8", ElementType::u64},
                                              {"i1", ElementType::i8},
                                              {"i2", ElementType::i16},
                                              {"i4", ElementType::i32},
                                              {"i8", ElementType::i64},
                                              {"f4", ElementType::f32},
                                              {"f8", ElementType::f64}}};

void set_type(const InputFile& file, const std::string& descr, ArrayTable& table) {
    for (const NamedType& named : types) {
        if (descr.size() != 3 || descr.substr(1) != named.code) continue;
        const bool one_byte = element_bytes(named.type) == 1;
        if (descr[0] != '<' && descr[0] != '>' && !(one_byte && descr[0] == '|')) continue;
        table.type = named.type;
        table.big_endian = !one_byte && descr[0] == '>';
        return;
    }
    fail(ErrorKind::data,
         file.name() + ": arrays of type " + quoted(descr) + " are not supported; use float32, float64, an integer type or bool");
}

}  // namespace

bool looks_like_npy(std::string_view bytes) {
    return bytes.starts_with(magic);
}

Table read_npy(std::shared_ptr<const InputFile> file, const ReadOptions& /*options*/, const ColumnPlanner& /*planner*/) {
    const std::string_view bytes = file->bytes();
    if (!looks_like_npy(bytes)) fail(ErrorKind::data, file->name() + ": not an npy file (it does not begin with \\x93NUMPY)");
    const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(bytes[i])); };
    if (bytes.size() < 12) fail(ErrorKind::data, file->name() + ": the npy file is cut short in its header");
    const std::size_t version = byte(6);
    if (version < 1 || version > 3 || byte(7) != 0) {
        fail(ErrorKind::data, file->name() + ": npy version " + std::to_string(version) + "." + std::to_string(byte(7)) + " is not known");
    }
    const std::size_t header_at = version == 1 ? 10 : 12;
    const std::size_t header_bytes =
        version == 1 ? byte(8) + byte(9) * 256 : byte(8) + (byte(9) << 8) + (byte(10) << 16) + (byte(11) << 24);
    if (header_bytes > bytes.size() - header_at) fail(ErrorKind::data, file->name() + ": the npy file is cut short in its header");
    HeaderReader header(file->name(), bytes.substr(header_at, header_bytes));
    header.read();
    ArrayTable table;
    set_type(*file, *header.type, table);
    if (header.fortran_order && header.shape.size() > 1) {
        fail(ErrorKind::data, file->name() + ": the array lies in Fortran (column) order; save numpy.ascontiguousarray(x)");
    }
    set_shape(*file, header.shape, static_cast<std::int64_t>(header_at + header_bytes), table);
    return {std::move(file), "npy", table};
}

}  // namespace glissade
