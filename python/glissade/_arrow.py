# SPDX-License-Identifier: Apache-2.0
"""Tables of pyarrow, polars or whoever else speaks the Arrow C stream."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple, Sequence

import numpy as np

from . import _core
from ._tables import repeated, text_refusal


class Columns(NamedTuple):
    """What ``from_arrow`` takes out of a table."""

    features: np.ndarray
    names: list[str]
    target: np.ndarray | None
    weight: np.ndarray | None


def read(table: Any, target: str | None, weight: str | None, columns: Sequence[str] | None, dtype: Any) -> Columns:
    """Reads the stream of a table to its end; columns that nobody asks for may be of any type."""
    if not hasattr(table, "__arrow_c_stream__"):
        raise TypeError(f"{type(table).__name__} does not speak the Arrow C stream")
    stream = _core.ArrowTable(table.__arrow_c_stream__())
    present = stream.columns()
    names = [name for name, _ in present] if columns is None else list(columns)
    wanted = [name for name in names if name not in (target, weight)] if columns is None else names
    used = wanted + [name for name in (target, weight) if name is not None]
    _check(used, wanted, present)
    places = {name: place for place, (name, _) in enumerate(present)}
    batches = []
    while (batch := stream.next([places[name] for name in used])) is not None:
        batches.append(batch)
    matrix = np.empty((sum(count for count, _ in batches), len(wanted)), dtype=dtype)
    if target is not None and not len(matrix):
        raise ValueError(f"the table has no rows; its columns are: {', '.join(places)}")
    begin = 0
    for count, batch in batches:
        for place in range(len(wanted)):
            matrix[begin : begin + count, place] = _values(batch[place])
        begin += count

    def joined(name: str | None) -> np.ndarray | None:
        parts = [_values(batch[used.index(name, len(wanted))]) for _, batch in batches] if name is not None else []
        return np.concatenate(parts) if parts else None

    return Columns(matrix, [str(name) for name in wanted], joined(target), joined(weight))


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
    text = [name for name in wanted if kinds[name] == "text"]
    if text:
        raise ValueError(text_refusal(repr(text[0])))


def _values(column: Any) -> np.ndarray:
    """Numbers, booleans, a list of texts, or indices and the values that they stand for."""
    if isinstance(column, tuple):
        indices, values = column
        return _values(values)[indices]
    return np.asarray(column, dtype=str) if isinstance(column, list) else column
