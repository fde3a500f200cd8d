# SPDX-License-Identifier: Apache-2.0
"""Trains scikit-learn, PyTorch (CPU) and Glissade on the same rows of one file and prints one table.

Everyone gets the same float32 matrix: text columns one-hot, real columns standardised over the training rows, every fifth row held out.
Timed is training alone: no reading, no preparation, no first-call costs, no evaluation."""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import pandas as pd


def arguments():
    parser = argparse.ArgumentParser(prog="compare", description=__doc__)
    parser.add_argument("data", nargs="?", help="csv (gzip allowed), with a header or --no-header")
    parser.add_argument("--generate", metavar="ROWSxCOLUMNS", help="instead of a file: normal columns, two noisy classes")
    parser.add_argument("--target", help="name or 0-based index of the target column; -1 is the last")
    parser.add_argument("--no-header", action="store_true")
    parser.add_argument("--delimiter", default=",")
    parser.add_argument("--na", action="append", default=["?"], help="cells that mean missing; rows with one are left out")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch-size", type=int, default=1024)
    parser.add_argument("--lr", type=float, default=0.01)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--runs", type=int, default=3, help="runs of each; the median counts")
    parser.add_argument("--json", help="write the figures here too")
    parser.add_argument("--without", action="append", default=[], choices=["torch"])
    options = parser.parse_args()
    if bool(options.data) == bool(options.generate) or (options.data and options.target is None):
        parser.error("give a file with --target, or --generate ROWSxCOLUMNS")
    return options


def generate(shape):
    """As prepare, for data with a known kind of answer: logistic in the columns, with noise."""
    rows, columns = map(int, shape.split("x"))
    random = np.random.default_rng(0)
    x = random.standard_normal((rows, columns), np.float32)
    y = (x @ random.standard_normal(columns, np.float32) + 2 * random.standard_normal(rows, np.float32) > 0).astype(np.float32)
    held = np.arange(rows) % 5 == 0
    return x[~held], y[~held], x[held], y[held], True


def prepare(options):
    """Returns x, y of the training rows, x, y of the held-out rows, and whether the target is a class."""
    table = pd.read_csv(options.data, header=None if options.no_header else "infer", sep=options.delimiter, na_values=options.na, skipinitialspace=True)
    columns = list(table.columns)
    target = options.target if options.target in columns else columns[int(options.target)]
    table = table.dropna()
    y = table.pop(target)
    classes = y.dtype == object or (y.nunique() <= 20 and (y == np.floor(y)).all())
    y = np.unique(y, return_inverse=True)[1].astype(np.float32) if classes else y.to_numpy(np.float32)
    x = pd.get_dummies(table).to_numpy(np.float64)
    held = np.arange(len(y)) % 5 == 0
    real = ~np.isin(x, (0, 1)).all(axis=0)
    mean, deviation = x[~held].mean(0), x[~held].std(0)
    x[:, real] = (x[:, real] - mean[real]) / np.where(deviation[real] > 0, deviation[real], 1)
    if not classes:
        y = (y - y[~held].mean()) / y[~held].std()
    x = np.ascontiguousarray(x, np.float32)
    return x[~held], y[~held], x[held], y[held], classes


def held_out_loss(scores, y, classes):
    """Mean log loss, or half the mean squared error, in double precision; scores has one column, or one a class."""
    scores = np.asarray(scores, np.float64)
    if not classes:
        return float(np.mean((scores.ravel() - y) ** 2) / 2)
    if scores.ndim == 1 or scores.shape[1] == 1:
        z = scores.ravel()
        return float(np.mean(np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))))
    top = scores.max(1)
    return float(np.mean(top + np.log(np.exp(scores - top[:, None]).sum(1)) - scores[np.arange(len(y)), y.astype(int)]))


def run_sklearn(options, x, y, xh, yh, classes):
    from sklearn.linear_model import SGDClassifier, SGDRegressor

    model = SGDClassifier(loss="log_loss", n_jobs=options.threads) if classes else SGDRegressor()
    model.shuffle = True
    model.random_state = 0
    labels = {"classes": np.unique(y)} if classes else {}
    curve, seconds = [], 0.0
    for _ in range(options.epochs):
        began = time.perf_counter()
        model.partial_fit(x, y, **labels)
        seconds += time.perf_counter() - began
        if classes and len(model.classes_) > 2:  # one-vs-rest: its own normalised probabilities
            p = np.clip(model.predict_proba(xh), 1e-15, 1)
            loss = float(-np.mean(np.log(p[np.arange(len(yh)), yh.astype(int)])))
        else:
            loss = held_out_loss(model.decision_function(xh) if classes else model.predict(xh), yh, classes)
        curve.append((seconds, loss))
    return curve


