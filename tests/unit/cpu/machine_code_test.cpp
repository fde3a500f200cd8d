// SPDX-License-Identifier: Apache-2.0
// What the compiler made of the loops that are left to its vectoriser: this program's own machine code, read with nm and objdump.
#include <gtest/gtest.h>

#include <cxxabi.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>
#include <typeinfo>
#include <vector>

#include "glissade/rules/catalog.hpp"

namespace glissade {
namespace {

std::string output_of(const std::string& command) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(popen(command.c_str(), "r"), pclose);
    std::string text;
    char block[4096];
    while (pipe && std::fgets(block, sizeof(block), pipe.get())) text += block;
    return text;
}

/// The machine code of the function of this program whose demangled name contains all parts; empty if there is none.
std::string code_of(const std::vector<std::string>& parts) {
    static const std::string self = "/proc/" + std::to_string(getpid()) + "/exe";
    static const std::string symbols = output_of("nm -CS " + self);
    std::istringstream lines(symbols);
    for (std::string line; std::getline(lines, line);) {
        bool found = true;
        for (const std::string& part : parts) found &= line.find(part) != std::string::npos;
        unsigned long long start = 0, size = 0;
        if (!found || std::sscanf(line.c_str(), "%llx %llx", &start, &size) != 2) continue;
        return output_of("objdump -d --no-show-raw-insn --start-address=" + std::to_string(start) +
                         " --stop-address=" + std::to_string(start + size) + " " + self);
    }
    return "";
}

bool has(const std::string& code, const std::string& instruction, const std::string& register_kind) {
    std::istringstream lines(code);
    for (std::string line; std::getline(lines, line);)
        if (line.find(instruction) != std::string::npos && line.find(register_kind) != std::string::npos) return true;
    return false;
}

/// Instructions named `vfmadd...` of packed floats or doubles.
bool has_fused(const std::string& code, const std::string& type, const std::string& register_kind) {
    std::istringstream lines(code);
    for (std::string line; std::getline(lines, line);)
        if (line.find("vfmadd") != std::string::npos && line.find(type + " ") != std::string::npos &&
            line.find(register_kind) != std::string::npos)
            return true;
    return false;
}

/// As nm writes it.
template <class T>
std::string type_name() {
    const std::unique_ptr<char, void (*)(void*)> name(abi::__cxa_demangle(typeid(T).name(), nullptr, nullptr, nullptr), std::free);
    return name.get();
}

class MachineCode : public ::testing::Test {
protected:
    void SetUp() override {
#if !defined(__x86_64__)
        GTEST_SKIP() << "reads the machine code of x86-64";
#elif !defined(GLISSADE_TEST_VECTORISED)
        GTEST_SKIP() << "this build does not optimise, or a sanitizer keeps loops from becoming vectors";
#endif
        if (std::system("command -v objdump nm > /dev/null") != 0) GTEST_SKIP() << "objdump and nm are not installed";
    }
};

TEST_F(MachineCode, OfAdamIsPackedOnAvx2) {
    for (const char* type : {"float", "double"}) {
        const std::string suffix = type == std::string("float") ? "ps" : "pd";
        const std::string code = code_of({"N_AVX2::update_all<glissade::Adam, 0, false, " + std::string(type) + ">"});
        ASSERT_FALSE(code.empty()) << type;
        EXPECT_TRUE(has_fused(code, suffix, "%ymm")) << type;
        EXPECT_TRUE(has(code, "vsqrt" + suffix, "%ymm")) << type;
        EXPECT_TRUE(has(code, "vdiv" + suffix, "%ymm")) << type;
    }
}

struct ListForms {
    std::vector<std::string> forms;
    template <class Rule>
    void operator()() {
        for (int v = 0; v < Rule::variants; ++v) forms.push_back(type_name<Rule>() + ", " + std::to_string(v));
    }
};

TEST_F(MachineCode, OfEveryUpdateRuleIsPackedOnAvx2) {
    ListForms list;
    for (int i = 0; i < UpdateRules::count; ++i) visit_rule(UpdateRules{}, i, list);
    for (const std::string& form : list.forms)
        for (const char* type : {"float", "double"}) {
            const std::string code = code_of({"N_AVX2::update_all<" + form + ", true, " + type + ">"});
            ASSERT_FALSE(code.empty()) << form << " " << type;
            EXPECT_TRUE(has_fused(code, type == std::string("float") ? "ps" : "pd", "%ymm")) << form << " " << type;
        }
}

struct ExpectPackedLoss {
    template <class Rule>
    void operator()() const {
        if constexpr (Rule::kind != LossKind::grouped) {
            const std::string code = code_of({"N_AVX2::evaluate_rows<" + type_name<Rule>() + ", float>"});
            ASSERT_FALSE(code.empty()) << Rule::name;
            const bool packed = has(code, "vsubps", "%ymm") || has(code, "vmulps", "%ymm") || has_fused(code, "ps", "%ymm");
            EXPECT_TRUE(packed) << Rule::name;
            // The rows left over go one by one, but not those before them.
            EXPECT_TRUE(has(code, "vdivps", "%ymm") || !has(code, "vdivss", "%xmm")) << Rule::name;
        }
    }
};

TEST_F(MachineCode, OfEveryLossOfOneScoreIsPackedOnAvx2) {
    for (int i = 0; i < LossRules::count; ++i) visit_rule(LossRules{}, i, ExpectPackedLoss{});
}

TEST_F(MachineCode, OfTheGradientIsFusedOnEverySet) {
    for (const char* type : {"float", "double"}) {
        const std::string suffix = type == std::string("float") ? "ps" : "pd";
        EXPECT_TRUE(has_fused(code_of({"N_AVX2::add_rows<" + std::string(type) + ">"}), suffix, "%ymm")) << type;
        EXPECT_TRUE(has_fused(code_of({"N_AVX3::add_rows<" + std::string(type) + ">"}), suffix, "%zmm")) << type;
        EXPECT_TRUE(has_fused(code_of({"N_AVX2::dots<" + std::string(type) + ">"}), suffix, "%ymm")) << type;
    }
}

TEST_F(MachineCode, OfPlainCodeUsesNoInstructionBeyondTheBaseline) {
    const std::string code = code_of({"N_SCALAR::update_all<glissade::Adam, 0, false, float>"});
    ASSERT_FALSE(code.empty());
    EXPECT_FALSE(has(code, "%ymm", ""));
    EXPECT_FALSE(has(code, "vfmadd", ""));
}

}  // namespace
}  // namespace glissade
