#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tensorboard package reads our event files and finds in them what metrics.jsonl says. Argument: the program."""

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def check(condition, what):
    if not condition:
        sys.exit(f"FAILED: {what}")


def run(program, folder, *words, code=0):
    done = subprocess.run([program, *words], cwd=folder, capture_output=True, text=True)
    check(done.returncode == code, f"glissade {' '.join(words)}: {done.returncode}, {done.stderr}")
    return done.stderr


def scalars(folder):
    events = EventAccumulator(str(folder))
    events.Reload()
    return {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def expected(run_folder, member):
    """The same of metrics.jsonl; TensorBoard's numbers are of single precision."""
    wanted = {}
    for line in (run_folder / "metrics.jsonl").read_text().splitlines():
        epoch = json.loads(line)
        if epoch["member"] != member:
            continue
        values = {"loss/train": epoch["loss"], "lr": epoch["lr"]}
        for name, value in epoch.get("validation", {}).items():
            if name != "rows":
                values["loss/validation" if name == "loss" else f"validation/{name}"] = value
        for tag, value in values.items():
            wanted.setdefault(tag, []).append((epoch["step"], float(np.float32(value))))
    return wanted


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = random.Random(1)
        points = [(source.random(), source.random()) for _ in range(300)]
        (folder / "points.csv").write_text("a,b,y\n" + "".join(f"{a},{b},{int(a + b > 1)}\n" for a, b in points))
        common = ["train", "points.csv", "--target", "y", "--quiet", "--validation-fraction", "0.2"]

        run(program, folder, *common, "--epochs", "4", "--run-dir", "one", "--tensorboard")
        got = scalars(folder / "one/tensorboard")
        check({"loss/train", "loss/validation", "validation/accuracy", "lr"} <= set(got), f"tags {set(got)}")
        check(got == expected(folder / "one", 0), f"{got} instead of {expected(folder / 'one', 0)}")
        check(len(got["lr"]) == 4, f"{got['lr']}")

        run(program, folder, "train", "--resume", "one", "--epochs", "6", "--quiet")
        got = scalars(folder / "one/tensorboard")
        check(got == expected(folder / "one", 0) and len(got["lr"]) == 6, f"after resuming: {got}")

        run(program, folder, *common, "--epochs", "3", "--run-dir", "two", "--lr", "0.1,0.01", "--tensorboard=board")
        for member, rate in enumerate(("lr 0.1", "lr 0.01")):
            got = scalars(folder / "board" / rate)
            check(got == expected(folder / "two", member), f"{rate}: {got}")

        message = run(program, folder, *common, "--tensorboard=board", code=2)
        check("--overwrite" in message, message)
        run(program, folder, *common, "--epochs", "2", "--run-dir", "two", "--tensorboard=board", "--overwrite")
        check(scalars(folder / "board") == expected(folder / "two", 0), "after overwriting")
        check(not list((folder / "board/lr 0.1").iterdir()), "event files of the earlier run are still there")
        message = run(program, folder, *common, "--tensorboard", code=2)
        check("--run-dir" in message, message)


main()
