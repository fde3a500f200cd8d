# SPDX-License-Identifier: Apache-2.0
"""Writes verdicts.tsv: what Glissade, pandas and scikit-learn make of every file of the corpus. Needs pandas and scikit-learn.

pandas reads tables (read_csv with the separator of the file and nothing else said); scikit-learn is then given the frame to fit, or reads
libsvm text itself (load_svmlight_file) and fits that. Usage: make_verdicts.py GLISSADE

refused   an error                                  nan    taken; some number is NaN or infinite
taken     taken as numbers, all finite              text   taken; a column of numbers became text, or an index"""

import io
import pathlib
import re
import sys
import tempfile
import warnings

import numpy
import pandas
import sklearn
from sklearn.datasets import load_svmlight_file
from sklearn.linear_model import SGDClassifier, SGDRegressor

import check
import corpus


SEPARATORS = {"_tab": "\t", "_tabs": "\t", "_semicolon": ";", "_semicolons": ";", "decimal_commas": ";", "of_blanks": r"\s+", "_blanks": r"\s+"}
OF_COMMAS = ("fine_trailing_blanks", "table_line_of_blanks_between")


def separator(name):
    if name in OF_COMMAS:
        return ","
    return next((text for end, text in SEPARATORS.items() if name.endswith(end)), ",")


def fit(x, y, regression):
    model = SGDRegressor(max_iter=5) if regression else SGDClassifier(max_iter=5)
    model.fit(x, y)


def sklearn_verdict(read, finite):
    try:
        read()
    except Exception:  # noqa: BLE001: whatever it is, it was refused
        return "refused"
    return "taken" if finite else "nan"


def of_table(name, case):
    headless = case.options == corpus.RAW
    try:
        frame = pandas.read_csv(io.BytesIO(case.content), sep=separator(name), header=None if headless else "infer")
    except Exception:  # noqa: BLE001
        return "refused", "-"
    numbers = frame.select_dtypes("number")
    if len(numbers.columns) < len(frame.columns) or not isinstance(frame.index, pandas.RangeIndex):
        verdict = "text"
    else:
        verdict = "taken" if numpy.isfinite(numbers.to_numpy(float)).all() else "nan"
    target = frame.columns[0] if headless else "y"

    def train():
        fit(frame.drop(columns=target), frame[target], headless)

    return verdict, sklearn_verdict(train, verdict != "nan")


def of_sparse(case):
    finite = True

    def train():
        nonlocal finite
        x, y = load_svmlight_file(io.BytesIO(case.content))
        finite = bool(numpy.isfinite(x.data).all() and numpy.isfinite(y).all())
        if x.shape[1] < 2**31:  # its reader gives 64-bit indices, its learner takes 32-bit ones
            x.indices, x.indptr = x.indices.astype(numpy.int32), x.indptr.astype(numpy.int32)
        fit(x, y, False)

    word = sklearn_verdict(train, True)
    return "-", word if finite or word == "refused" else "nan"


def main():
    warnings.simplefilter("ignore")
    rows = []
    with tempfile.TemporaryDirectory() as name:
        for case_name, case in corpus.CASES.items():
            ours = check.verdict(sys.argv[1], pathlib.Path(name), case_name, case)[0]
            theirs = of_sparse(case) if case.suffix == ".libsvm" else of_table(case_name, case)
            rows.append((case_name + case.suffix, ours, *theirs))
    hostile = [row for row in rows if not row[0].startswith("fine_")]
    with open(pathlib.Path(__file__).parent / "verdicts.tsv", "w") as out:
        out.write(f"# Made by make_verdicts.py with Python {sys.version.split()[0]}, pandas {pandas.__version__}, scikit-learn {sklearn.__version__}.\n")
        out.write("# Files that begin with fine_ are odd and right; each other one is hostile. A dash: it does not read that format, or never saw the file.\n")
        out.write("file\tglissade\tpandas\tscikit-learn\n")
        out.writelines("\t".join(row) + "\n" for row in rows)
    for column, who in ((1, "glissade"), (2, "pandas"), (3, "scikit-learn")):
        seen = [row[column] for row in hostile if row[column] != "-"]
        print(f"{who}: {sum(word != 'refused' for word in seen)} of {len(seen)} hostile files taken")


if __name__ == "__main__":
    main()
