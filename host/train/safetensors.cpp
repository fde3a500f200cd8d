// SPDX-License-Identifier: Apache-2.0
#include "host/train/safetensors.hpp"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "glissade/error.hpp"
#include "host/data/number.hpp"
#include "host/train/json.hpp"
#include "host/train/json_header.hpp"

namespace glissade {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are copied to and from the file as they lie in memory");

constexpr std::size_t length_bytes = 8;
constexpr std::size_t alignment_bytes = 8;
constexpr std::size_t digest_digits = 32;
constexpr std::string_view reserved_prefix = "xxh3:";
constexpr std::string_view header_key = "xxh3:header";
constexpr std::string_view count_key = "xxh3:tensors";
constexpr std::string_view tensor_key = "xxh3:tensor:";
/// What every header of ours begins with; the checksum's digits follow.
constexpr std::string_view our_beginning = R"({"__metadata__":{"xxh3:header":")";

struct DTypeRow {
    DType dtype;
    std::string_view name;
    std::int64_t bytes;
};
constexpr std::array<DTypeRow, 13> dtype_table{{{DType::boolean, "BOOL", 1},
                                                {DType::u8, "U8", 1},
                                                {DType::i8, "I8", 1},
                                                {DType::u16, "U16", 2},
                                                {DType::i16, "I16", 2},
                                                {DType::f16, "F16", 2},
                                                {DType::bf16, "BF16", 2},
                                                {DType::u32, "U32", 4},
                                                {DType::i32, "I32", 4},
                                                {DType::f32, "F32", 4},
                                                {DType::u64, "U64", 8},
                                                {DType::i64, "I64", 8},
                                                {DType::f64, "F64", 8}}};

const DTypeRow& row_of(DType dtype) {
    const auto* row = std::find_if(dtype_table.begin(), dtype_table.end(), [&](const DTypeRow& r) { return r.dtype == dtype; });
    if (row == dtype_table.end()) fail(ErrorKind::internal, "a dtype without a row in the table");
    return *row;
}

/// Nothing if a dimension is negative or the product overflows.
std::optional<std::int64_t> size_in_bytes(DType dtype, const std::vector<std::int64_t>& shape) {
    std::int64_t product = dtype_bytes(dtype);
    for (const std::int64_t dimension : shape) {
        if (dimension < 0 || __builtin_mul_overflow(product, dimension, &product)) return std::nullopt;
    }
    return product;
}

std::string hex(XXH128_hash_t hash) {
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, hash);
    std::string digits;
    for (const unsigned char byte : canonical.digest) {
        digits += "0123456789abcdef"[byte >> 4];
        digits += "0123456789abcdef"[byte & 15];
    }
    return digits;
}

std::string digest_of(std::span<const std::byte> bytes) {
    return hex(XXH3_128bits(bytes.data(), bytes.size()));
}

/// `header` without the length field.
std::string header_digest(std::string header) {
    std::fill_n(header.begin() + our_beginning.size(), digest_digits, '0');
    const std::uint64_t length = header.size();
    std::string covered(length_bytes, '\0');
    std::memcpy(covered.data(), &length, length_bytes);
    covered += header;
    return hex(XXH3_128bits(covered.data(), covered.size()));
}

std::string quoted_utf8(std::string_view text) {
    if (invalid_utf8_at(text)) fail(ErrorKind::usage, "a name or a metadata text is not UTF-8");
    return json_quoted(text);
}

std::string tensor_entry(const Tensor& tensor, std::int64_t begin, std::int64_t end) {
    std::string entry = quoted_utf8(tensor.name);
    entry.append(R"(:{"dtype":")").append(dtype_name(tensor.dtype)).append(R"(","shape":[)");
    for (std::size_t i = 0; i < tensor.shape.size(); ++i) entry.append(i == 0 ? "" : ",").append(std::to_string(tensor.shape[i]));
    return entry.append(R"(],"data_offsets":[)").append(std::to_string(begin)).append(",").append(std::to_string(end)).append("]}");
}

std::vector<const Tensor*> order_in_file(const TensorFile& file) {
    std::vector<const Tensor*> order;
    for (const Tensor& tensor : file.tensors) order.push_back(&tensor);
    std::stable_sort(order.begin(), order.end(),
                     [](const Tensor* a, const Tensor* b) { return dtype_bytes(a->dtype) > dtype_bytes(b->dtype); });
    return order;
}

