# SPDX-License-Identifier: Apache-2.0
"""Trains on every file of the corpus and compares what the program says with what corpus.py and the committed table of verdicts demand.

Usage: check.py GLISSADE      GLISSADE_FAULT_FIGURES may name a file that a line for scripts/fault_table is added to"""

import concurrent.futures
import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import corpus


def run(program, folder, *words):
    return subprocess.run([program, *words], cwd=folder, capture_output=True, text=True, errors="replace", timeout=60)


def learned(program, folder, name, case, content):
    """The exit code, what was said, and the coefficients where a model was made."""
    (folder / name).write_bytes(content)
    model = name + ".model"
    ended = run(program, folder, "train", name, *case.options, "--epochs", "1", "--device", "cpu", "--threads", "1", "--quiet", "--output", model)
    coefficients = run(program, folder, "inspect", model, "--coefficients").stdout if ended.returncode == 0 else ""
    return ended.returncode, ended.stderr.strip(), coefficients


def verdict(program, folder, name, case):
    """What the program makes of a file, and what is wrong with that."""
    file = name + case.suffix
    code, said, coefficients = learned(program, folder, file, case, case.content)
    if case.place is None:
        if code != 0:
            return "refused", f"refused: {said}"
        wanted = learned(program, folder, "plain_" + file, case, case.same_as)
        return "taken", "" if coefficients == wanted[2] != "" else "it was not read as its plain form is"
    faults = []
    if code != 3:
        faults.append(f"exit code {code}, not 3")
    if case.place not in said or case.message not in said or file not in said:
        faults.append(f"the error does not name {file}, {case.place!r} and {case.message!r}: {said}")
    if (folder / (file + ".model")).exists():
        faults.append("a model was written")
    return "refused" if code == 3 else "taken" if code == 0 else "broken", "; ".join(faults)


def main():
    program, figures = sys.argv[1], os.environ.get("GLISSADE_FAULT_FIGURES")
    with open(pathlib.Path(__file__).parent / "verdicts.tsv") as lines:
        table = {row["file"]: row["glissade"] for row in csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="\t")}
    wrong = 0
    with tempfile.TemporaryDirectory() as name, concurrent.futures.ThreadPoolExecutor(2) as pool:
        folder = pathlib.Path(name)
        ends = pool.map(lambda item: verdict(program, folder, *item), corpus.CASES.items())
        for (name, case), (word, fault) in zip(corpus.CASES.items(), ends):
            if table.get(name + case.suffix) != word:
                fault += f"; verdicts.tsv says {table.get(name + case.suffix)}: make it anew with make_verdicts.py"
            if fault:
                wrong += 1
                print(f"{name}{case.suffix}: {fault}")
    hostile = sum(case.place is not None for case in corpus.CASES.values())
    print(f"{len(corpus.CASES)} files, {hostile} of them hostile, {wrong} wrong")
    if figures:
        with open(figures, "a") as out:
            out.write(json.dumps({"fault": "hostile text", "trials": hostile, "lost": wrong}) + "\n")
    if hostile < 200 or wrong or len(table) != len(corpus.CASES):
        sys.exit(1)


if __name__ == "__main__":
    main()
