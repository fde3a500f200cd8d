// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "glissade/error.hpp"
#include "glissade/model.hpp"
#include "host/cli/files.hpp"
#include "host/cli/text.hpp"
#include "host/cli/verb.hpp"
#include "host/cli/words.hpp"
#include "host/export/exported.hpp"
#include "host/export/onnx_graph.hpp"

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

std::string text_about(const Exported& made, const std::string& output) {
    if (!made.onnx) return output + ": C++11, namespace " + made.name + "; its first lines say what is in it\n";
    std::string text = output + ": ONNX, opset " + std::to_string(onnx_opset) + " and ai.onnx.ml " + std::to_string(onnx_ml_opset) +
                       ", IR version " + std::to_string(onnx_ir_version) + "\n";
    for (const std::string& input : made.inputs) text += "input   " + input + "\n";
    for (const std::string& one : made.outputs) text += "output  " + one + "\n";
    return text;
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
    is_onnx_path(flags.output);  // complains before anything is read
    check_writable("OUT", flags.output);
    const Exported made = exported(Model::load(flags.model), flags.output, flags.name, GLISSADE_VERSION);
    write_text(flags.output, made.content);
    if (!quiet) write_stdout(text_about(made, flags.output));
    return exit_done;
}

}  // namespace glissade::cli
