// SPDX-License-Identifier: Apache-2.0
// Arbitrary bytes as a model file. No input that is made at random passes a checksum, so an input that begins with '=' is wrapped in a file
// whose checksums are right: a line of text for the description of the model, then values for its tensors.
#include <cstring>
#include <vector>

#include "glissade/model.hpp"
#include "host/data/load.hpp"
#include "host/train/safetensors.hpp"
#include "tests/fuzz/memory_file.hpp"

namespace {

using namespace glissade;

std::vector<std::byte> wrapped(fuzz::Input& input) {
    TensorFile file;
    file.metadata = {{"format", "glissade-model"}, {"format_version", "1"}, {"model", input.line()}};
    const unsigned choice = input.byte(), inputs = input.byte() % 8, outputs = 1 + input.byte() % 4;
    const auto add = [&](const char* name, DType dtype, std::int64_t count) {
        std::vector<std::byte> bytes(static_cast<std::size_t>(count * dtype_bytes(dtype)));
        for (std::byte& byte : bytes) byte = static_cast<std::byte>(input.byte());
        file.tensors.push_back({name, dtype, {count}, std::move(bytes)});
    };
    const DType real = (choice & 1) != 0 ? DType::f32 : DType::f64;
    add("weight", real, std::int64_t{inputs} * outputs);
    if (file.tensors.back().shape[0] > 0) file.tensors.back().shape = {inputs, outputs};
    if ((choice & 2) != 0) add("bias", real, outputs);
    if ((choice & 4) != 0) add("input.scale", DType::f64, inputs), add("input.shift", DType::f64, inputs);
    if ((choice & 8) != 0) add("target.scale", DType::f64, outputs), add("target.shift", DType::f64, outputs);
    return encode(file);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const fuzz::MemoryFile file;
    fuzz::Input input(data, size);
    fuzz::expect_a_verdict([&] {
        if (size > 0 && data[0] == '=') {
            input.byte();
            const auto bytes = wrapped(input);
            file.hold(bytes.data(), bytes.size());
        } else {
            file.hold(data, size);
            decode(std::as_bytes(std::span(data, size)), "foreign", Checksums::optional);
        }
        const Model model = Model::load(file.path());
        // What is known of a model is enough to read data for it.
        static const fuzz::MemoryFile table;
        const std::string text = "a,b,y\n1,p,no\n2,z,no\n,,yes\n";
        table.hold(text.data(), text.size());
        LoadOptions options;
        options.memory_limit_bytes = std::int64_t{32} << 20;
        load_for_model(table.path(), options,
                       {model.preparation, model.input, model.task, model.class_labels, model.target_scale, model.target_shift}, false);
    });
    return 0;
}
