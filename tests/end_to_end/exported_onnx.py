# SPDX-License-Identifier: Apache-2.0
"""A trained model, its ONNX form in onnxruntime, and its scores in double precision with a bound of what roundings add up to."""

import csv
import json
import math
import subprocess
import sys

import numpy as np
import onnxruntime
from safetensors import safe_open

STEEPEST = 1.13  # slope of any activation: gelu's
FUNCTION_ULPS = 8  # of exp, sigmoid and softmax, ours and the runtime's together


def check(condition, what):
    if not condition:
        sys.exit(f"FAILED: {what}")


def gamma(count, unit):
    return count * unit / (1 - count * unit)


class Exported:
    """A model trained by the program in `folder`, its file, and its exported form."""

    def __init__(self, program, folder, train):
        self.program, self.folder = program, folder
        self.run("train", *train, "--quiet")
        self.run("export", "model.safetensors", "model.onnx")
        with safe_open(str(folder / "model.safetensors"), framework="numpy") as file:
            self.tensors = {name: file.get_tensor(name) for name in file.keys()}
            self.about = json.loads(file.metadata()["model"])
        self.hidden = self.about["hidden"]
        self.real = self.tensors["layer.0.weight" if self.hidden else "weight"].dtype.type
        self.session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
        try:
            import onnx
        except ImportError:
            return
        onnx.checker.check_model(str(folder / "model.onnx"), full_check=True)

    def run(self, *words):
        done = subprocess.run([self.program, *words], cwd=self.folder, capture_output=True, text=True)
        check(done.returncode == 0, f"glissade {' '.join(words)}: {done.stderr}")
        return done.stdout

    def predict(self, data, *flags):
        lines = csv.reader(self.run("predict", "model.safetensors", data, "--quiet", *flags).splitlines())
        next(lines)
        return list(lines)

    def infer(self, inputs):
        return dict(zip([output.name for output in self.session.get_outputs()], self.session.run(None, inputs)))

    def weights(self):
        bias = self.tensors.get("bias", np.zeros(len(self.tensors["weight"]), self.real))
        return self.tensors["weight"].astype(float), bias.astype(float)

    def scores(self, features):
        """Scores in double precision, and how far a computation in the model's real type may be from them."""
        scale = self.tensors.get("input.scale", np.ones(features.shape[1]))
        shift = self.tensors.get("input.shift", np.zeros(features.shape[1]))
        unit = np.finfo(self.real).eps / 2
        entered = features * scale + shift
        entry_error = gamma(4, unit) * (np.abs(features * scale) + np.abs(shift))
        if self.hidden:
            return self.network_scores(entered, entry_error, unit)
        weights, biases = self.weights()
        sizes = np.abs(entered) @ np.abs(weights.T) + np.abs(biases)
        error = gamma(features.shape[1] + 2, unit) * sizes + 2 * entry_error @ np.abs(weights.T)
        return entered @ weights.T + biases, error

    def network_scores(self, values, error, unit):
        """The same through hidden layers: an activation passes on at most STEEPEST times what its sums are off by."""
        for i in range(len(self.hidden) + 1):
            weights = self.tensors[f"layer.{i}.weight"].astype(float)
            biases = self.tensors[f"layer.{i}.bias"].astype(float)
            sizes = np.abs(values) @ np.abs(weights.T) + np.abs(biases)
            error = gamma(values.shape[1] + 2, unit) * sizes + 2 * error @ np.abs(weights.T)
            values = values @ weights.T + biases
            if i < len(self.hidden):
                error = STEEPEST * error + FUNCTION_ULPS * unit * (np.abs(values) + 1)
                values = activate(self.about["activation"], values)
        return values, error


def activate(activation, z):
    name = activation["name"]
    share = lambda u: np.where(u < 0, np.exp(-np.abs(u)), 1) / (1 + np.exp(-np.abs(u)))
    if name == "gelu":
        return z * np.vectorize(lambda u: math.erfc(-u / math.sqrt(2)) / 2)(z)
    return {"relu": lambda: np.maximum(z, 0), "leaky_relu": lambda: np.where(z > 0, z, activation["negative_slope"] * z),
            "elu": lambda: np.where(z > 0, z, activation["elu_alpha"] * np.expm1(np.minimum(z, 0))),
            "gelu_tanh": lambda: z * share(2 * math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)), "silu": lambda: z * share(z),
            "tanh": lambda: np.tanh(z), "sigmoid": lambda: share(z), "identity": lambda: z}[name]()


def table_of(exported, lines):
    """Raw cells -> features, as the preparation in the model file says; and the inputs of the exported model."""
    preparation = exported.about["preparation"]
    missing_words = [""] + preparation["na_values"]
    features, inputs, numbers = [], {}, []
    has_text = any(column["kind"] == "categorical" for column in preparation["columns"])
    for column in preparation["columns"]:
        cells = [line[column["position"]] for line in lines]
        missing = np.array([cell in missing_words for cell in cells])
        if column["kind"] == "numeric":
            values = np.array([np.nan if gone else float(cell) for cell, gone in zip(cells, missing)])
            features.append(np.where(missing, column["fill"], values))
            if column["indicator"]:
                features.append(missing.astype(float))
            numbers.append(values.astype(exported.real))
            if has_text:
                inputs[column["name"]] = numbers[-1][:, None]
        else:
            known = ["?" if gone and preparation["missing"] == "indicator" else cell for cell, gone in zip(cells, missing)]
            for category in column["categories"]:
                features.append(np.array([cell == category for cell in known], float))
            inputs[column["name"]] = np.array(cells, object)[:, None]
    return np.stack(features, 1), inputs if has_text else {"X": np.stack(numbers, 1)}
