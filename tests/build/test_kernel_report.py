#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""scripts/kernel_report reads what ptxas says, counts blocks as CUDA's occupancy does, and fails on a spill in a hot kernel only."""
import importlib.machinery
import importlib.util
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parent.parent.parent / "scripts/kernel_report"
RECORDER = SCRIPT.parent.parent / "cmake/record_ptxas"

sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("kernel_report", str(SCRIPT))
kernel_report = importlib.util.module_from_spec(importlib.util.spec_from_loader("kernel_report", loader))
loader.exec_module(kernel_report)


def said(name, spill, architecture="sm_90", registers=112):
    symbol = f"_ZN8glissade7kernels{len(name)}{name}ENS0_6ParamsE"
    return (f"ptxas info    : 0 bytes gmem\nptxas info    : Compiling entry function '{symbol}' for '{architecture}'\n"
            f"ptxas info    : Function properties for {symbol}\n    {spill} bytes stack frame, {spill} bytes spill stores, 0 bytes spill loads\n"
            f"ptxas info    : Used {registers} registers, used 1 barriers, 64 bytes smem, 368 bytes cmem[0]\n")


def check(*texts):
    with tempfile.TemporaryDirectory() as folder:
        for i, text in enumerate(texts):
            (pathlib.Path(folder) / f"{i}.cu.o.ptxas").write_text(text, encoding="utf-8")
        return subprocess.run([sys.executable, SCRIPT, "--check", "--build", folder], capture_output=True, text=True, check=False)


class KernelReport(unittest.TestCase):
    def test_figures_are_read(self):
        [kernel] = kernel_report.parse(said("segment_kernel", 8))
        self.assertEqual((kernel["registers"], kernel["spill_store_bytes"], kernel["static_shared_bytes"], kernel["architecture"]),
                         (112, 8, 64, "sm_90"))
        self.assertEqual(kernel_report.demangled([kernel["symbol"]]), ["segment_kernel"])

    def test_occupancy_is_that_of_cuda(self):
        # Blocks of 256 threads, worked out by hand from the guide's tables: registers a warp, warps a quarter, blocks.
        for architecture, registers, blocks in (("sm_90", 112, 2), ("sm_90", 64, 4), ("sm_90", 32, 8), ("sm_75", 112, 2), ("sm_75", 32, 4),
                                                ("sm_120", 40, 6), ("sm_80", 255, 1)):
            [kernel] = kernel_report.parse(said("x_kernel", 0, architecture, registers))
            kernel["static_shared_bytes"] = 0
            self.assertEqual(kernel_report.occupancy(kernel, 256)[0], blocks, (architecture, registers))
        self.assertEqual(kernel_report.occupancy(kernel, 256), (1, 256 / 2048, 163 << 10))

    def test_only_a_spill_in_a_hot_kernel_fails(self):
        self.assertEqual(check(said("segment_kernel", 0), said("pack_rows_kernel", 16)).returncode, 0)
        spilled = check(said("segment_kernel", 0), said("score_linear_kernel", 16))
        self.assertEqual(spilled.returncode, 1)
        self.assertIn("score_linear_kernel", spilled.stdout)
        self.assertNotIn("segment_kernel", spilled.stdout)
        self.assertNotEqual(check().returncode, 0, "nothing to read is no success")

    def test_the_launcher_keeps_what_ptxas_says_and_passes_on_the_rest(self):
        with tempfile.TemporaryDirectory() as folder:
            compiler = pathlib.Path(folder) / "compiler"
            compiler.write_text("#!/bin/sh\necho out\necho 'ptxas info    : Used 3 registers' >&2\necho 'a warning' >&2\nexit 3\n",
                                encoding="utf-8")
            compiler.chmod(0o755)
            ran = subprocess.run([RECORDER, compiler, "-o", f"{folder}/x.o", "x.cu"], capture_output=True, text=True, check=False)
            self.assertEqual((ran.returncode, ran.stdout, ran.stderr), (3, "out\n", "a warning\n"))
            self.assertEqual((pathlib.Path(folder) / "x.o.ptxas").read_text(encoding="utf-8"), "ptxas info    : Used 3 registers\n")


if __name__ == "__main__":
    unittest.main()