def run_torch(options, x, y, xh, yh, classes):
    import torch

    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    outputs = int(y.max()) + 1 if classes and y.max() > 1 else 1
    model = torch.nn.Linear(x.shape[1], outputs)
    torch.nn.init.zeros_(model.weight)
    torch.nn.init.zeros_(model.bias)
    optimizer = torch.optim.Adam(model.parameters(), lr=options.lr)
    steps = options.epochs * -(-len(y) // options.batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    tx, ty, txh = torch.from_numpy(x), torch.from_numpy(y if outputs == 1 else y.astype(np.int64)), torch.from_numpy(xh)
    kind = torch.nn.functional
    curve, seconds = [], 0.0
    for _ in range(options.epochs):
        began = time.perf_counter()
        order = torch.randperm(len(ty))
        for first in range(0, len(ty), options.batch_size):
            rows = order[first : first + options.batch_size]
            scores = model(tx[rows])
            if not classes:
                loss = kind.mse_loss(scores[:, 0], ty[rows]) / 2
            elif outputs == 1:
                loss = kind.binary_cross_entropy_with_logits(scores[:, 0], ty[rows])
            else:
                loss = kind.cross_entropy(scores, ty[rows])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
        seconds += time.perf_counter() - began
        with torch.no_grad():
            curve.append((seconds, held_out_loss(model(txh).numpy(), yh, classes)))
    return curve


def run_glissade(options, x, y, xh, yh, classes):
    """The program reports training seconds itself, epoch by epoch, evaluation included: the others are timed without it."""
    with tempfile.TemporaryDirectory() as folder:
        for name, value in (("x", x), ("y", y), ("xh", xh), ("yh", yh)):
            np.save(f"{folder}/{name}.npy", value)
        command = [os.environ["GLISSADE"], "train", f"{folder}/x.npy", "--target-file", f"{folder}/y.npy", "--validation", f"{folder}/xh.npy",
                   "--validation-target-file", f"{folder}/yh.npy", "--task", "classification" if classes else "regression", "--standardize", "off",
                   "--standardize-target", "off", "--epochs", str(options.epochs), "--batch-size", str(options.batch_size), "--lr", str(options.lr),
                   "--threads", str(options.threads), "--device", "cpu", "--output", f"{folder}/model.safetensors", "--run-dir", f"{folder}/run", "--checkpoint-every",
                   str(10**9), "--quiet", "--json"]
        subprocess.run(command, check=True, stdout=subprocess.PIPE)
        with open(f"{folder}/run/metrics.jsonl") as lines:
            records = [json.loads(line) for line in lines]
    return [(record["seconds"], record["validation"]["loss"]) for record in records]


def seconds_to(curve, loss):
    """Seconds until the held-out loss is within a thousandth of `loss`; None if it never is."""
    return next((seconds for seconds, value in curve if value <= loss * 1.001), None)


def main():
    options = arguments()
    x, y, xh, yh, classes = generate(options.generate) if options.generate else prepare(options)
    peers = {"scikit-learn SGD": run_sklearn, "PyTorch Adam": run_torch, "Glissade Adam": run_glissade}
    if "torch" in options.without:
        del peers["PyTorch Adam"]
    curves = {}
    for name, run in peers.items():
        print(f"{name} ...", file=sys.stderr)
        curves[name] = [run(options, x, y, xh, yh, classes) for _ in range(options.runs)]
    goal = curves["scikit-learn SGD"][0][-1][1]
    rows = []
    for name, runs in curves.items():
        epoch = [run[-1][0] / len(run) for run in runs]
        reached = [seconds_to(run, goal) for run in runs]
        rows.append({"who": name, "epoch_seconds": statistics.median(epoch), "epoch_low": min(epoch), "epoch_high": max(epoch), "loss": runs[0][-1][1],
                     "seconds_to_goal": None if None in reached else statistics.median(reached)})
    print(f"{len(y)} training rows x {x.shape[1]} columns, {len(yh)} held out; {options.epochs} epochs, batch {options.batch_size} (scikit-learn: 1), "
          f"{options.threads} threads; goal: held-out loss {goal:.5f}")
    print(f"{'':18} {'s an epoch':>12} {'(low - high)':>19} {'held-out loss':>14} {'s to the goal':>14}")
    for row in rows:
        reached = "never" if row["seconds_to_goal"] is None else f"{row['seconds_to_goal']:.4f}"
        print(f"{row['who']:18} {row['epoch_seconds']:12.5f} {row['epoch_low']:9.5f} -{row['epoch_high']:8.5f} {row['loss']:14.5f} {reached:>14}")
    if options.json:
        import sklearn

        versions = {"python": platform.python_version(), "numpy": np.__version__, "scikit-learn": sklearn.__version__}
        if "PyTorch Adam" in peers:
            import torch

            versions["torch"] = torch.__version__
        with open(options.json, "w") as out:
            json.dump({"command": " ".join(sys.argv), "date": time.strftime("%Y-%m-%d"), "machine": cpu_name(), "versions": versions, "rows": len(y),
                       "columns": x.shape[1], "goal": goal, "table": rows}, out, indent=1)


def cpu_name():
    with open("/proc/cpuinfo") as lines:
        name = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    return f"{name}, {os.cpu_count()} processors"


if __name__ == "__main__":
    main()
