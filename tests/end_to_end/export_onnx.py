#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Models exported as ONNX predict in onnxruntime what the program predicts. Arguments: the program, the folder tests/data.

Both are compared within the bound that the roundings of either can add up to (Higham, lemma 3.1), computed here in double precision from the
model file and the raw rows; labels wherever the scores are further apart than that."""

import csv
import gzip
import struct
import sys
import tempfile
from pathlib import Path

import numpy as np
from exported_onnx import FUNCTION_ULPS, Exported, check, gamma, table_of


def compare_labels(name, labels, predicted, scores, errors):
    if scores.shape[1] == 1:
        margin, blur = np.abs(scores[:, 0]), errors[:, 0]
    else:
        ordered = np.sort(scores, 1)
        margin, blur = ordered[:, -1] - ordered[:, -2], 2 * errors.max(1)
    sure = margin > 2 * blur
    check(sure.mean() > 0.99, f"{name}: {np.sum(~sure)} rows without a clear label")
    wrong = np.flatnonzero(sure & (np.asarray(labels, str) != np.asarray(predicted, str)))
    check(len(wrong) == 0, f"{name}: {len(wrong)} labels differ, the first in row {wrong[:1]}")


def compare_numbers(name, ours, theirs, bound):
    difference = np.abs(ours - theirs)
    worst = np.unravel_index(np.argmax(difference / bound), difference.shape)
    check(np.all(difference <= bound), f"{name}: {ours[worst]} and {theirs[worst]} differ by more than {bound[worst]}, at {worst}")
    print(f"{name}: {difference.shape[0]} rows, difference at most {np.max(difference / bound):.2g} of the bound")


def compare_classes(name, exported, data, features, inputs):
    rows = exported.predict(data, "--proba")
    scores, errors = exported.scores(features)
    out = exported.infer(inputs)
    compare_labels(name, [row[0] for row in rows], out["label"], scores, errors)
    unit = np.finfo(exported.real).eps / 2
    bound = 2 * errors.max(1, keepdims=True) + FUNCTION_ULPS * 2 * unit
    if exported.about["loss"]["name"] == "modified_huber" and scores.shape[1] > 1:  # shares of a sum that may be small
        total = ((np.clip(scores, -1, 1) + 1) / 2).sum(1, keepdims=True)
        bound = (1 + scores.shape[1]) * bound / np.maximum(total - bound * scores.shape[1], bound)
    ours = np.array([row[1:] for row in rows], float)
    compare_numbers(f"{name}, probabilities", ours, out["probabilities"].astype(float), np.broadcast_to(bound, ours.shape))


def compare_scores(name, exported, data, features, inputs):
    rows = exported.predict(data, "--scores")
    scores, errors = exported.scores(features)
    out = exported.infer(inputs)
    compare_labels(name, [row[0] for row in rows], out["label"], scores, errors)
    compare_numbers(name, np.array([row[1:] for row in rows], float), out["scores"].astype(float), 2 * errors)


def compare_values(name, exported, data, features, inputs):
    rows = exported.predict(data)
    scores, errors = exported.scores(features)
    unit = np.finfo(exported.real).eps / 2
    scale = exported.tensors.get("target.scale", np.ones(scores.shape[1]))
    shift = exported.tensors.get("target.shift", np.zeros(scores.shape[1]))
    values = scores * scale + shift
    bound = 2 * (errors * np.abs(scale) + gamma(4, unit) * (np.abs(scores * scale) + np.abs(shift)))
    if exported.about["loss"]["name"] in ("poisson", "gamma", "tweedie"):
        bound = np.exp(values) * (np.expm1(bound) + FUNCTION_ULPS * 2 * unit)
    compare_numbers(name, np.array(rows, float), exported.infer(inputs)["value"].astype(float), bound)


def adult(program, data, folder):
    """Text columns, missing cells with an indicator, numbers."""
    with gzip.open(data / "adult/adult.data.gz", "rt") as file:
        lines = [[cell.strip() for cell in line.split(",")] for line in file if line.strip()]
    for row in range(0, len(lines), 50):  # the file has no missing numbers of its own
        lines[row][12] = "?"
    (folder / "train.csv").write_text("".join(",".join(line) + "\n" for line in lines[:8000]))
    (folder / "test.csv").write_text("".join(",".join(line) + "\n" for line in lines[8000:12000]))
    exported = Exported(program, folder, ["train.csv", "--header", "no", "--target", "-1", "--na", "?", "--missing", "indicator", "--epochs", "5"])
    features, inputs = table_of(exported, lines[8000:12000])
    check({"14"}.isdisjoint(inputs) and len(inputs) == 14, f"inputs {list(inputs)}")
    compare_classes("adult", exported, "test.csv", features, inputs)


def refusals(program, folder):
    """Where the program refuses a row the exported model gives NaN and no label."""
    text = "size,colour,y\n" + "".join(f"{i % 7},{'red' if i % 3 else 'blue'},{'big' if i % 7 > 3 else 'small'}\n" for i in range(60))
    (folder / "colours.csv").write_text(text)
    exported = Exported(program, folder, ["colours.csv", "--target", "y", "--unknown", "error", "--epochs", "2"])
    rows = [(1, "red"), (np.nan, "red"), (1, ""), (1, "green"), (5, "blue")]
    inputs = {"size": np.array([[size] for size, _ in rows], np.float32), "colour": np.array([[colour] for _, colour in rows], object)}
    out = exported.infer(inputs)
    refused = [False, True, True, True, False]
    check([label == "" for label in out["label"]] == refused, f"labels {out['label']}")
    check(np.isnan(out["probabilities"]).all(1).tolist() == refused, f"probabilities {out['probabilities']}")
    (folder / "numbers.csv").write_text("value,y\n" + "".join(f"{i},{2 * i}.5\n" for i in range(40)))
    exported = Exported(program, folder, ["numbers.csv", "--target", "y", "--epochs", "2"])
    check(exported.session.get_inputs()[0].name == "X", "a table of numbers alone has one input")
    (folder / "value.csv").write_text("value,kind,y\n" + "".join(f"{i},{'ab'[i % 2]},{2 * i}.5\n" for i in range(40)))
    exported = Exported(program, folder, ["value.csv", "--target", "y", "--epochs", "2"])
    names = [entry.name for entry in exported.session.get_inputs()]
    check(names == ["value_column", "kind"], f"inputs {names}")


def images(program, folder):
    """Bytes divided by 255, ten classes."""
    random = np.random.default_rng(1)
    labels = random.integers(0, 10, 3000).astype(np.uint8)
    pixels = random.integers(0, 256, (10, 784))[labels] // 2 + random.integers(0, 128, (3000, 784))
    (folder / "images").write_bytes(struct.pack(">BBBBIII", 0, 0, 8, 3, 3000, 28, 28) + pixels.astype(np.uint8).tobytes())
    (folder / "labels").write_bytes(struct.pack(">BBBBI", 0, 0, 8, 1, 3000) + labels.tobytes())
    exported = Exported(program, folder, ["images", "--target-file", "labels", "--epochs", "2"])
    compare_classes("images", exported, "images", pixels.astype(float), {"X": pixels.astype(np.float32)})


def housing(program, data, folder, flags=()):
    """Numbers far from 1, one text column, a standardised target."""
    with gzip.open(data / "california_housing/housing.csv.gz", "rt") as file:
        lines = list(csv.reader(file))
    head, lines = lines[0], [line for line in lines[1:] if line][:6000]
    with open(folder / "houses.csv", "w", newline="") as file:
        csv.writer(file).writerows([head] + lines)
    exported = Exported(program, folder, ["houses.csv", "--target", "median_house_value", "--missing", "mean", "--epochs", "5", *flags])
    compare_values(f"housing {' '.join(flags)}".strip(), exported, "houses.csv", *table_of(exported, lines))


def agaricus(program, data, folder):
    """libsvm: features as they lie, columns not in the file are 0."""
    with gzip.open(data / "agaricus/agaricus.txt.train.gz", "rt") as file:
        text = file.read()
    (folder / "mushrooms").write_text(text)
    exported = Exported(program, folder, ["mushrooms", "--epochs", "3"])
    lines = [line.split() for line in text.splitlines()]
    features = np.zeros((len(lines), exported.about["features"]))
    for row, line in enumerate(lines):
        for pair in line[1:]:
            index, value = pair.split(":")
            features[row, int(index) - 1] = float(value)
    compare_classes("agaricus", exported, "mushrooms", features, {"X": features.astype(np.float32)})


def losses(program, folder):
    """Every other loss."""
    random = np.random.default_rng(2)
    x = random.normal(size=(400, 3))
    count = np.floor(np.exp(x[:, 0] / 2) + random.uniform(size=400)) + 1
    for name, column in (("classes", (x[:, 0] > x[:, 1]).astype(int)), ("counts", count)):
        rows = np.column_stack([x, column])
        (folder / f"{name}.csv").write_text("a,b,c,y\n" + "".join(",".join(map(repr, map(float, row))) + "\n" for row in rows))
    cells = [list(map(repr, map(float, row))) for row in x]
    for loss in ("absolute", "huber", "quantile", "epsilon_insensitive", "squared_epsilon_insensitive", "poisson", "gamma", "tweedie"):
        exported = Exported(program, folder, ["counts.csv", "--target", "y", "--task", "regression", "--loss", loss, "--epochs", "3"])
        compare_values(loss, exported, "counts.csv", *table_of(exported, cells))
    exported = Exported(program, folder, ["classes.csv", "--target", "y", "--loss", "modified_huber", "--epochs", "3"])
    compare_classes("modified_huber", exported, "classes.csv", *table_of(exported, cells))
    for loss in ("hinge", "squared_hinge", "perceptron"):
        exported = Exported(program, folder, ["classes.csv", "--target", "y", "--loss", loss, "--epochs", "3"])
        compare_scores(loss, exported, "classes.csv", *table_of(exported, cells))


def one_vs_rest(program, folder):
    """Losses of two classes on four of them."""
    random = np.random.default_rng(3)
    x = random.normal(size=(500, 3))
    label = np.where(x[:, 0] > .3, "north", np.where(x[:, 1] > 0, "east", np.where(x[:, 2] > .5, "south", "west")))
    cells = [list(map(repr, map(float, row))) for row in x]
    (folder / "four.csv").write_text("a,b,c,y\n" + "".join(",".join([*row, name]) + "\n" for row, name in zip(cells, label)))
    train = ["four.csv", "--target", "y", "--epochs", "10", "--lr", ".05"]
    exported = Exported(program, folder, [*train, "--loss", "hinge"])
    check(exported.weights()[0].shape == (4, 3), "one output a class")
    compare_scores("hinge of four classes", exported, "four.csv", *table_of(exported, cells))
    for loss in ("logistic", "modified_huber"):
        for precision in ("float32", "float64"):
            exported = Exported(program, folder, [*train, "--loss", loss, "--precision", precision])
            compare_classes(f"{loss} of four classes, {precision}", exported, "four.csv", *table_of(exported, cells))
            far = exported.infer({"X": np.full((2, 3), [[np.nan], [-1e4]], exported.real)})["probabilities"]
            check(np.isnan(far[0]).all() and abs(far[1].sum() - 1) < 1e-6, f"{loss}: probabilities {far}")


def labels(program, folder):
    """Rows of several labels."""
    random = np.random.default_rng(6)
    x = random.normal(size=(400, 3))
    y = np.stack([x[:, 0] > 0, x[:, 1] > x[:, 2], x[:, 0] * x[:, 1] > 0], axis=1).astype(int)
    cells = [list(map(repr, map(float, row))) for row in x]
    rows = "".join(",".join([*row, *map(str, own)]) + "\n" for row, own in zip(cells, y))
    (folder / "labels.csv").write_text("a,b,c,warm,wet,dark\n" + rows)
    train = ["labels.csv", "--target", "warm,wet,dark", "--epochs", "20", "--lr", ".02"]
    for flags in (["--loss", "logistic"], ["--loss", "modified_huber"], ["--loss", "logistic", "--hidden", "8"]):
        exported = Exported(program, folder, [*train, *flags])
        features, inputs = table_of(exported, cells)
        scores, errors = exported.scores(features)
        found = exported.infer(inputs)
        predicted = np.array(exported.predict("labels.csv", "--proba"), float)
        clear = np.abs(scores) > 2 * errors
        check(clear.mean() > .9, f"labels {flags}: too few clear scores")
        check((found["labels"][clear] == (scores > 0)[clear]).all(), f"labels {flags}: other labels than their scores say")
        check((predicted[:, :3][clear] == (scores > 0)[clear]).all(), f"labels {flags}: the program predicts others")
        compare_numbers(f"labels {flags}", predicted[:, 3:], found["probabilities"].astype(float),
                        2 * errors + FUNCTION_ULPS * np.finfo(exported.real).eps)


def networks(program, folder):
    """Every activation, in both types where runtimes have it, and rows that are refused."""
    random = np.random.default_rng(4)
    x = random.normal(size=(300, 3))
    label = np.where(x[:, 0] * x[:, 1] > 0, "same", np.where(x[:, 2] > 0, "up", "down"))
    cells = [list(map(repr, map(float, row))) for row in x]
    (folder / "net.csv").write_text("a,b,c,y\n" + "".join(",".join([*row, name]) + "\n" for row, name in zip(cells, label)))
    train = ["net.csv", "--target", "y", "--epochs", "3", "--lr", ".02", "--hidden", "9,5"]
    for activation in ("relu", "leaky_relu", "elu", "gelu", "gelu_tanh", "silu", "tanh", "sigmoid", "identity"):
        for precision in ("float32", "float64"):
            if activation == "gelu" and precision == "float64":
                continue
            exported = Exported(program, folder, [*train, "--activation", activation, "--precision", precision])
            compare_classes(f"network of {activation}, {precision}", exported, "net.csv", *table_of(exported, cells))
            lost = exported.infer({"X": np.full((1, 3), np.nan, exported.real)})
            check(np.isnan(lost["probabilities"]).all() and lost["label"][0] == "", f"{activation}: a row of NaN gives {lost}")


def main():
    program, data = sys.argv[1], Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        adult(program, data, folder)
        refusals(program, folder)
        images(program, folder)
        housing(program, data, folder)
        housing(program, data, folder, ("--precision", "float64"))
        agaricus(program, data, folder)
        losses(program, folder)
        one_vs_rest(program, folder)
        labels(program, folder)
        networks(program, folder)


main()
