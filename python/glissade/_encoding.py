# SPDX-License-Identifier: Apache-2.0
"""Estimators that take tables with columns of text."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator

import numpy as np

from . import _columns, _core
from ._estimator import check_names
from ._tables import Column, Table, matrix_of

_OWN = ("_columns", "encoded_feature_names_")
_OF_TABLES = (*_OWN, "n_features_in_", "feature_names_in_")


class TakesTables:
    """Comes first among the bases. scikit-learn's code sees the matrix that is made of a table with text: fit by the estimator itself, which
    is known by the columns of the table before and after, questions by a shallow copy that is known by those of the matrix."""

    @contextmanager
    def _as_matrix(self, X: Any, eval_set: Any, goes_on: bool) -> Iterator[tuple[Any, Any]]:
        """Features and validation data for scikit-learn's code; what goes on keeps the columns and words that it began with. Whoever calls it
        puts back what there was before a fit that fails."""
        own = vars(self)
        fitted = goes_on and "n_features_in_" in own
        known = own.get("_columns") if fitted else None
        if known is None and not _columns.has_text(X):
            for name in () if fitted else _OWN:
                own.pop(name, None)
            yield X, eval_set
            return
        if known is None and fitted:
            raise ValueError(_columns.NO_TEXT)
        matrix = self._learn_columns(X) if known is None else _matrix(self, X)
        eval_set = _encoded_pair(self, eval_set)
        of_table = {name: own.pop(name) for name in _OF_TABLES if name in own}
        if fitted:
            self.n_features_in_ = matrix.shape[1]
        try:
            yield matrix, eval_set
        finally:
            own.update(of_table)

    def _of_matrix(self, X: Any) -> tuple[Any, Any]:
        """Who is to be asked, and about what."""
        if "_columns" not in vars(self):
            return self, X
        matrix = _matrix(self, X)
        of_matrix = {name: value for name, value in vars(self).items() if name not in _OF_TABLES}
        asked = object.__new__(type(self))
        vars(asked).update(of_matrix, n_features_in_=self._columns.width)
        return asked, matrix

    def _learn_columns(self, X: Any) -> np.ndarray:
        """Takes the columns of a table for the estimator's, and gives the matrix that they make."""
        table = _columns.read(X)
        _refuse_missing(table)
        _refuse_many(table)
        rows = _columns.learn(table, wide=not table.is_narrow)
        self._columns = _core.columns_of(rows)
        self.encoded_feature_names_ = np.array(self._columns.feature_names, dtype=object)
        self.n_features_in_ = table.width
        vars(self).pop("feature_names_in_", None)
        if table.has_names:
            self.feature_names_in_ = np.array([column.name for column in table.columns], dtype=object)
        return np.ascontiguousarray(_core.matrix_of(rows))


def _matrix(estimator: Any, X: Any) -> Any:
    """Of a table with the estimator's columns; what is a matrix already as it is."""
    known = estimator._columns
    if not _columns.is_table(X):
        return X
    if _columns.is_encoded(known, X):
        return matrix_of(X)
    check_names(estimator, X)
    table = _columns.read(X, known)
    _refuse_missing(table)
    return np.ascontiguousarray(_core.matrix_of(_columns.encode(known, table)))


def _encoded_pair(estimator: Any, eval_set: Any) -> Any:
    """The rows to watch as a matrix; what is no pair is refused by others."""
    pairs = [eval_set] if isinstance(eval_set, tuple) else eval_set
    if not isinstance(pairs, list) or len(pairs) != 1 or len(pairs[0]) != 2:
        return eval_set
    return _matrix(estimator, pairs[0][0]), pairs[0][1]


def _refuse_missing(table: Table) -> None:
    """Estimators have no rule for missing cells; of arrays scikit-learn says the same."""
    for column in table.columns:
        missing = _missing_cells(column)
        if missing.any():
            raise ValueError(f"column {column.name!r} has a missing cell in row {int(np.argmax(missing))}: fill it first")


def _missing_cells(column: Column) -> np.ndarray:
    """A flag a row. A text of blanks is a missing cell, as it is for the library."""
    if not column.is_text:
        return np.isnan(column.values)
    codes, words = column.values
    return np.array([*(not word.strip(" \t") for word in words), True])[codes]


def _refuse_many(table: Table) -> None:
    """Estimators hash no text, which is the library's own remedy."""
    most = _core.most_categories
    for column in table.columns:
        words = len(np.unique(column.values[0])) if column.is_text and len(column.values[1]) > most else 0
        if words > most:
            raise ValueError(f"column {column.name!r} has {words} words, and {most} become columns at most: OneHotEncoder takes more, in sparse rows")
