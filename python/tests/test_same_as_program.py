# SPDX-License-Identifier: Apache-2.0
"""The command line and the package, given the same data and settings, give the same bits."""

import os
import subprocess

import glissade
import numpy as np
import pytest

PROGRAM = os.environ.get("GLISSADE_PROGRAM", "")
# CTest names it; a name that is wrong fails.
pytestmark = pytest.mark.skipif(not PROGRAM, reason="GLISSADE_PROGRAM, the program to compare with, is not set")


def run(*words, folder):
    subprocess.run([PROGRAM, *words], cwd=folder, check=True, capture_output=True)


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("loss", ["logistic", "hinge"])
def test_parameters_of_a_file_are_bit_equal(points, tmp_path, precision, loss):
    x, _, side = points
    lines = ["a,b,c,d,e,kind"] + [",".join(map(repr, map(float, row))) + f",{label}" for row, label in zip(x, side)]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    flags = ["--loss", loss, "--optimizer", "adamw", "--lr", "0.02", "--epochs", "4", "--batch-size", "16", "--seed", "3", "--precision", precision]
    run("train", "t.csv", "--target", "kind", *flags, folder=tmp_path)
    program = glissade.Model.load(tmp_path / "model.safetensors")
    data = glissade.Dataset.from_file(tmp_path / "t.csv", target="kind", dtype=precision)
    package = glissade.train(data, loss=loss, optimizer="adamw", lr=0.02, epochs=4, batch_size=16, seed=3).model
    for one, other in zip(program.coefficients(), package.coefficients()):
        assert np.array_equal(one, other)
    read = package.read(tmp_path / "t.csv")
    assert package.evaluate(read) == program.evaluate(program.read(tmp_path / "t.csv"))
    assert np.array_equal(package.predict(read), program.predict(read))
    run("predict", "model.safetensors", "t.csv", "--scores", "--output", "p.csv", folder=tmp_path)
    written = np.loadtxt(tmp_path / "p.csv", delimiter=",", skiprows=1, dtype=str)
    assert np.array_equal(written[:, 0], package.predict(read))
    assert np.array_equal(written[:, 1].astype(precision), package.decision_function(read))
    assert np.array_equal(package.decision_function(data), package.decision_function(read))


def test_parameters_of_an_array_are_bit_equal(points, tmp_path):
    x, y, _ = points
    np.save(tmp_path / "x.npy", x.astype(np.float32))
    np.save(tmp_path / "y.npy", y.astype(np.float32))
    run("train", "x.npy", "--target-file", "y.npy", "--standardize", "off", "--standardize-target", "off", "--epochs", "3", folder=tmp_path)
    program = glissade.Model.load(tmp_path / "model.safetensors")
    package = glissade.train(x.astype(np.float32), y.astype(np.float32), epochs=3).model
    for one, other in zip(program.coefficients(), package.coefficients()):
        assert np.array_equal(one, other)


def marks_of(x, y):
    """Three labels, each of which a row has or not."""
    return np.column_stack([y > 0, x[:, 0] > 0.5, x[:, 1] + x[:, 2] > 0]).astype(np.int64)


@pytest.mark.parametrize("precision, hidden", [("float32", []), ("float64", []), ("float32", [4])])
def test_rows_of_several_labels_are_bit_equal(points, tmp_path, precision, hidden):
    x, y, _ = points
    marks = marks_of(x, y)
    lines = ["a,b,c,d,e,warm,wet,dark"] + [",".join([*map(repr, map(float, row)), *map(str, own)]) for row, own in zip(x, marks)]
    file = tmp_path / "t.csv"
    file.write_text("\n".join(lines) + "\n")
    network = ["--hidden", ",".join(map(str, hidden)), "--init", "torch"] if hidden else []
    flags = ["--optimizer", "adamw", "--lr", "0.02", "--epochs", "4", "--batch-size", "16", "--seed", "3", "--precision", precision, *network]
    run("train", "t.csv", "--target", "warm,wet,dark", *flags, folder=tmp_path)
    program = glissade.Model.load(tmp_path / "model.safetensors")
    data = glissade.Dataset.from_file(file, target=["warm", "wet", "dark"], dtype=precision)
    more = {"hidden": hidden, "init": "torch"} if hidden else {}
    package = glissade.train(data, optimizer="adamw", lr=0.02, epochs=4, batch_size=16, seed=3, **more).model
    assert program.classes.tolist() == package.classes.tolist() == ["warm", "wet", "dark"]
    for layer, other in zip(program.layers(), package.layers(), strict=True):
        assert np.any(layer[0] != 0) and all(np.array_equal(a, b) for a, b in zip(layer, other, strict=True))
    rows = package.read(file)
    predicted, probabilities = package.predict(rows), package.predict_proba(rows)
    assert predicted.shape == probabilities.shape == marks.shape and 0 < np.mean(predicted) < 1
    assert np.array_equal(predicted, program.predict(program.read(file)))
    assert np.array_equal(probabilities, program.predict_proba(program.read(file)))
    assert package.evaluate(rows) == program.evaluate(program.read(file))
    run("predict", "model.safetensors", "t.csv", "--proba", "--output", "p.csv", folder=tmp_path)
    written = np.loadtxt(tmp_path / "p.csv", delimiter=",", skiprows=1)
    assert np.array_equal(written[:, :3], predicted) and np.array_equal(written[:, 3:].astype(probabilities.dtype), probabilities)


