#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""scripts/on_gpu with programs that stand in for those of a card: what fails or hangs is written, and the rest runs all the same."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOOD_TESTS = 'echo "[ RUN      ] A.B"; echo "[       OK ] A.B (1 ms)"; echo "[  PASSED  ] 1 test."'
BAD_TESTS = """echo '[ RUN      ] A.B'; echo '[  FAILED  ] A.B (2 ms)'; echo '[ RUN      ] A.C/1'; echo '[  FAILED  ] A.C/1, where GetParam() = 3 (2 ms)'
echo '[ RUN      ] A.D'; echo '[       OK ] A.D (1 ms)'; echo '[  FAILED  ] 2 tests, listed below:'; echo '[  FAILED  ] A.B'; echo '[  FAILED  ] A.C/1, where'; exit 1"""
HANGING_TESTS = 'echo "[ RUN      ] A.B"; echo "[       OK ] A.B (1 ms)"; echo "[ RUN      ] A.Hangs"; exec sleep 100'


def run_of(order, storage, rate):
    return {"batch": 8192, "members": 1, "order": order, "storage": storage, "record_bytes": 128, "gb_a_second": rate, "step_us": 2.0, "predicted_step_us": 2.0,
            "held_out_loss": [0.5]}


def bench(runs, end):
    head = '{"rows": 9, "columns": 28, "layers": [1], "runs": ['
    return "cat << 'END'\n" + head + ",\n".join(map(json.dumps, runs)) + end


RUNS = [run_of("shuffled", "float32", 1500.0), run_of("file", "float32", 3600.0), run_of("file", "bfloat16", 3200.0)]
WHOLE = bench(RUNS, "]}\nEND")
CARD = {"gather_row_bytes": 128, "gather_bytes_per_second": {"median": 2e12}, "read_bytes_per_second": {"median": 4e12}}


class OnGpu(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.folder = pathlib.Path(place.name)
        (self.folder / "gpu").mkdir()
        for script in (ROOT / "scripts" / "gpu").glob("*.py"):
            (self.folder / "gpu" / script.name).write_text(script.read_text())
        (self.folder / "cublaslt.txt").write_text("libcublasLt.so.0\n")
        (self.folder / "torch.py").write_text("raise ImportError('no PyTorch here')\n")
        self.program("glissade", f"echo '{json.dumps({'cards': [CARD]})}'")
        self.program("cuda_tests", GOOD_TESTS)
        self.program("gpu_train_bench", WHOLE)
        self.program("gpu_sparse_bench", """echo '{"runs": []}'""")
        self.program("nvidia-smi", "echo made up")
        self.program("compute-sanitizer", "exit 3")

    def program(self, name, text):
        path = self.folder / name
        path.write_text("#!/bin/sh\n" + text + "\n")
        path.chmod(0o755)

    def run_it(self, *flags):
        environment = {**os.environ, "PYTHONPATH": str(self.folder), "PATH": f"{self.folder}:{os.environ['PATH']}"}
        words = [str(ROOT / "scripts" / "on_gpu"), "--quick", *flags, str(self.folder), str(self.folder / "out.json")]
        ended = subprocess.run(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return ended, json.loads((self.folder / "out.json").read_text())

    def test_what_works_ends_with_0_and_is_held_against_reading_in_file_order_and_against_gathering_else(self):
        ended, found = self.run_it()
        self.assertEqual(ended.returncode, 0, ended.stdout)
        self.assertEqual(found["failed"], [])
        self.assertEqual(len(found["training"]), 5)
        compared = [run["compared"] for run in found["training"][0]["ours"]["runs"]]
        self.assertEqual(compared, [{"percent_of_row_gather": 75.0}, {"percent_of_read": 90.0}, {"percent_of_read": 80.0}])
        self.assertIn("file bfloat16: 2 us a step", ended.stdout)

    def test_failing_tests_are_listed_and_everything_else_still_runs(self):
        self.program("cuda_tests", BAD_TESTS)
        ended, found = self.run_it()
        self.assertEqual(ended.returncode, 1, ended.stdout)
        self.assertEqual(found["tests"]["failed"], ["A.B", "A.C/1"])
        self.assertEqual(found["failed"], ["tests: status 1"])
        self.assertEqual(len(found["training"][4]["ours"]["runs"]), 3)

    def test_hanging_tests_end_in_their_time_and_are_named(self):
        self.program("cuda_tests", HANGING_TESTS)
        ended, found = self.run_it("--seconds", "6")
        self.assertEqual(ended.returncode, 1, ended.stdout)
        self.assertEqual(found["tests"]["ended_within"], "A.Hangs")
        self.assertEqual(found["tests"]["failed"], [])
        self.assertIn("tests: status 124, out of time", found["failed"])
        self.assertIn("training 1: left out, no time was left", found["failed"])

    def test_a_training_that_is_ended_keeps_the_runs_that_were_done(self):
        self.program("gpu_train_bench", bench(RUNS[:2], "\nEND\nexit 9"))
        ended, found = self.run_it()
        self.assertEqual(ended.returncode, 1, ended.stdout)
        self.assertIn("training 7: status 9", found["failed"])
        self.assertEqual(len(found["training"][0]["ours"]["runs"]), 2)
        self.assertTrue(found["training"][0]["ours"]["unfinished"])

    def test_one_of_ours_is_held_against_as_many_runs_of_each_way_of_the_peer_or_says_why_not(self):
        (self.folder / "torch.py").write_text("")
        (self.folder / "numpy.py").write_text("")
        ways = {"eager": {"step_us": 100.0}, "graphed": {"step_us": 20.0, "held_out_loss": [1.0]}, "compiled_graphed": {"missing": "no compiler"}}
        (self.folder / "peer.txt").write_text("{}\n" + json.dumps({"runs": [{"batch": 8192, "order": "shuffled", **ways}, {"batch": 8192, "order": "file", "graphed": {"step_us": 6.0}}]}) + "\n")
        (self.folder / "gpu" / "pytorch_peer.py").write_text(f"print(open({str(self.folder / 'peer.txt')!r}).read().strip())\n")
        ended, found = self.run_it()
        self.assertEqual(ended.returncode, 0, ended.stdout)
        self.assertNotIn("unfinished", found["training"][0]["pytorch"])
        compared = [run["compared"] for run in found["training"][0]["ours"]["runs"]]
        against = {"no_compiled_graphed": "no compiler", "times_graphed": 10.0, "times_eager": 50.0, "held_out_loss_ratio": 0.5}
        self.assertEqual(compared[0], {"percent_of_row_gather": 75.0, **against})
        left_out = {"no_compiled_graphed": "the script ended before", "no_eager": "the script ended before"}
        self.assertEqual(compared[1], {"percent_of_read": 90.0, "times_graphed": 3.0, **left_out})
        self.assertEqual(compared[2], {"percent_of_read": 80.0}, "PyTorch trains on float32 rows")

    def test_errors_that_the_sanitizer_finds_are_a_failure_and_its_own_troubles_are_not(self):
        self.program("compute-sanitizer", "exit 9")
        ended, found = self.run_it()
        self.assertEqual(ended.returncode, 1, ended.stdout)
        self.assertEqual(found["failed"], ["compute-sanitizer: it found errors"])


if __name__ == "__main__":
    if sys.platform != "linux":
        sys.exit("skipped: scripts/on_gpu is for Linux")
    unittest.main()
