#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts what scripts/on_gpu gathered into one JSON file and prints the lines that matter. Usage: report.py PARTS_FOLDER OUT.json"""
import datetime
import json
import pathlib
import sys


def read(path):
    """A JSON object, or the last of several, a line each; of a program that was ended, what stood in the file by then."""
    try:
        text = path.read_text()
    except OSError as error:
        return {"missing": str(error)}
    lines = text.splitlines()
    fault = ""
    for candidate, unfinished in ((text, False), (text + "\n]}", True), *((line, False) for line in lines[-1:]), *((line, True) for line in lines[-2:-1])):
        try:
            return {**json.loads(candidate), **({"unfinished": True} if unfinished else {})}
        except (json.JSONDecodeError, TypeError) as error:
            fault = fault or str(error)
    return {"missing": fault}


def tests_of(parts):
    """Which tests failed, and which one ran when the program ended, if it ended amid one."""
    lines = (parts / "tests.txt").read_text(errors="replace").splitlines() if (parts / "tests.txt").exists() else []
    status = (parts / "tests.txt.status").read_text().strip() if (parts / "tests.txt.status").exists() else "it was not run"
    failed, running = [], None
    for line in lines:
        tag, name = line[:12], line[12:].split(" (")[0].split(",")[0].strip()
        if tag == "[ RUN      ]":
            running = name
        elif tag in ("[       OK ]", "[  SKIPPED ]", "[  FAILED  ]") and name == running:
            running = None
            if tag == "[  FAILED  ]":
                failed.append(name)
    return {"status": status, "failed": failed, "ended_within": running, "last_lines": lines[-3:]}


def compare(run, peers, card):
    """`card`: the figures of the calibration whose gathered rows are of that size, if there are. Rows in file order are held against reading, others against gathering rows;
    rates of both count the bytes of a record."""
    out = {}
    rate = run["gb_a_second"] * 1e9
    if run["order"] == "file":
        if card.get("read_bytes_per_second", {}).get("median"):
            out["percent_of_read"] = 100 * rate / card["read_bytes_per_second"]["median"]
    elif card.get("gather_bytes_per_second", {}).get("median") and card["gather_row_bytes"] == run["record_bytes"]:
        out["percent_of_row_gather"] = 100 * rate / card["gather_bytes_per_second"]["median"]
    if run["storage"] != "float32":
        return out  # PyTorch trains on that
    peer = next((p for p in peers if (p["batch"], p["order"]) == (run["batch"], run["order"])), {})
    for way in ("compiled_graphed", "graphed", "eager"):
        if "step_us" in peer.get(way, {}):
            # A peer trains one model: so many of its runs stand against one of ours.
            out[f"times_{way}"] = run["members"] * peer[way]["step_us"] / run["step_us"]
        elif peer:
            out[f"no_{way}"] = peer.get(way, {}).get("missing", "the script ended before")
    if "held_out_loss" in peer.get("graphed", {}):
        out["held_out_loss_ratio"] = run["held_out_loss"][-1] / peer["graphed"]["held_out_loss"][-1]
    return out


def told(compared):
    return "".join(f", {name} {value:.4g}" if isinstance(value, float) else f", {name}: {value}" for name, value in compared.items())


def main():
    parts, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    result = {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "card": (parts / "card.txt").read_text().splitlines(),
        "cublaslt": read(parts / "cublaslt.json"),
        "failed": (parts / "failed.txt").read_text().splitlines(),
        "tests": tests_of(parts),
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
    tests = result["tests"]
    for line in result["card"] + tests["last_lines"] + result["compute_sanitizer"]:
        print(line)
    for name in tests["failed"]:
        print("failed test:", name)
    if tests["ended_within"]:
        print("the tests ended within:", tests["ended_within"])
    for entry in result["training"]:
        ours = entry["ours"]
        if "missing" in ours:
            print("training failed:", ours["missing"])
            continue
        for run in ours["runs"]:
            layers = " x ".join(map(str, ours["layers"]))
            line = f"{ours['rows']} x {ours['columns']} to {layers}, batch {run['batch'] or 'full'}, {run['members']} members, {run['order']} {run['storage']}: "
            line += f"{run['step_us']:.3g} us a step"
            line += f" (predicted {run['predicted_step_us']:.3g}), {run['gb_a_second']:.4g} GB/s"
            print(line + told(run["compared"]))
    if "missing" in result["sparse"]:
        print("sparse training failed:", result["sparse"]["missing"])
    for run in result["sparse"].get("runs", []):
        print(f"sparse, {run['optimizer']}, batch {run['batch']}: {run['rows_a_second']:.4g} rows/s, {run['ns_a_nonzero']:.3g} ns a nonzero, "
              f"{run['step_us']:.3g} us a step (predicted {run['predicted_step_us']:.3g})")
    for line in result["failed"]:
        print("FAILED:", line)
    print("written:", out)


if __name__ == "__main__":
    main()
