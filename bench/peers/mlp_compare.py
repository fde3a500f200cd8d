# SPDX-License-Identifier: Apache-2.0
"""Trains a multi-layer perceptron with scikit-learn, PyTorch (CPU) and Glissade on the same float32 rows and prints one table: seconds an
epoch, and seconds to the held-out loss that the slowest learner ends with.

Rows are Fashion-MNIST (Debian's dataset-fashion-mnist, pixels / 255) or generated. Adam, constant rate, shuffled mini-batches, ReLU. PyTorch
runs at the best of several thread counts, eager and, if asked for, compiled. Timed is training alone. Run it with the packages of
requirements.txt and GLISSADE=/path/to/glissade."""

import argparse
import gzip
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

import compare


def arguments():
    parser = argparse.ArgumentParser(prog="mlp_compare", description=__doc__)
    parser.add_argument("--folder", default="/usr/share/datasets/fashion-mnist", help="of the four files of Fashion-MNIST")
    parser.add_argument("--generate", metavar="ROWSxCOLUMNS", help="instead: normal columns, two classes that no plane parts")
    parser.add_argument("--hidden", default="256,128")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--lr", type=float, default=0.001)
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of Glissade, and the most of PyTorch")
    parser.add_argument("--runs", type=int, default=3, help="runs of each; the median counts")
    parser.add_argument("--compile", action="store_true", help="PyTorch also by torch.compile; its first step is not timed")
    parser.add_argument("--without", action="append", default=[], choices=["torch", "sklearn"])
    parser.add_argument("--json", help="write the figures here too")
    return parser.parse_args()


def idx(path, header):
    with gzip.open(path) as file:
        return np.frombuffer(file.read(), np.uint8, offset=header)


def rows_of(options):
    """x, y of the training rows and of the held-out ones."""
    if options.generate:
        rows, columns = map(int, options.generate.split("x"))
        random = np.random.default_rng(0)
        x = random.standard_normal((rows, columns), np.float32)
        y = (np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2 % columns] + 0.3 * random.standard_normal(rows, np.float32) > 0).astype(np.int64)
        held = np.arange(rows) % 5 == 0
        return x[~held], y[~held], x[held], y[held]
    out = []
    for name in ("train", "t10k"):
        x = idx(f"{options.folder}/{name}-images-idx3-ubyte.gz", 16).reshape(-1, 784).astype(np.float32) / 255
        out += [x, idx(f"{options.folder}/{name}-labels-idx1-ubyte.gz", 8).astype(np.int64)]
    return out


def run_sklearn(options, x, y, xh, yh):
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier([int(w) for w in options.hidden.split(",")], learning_rate_init=options.lr, batch_size=options.batch_size,
                          alpha=0, random_state=0, shuffle=True)
    curve, seconds = [], 0.0
    for _ in range(options.epochs):
        began = time.perf_counter()
        model.partial_fit(x, y, classes=np.unique(y))
        seconds += time.perf_counter() - began
        p = np.clip(model.predict_proba(xh).astype(np.float64), 1e-15, 1)
        curve.append((seconds, float(-np.mean(np.log(p[np.arange(len(yh)), yh]))), float(np.mean(p.argmax(1) == yh))))
    return curve


def run_torch(options, x, y, xh, yh, threads, compiled=False):
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    widths = [x.shape[1], *map(int, options.hidden.split(",")), int(y.max()) + 1]
    layers = []
    for i in range(len(widths) - 1):
        layers += [torch.nn.Linear(widths[i], widths[i + 1])] + ([torch.nn.ReLU()] if i + 2 < len(widths) else [])
    model = torch.nn.Sequential(*layers)
    forward = torch.compile(model) if compiled else model
    optimizer = torch.optim.Adam(model.parameters(), lr=options.lr)
    tx, ty, txh = torch.from_numpy(x), torch.from_numpy(y), torch.from_numpy(xh)

    def step(rows):
        loss = torch.nn.functional.cross_entropy(forward(tx[rows]), ty[rows])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    if compiled:
        kept = {name: value.clone() for name, value in model.state_dict().items()}
        step(torch.arange(options.batch_size))
        model.load_state_dict(kept)
        optimizer.state.clear()
    curve, seconds = [], 0.0
    for _ in range(options.epochs):
        began = time.perf_counter()
        order = torch.randperm(len(ty))
        for first in range(0, len(ty), options.batch_size):
            step(order[first : first + options.batch_size])
        seconds += time.perf_counter() - began
        with torch.no_grad():
            scores = model(txh).numpy()
        curve.append((seconds, compare.held_out_loss(scores, yh, True), float(np.mean(scores.argmax(1) == yh))))
    return curve