def test_labels_in_an_array_are_bit_equal(points, tmp_path):
    x, y, _ = points
    x, marks = x.astype(np.float32), marks_of(x, y)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", marks)
    run("train", "x.npy", "--target-file", "y.npy", "--standardize", "off", "--epochs", "3", folder=tmp_path)
    program = glissade.Model.load(tmp_path / "model.safetensors")
    package = glissade.train(x, marks, epochs=3).model
    assert program.coefficients()[0].shape == (3, 5)
    for one, other in zip(program.coefficients(), package.coefficients()):
        assert np.array_equal(one, other)
    assert np.array_equal(package.predict(x), program.predict(x))


def test_scikit_learns_conventions_are_those_of_compat(points, tmp_path):
    x, _, side = points
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", (side == "up").astype(np.int64))
    run("train", "x.npy", "--target-file", "y.npy", "--compat", "sklearn", "--precision", "float64", "--seed", "11", "--clip-value", "1e12", folder=tmp_path)
    program = glissade.Model.load(tmp_path / "model.safetensors")

    class Seed(np.random.RandomState):
        def randint(self, *_, **__):
            return 11

    package = glissade.SGDClassifier(random_state=Seed()).fit(x, side)
    weights, biases = program.coefficients()
    assert np.array_equal(weights, package.coef_) and np.array_equal(biases, package.intercept_)


@pytest.mark.parametrize("file", ["adult model.onnx", "m.hpp"])
@pytest.mark.parametrize("more", [[], ["--hidden", "4", "--activation", "tanh"]])
def test_exported_files_are_byte_equal(points, tmp_path, file, more):
    x, _, side = points
    lines = ["a,b,c,d,e,kind"] + [",".join(map(repr, map(float, row))) + f",{label}" for row, label in zip(x, side)]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    run("train", "t.csv", "--target", "kind", "--epochs", "1", *more, folder=tmp_path)
    model = glissade.Model.load(tmp_path / "model.safetensors")
    for name in ("", "other"):
        run("export", "model.safetensors", file, *(["--name", name] if name else []), folder=tmp_path)
        wanted = (tmp_path / file).read_bytes()
        (tmp_path / "ours").mkdir(exist_ok=True)
        model.export(tmp_path / "ours" / file, name=name)
        assert (tmp_path / "ours" / file).read_bytes() == wanted


def test_exports_that_cannot_be_are_named(points, tmp_path):
    model = glissade.train(*points[:2], epochs=1).model
    with pytest.raises(ValueError, match="neither .onnx nor .hpp"):
        model.export(tmp_path / "m.bin")
    with pytest.raises(ValueError, match="two words"):
        model.export(tmp_path / "m.hpp", name="two words")
    with pytest.raises(OSError, match="nowhere"):
        model.export(tmp_path / "nowhere" / "m.onnx")


def test_precision_and_storage_do_the_same_on_a_cpu(points, tmp_path):
    x, y, _ = points
    np.save(tmp_path / "x.npy", x.astype(np.float32))
    np.save(tmp_path / "y.npy", y.astype(np.float32))
    flags = ["train", "x.npy", "--target-file", "y.npy", "--standardize", "off", "--standardize-target", "off", "--epochs", "2", "--device", "cpu"]
    run(*flags, "--storage", "bfloat16", folder=tmp_path)
    program = glissade.Model.load(tmp_path / "model.safetensors")
    small = {"epochs": 2, "device": "cpu"}
    package = glissade.train(x.astype(np.float32), y.astype(np.float32), storage="bfloat16", **small).model
    assert all(np.array_equal(one, other) for one, other in zip(program.coefficients(), package.coefficients()))
    whole = glissade.train(x.astype(np.float32), y.astype(np.float32), **small).model
    assert not np.array_equal(package.coefficients()[0], whole.coefficients()[0])
    for word in ("tf32", "bfloat16"):
        refused = subprocess.run([PROGRAM, *flags, "--hidden", "4", "--precision", word], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert refused.returncode == 2 and "on the CPU" in refused.stderr
        with pytest.raises(ValueError, match="tf32 and bfloat16 are for matrix products on a GPU, but the run is on the CPU"):
            glissade.train(x.astype(np.float32), y.astype(np.float32), hidden=[4], matmul_precision=word, **small)
