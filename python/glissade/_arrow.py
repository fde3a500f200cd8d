# SPDX-License-Identifier: Apache-2.0
"""Tables of pyarrow, polars or whoever else speaks the Arrow C stream."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple, Sequence

import numpy as np

from . import _core
from ._tables import Column, Table, Words, repeated


class Columns(NamedTuple):
    """What ``from_arrow`` takes out of a table. Features are a matrix, or columns where some are text or missing cells are allowed."""

    features: np.ndarray | Table
    names: list[str]
    target: np.ndarray | None
    weight: np.ndarray | None
    target_place: int | None


def columns_of(table: Any) -> list[tuple[str, str]]:
    """Name and kind of each column."""
    return _core.ArrowTable(table.__arrow_c_stream__()).columns()


def table_of(features: Any, columns: Sequence[str] | None = None) -> Table:
    """Columns of a table; None: all."""
    table = read(features, None, None, columns, np.float64, as_columns=True).features
    assert isinstance(table, Table)
    return table


def read(table: Any, target: str | None, weight: str | None, columns: Sequence[str] | None, dtype: Any, as_columns: bool = False) -> Columns:
    """Reads the stream of a table to its end; columns that nobody asks for may be of any type."""
    if not hasattr(table, "__arrow_c_stream__"):
        raise TypeError(f"{type(table).__name__} does not speak the Arrow C stream")
    stream = _core.ArrowTable(table.__arrow_c_stream__())
    present = stream.columns()
    names = [name for name, _ in present] if columns is None else list(columns)
    wanted = [name for name in names if name not in (target, weight)] if columns is None else names
    used = wanted + [name for name in (target, weight) if name is not None]
    _check(used, wanted, present)
    kinds = dict(present)
    as_columns = as_columns or any(kinds[name] == "text" for name in wanted)
    places = {name: place for place, (name, _) in enumerate(present)}
    batches = []
    while (batch := stream.next([places[name] for name in used], len(wanted) if as_columns else 0)) is not None:
        batches.append(batch)
    rows = sum(count for count, _ in batches)
    if target is not None and not rows:
        raise ValueError(f"the table has no rows; its columns are: {', '.join(places)}")

    def parts(place: int) -> list[Any]:
        return [batch[place] for _, batch in batches]

    def joined(name: str | None) -> np.ndarray | None:
        return np.concatenate([_values(part) for part in parts(used.index(name, len(wanted)))]) if name is not None and batches else None

    if as_columns:
        taken = [Column(name, _cells(parts(place), kinds[name]), kinds[name] == "boolean") for place, name in enumerate(wanted)]
        types = {_type(part) for place, column in enumerate(taken) if not column.is_text for part in parts(place)}
        features: np.ndarray | Table = Table(taken, rows, True, types == {np.dtype(np.float32)}, [places[name] for name in wanted], len(present))
    else:
        features = _matrix(batches, rows, len(wanted), dtype)
    return Columns(features, [str(name) for name in wanted], joined(target), joined(weight), None if target is None else places[target])


def _matrix(batches: list[Any], rows: int, width: int, dtype: Any) -> np.ndarray:
    matrix = np.empty((rows, width), dtype=dtype)
    begin = 0
    for count, batch in batches:
        for place in range(width):
            matrix[begin : begin + count, place] = _values(batch[place])
        begin += count
    return matrix


def _check(used: list[str], wanted: list[str], present: list[tuple[str, str]]) -> None:
    kinds = dict(present)
    absent = [name for name in used if name not in kinds]
    if absent:
        raise ValueError(f"the table has no column {absent[0]!r}; there are: {', '.join(kinds)}")
    times = Counter(name for name, _ in present)
    twice = [name for name in used if times[name] > 1]
    if twice:
        raise ValueError(f"the table has {times[twice[0]]} columns called {twice[0]!r}: rename them first")
    again = repeated(wanted)
    if again is not None:
        raise ValueError(f"columns names {again!r} twice")


def _values(column: Any) -> np.ndarray:
    """Of numbers, booleans, or the pair of codes and what they stand for, below 0 for missing cells, which become NaN."""
    if not isinstance(column, tuple):
        return column
    codes, values = column
    values = np.asarray(values, dtype=str) if isinstance(values, list) else _values(values)
    if values.dtype.kind == "U" or not (codes.dtype.kind == "i" and np.any(codes < 0)):
        return values[codes]
    return np.append(values.astype(np.float64), np.nan)[codes]


def _type(column: Any) -> np.dtype[Any]:
    return _type(column[1]) if isinstance(column, tuple) else column.dtype


def _cells(parts: list[Any], kind: str) -> np.ndarray | Words:
    """A column of all batches, as the library's encoder takes it."""
    if kind != "text":
        numbers = [np.asarray(_values(part), dtype=np.float64) for part in parts]
        if len(numbers) == 1:  # where it lies, if the library can read it there
            return np.require(numbers[0], requirements=["C", "ALIGNED"])
        return np.concatenate([np.empty(0), *numbers])
    places: dict[str, int] = {}
    codes = [np.empty(0, dtype=np.int32)]
    for part in parts:
        own, words = _words(part)
        codes.append(np.array([*(places.setdefault(word, len(places)) for word in words), -1], dtype=np.int32)[own])
    return np.concatenate(codes), list(places)


def _words(part: Any) -> Words:
    """Codes of a batch, and its words: texts, or a dictionary of texts, whose own words may be missing."""
    codes, words = part
    if isinstance(words, tuple):
        inner, words = words
        codes = np.append(inner, np.int32(-1))[codes]
    return codes, words