def best_threads(options, x, y, xh, yh):
    """The number of threads at which PyTorch's epoch is shortest, tried on part of the rows."""
    part = slice(0, min(len(y), 40 * options.batch_size))
    one = argparse.Namespace(**{**vars(options), "epochs": 2})
    tried = {}
    for threads in sorted({1, 2, 4, options.threads // 2, options.threads}):
        if 1 <= threads <= options.threads:
            curve = run_torch(one, x[part], y[part], xh[:16], yh[:16], threads)
            tried[threads] = curve[1][0] - curve[0][0]
    return min(tried, key=tried.get)


def run_glissade(options, x, y, xh, yh):
    with tempfile.TemporaryDirectory() as folder:
        for name, value in (("x", x), ("y", y.astype(np.float32)), ("xh", xh), ("yh", yh.astype(np.float32))):
            np.save(f"{folder}/{name}.npy", value)
        command = [os.environ["GLISSADE"], "train", f"{folder}/x.npy", "--target-file", f"{folder}/y.npy", "--validation", f"{folder}/xh.npy",
                   "--validation-target-file", f"{folder}/yh.npy", "--task", "classification", "--loss", "softmax", "--standardize", "off",
                   "--hidden", options.hidden, "--init", "torch", "--schedule", "constant", "--epochs", str(options.epochs),
                   "--batch-size", str(options.batch_size), "--lr", str(options.lr), "--threads", str(options.threads), "--device", "cpu",
                   "--output", f"{folder}/model.safetensors", "--run-dir", f"{folder}/run", "--checkpoint-every", str(10**9), "--quiet", "--json"]
        subprocess.run(command, check=True, stdout=subprocess.PIPE)
        with open(f"{folder}/run/metrics.jsonl") as lines:
            records = [json.loads(line) for line in lines]
    return [(record["seconds"], record["validation"]["loss"], record["validation"]["accuracy"]) for record in records]


def main():
    options = arguments()
    data = rows_of(options)
    peers, notes = {}, {}
    if "sklearn" not in options.without:
        peers["scikit-learn"] = run_sklearn
    if "torch" not in options.without:
        threads = best_threads(options, *data)
        notes["torch_threads"] = threads
        peers[f"PyTorch, {threads} threads"] = lambda *a: run_torch(*a, threads)
        if options.compile:
            peers[f"PyTorch compiled, {threads} threads"] = lambda *a: run_torch(*a, threads, True)
    peers[f"Glissade, {options.threads} threads"] = run_glissade
    curves = {}
    for name, run in peers.items():
        print(f"{name} ...", file=sys.stderr)
        curves[name] = [run(options, *data) for _ in range(options.runs)]
    goal = max(runs[0][-1][1] for runs in curves.values())
    rows = []
    for name, runs in curves.items():
        epoch = [run[-1][0] / len(run) for run in runs]
        reached = [compare.seconds_to([point[:2] for point in run], goal) for run in runs]
        rows.append({"who": name, "epoch_seconds": statistics.median(epoch), "epoch_low": min(epoch), "epoch_high": max(epoch),
                     "loss": runs[0][-1][1], "accuracy": runs[0][-1][2], "seconds_to_goal": None if None in reached else statistics.median(reached)})
    print(f"{len(data[1])} training rows x {data[0].shape[1]} columns, {len(data[3])} held out; hidden {options.hidden}, {options.epochs} epochs, "
          f"batch {options.batch_size}, Adam {options.lr}; goal: held-out loss {goal:.5f}")
    print(f"{'':30} {'s an epoch':>12} {'(low - high)':>19} {'held-out loss':>14} {'accuracy':>9} {'s to the goal':>14}")
    for row in rows:
        reached = "never" if row["seconds_to_goal"] is None else f"{row['seconds_to_goal']:.4f}"
        print(f"{row['who']:30} {row['epoch_seconds']:12.5f} {row['epoch_low']:9.5f} -{row['epoch_high']:8.5f} {row['loss']:14.5f} "
              f"{row['accuracy']:9.4f} {reached:>14}")
    if options.json:
        versions = {"python": platform.python_version(), "numpy": np.__version__}
        for module in ("sklearn", "torch"):
            if module not in options.without:
                versions[module] = __import__(module).__version__
        with open(options.json, "w") as out:
            json.dump({"command": " ".join(sys.argv), "date": time.strftime("%Y-%m-%d"), "machine": compare.cpu_name(), "versions": versions,
                       **notes, "goal": goal, "table": rows}, out, indent=1)


if __name__ == "__main__":
    main()
