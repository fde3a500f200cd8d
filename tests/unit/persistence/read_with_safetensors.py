#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The safetensors package reads our file, and we read the package's. Argument: the program safetensors_sample."""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file


def check(condition, what):
    if not condition:
        sys.exit(f"FAILED: {what}")


def read_ours(program, folder):
    path = folder / "ours.safetensors"
    subprocess.run([program, "write", str(path)], check=True)
    expected = {
        "mask": np.array([1, 0, 255], np.uint8),
        "weights": np.array([[1.5, -2.0, 0.0], [3.25, 1e-30, -0.0]], np.float32),
        "bias": np.array([0.1, -7.0], np.float64),
        "step": np.array(123456789012, np.int64),
        "none": np.zeros((0, 4), np.float32),
    }
    with safe_open(str(path), framework="numpy") as file:
        check(set(file.keys()) == set(expected), f"names {file.keys()}")
        for name, value in expected.items():
            got = file.get_tensor(name)
            check(got.dtype == value.dtype and got.shape == value.shape, f"{name}: {got.dtype} {got.shape}")
            check(got.tobytes() == value.tobytes(), f"{name}: {got}")
        metadata = file.metadata()
    check(metadata["format"] == "glissade model 1", f"metadata {metadata}")
    check(metadata["classes"] == 'a,"b",\u00e9', f"metadata {metadata}")


def be_read(program, folder):
    path = folder / "theirs.safetensors"
    tensors = {
        "half": np.arange(4, dtype=np.float16).reshape(2, 2),
        "flags": np.array([True, False, True]),
        "count": np.array(-5, np.int32),
        "x": np.linspace(0.0, 1.0, 7),
    }
    save_file(tensors, str(path), metadata={"made": "elsewhere"})
    output = subprocess.run([program, "print", str(path)], check=True, capture_output=True, text=True).stdout
    lines = output.splitlines()
    check(lines[0] == "made=elsewhere", lines[0])
    spelled = {"half": "F16", "flags": "BOOL", "count": "I32", "x": "F64"}
    expected = {
        " ".join([name, spelled[name], *map(str, value.shape), ":", *(f"{byte:02x}" for byte in value.tobytes())])
        for name, value in tensors.items()
    }
    check(set(lines[1:]) == expected, f"{lines[1:]} instead of {expected}")


def main():
    with tempfile.TemporaryDirectory() as folder:
        read_ours(sys.argv[1], Path(folder))
        be_read(sys.argv[1], Path(folder))


main()
