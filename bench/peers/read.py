# SPDX-License-Identifier: Apache-2.0
"""Reads the same files with Glissade and its peers, each on one processor, and prints megabytes (of uncompressed file) a second
of processor time, which says what a core is worth also on a machine that others use.

Everyone begins with a warm page cache and ends with its own table in memory: pandas, Polars and pyarrow with a frame of typed columns,
scikit-learn with a CSR matrix, XGBoost with a DMatrix, NumPy with an array, Glissade with its table ("table") and with a data set ready to
train on ("dataset"). A peer runs in a process of its own, so that none sees another's threads or memory."""

import argparse
import importlib.metadata
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time


def read_pandas(path):
    import pandas

    pandas.read_csv(path)


def read_polars(path):
    import polars

    polars.read_csv(path)


def read_pyarrow(path):
    import pyarrow.csv

    pyarrow.csv.read_csv(path, read_options=pyarrow.csv.ReadOptions(use_threads=False))


def read_sklearn(path):
    from sklearn.datasets import load_svmlight_file

    load_svmlight_file(path)


def read_xgboost(path):
    import xgboost

    xgboost.DMatrix(path + "?format=libsvm", nthread=1, silent=True)


def read_numpy(path):
    import numpy

    numpy.load(path)


tables = {"pandas": read_pandas, "polars": read_polars, "pyarrow": read_pyarrow}
peers = {"numeric.csv": tables, "numeric.csv.gz": tables, "mixed.csv": tables,
         "sparse.libsvm": {"scikit-learn": read_sklearn, "xgboost": read_xgboost}, "dense.npy": {"numpy": read_numpy}}


def arguments():
    parser = argparse.ArgumentParser(prog="read", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--runs", type=int, default=3, help="runs of each; the median counts")
    parser.add_argument("--json", help="write the figures here too")
    parser.add_argument("--keep", help="keep the files in this directory, and use those that are there")
    parser.add_argument("--peer", nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


def time_peer(name, path, runs):
    """Prints the seconds of each run; a first, untimed call loads the library and the file."""
    read = peers[os.path.basename(path)][name]
    read(path)
    for _ in range(runs):
        began = time.process_time()
        read(path)
        print(time.process_time() - began)


def one_processor(command, **more):
    processor = str(min(os.sched_getaffinity(0)))
    environment = dict(os.environ, POLARS_MAX_THREADS="1", OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    return subprocess.run(["taskset", "-c", processor, *command], check=True, stdout=subprocess.PIPE, text=True, env=environment, **more).stdout


def measure(folder, runs):
    rows = []
    files = [f"{folder}/{name}" for name in peers]
    for line in one_processor([os.environ["READ_BENCH"], *files, "--runs", str(runs)]).splitlines():
        figure = json.loads(line)
        rows.append({"file": figure["file"], "who": f"glissade, {figure['what']}", "seconds": figure["median_seconds"], "bytes": figure["bytes"]})
    sizes = {row["file"]: row["bytes"] for row in rows}
    for path in files:
        for name in peers[os.path.basename(path)]:
            print(f"{name} reads {os.path.basename(path)} ...", file=sys.stderr)
            seconds = one_processor([sys.executable, __file__, "--peer", name, path, "--runs", str(runs)], stderr=subprocess.DEVNULL).split()
            file = os.path.basename(path)
            rows.append({"file": file, "who": name, "seconds": statistics.median(map(float, seconds)), "bytes": sizes[file]})
    for row in rows:
        row["megabytes_a_second"] = round(row["bytes"] / row["seconds"] / 1e6, 1)
    return rows


def prepare(folder, megabytes):
    if not os.path.exists(f"{folder}/dense.npy"):
        subprocess.run([os.environ["READ_BENCH"], "--generate", folder, "--megabytes", str(megabytes)], check=True)
    if not os.path.exists(f"{folder}/numeric.csv.gz"):
        subprocess.run(["gzip", "-k", f"{folder}/numeric.csv"], check=True)


def cpu_name():
    with open("/proc/cpuinfo") as lines:
        name = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    return f"{name}, {os.cpu_count()} processors"


def main():
    options = arguments()
    if options.peer:
        return time_peer(*options.peer, options.runs)
    folder = options.keep or tempfile.mkdtemp(prefix="glissade-read-")
    try:
        prepare(folder, options.megabytes)
        rows = measure(folder, options.runs)
    finally:
        if not options.keep:
            shutil.rmtree(folder)
    rows.sort(key=lambda row: (list(peers).index(row["file"]), row["seconds"]))
    print(f"{'file':16} {'who':20} {'MB/s':>8} {'seconds':>8}")
    for row in rows:
        print(f"{row['file']:16} {row['who']:20} {row['megabytes_a_second']:8.1f} {row['seconds']:8.3f}")
    if options.json:
        versions = {name: importlib.metadata.version(name) for name in ("numpy", "pandas", "polars", "pyarrow", "scikit-learn", "xgboost")}
        with open(options.json, "w") as out:
            json.dump({"bench": "read_bench", "date": time.strftime("%Y-%m-%d"), "machine": cpu_name(), "command": "bench/peers/" + " ".join(
                ["read"] + sys.argv[1:]), "versions": {"python": platform.python_version(), **versions}, "table": rows}, out, indent=1)


if __name__ == "__main__":
    main()
