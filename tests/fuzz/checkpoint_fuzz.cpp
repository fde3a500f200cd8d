// SPDX-License-Identifier: Apache-2.0
// Arbitrary bytes as a checkpoint, as they are or, where they begin with '=', within a file whose checksums are right.
#include <vector>

#include "host/train/checkpoint_file.hpp"
#include "host/train/safetensors.hpp"
#include "tests/fuzz/memory_file.hpp"

namespace {

using namespace glissade;

std::vector<std::byte> wrapped(fuzz::Input& input, CheckpointShape& shape) {
    TensorFile file;
    file.metadata = {{"format", "glissade-checkpoint"}, {"format_version", "1"}, {"run", input.line()}, {"members", input.line()}};
    const unsigned choice = input.byte(), members = input.byte() % 4, parameters = input.byte() % 4;
    const auto add = [&](const std::string& name, DType dtype, std::vector<std::int64_t> sizes) {
        std::int64_t count = 1;
        for (const std::int64_t size : sizes) count *= size;
        std::vector<std::byte> bytes(static_cast<std::size_t>(count * dtype_bytes(dtype)));
        for (std::byte& byte : bytes) byte = static_cast<std::byte>(input.byte());
        file.tensors.push_back({name, dtype, std::move(sizes), std::move(bytes)});
    };
    const DType real = (choice & 1) != 0 ? DType::f64 : DType::f32;
    add("parameters", real, {members, parameters});
    add("state.0", real, {members, parameters});
    add("rule_memory", DType::f64, {members * 2 * max_rule_memory});
    for (unsigned m = 0; m < members; ++m) {
        const std::string member = "member." + std::to_string(m);
        add(member + ".numbers", DType::f64, {(choice & 2) != 0 ? 5 : 6});
        if ((choice & 4) != 0) add(member + ".best", real, {parameters});
        if ((choice & 8) != 0) add(member + ".final", real, {parameters});
        if ((choice & 16) != 0) add(member + ".watch", DType::f64, {5});
        if ((choice & 32) != 0) add("solver." + std::to_string(m), DType::f64, {parameters});
    }
    if ((choice & 64) != 0) add("waiting", DType::f64, {members, 2});
    shape = {.members = members,
             .parameters = parameters,
             .state_vectors = 1,
             .waiting = (choice & 64) != 0 ? 2 : 0,
             .watches_loss = (choice & 16) != 0,
             .driven_by_host = (choice & 32) != 0};
    return encode(file);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    fuzz::expect_a_verdict([&] {
        std::vector<std::byte> made;
        CheckpointShape shape{.members = 1, .parameters = 2, .state_vectors = 1};
        auto bytes = std::as_bytes(std::span(data, size));
        if (size > 0 && data[0] == '=') {
            input.byte();
            made = wrapped(input, shape);
            bytes = made;
        }
        decode_checkpoint_header(bytes, "checkpoint");
        decode_checkpoint<float>(bytes, "checkpoint", shape);
    });
    return 0;
}
