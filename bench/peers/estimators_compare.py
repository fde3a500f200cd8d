# SPDX-License-Identifier: Apache-2.0
"""Puts Glissade's SGDClassifier and MLPClassifier beside scikit-learn's own, as a program that changes one import has them: seconds to the
same held-out loss, an epoch a call of partial_fit, float32 rows.

Cases: linear (1M x 28), wide (200k x 512), sparse (200k rows of 39 nonzeros in 2^18 columns, Zipf) and network (Fashion-MNIST, Debian's
dataset-fashion-mnist, hidden 128). --scale takes a share of the rows. scikit-learn's SGDClassifier has no batches: it takes a row a step, and is
compared with both of ours. Wants the package (PYTHONPATH=build/cpu/python, or pip install .)."""

import argparse
import json
import os
import platform
import statistics
import sys
import time

import compare
import glissade
import numpy as np
import scipy.sparse
import sklearn
from sklearn import linear_model, neural_network

CASES = ("linear", "wide", "sparse", "network")
SECONDS_OF_BLAS = 0.2  # threads of NumPy's matrix products keep their processors busy for a while after each prediction


def arguments():
    parser = argparse.ArgumentParser(prog="estimators_compare", description=__doc__)
    parser.add_argument("--case", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--scale", type=float, default=1.0, help="share of the rows of each case")
    parser.add_argument("--batch-size", type=int, nargs="+", default=[1024, 1])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--runs", type=int, default=3, help="runs of each; the median counts")
    parser.add_argument("--minutes", type=float, default=15.0, help="bound of all cases together, shared out evenly to the learners: past its share a "
                        "learner begins no further epoch but its first, and the table says how many it had")
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall", help="cpu: processor time, on a machine that does other things too")
    parser.add_argument("--folder", default="/usr/share/datasets/fashion-mnist")
    parser.add_argument("--json", help="write the figures here too")
    return parser.parse_args()


def dense_rows(rows, columns):
    random = np.random.default_rng(0)
    x = random.standard_normal((rows, columns), np.float32)
    score = x @ random.standard_normal(columns).astype(np.float32) / np.sqrt(columns) * 2
    return x, (score + random.logistic(size=rows) > 0).astype(np.int64)


def sparse_rows(rows, nonzeros=39, columns=1 << 18):
    random = np.random.default_rng(0)
    indices = np.minimum(random.zipf(1.3, (rows, nonzeros)) - 1, columns - 1).astype(np.int32)
    indices.sort(axis=1)
    offsets = np.arange(0, rows * nonzeros + 1, nonzeros)
    x = scipy.sparse.csr_matrix((np.ones(rows * nonzeros, np.float32), indices.ravel(), offsets), shape=(rows, columns))
    x.sum_duplicates()
    score = x @ random.standard_normal(columns).astype(np.float32)
    return x, (score - np.median(score) + 2 * random.logistic(size=rows) > 0).astype(np.int64)


def data_of(case, options):
    """Rows and labels to train on, then those held out."""
    if case == "network":
        from mlp_compare import rows_of

        x, y, held, held_y = rows_of(argparse.Namespace(generate=None, folder=options.folder))
        keep = int(len(y) * options.scale)
        return x[:keep], y[:keep], held, held_y
    shapes = {"linear": (1_000_000, 28), "wide": (200_000, 512), "sparse": (200_000,)}[case]
    x, y = (sparse_rows if case == "sparse" else dense_rows)(int(shapes[0] * options.scale), *shapes[1:])
    train = x.shape[0] - x.shape[0] // 5
    return x[:train], y[:train], x[train:], y[train:]


def learners_of(case, options):
    """Name and maker of each: the same settings on both sides but for the batch."""
    if case == "network":
        settings = {"hidden_layer_sizes": (128,), "learning_rate_init": 1e-3, "random_state": 0}
        return [
            (f"{who}, batch {batch}", lambda make=make, batch=batch: make(batch_size=batch, **settings))
            for batch in options.batch_size
            for who, make in (("scikit-learn", neural_network.MLPClassifier), ("Glissade", glissade.MLPClassifier))
        ]
    # Sparse rows without a penalty: adagrad with one has every step run over all columns.
    penalty = None if case == "sparse" else "l2"
    plain = {"loss": "log_loss", "penalty": penalty, "alpha": 1e-6, "random_state": 0, "learning_rate": "constant", "eta0": 0.01}
    learners = [("scikit-learn, row by row", lambda: linear_model.SGDClassifier(**plain))]
    for batch in options.batch_size:
        # A step of many rows wants another rate than that of a row: rules that find their own, on sparse rows one that touches only a batch's columns.
        own = {} if batch == 1 else {"optimizer": "adagrad", "eta0": 0.1} if case == "sparse" else {"optimizer": "adam"}
        name = f"Glissade, batch {batch}" + (", " + own["optimizer"] if own else "")
        learners.append((name, lambda settings={**plain, **own, "batch_size": batch}: glissade.SGDClassifier(**settings)))
    return learners


def curve_of(make, data, options, end):
    """Seconds of training so far and held-out loss after each epoch. None but the first begins after `end`, by the wall's clock."""
    x, y, held, held_y = data
    clock = time.process_time if options.clock == "cpu" else time.perf_counter
    model, classes, seconds, curve = make(), np.unique(y), 0.0, []
    for epoch in range(options.epochs):
        if epoch and time.monotonic() > end:
            break
        time.sleep(SECONDS_OF_BLAS)
        begin = clock()
        model.partial_fit(x, y, classes=classes)
        seconds += clock() - begin
        p = np.clip(np.asarray(model.predict_proba(held), np.float64)[np.arange(len(held_y)), np.searchsorted(classes, held_y)], 1e-15, 1)
        curve.append((seconds, float(-np.mean(np.log(p)))))
    return curve


def runs_of(make, data, options, seconds):
    """Curves of a learner, for these seconds at most but for the epoch that goes on when they end."""
    end, runs = time.monotonic() + seconds, []
    while not runs or (len(runs) < options.runs and time.monotonic() < end):
        runs.append(curve_of(make, data, options, end))
    return [run for run in runs if len(run) == len(runs[0])]


def measure(case, options, seconds):
    data = data_of(case, options)
    rows = []
    curves = {}
    for name, make in learners_of(case, options):
        print(f"{case}: {name} ...", file=sys.stderr)
        curves[name] = runs_of(make, data, options, seconds)
    goal = max(min(loss for _, loss in runs[0]) for runs in curves.values())
    for name, runs in curves.items():
        epochs = [run[-1][0] / len(run) for run in runs]
        reached = [compare.seconds_to(run, goal) for run in runs]
        rows.append({"who": name, "epoch_seconds": statistics.median(epochs), "epoch_low": min(epochs), "epoch_high": max(epochs), "loss": runs[0][-1][1],
                     "epochs": len(runs[0]), "runs": len(runs),
                     "seconds_to_goal": None if None in reached else statistics.median(reached)})
    shape = f"{data[0].shape[0]} x {data[0].shape[1]}"
    print(f"{case}: {shape}, {data[2].shape[0]} held out, {options.epochs} epochs at most and {seconds:.0f} s a learner, {options.clock} seconds; goal: held-out loss {goal:.5f}")
    print(f"{'':30} {'s an epoch':>12} {'(low - high)':>21} {'held-out loss':>14} {'s to the goal':>14} {'epochs':>7} {'runs':>5}")
    for row in rows:
        reached = "never" if row["seconds_to_goal"] is None else f"{row['seconds_to_goal']:.4f}"
        print(f"{row['who']:30} {row['epoch_seconds']:12.5f} {row['epoch_low']:10.5f} -{row['epoch_high']:9.5f} {row['loss']:14.5f} {reached:>14} {row['epochs']:7} {row['runs']:5}")
    return {"case": case, "shape": shape, "goal": goal, "table": rows}


def main():
    options = arguments()
    learners = sum(len(learners_of(case, options)) for case in options.case)
    tables = [measure(case, options, 60 * options.minutes / learners) for case in options.case]
    if options.json:
        versions = {"python": platform.python_version(), "numpy": np.__version__, "sklearn": sklearn.__version__, "glissade": glissade.__version__}
        with open(options.json, "w") as out:
            json.dump({"command": " ".join(sys.argv), "date": time.strftime("%Y-%m-%d"), "machine": compare.cpu_name(), "processors": os.cpu_count(),
                       "clock": options.clock, "scale": options.scale, "minutes": options.minutes, "versions": versions, "cases": tables}, out, indent=1)


if __name__ == "__main__":
    main()
