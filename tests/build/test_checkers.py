#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plants one fault of each kind and expects the checkers to find it, and to be silent about the same tree without it."""
import pathlib
import tempfile
import unittest

import check_files
import check_includes
import check_symbols

LICENCE = "// SPDX-License-Identifier: Apache-2.0\n"


def faults(checker, path, text):
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / path
        file.parent.mkdir(parents=True)
        file.write_text(LICENCE + text, encoding="utf-8")
        return checker.check(folder)


class Includes(unittest.TestCase):
    def test_wrong_directions_are_found(self):
        for path, include in (
            ("include/glissade/rules/loss_x.hpp", '"glissade/dataset.hpp"'),
            ("include/glissade/model.hpp", '"host/train/trainer.hpp"'),
            ("include/glissade/model.hpp", "<cuda_runtime.h>"),
            ("include/glissade/model.hpp", "<nlohmann/json.hpp>"),
            ("host/data/csv.cpp", '"host/train/trainer.hpp"'),
            ("host/cpu/pass.cpp", '"kernels/launch.hpp"'),
            ("host/train/trainer.cpp", '"host/cuda/backend.hpp"'),
            ("host/train/trainer.cpp", "<cuda_runtime_api.h>"),
            ("host/train/trainer.cpp", '"trainer.hpp"'),
            ("host/cuda/backend.cpp", '"kernels/segment_linear.cuh"'),
            ("host/reference/reference.cpp", '"glissade/rules/update_adam.hpp"'),
            ("kernels/segment.cu", '"host/execution/backend.hpp"'),
            ("kernels/segment.cu", '"glissade/trainer.hpp"'),
            ("kernels/segment.cu", "<nlohmann/json.hpp>"),
            ("kernels/launch.hpp", "<cuda_runtime_api.h>"),
            ("examples/optimizers.cpp", '"host/data/csv.hpp"'),
        ):
            with self.subTest(path=path, include=include):
                self.assertEqual(len(faults(check_includes, path, f"#include {include}\n")), 1)

    def test_right_directions_are_accepted(self):
        for path, include in (
            ("include/glissade/model.hpp", '"glissade/rules/catalog.hpp"'),
            ("host/train/trainer.cpp", '"host/execution/backend.hpp"'),
            ("host/train/trainer.cpp", "<nlohmann/json.hpp>"),
            ("host/cuda/backend.cpp", '"kernels/launch.hpp"'),
            ("host/cuda/backend.cpp", "<cuda_runtime_api.h>"),
            ("kernels/segment.cu", '"kernels/device/barrier.cuh"'),
            ("kernels/segment.cu", "<cooperative_groups.h>"),
            ("kernels/segment.cu", '"glissade/row_order.hpp"'),
            ("examples/optimizers.cpp", "<glissade/glissade.hpp>"),
        ):
            with self.subTest(path=path, include=include):
                self.assertEqual(faults(check_includes, path, f"#include {include}\n"), [])

    def test_a_file_outside_every_layer_is_found(self):
        self.assertEqual(len(faults(check_includes, "host/misc/x.cpp", "")), 1)


class Files(unittest.TestCase):
    def test_faults_are_found(self):
        self.assertEqual(len(faults(check_files, "host/data/long.cpp", "\n" * 500)), 1)
        self.assertEqual(len(faults(check_files, "host/data/twice.hpp", "int f();\n")), 1)
        self.assertEqual(len(faults(check_files, "host/data/m.cpp", "".join(f"#define GLISSADE_{i}\n" for i in range(5)))), 1)
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "host").mkdir()
            (pathlib.Path(folder) / "host/x.cpp").write_text("int x;\n", encoding="utf-8")
            self.assertEqual(len(check_files.check(folder)), 1)

    def test_a_file_within_its_budget_is_accepted(self):
        self.assertEqual(faults(check_files, "host/data/fine.hpp", "#pragma once\n" + "\n" * 498), [])
        self.assertEqual(faults(check_files, "host/cpu/guards.cpp", "".join(f"#define GLISSADE_{i}_\n" for i in range(5))), [])


class Symbols(unittest.TestCase):
    def test_foreign_exports_are_found(self):
        foreign = ["std::vector<glissade::Member>::push_back(glissade::Member&&)", "cudaMalloc", "void std::sort<glissade::X*>(glissade::X*)"]
        ours = ["glissade::train(glissade::Dataset const&)", "typeinfo name for glissade::Error", "vtable for glissade::Error",
                "std::span<float const> glissade::Dataset::targets<float>() const", "float* glissade::Dataset::mutable_features<float>()"]
        self.assertEqual(check_symbols.exported_by_accident(foreign + ours), foreign)

    def test_ways_to_print_and_exit_are_found(self):
        bad = ["std::cout", "puts", "printf", "__printf_chk", "stderr", "exit", "abort", "sigaction", "exit@GLIBC_2.2.5"]
        fine = ["snprintf", "std::exception::what() const", "write", "pthread_create", "std::terminate()"]
        self.assertEqual(check_symbols.loud(bad + fine), bad)


if __name__ == "__main__":
    unittest.main()
