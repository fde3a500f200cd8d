# SPDX-License-Identifier: Apache-2.0
"""The example programs, to the accuracy that the documentation names."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FASHION = "/usr/share/datasets/fashion-mnist"


def accuracy(name):
    done = subprocess.run([sys.executable, ROOT / "examples" / name], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return float(re.search(r"accuracy (0[.][0-9]+)", done.stdout).group(1))


@pytest.mark.skipif(not os.path.isdir(FASHION), reason=f"{FASHION} is not there")
def test_fashion_mnist_in_ten_lines():
    assert accuracy("fashion_mnist.py") >= 0.83


def test_a_parquet_file_is_learnt_from_as_it_is_read():
    assert accuracy("parquet_stream.py") >= 0.86


def test_a_tensor_of_pytorch_is_trained_on_where_it_lies():
    pytest.importorskip("torch", reason="PyTorch is not among the test requirements, for its size; test_exchange.py has a stand-in")
    assert accuracy("torch_tensor.py") >= 0.95


def test_a_pipeline_on_adult_in_which_one_import_was_changed():
    assert accuracy("adult_pipeline.py") >= 0.845
