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


def compare(run, peers, card):
    """`card`: the figures of the calibration whose gathered rows are of that size, if there are."""
    out = {}
    gather = card.get("gather_bytes_per_second", {}).get("median")
    if gather and card["gather_row_bytes"] == run["record_bytes"]:
        out["percent_of_row_gather"] = 100 * run["gb_a_second"] * 1e9 / gather
    peer = next((p for p in peers if p["batch"] == run["batch"]), None)
    if peer:
        # A peer trains one model: so many of its runs stand against one of ours.
        out["times_graphed"] = run["members"] * peer["graphed"]["step_us"] / run["step_us"]
        out["times_eager"] = run["members"] * peer["eager"]["step_us"] / run["step_us"]
        out["held_out_loss_ratio"] = run["held_out_loss"][-1] / peer["graphed"]["held_out_loss"][-1]
    return out


def main():
    parts, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    result = {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "card": (parts / "card.txt").read_text().splitlines(),
        "cublaslt": read(parts / "cublaslt.json"),
        "tests": (parts / "tests.txt").read_text().splitlines()[-3:],
        "compute_sanitizer": (parts / "sanitizer.txt").read_text().splitlines()[-1:],
        "training": [],
    }
    for ours_file in sorted(parts.glob("ours.*.json")):
        ours, peer, calibration = (read(parts / ours_file.name.replace("ours", kind)) for kind in ("ours", "peer", "calibration"))
        card = calibration.get("cards", [{}])[0]
        for run in ours.get("runs", []):
            run["compared"] = compare(run, peer.get("runs", []), card)
        result["training"].append({"ours": ours, "pytorch": peer, "calibration": calibration})
    result["sparse"] = read(parts / "sparse.json")
    result["card_afterwards"] = (parts / "card_afterwards.txt").read_text().splitlines()
    out.write_text(json.dumps(result, indent=1) + "\n")
    cublaslt = result["cublaslt"]
    print("cuBLASLt:", cublaslt.get("missing") or f"{cublaslt['library']} {cublaslt['version']}, " + (cublaslt["folder"] or "on the linker's paths"))
    for line in result["card"] + result["tests"] + result["compute_sanitizer"]:
        print(line)
    for entry in result["training"]:
        ours = entry["ours"]
        if "missing" in ours:
            print("training failed:", ours["missing"])
            continue
        for run in ours["runs"]:
            layers = " x ".join(map(str, ours["layers"]))
            line = f"{ours['rows']} x {ours['columns']} to {layers}, batch {run['batch'] or 'full'}, {run['members']} members: {run['step_us']:.3g} us a step"
            line += f" (predicted {run['predicted_step_us']:.3g}), {run['gb_a_second']:.4g} GB/s"
            print(line + "".join(f", {name} {value:.4g}" for name, value in run["compared"].items()))
    if "missing" in result["sparse"]:
        print("sparse training failed:", result["sparse"]["missing"])
    for run in result["sparse"].get("runs", []):
        print(f"sparse, {run['optimizer']}, batch {run['batch']}: {run['rows_a_second']:.4g} rows/s, {run['ns_a_nonzero']:.3g} ns a nonzero, "
              f"{run['step_us']:.3g} us a step (predicted {run['predicted_step_us']:.3g})")
    print("written:", out)


if __name__ == "__main__":
    main()