void check_contents(const TensorFile& file) {
    for (const auto& [key, value] : file.metadata) {
        if (key.starts_with(reserved_prefix)) fail(ErrorKind::usage, "the metadata key '" + shown(key) + "' is reserved");
    }
    std::set<std::string_view> names{"__metadata__"};
    for (const Tensor& tensor : file.tensors) {
        const std::string where = "tensor '" + shown(tensor.name) + "': ";
        if (!names.insert(tensor.name).second) fail(ErrorKind::usage, where + "the name is taken");
        if (size_in_bytes(tensor.dtype, tensor.shape) != static_cast<std::int64_t>(tensor.bytes.size()))
            fail(ErrorKind::usage, where + "its shape does not fit its " + std::to_string(tensor.bytes.size()) + " bytes");
    }
}

std::string make_header(const TensorFile& file, const std::vector<const Tensor*>& order) {
    std::string header(our_beginning);
    header.append(digest_digits, '0').append("\"");
    const auto add_metadata = [&](const std::string& key, const std::string& value) {
        header.append(",").append(quoted_utf8(key)).append(":").append(quoted_utf8(value));
    };
    add_metadata(std::string(count_key), std::to_string(order.size()));
    for (const Tensor* tensor : order) add_metadata(std::string(tensor_key) + tensor->name, digest_of(tensor->bytes));
    for (const auto& [key, value] : file.metadata) add_metadata(key, value);
    header += "}";
    std::int64_t begin = 0;
    for (const Tensor* tensor : order) {
        const auto end = begin + static_cast<std::int64_t>(tensor->bytes.size());
        header.append(",").append(tensor_entry(*tensor, begin, end));
        begin = end;
    }
    header += "}";
    header.append((alignment_bytes - (length_bytes + header.size()) % alignment_bytes) % alignment_bytes, ' ');
    if (header.size() > static_cast<std::size_t>(max_header_bytes))
        fail(ErrorKind::usage, "a header of " + std::to_string(header.size()) + " bytes is too long");
    header.replace(our_beginning.size(), digest_digits, header_digest(header));
    return header;
}

/// The header's text, once its length is known to lie within the file.
std::string_view header_text(std::span<const std::byte> bytes, const std::string& file_name) {
    const std::string where = file_name + ": header: ";
    if (bytes.size() < length_bytes)
        fail(ErrorKind::data, where + "the file ends after " + std::to_string(bytes.size()) + " bytes, inside the header's length");
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), length_bytes);
    if (length > static_cast<std::uint64_t>(max_header_bytes))
        fail(ErrorKind::data, where + "a length of " + std::to_string(length) + " bytes is too long: not a safetensors file, or damaged");
    if (length > bytes.size() - length_bytes) {
        fail(ErrorKind::data,
             where + "the file ends after " + std::to_string(bytes.size()) + " bytes, inside a header of " + std::to_string(length));
    }
    return {reinterpret_cast<const char*>(bytes.data()) + length_bytes, static_cast<std::size_t>(length)};
}

/// True if the header carries our checksum, which then is right.
bool check_header_digest(std::string_view text, const std::string& file_name) {
    if (!text.starts_with(our_beginning) || text.size() < our_beginning.size() + digest_digits) return false;
    if (text.substr(our_beginning.size(), digest_digits) != header_digest(std::string(text)))
        fail(ErrorKind::data, file_name + ": header: checksum mismatch, the file is damaged");
    return true;
}

