# SPDX-License-Identifier: Apache-2.0
"""Targets as the library takes them."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np


def column_text(target: str | int | Sequence[str | int] | None) -> str:
    """A target, or several, as the command line takes it."""
    if target is None:
        return ""
    return str(target) if isinstance(target, (str, int)) else ",".join(map(str, target))


def numbers_of_targets(targets: Any, task: str, classes: Any, dtype: np.dtype[Any]) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Targets as the library takes them, and the labels of classes."""
    if task not in ("auto", "classification", "regression"):
        raise ValueError(f"task={task!r} is not known; there are: auto, classification, regression")
    if targets is None:
        return None, None if classes is None else np.asarray(classes)
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
            f"target {values[row, column]!s} of row {row}, column {column}: labels are 0 or 1; task='regression' takes several numbers a row"
        )
    return np.ascontiguousarray(values, dtype=dtype), labels
