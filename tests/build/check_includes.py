#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that includes go in the direction of dependency: rules <- public headers <- host layers <- command line; rules and views <- kernels;
only host/cuda crosses kernels/launch.hpp, launch_judge.hpp and launch_network.hpp; no CUDA header outside kernels' own .cu and .cuh files and host/cuda."""
import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
CUDA = re.compile(r"^(cuda|cub/|thrust/|cooperative_groups|nccl|cublas|curand|nv/target|device_launch|vector_types|driver_types)")
HEAVY = re.compile(r"^(hwy/|nlohmann/|CLI/|fast_float/|zlib|xxhash|cblas|gtest/)")  # never in what users include, nor in what nvcc compiles

# What a kernel may know of the public headers: formulas and views, nothing of files, epochs and trainers.
PUBLIC_VIEWS = {"glissade/" + name + ".hpp" for name in ("layers", "matrix_view", "random", "row_order", "export")}

# Layer -> prefixes it may include besides its own folder. Longest matching folder decides.
LAYERS = {
    "include/glissade/rules": ("glissade/rules/",),
    "include/glissade": ("glissade/",),
    "host/data": ("glissade/",),
    "host/execution": ("glissade/",),
    "host/scheduler": ("glissade/", "host/execution/"),
    "host/reference": ("glissade/", "host/execution/"),
    "host/cpu": ("glissade/", "host/execution/"),
    "host/cuda": ("glissade/", "host/data/device_memory.hpp", "host/execution/", "kernels/launch", "kernels/gateway/",
                  "kernels/tuning.hpp"),
    "host/train": ("glissade/", "host/data/", "host/scheduler/", "host/execution/", "host/reference/", "host/cpu/"),
    "host/export": ("glissade/",),
    "host/cli": ("glissade/", "host/export/", "host/data/", "host/scheduler/", "host/execution/", "host/reference/", "host/cpu/", "host/train/"),
    "kernels": ("glissade/rules/",),
    "examples": ("glissade/",),
    "python": ("glissade/", "host/data/", "host/export/exported.hpp", "host/train/atomic_file.hpp", "host/train/epoch_run.hpp", "host/train/io.hpp"),
}


def layer_of(path):
    folders = [layer for layer in LAYERS if path.startswith(layer + "/")]
    return max(folders, key=len, default=None)


def fault_of(path, layer, style, target):
    """Why the file at `path` must not include `target`; None if it may."""
    device_code = path.endswith((".cu", ".cuh"))
    public = layer.startswith("include/")
    if style == "<" or not target.startswith(("glissade/", "host/", "kernels/", "python/")):
        if CUDA.match(target) and not device_code and layer != "host/cuda":
            return "CUDA header outside kernels' .cu and .cuh files and host/cuda"
        if HEAVY.match(target) and (public or device_code):
            return "third-party header in a public header or in device code"
        if style == '"' and not CUDA.match(target) and not HEAVY.match(target):
            return "own headers are included by their path from the root"
        return None
    formula = target.startswith(("glissade/rules/update_", "glissade/rules/loss_", "glissade/rules/activation_")) and target != "glissade/rules/loss_kind.hpp"
    if layer == "host/reference" and formula:
        return "the reference is independent of the rules' formulas"
    own = "glissade/" if public else layer + "/"
    if public and layer.endswith("/rules"):
        own = "glissade/rules/"
    if target.startswith((own,) + LAYERS[layer]) or (layer == "kernels" and target in PUBLIC_VIEWS):
        return None
    return f"{layer} must not know it"


def check(root):
    root = pathlib.Path(root)
    faults = []
    for folder in sorted({layer.split("/")[0] for layer in LAYERS}):
        for file in sorted((root / folder).rglob("*")):
            if file.suffix not in (".hpp", ".cpp", ".cu", ".cuh", ".h"):
                continue
            path = file.relative_to(root).as_posix()
            layer = layer_of(path)
            if layer is None:
                faults.append(f"{path}: belongs to no layer")
                continue
            for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
                match = INCLUDE.match(line)
                why = match and fault_of(path, layer, *match.groups())
                if why:
                    faults.append(f"{path}:{number}: includes {match.group(2)}: {why}")
    return faults


if __name__ == "__main__":
    found = check(sys.argv[1])
    print("\n".join(found) or "every include goes in the direction of dependency")
    sys.exit(1 if found else 0)