/// Sorts the entries as they lie in the file; they must tile its `data_bytes` exactly.
void check_layout(std::vector<TensorEntry>& entries, std::int64_t data_bytes, const std::string& file_name) {
    std::stable_sort(entries.begin(), entries.end(),
                     [](const TensorEntry& a, const TensorEntry& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
    std::int64_t position = 0;
    for (const TensorEntry& entry : entries) {
        const std::string where = file_name + ": tensor '" + shown(entry.name) + "': ";
        const auto size = size_in_bytes(entry.dtype, entry.shape);
        if (!size) fail(ErrorKind::data, where + "the product of its shape is too large");
        if (entry.begin != position) {
            fail(ErrorKind::data, where + "begins at byte " + std::to_string(entry.begin) + " of the data, expected at " +
                                      std::to_string(position) + (entry.begin < position ? ": an overlap" : ": a hole"));
        }
        if (entry.end - entry.begin != *size) fail(ErrorKind::data, where + "its data_offsets do not fit its shape");
        if (entry.end > data_bytes) {
            fail(ErrorKind::data, where + "ends at byte " + std::to_string(entry.end) + " of the data, but the file holds " +
                                      std::to_string(data_bytes) + ": it is cut short");
        }
        position = entry.end;
    }
    if (position != data_bytes)
        fail(ErrorKind::data, file_name + ": trailing bytes: " + std::to_string(data_bytes - position) + " after the last tensor");
}

/// Takes our entries out of the metadata and returns the digest of each tensor, in the order of the entries.
std::vector<std::string> take_digests(JsonHeader& header, const std::string& file_name) {
    const std::string where = file_name + ": header: ";
    const auto take = [&](const std::string& key) {
        auto node = header.metadata.extract(key);
        if (node.empty()) fail(ErrorKind::data, where + "the metadata has no '" + shown(key) + "'");
        return std::move(node.mapped());
    };
    take(std::string(header_key));
    if (take(std::string(count_key)) != std::to_string(header.tensors.size()))
        fail(ErrorKind::data, where + "the number of tensors differs from '" + std::string(count_key) + "'");
    std::vector<std::string> digests;
    for (const TensorEntry& entry : header.tensors) digests.push_back(take(std::string(tensor_key) + entry.name));
    return digests;
}

bool has_our_entry(const JsonHeader& header) {
    const auto first = header.metadata.lower_bound(std::string(reserved_prefix));
    return first != header.metadata.end() && first->first.starts_with(reserved_prefix);
}

}  // namespace

std::string_view dtype_name(DType dtype) {
    return row_of(dtype).name;
}

std::int64_t dtype_bytes(DType dtype) {
    return row_of(dtype).bytes;
}

std::optional<DType> dtype_from_name(std::string_view name) {
    for (const DTypeRow& row : dtype_table) {
        if (row.name == name) return row.dtype;
    }
    return std::nullopt;
}

std::vector<std::byte> encode(const TensorFile& file) {
    check_contents(file);
    const std::vector<const Tensor*> order = order_in_file(file);
    const std::string header = make_header(file, order);
    const std::uint64_t length = header.size();
    std::size_t total = length_bytes + header.size();
    for (const Tensor* tensor : order) total += tensor->bytes.size();

    std::vector<std::byte> bytes(total);
    auto position = bytes.begin();
    const auto append = [&](std::span<const std::byte> part) { position = std::copy(part.begin(), part.end(), position); };
    append(std::as_bytes(std::span(&length, 1)));
    append(std::as_bytes(std::span(header)));
    for (const Tensor* tensor : order) append(tensor->bytes);
    return bytes;
}

TensorFile decode(std::span<const std::byte> bytes, const std::string& file_name, Checksums checksums) {
    const std::string_view text = header_text(bytes, file_name);
    const bool ours = check_header_digest(text, file_name);
    if (!ours && checksums == Checksums::required)
        fail(ErrorKind::data, file_name + ": header: no checksum: damaged, or not a file of this program");
    JsonHeader header = parse_json_header(text, file_name);
    if (!ours && has_our_entry(header)) fail(ErrorKind::data, file_name + ": header: its checksum is damaged or was moved");

    const std::span<const std::byte> data = bytes.subspan(length_bytes + text.size());
    check_layout(header.tensors, static_cast<std::int64_t>(data.size()), file_name);
    const std::vector<std::string> digests = ours ? take_digests(header, file_name) : std::vector<std::string>{};
    if (has_our_entry(header)) fail(ErrorKind::data, file_name + ": header: a checksum of no tensor");
    for (std::size_t i = 0; i < digests.size(); ++i) {
        const TensorEntry& entry = header.tensors[i];
        if (digest_of(data.subspan(static_cast<std::size_t>(entry.begin), static_cast<std::size_t>(entry.end - entry.begin))) != digests[i])
            fail(ErrorKind::data, file_name + ": tensor '" + shown(entry.name) + "': checksum mismatch, the file is damaged");
    }

    TensorFile file{std::move(header.metadata), {}};
    file.tensors.reserve(header.tensors.size());
    for (TensorEntry& entry : header.tensors) {
        const auto part = data.subspan(static_cast<std::size_t>(entry.begin), static_cast<std::size_t>(entry.end - entry.begin));
        file.tensors.push_back({std::move(entry.name), entry.dtype, std::move(entry.shape), {part.begin(), part.end()}});
    }
    return file;
}

}  // namespace glissade
