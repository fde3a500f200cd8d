#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts what scripts/on_gpu gathered into one JSON file and prints the lines that matter. Usage: report.py PARTS_FOLDER OUT.json"""
import datetime
import json
import pathlib
import sys


def read(path):
    try:
        return json.loads(path.read_text())
    except (OSError, json.JSONDecodeError) as error:
        return {"missing": str(error)}


def gather_rate(calibration, record_bytes):
    """The measured rate of gathering rows of the nearest size that is not larger."""
    sizes = [size for size in (32, 128, 512, 2048) if size <= record_bytes] or [32]
    return calibration.get(f"gather_{sizes[-1]}_byte_rows_gb_a_second", {}).get("median")


def compare(ours, peer, calibration):
    if "missing" in ours:
        return {}
    out = {}
    limit = gather_rate(calibration, ours["record_bytes"])
    if limit:
        out["percent_of_row_gather"] = 100 * ours["gb_a_second"] / limit
    if "graphed" in peer:
        out["times_graphed"] = peer["graphed"]["step_us"] / ours["step_us"]
        out["times_eager"] = peer["eager"]["step_us"] / ours["step_us"]
        out["held_out_loss_ratio"] = ours["held_out_loss"][-1] / peer["graphed"]["held_out_loss"][-1]
    return out


def main():
    parts, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    result = {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "card": (parts / "card.txt").read_text().splitlines(),
        "tests": (parts / "tests.txt").read_text().splitlines()[-3:],
        "compute_sanitizer": (parts / "sanitizer.txt").read_text().splitlines()[-1:],
        "calibration": read(parts / "calibration.json"),
        "training": [],
    }
    for ours_file in sorted(parts.glob("ours.*.json")):
        ours, peer = read(ours_file), read(parts / ours_file.name.replace("ours", "peer"))
        result["training"].append({"ours": ours, "pytorch": peer, "compared": compare(ours, peer, result["calibration"])})
    result["card_afterwards"] = (parts / "card_afterwards.txt").read_text().splitlines()
    out.write_text(json.dumps(result, indent=1) + "\n")
    for line in result["card"] + result["tests"] + result["compute_sanitizer"]:
        print(line)
    for entry in result["training"]:
        ours = entry["ours"]
        if "missing" in ours:
            print("training failed:", ours["missing"])
            continue
        line = f"{ours['rows']} x {ours['columns']}, batch {ours['batch']}: {ours['step_us']:.3g} us a step, {ours['gb_a_second']:.4g} GB/s"
        print(line + "".join(f", {name} {value:.4g}" for name, value in entry["compared"].items()))
    print("written:", out)


if __name__ == "__main__":
    main()
