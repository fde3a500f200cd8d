# SPDX-License-Identifier: Apache-2.0
"""Targets as the library takes them."""

from __future__ import annotations

from numbers import Integral
from typing import Any, Sequence

import numpy as np

from . import _device
from ._tables import repeated


def check_task(task: str) -> None:
    if task not in ("auto", "classification", "regression"):
        raise ValueError(f"task={task!r} is not known; there are: auto, classification, regression")


def column_text(target: str | int | Sequence[str | int] | None) -> str:
    """A target, or several, as the command line takes it."""
    if target is None:
        return ""
    if isinstance(target, (str, Integral)):
        return str(target)
    names = [str(name) for name in target]
    if not names:
        raise ValueError("target names no column")
    for name in names:
        if "," in name:
            raise ValueError(f"target {name!r}: in a list a name that holds a comma is given by its index")
    return ",".join(names)


def numbers_of_targets(targets: Any, task: str, classes: Any, dtype: np.dtype[Any]) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Targets as the library takes them, and the labels of classes."""
    check_task(task)
    if classes is not None:
        classes = np.asarray(classes)
        if classes.ndim != 1:
            raise ValueError(f"classes are a list of labels, these have the shape {classes.shape}")
        if not len(classes):
            raise ValueError("classes is empty")
        twice = repeated(classes.tolist())
        if twice is not None:
            raise ValueError(f"classes lists {twice!r} twice")
    if targets is None:
        return None, classes
    if _device.is_on_cuda(targets):
        raise ValueError("targets lie on a CUDA device, but the rows do not: pass a copy on the CPU")
    if hasattr(targets, "tocsr"):
        raise ValueError("targets are a sparse matrix: .toarray() makes what is taken")
    values = np.asarray(targets)
    if task == "auto":
        task = "classification" if classes is not None or values.dtype.kind in "USOTbiu" else "regression"
    if task == "regression":
        if classes is not None:
            raise ValueError("classes are for a classification, but task is 'regression'")
        return _numbers(values, dtype), None
    if values.ndim == 2 and values.shape[1] > 1:
        return _yes_or_no(values, classes, dtype)
    if values.ndim != 1:
        raise ValueError(f"labels are one a row, these have the shape {values.shape}")
    _check_labels(values)
    labels = np.unique(values) if classes is None else classes
    order = np.argsort(labels, kind="stable")
    place = np.minimum(np.searchsorted(labels, values, sorter=order), len(labels) - 1)
    codes = order[place]
    strange = labels[codes] != values
    if np.any(strange):
        row = int(np.argmax(strange))
        raise ValueError(f"label {str(values[row])!r} of row {row} is not among classes")
    return codes.astype(dtype), labels


def texts_of_labels(targets: Any) -> np.ndarray:
    """Labels as a model file has them."""
    values = np.asarray(targets)
    return values if values.dtype.kind in "UST" else np.array([None if _is_missing(value) else str(value) for value in values], dtype=object)


def _is_missing(value: Any) -> bool:
    """None, NaN, and what pandas has for them."""
    return value is None or type(value).__name__ in ("NAType", "NaTType") or (isinstance(value, (float, np.floating)) and value != value)


def _check_labels(values: np.ndarray) -> None:
    """That labels can be told apart and put in order."""
    if values.dtype.kind == "f" and np.isnan(values).any():
        raise ValueError(f"the label of row {int(np.argmax(np.isnan(values)))} is missing (nan)")
    if values.dtype.kind != "O":
        return
    first = None
    for row, value in enumerate(values):
        if _is_missing(value):
            raise ValueError(f"the label of row {row} is missing ({value})")
        first = value if first is None else first
        if isinstance(value, str) != isinstance(first, str):
            raise ValueError(f"labels are text and numbers, {first!r} of row 0 and {value!r} of row {row}: make them all text")


def _numbers(values: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    try:
        return np.ascontiguousarray(values, dtype=dtype)
    except (TypeError, ValueError):
        pass
    for place, value in np.ndenumerate(values):
        try:
            float(value)
        except (TypeError, ValueError):
            raise ValueError(f"the target of row {place[0] if place else 0} is {value!s}: targets of a regression are numbers") from None
    raise ValueError(f"targets of a regression are numbers, not {values.dtype}")


def _yes_or_no(values: np.ndarray, names: Any, dtype: np.dtype[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Several labels a row, each of which it has or not."""
    labels = np.arange(values.shape[1]) if names is None else names
    if len(labels) != values.shape[1]:
        raise ValueError(f"classes names {len(labels)} labels, the targets have {values.shape[1]} columns")
    strange = np.argwhere((values != 0) & (values != 1))
    if len(strange):
        row, column = strange[0]
        raise ValueError(
            f"target {values[row, column]!s} of row {row}, column {column}: labels are 0 or 1; several numbers a row are given as floats, or with task='regression' to Dataset.from_numpy"
        )
    return np.ascontiguousarray(values, dtype=dtype), labels
