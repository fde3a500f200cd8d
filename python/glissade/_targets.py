# SPDX-License-Identifier: Apache-2.0
"""Targets as the library takes them."""

from __future__ import annotations

from numbers import Integral
from typing import Any, Sequence

import numpy as np

from . import _device


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
    if task not in ("auto", "classification", "regression"):
        raise ValueError(f"task={task!r} is not known; there are: auto, classification, regression")
    if targets is None:
        return None, None if classes is None else np.asarray(classes)
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
        return np.ascontiguousarray(values, dtype=dtype), None
    if values.ndim == 2 and values.shape[1] > 1:
        return _yes_or_no(values, classes, dtype)
    labels = np.unique(values) if classes is None else np.asarray(classes)
    if values.ndim != 1:
        raise ValueError(f"labels are one a row, these have the shape {values.shape}")
    order = np.argsort(labels, kind="stable")
    place = np.minimum(np.searchsorted(labels, values, sorter=order), len(labels) - 1)
    codes = order[place]
    strange = labels[codes] != values
    if np.any(strange):
        row = int(np.argmax(strange))
        raise ValueError(f"label {str(values[row])!r} of row {row} is not among classes")
    return codes.astype(dtype), labels


def _yes_or_no(values: np.ndarray, names: Any, dtype: np.dtype[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Several labels a row, each of which it has or not."""
    labels = np.arange(values.shape[1]) if names is None else np.asarray(names)
    if len(labels) != values.shape[1]:
        raise ValueError(f"classes names {len(labels)} labels, the targets have {values.shape[1]} columns")
    strange = np.argwhere((values != 0) & (values != 1))
    if len(strange):
        row, column = strange[0]
        raise ValueError(
            f"target {values[row, column]!s} of row {row}, column {column}: labels are 0 or 1; several numbers a row are given as floats, or with task='regression' to Dataset.from_numpy"
        )
    return np.ascontiguousarray(values, dtype=dtype), labels
