# SPDX-License-Identifier: Apache-2.0
"""Tables whose columns have names, and whatever else becomes a matrix of numbers."""

from __future__ import annotations

from typing import Any, Iterable, NamedTuple, Sequence

import numpy as np

Words = tuple[np.ndarray, list[str]]  # a code a row, int32, below 0 where the cell is missing, and what the codes stand for


class Column(NamedTuple):
    """Numbers, float64 and NaN where a cell is missing, or words. Booleans are numbers that stand for true and false."""

    name: str
    values: np.ndarray | Words
    is_boolean: bool = False

    @property
    def is_text(self) -> bool:
        return isinstance(self.values, tuple)


class Table(NamedTuple):
    """The feature columns of a table, which stand at ``places`` among its ``width`` columns."""

    columns: list[Column]
    rows: int
    has_names: bool
    is_narrow: bool  #: there are numbers, and all of them are float32
    places: Sequence[int]
    width: int


def column_names(features: Any) -> list[str] | None:
    """Of a table of pandas, polars or pyarrow; None of what has none, or names that are no text."""
    names = getattr(features, "column_names", None)
    if names is None:
        names = getattr(features, "columns", None)
    if names is None or callable(names):
        return None
    names = list(names)
    return names if names and all(isinstance(name, str) for name in names) else None


def repeated(values: Iterable[Any]) -> Any:
    """The first that comes a second time; None if there is none."""
    seen = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None


def check_names(names: Sequence[str], columns: int) -> None:
    if len(names) != columns:
        raise ValueError(f"there are {len(names)} feature names for {columns} columns")
    twice = repeated(names)
    if twice is not None:
        raise ValueError(f"two columns are called {twice!r}: names of features must differ")


def check_order(names: Sequence[str], expected: Sequence[str], whose: str) -> None:
    """Columns with names must be in the order of those that the model has learnt from. What has no names is taken by position."""
    if not names or not expected or len(names) != len(expected) or list(names) == list(expected):
        return  # that the numbers of columns differ is said where rows are scored
    here, there = next(pair for pair in zip(names, expected) if pair[0] != pair[1])
    how = "the names differ"
    if set(names) == set(expected):
        how = "they are the same in another order, which from_arrow(..., columns=names) and table[names] mend, with names = Model.feature_names"
    raise ValueError(f"column {here!r} stands where {whose} has {there!r}: {how}")


def text_refusal(column: str) -> str:
    return f"column {column} is text: an array holds numbers or booleans. A table (pandas, Polars, pyarrow) may have columns of text"


def matrix_of(features: Any) -> np.ndarray:
    """An array of float32 or float64 whose rows lie in C order: a view where it is one already."""
    try:
        matrix = np.asarray(features)
    except (TypeError, ValueError) as reason:
        raise ValueError(f"features are no matrix of numbers: {reason}") from None
    if matrix.ndim == 0:
        raise ValueError(f"features of the type {type(features).__name__} are no matrix of numbers")
    if matrix.dtype.kind in "OUST":
        matrix = _parsed(matrix, column_names(features))
    elif matrix.dtype.kind not in "biuf":
        raise ValueError(f"features are of the type {matrix.dtype}: numbers and booleans are taken")
    if matrix.dtype not in (np.float32, np.float64):
        matrix = matrix.astype(np.float64)
    if matrix.ndim == 2 and matrix.size and matrix.shape[1] > 1 and (matrix.strides[1] != matrix.itemsize or matrix.strides[0] < 0):
        matrix = np.ascontiguousarray(matrix)
    return matrix


def _parsed(matrix: np.ndarray, names: list[str] | None) -> np.ndarray:
    """Numbers of an array of objects or texts. Texts of numbers are taken where they are not columns of a table."""
    if names is None:
        try:
            return matrix.astype(np.float64)
        except (TypeError, ValueError):
            pass
    for place, column in enumerate(matrix.T if matrix.ndim == 2 else [matrix.ravel()]):
        name = str(place) if names is None else repr(names[place])
        for row, value in enumerate(column):
            if isinstance(value, (str, bytes)) and (names is not None or not _is_number(value)):
                raise ValueError(text_refusal(name))
            if value is not None and not _is_number(value):
                raise ValueError(f"column {name} has {value!r} in row {row}: features are numbers or booleans, fill in what is missing")
    return matrix.astype(np.float64)


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True
