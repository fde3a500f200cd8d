# SPDX-License-Identifier: Apache-2.0
"""Trains scikit-learn's SGDClassifier, Vowpal Wabbit and Glissade on the same generated sparse rows and prints one table.

Columns follow Zipf's law (bench/sparse_bench); the last fifth of the rows is held out. Timed is training alone; Glissade's seconds contain
the evaluation of the held-out rows after each epoch, the others' do not. Vowpal Wabbit reads its own cache file, written before.
Needs what sparse_requirements.txt names, and a built sparse_bench."""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time

import numpy as np
import scipy.sparse
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss


def arguments():
    parser = argparse.ArgumentParser(prog="sparse_compare", description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--log2-columns", type=int, default=20)
    parser.add_argument("--nonzeros", type=int, default=39)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 1024])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--optimizer", nargs="+", default=["adagrad", "sgd"])
    parser.add_argument("--json", help="write the figures here too")
    parser.add_argument("--bench", default=os.environ.get("SPARSE_BENCH", "build/cpu/bench/sparse_bench"))
    return parser.parse_args()


def run_glissade(options, folder):
    out = os.path.join(folder, "glissade.json")
    command = [options.bench, "--json", out, "--rows", str(options.rows), "--log2-columns", str(options.log2_columns), "--nonzeros", str(options.nonzeros),
               "--epochs", str(options.epochs), "--threads", str(options.threads), "--peers", folder]
    for batch in options.batch:
        command += ["--batch", str(batch)]
    for optimizer in options.optimizer:
        command += ["--optimizer", optimizer]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with open(out) as file:
        runs = json.load(file)["runs"]
    return [{"who": f"Glissade, {run['optimizer']}, batch {run['batch']}", "epochs": run["epochs"]} for run in runs]


def read_rows(options, folder):
    part = lambda name, kind: np.fromfile(os.path.join(folder, name), kind)
    offsets, indices = part("offsets.i64", np.int64), part("indices.u32", np.uint32).astype(np.int32)
    x = scipy.sparse.csr_matrix((part("values.f32", np.float32), indices, offsets), shape=(options.rows, 1 << options.log2_columns))
    train = options.rows - options.rows // 5
    y = part("targets.f32", np.float32)
    return x[:train], y[:train], x[train:], y[train:]


def run_sklearn(options, x, y, held_x, held_y):
    """One epoch a call, plain constant-rate steps of one row."""
    model = SGDClassifier(loss="log_loss", alpha=0, penalty=None, learning_rate="constant", eta0=0.02, random_state=0)
    x, held_x = x.astype(np.float64), held_x.astype(np.float64)
    random, seconds, epochs = np.random.default_rng(0), 0.0, []
    for _ in range(options.epochs):
        order = random.permutation(x.shape[0])
        shuffled, labels = x[order], y[order]
        start = time.perf_counter()
        model.partial_fit(shuffled, labels, classes=[0, 1])
        seconds += time.perf_counter() - start
        epochs.append({"seconds": seconds, "loss": log_loss(held_y, model.predict_proba(held_x))})
    return {"who": "scikit-learn SGDClassifier, batch 1", "epochs": epochs}


def write_vw(path, x, y):
    with open(path, "w") as file:
        for r in range(x.shape[0]):
            begin, end = x.indptr[r], x.indptr[r + 1]
            file.write("1 |" if y[r] > 0 else "-1 |")
            file.writelines(f" {j}:{v:.6g}" for j, v in zip(x.indices[begin:end], x.data[begin:end]))
            file.write("\n")


def run_command(vowpalwabbit, arguments):
    workspace = vowpalwabbit.Workspace(arguments)
    if not getattr(workspace, "parser_ran", False):
        workspace.run_parser()
    workspace.finish()


def run_vw(options, folder, x, y, held_x, held_y):
    """Its defaults (adaptive, normalised, invariant steps) with logistic loss, from its cache; one run an epoch count."""
    import vowpalwabbit

    train, held, cache = (os.path.join(folder, name) for name in ("train.vw", "held.vw", "train.cache"))
    write_vw(train, x, y)
    write_vw(held, held_x, held_y)
    base = f"--loss_function logistic -b {options.log2_columns} --quiet"
    run_command(vowpalwabbit, f"{base} -d {train} --cache_file {cache} -k")
    epochs = []
    for passes in range(1, options.epochs + 1):
        start = time.perf_counter()
        model = os.path.join(folder, "vw.model")
        run_command(vowpalwabbit, f"{base} --holdout_off -d {train} --cache_file {cache} --passes {passes} -f {model}")
        seconds = time.perf_counter() - start
        scores = os.path.join(folder, "vw.scores")
        run_command(vowpalwabbit, f"-t -i {model} -d {held} --link logistic -p {scores} --quiet")
        epochs.append({"seconds": seconds, "loss": log_loss(held_y, np.loadtxt(scores))})
    return {"who": f"Vowpal Wabbit {vowpalwabbit.__version__}, batch 1", "epochs": epochs}


def machine():
    with open("/proc/cpuinfo") as file:
        names = re.findall(r"model name\s*: (.*)", file.read())
    return names[0] if names else platform.processor()


def main():
    options = arguments()
    with tempfile.TemporaryDirectory() as folder:
        results = run_glissade(options, folder)
        x, y, held_x, held_y = read_rows(options, folder)
        results.append(run_sklearn(options, x, y, held_x, held_y))
        results.append(run_vw(options, folder, x, y, held_x, held_y))
    nonzeros = int(x.nnz)
    for result in results:
        for number, epoch in enumerate(result["epochs"], 1):
            print(f"{result['who']:45} epoch {number}  {epoch['seconds']:8.3f} s  held-out log loss {epoch['loss']:.5f}")
        result["ns_a_nonzero"] = result["epochs"][-1]["seconds"] / options.epochs / nonzeros * 1e9
        print(f"{result['who']:45} {result['ns_a_nonzero']:.2f} ns a nonzero")
    if options.json:
        report = {"bench": "sparse_compare", "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "machine": machine(), "processors": os.cpu_count(),
                  "command": " ".join(sys.argv), "rows": options.rows, "columns": 1 << options.log2_columns, "nonzeros_a_row": options.nonzeros, "results": results}
        with open(options.json, "w") as file:
            json.dump(report, file, indent=1)


if __name__ == "__main__":
    main()
