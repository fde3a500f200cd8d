#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks what every source file of the project keeps to: its licence line, at most 500 lines, an include guard, no more than a few macros."""
import pathlib
import re
import sys

FOLDERS = ("include", "host", "kernels", "tests", "bench", "examples", "python", "cmake", "scripts", "docs")
CODE = {".hpp", ".cpp", ".cu", ".cuh", ".h", ".py", ".cmake"}
HEADERS = {".hpp", ".cuh", ".h"}
LINES_AT_MOST = 500
MACROS_FEWER_THAN = 5
MACRO = re.compile(r"^\s*#\s*define\s+(GLISSADE_\w*[^\W_])\b")  # a name that ends in _ is an include guard


def check(root):
    root = pathlib.Path(root)
    faults, macros = [], {}
    for file in sorted(f for folder in FOLDERS for f in (root / folder).rglob("*") if f.is_file()):
        if file.suffix not in CODE and file.name != "CMakeLists.txt":
            continue
        path = file.relative_to(root).as_posix()
        lines = file.read_text(encoding="utf-8").splitlines()
        if len(lines) > LINES_AT_MOST:
            faults.append(f"{path}: {len(lines)} lines; {LINES_AT_MOST} at most")
        if not any("SPDX-License-Identifier: Apache-2.0" in line for line in lines[:2]):
            faults.append(f"{path}:1: no line 'SPDX-License-Identifier: Apache-2.0'")
        if file.suffix in HEADERS and not any(line.startswith(("#pragma once", "#ifndef", "#if defined(")) for line in lines):
            faults.append(f"{path}: no '#pragma once'")
        if path.startswith(("include/", "host/", "kernels/")):
            for number, line in enumerate(lines, 1):
                match = MACRO.match(line)
                if match:
                    macros.setdefault(match.group(1), f"{path}:{number}")
    if len(macros) >= MACROS_FEWER_THAN:
        faults.append(f"macros: fewer than {MACROS_FEWER_THAN} wanted, there are " + ", ".join(f"{name} ({at})" for name, at in macros.items()))
    return faults


if __name__ == "__main__":
    found = check(sys.argv[1])
    print("\n".join(found) or "every file keeps to its budget")
    sys.exit(1 if found else 0)
