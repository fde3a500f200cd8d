// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "glissade/error.hpp"
#include "glissade/model.hpp"
#include "host/cli/files.hpp"
#include "host/cli/text.hpp"
#include "host/cli/verb.hpp"
#include "host/cli/words.hpp"
#include "host/export/cpp_header.hpp"
#include "host/export/cpp_text.hpp"
#include "host/export/onnx_graph.hpp"
#include "host/export/onnx_model.hpp"

namespace glissade::cli {
namespace {

constexpr const char* export_footer = R"(
Examples
  glissade export model.safetensors model.onnx
  glissade export model.safetensors model.hpp --name adult

Both take raw data: preparation of columns, standardisation and units are inside. docs/command-line.md describes inputs and outputs.)";

struct ExportFlags {
    std::string model, output, name;
};

bool ends_with_extension(const std::string& path, std::string_view extension) {
    return path.size() > extension.size() && path.ends_with(extension);
}

/// The name of a file without folders and extension.
std::string stem_of(const std::string& path) {
    const std::string file = path.substr(path.find_last_of('/') + 1);
    return file.substr(0, file.find_last_of('.'));
}

std::string export_onnx(const Model& model, const ExportFlags& flags) {
    const OnnxExport exported = to_onnx(model, flags.name.empty() ? stem_of(flags.output) : flags.name, GLISSADE_VERSION);
    write_text(flags.output, exported.file);
    std::string text = flags.output + ": ONNX, opset " + std::to_string(onnx_opset) + " and ai.onnx.ml " + std::to_string(onnx_ml_opset) +
                       ", IR version " + std::to_string(onnx_ir_version) + "\n";
    for (const std::string& input : exported.inputs) text += "input   " + input + "\n";
    for (const std::string& output : exported.outputs) text += "output  " + output + "\n";
    return text;
}

std::string export_header(const Model& model, const ExportFlags& flags) {
    const std::string name = flags.name.empty() ? cpp_name(stem_of(flags.output), "model") : flags.name;
    if (!is_cpp_name(name)) fail(ErrorKind::usage, "--name " + name + " cannot be the name of a namespace in C++");
    write_text(flags.output, to_cpp_header(model, name, GLISSADE_VERSION));
    return flags.output + ": C++11, namespace " + name + "; its first lines say what is in it\n";
}

}  // namespace

int run_export(const Words& words) {
    CLI::App app("A model in a form that other programs run: .onnx for ONNX runtimes, .hpp for C++ without a library.", "glissade export");
    ExportFlags flags;
    bool quiet = false;
    app.add_option("MODEL", flags.model, "A model file, as train writes it")->type_name("FILE");
    app.add_option("OUT", flags.output, "The file to write; its extension says which form: .onnx or .hpp")->type_name("FILE");
    app.add_option("--name", flags.name, "Of the graph or the namespace, if not that of the file")->type_name("NAME")->group("Output");
    app.add_flag("-q,--quiet", quiet, "Does not say what was written")->group("Output");
    app.footer(export_footer);
    if (!parse_words(app, words)) return exit_done;
    if (flags.model.empty() || flags.output.empty())
        fail(ErrorKind::usage, "glissade export wants a model and a file to write: glissade export MODEL OUT.onnx or OUT.hpp");
    const bool onnx = ends_with_extension(flags.output, ".onnx");
    if (!onnx && !ends_with_extension(flags.output, ".hpp"))
        fail(ErrorKind::usage, flags.output + ": the extension says which form is meant, and it is neither .onnx nor .hpp");
    check_writable("OUT", flags.output);
    const Model model = Model::load(flags.model);
    if (model.preparation.hash_bits > 0)
        fail(ErrorKind::usage, flags.model + ": text of this model is hashed, which an exported model cannot do; use glissade predict");
    const std::string told = onnx ? export_onnx(model, flags) : export_header(model, flags);
    if (!quiet) write_stdout(told);
    return exit_done;
}

}  // namespace glissade::cli
