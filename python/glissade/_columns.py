# SPDX-License-Identifier: Apache-2.0
"""Tables with columns of text, of which the library's own encoder makes a matrix, as it does of files."""

from __future__ import annotations

import sys
from typing import Any, Sequence

import numpy as np

from . import _arrow, _core, _log
from ._tables import Column, Table, column_names

NO_TEXT = "the table has columns of text, but what it is for has learnt from a matrix of numbers"


def is_table(features: Any) -> bool:
    """Of pandas, or of pyarrow, Polars or whoever else speaks the Arrow C stream and names its columns."""
    return _is_pandas(features) or (hasattr(features, "__arrow_c_stream__") and column_names(features) is not None)


def has_text(features: Any) -> bool:
    """Whether it is a table with a column of text."""
    if _is_pandas(features):
        return any(_may_hold_text(dtype) and _holds_text(features.iloc[:, place]) for place, dtype in enumerate(features.dtypes))
    return is_table(features) and any(kind == "text" for _, kind in _arrow.columns_of(features))


def read(features: Any, known: _core.Columns | None = None) -> Table:
    """All columns of a table, or those alone that are known by their names: what is not asked for may be of any type."""
    names = column_names(features)
    wanted = names
    if known is not None and known.has_names and names is not None:
        bare = [name.strip(" \t") or str(place) for place, name in enumerate(names)]  # as the library knows them
        asked, present = dict(known.described), set(bare)
        absent = [name for name in asked if name not in present]
        if absent:
            raise ValueError(f'the table has no column "{absent[0]}", which the model needs; its columns are: {", ".join(bare)}')
        wanted = [name for name, known_as in zip(names, bare) if known_as in asked]
    if not _is_pandas(features):
        return _arrow.table_of(features, wanted)
    places = range(features.shape[1]) if names is None else [place for place, name in enumerate(names) if name in set(wanted)]
    columns = [_of_series(str(place) if names is None else names[place], features.iloc[:, place]) for place in places]
    types = {str(features.dtypes.iloc[place]).lower() for place, column in zip(places, columns) if not column.is_text}
    return Table(columns, len(features), names is not None, types == {"float32"}, places, features.shape[1])


def known_of(like: Any, rules: dict[str, Any]) -> _core.Columns | None:
    """What `like` knows of the columns of tables; rules are for what is learnt here."""
    if like is None:
        return None
    if not isinstance(getattr(like, "_core", None), (_core.Dataset, _core.Model)):
        raise TypeError(f"like takes a Dataset or a Model, not {like!r}")
    given = [name for name, value in rules.items() if value]
    if given:
        raise ValueError(f"{given[0]} is for rows that are learnt from: like brings its own")
    return _core.columns_of(like._core)


def table_of(features: Any, like: Any, rules: dict[str, Any]) -> tuple[Table | None, _core.Columns | None]:
    """The columns of a table that is to be encoded, and by what; None for a matrix of numbers, and a table that is as good as one."""
    known = known_of(like, rules)
    if like is not None:
        return _table_for(features, known), known
    if any(rules.values()) and not is_table(features):
        raise ValueError("missing, unknown and hash_bits are for tables (pandas, Polars, pyarrow), which know their columns")
    return (read(features) if any(rules.values()) or has_text(features) else None, None)


def _table_for(features: Any, known: _core.Columns | None) -> Table | None:
    """The columns of a table by what is known of such; None where the rows are a matrix of numbers, or as good as one."""
    if not is_table(features):
        return None
    if known is None:
        if has_text(features):
            raise ValueError(NO_TEXT)
        return None
    return None if is_encoded(known, features) else read(features, known)


def learn(
    table: Table,
    targets: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    *,
    target_columns: Sequence[tuple[str, int]] = (),
    missing: str | None = None,
    unknown: str | None = None,
    hash_bits: int = 0,
    wide: bool,
) -> _core.Dataset:
    """A data set of float64 if ``wide``, whose categories and fills are those of these rows."""
    core = _core.learn_table(table, _doubles(targets), _doubles(weights), list(target_columns), missing, unknown, hash_bits, wide)
    _log.tell_notes(core)
    return core


def encode(known: _core.Columns, table: Table, targets: np.ndarray | None = None, weights: np.ndarray | None = None) -> _core.Dataset:
    """Rows of another table, as what has been learnt of a first one has it."""
    categories = dict(known.described)
    columns = [_spelt(column, categories.get(column.name)) if column.is_boolean else column for column in table.columns]
    core = known.encode(table._replace(columns=columns), _doubles(targets), _doubles(weights))
    _log.tell_notes(core)
    return core


def is_encoded(known: _core.Columns, features: Any) -> bool:
    """Whether a table is the matrix already: of numbers, with its names or its width."""
    names = column_names(features)
    if names is not None:
        return names == known.feature_names and names != [name for name, _ in known.described]
    return features.shape[1] == known.width and not has_text(features)


def _doubles(values: np.ndarray | None) -> np.ndarray | None:
    return None if values is None else np.ascontiguousarray(values, dtype=np.float64)


def _spelt(column: Column, categories: list[str] | None) -> Column:
    """Booleans as words, for a model that has learnt from a file which had them so."""
    if categories is None or column.is_text:
        return column
    words = {word.lower(): word for word in categories}
    codes = np.where(np.isnan(column.values), -1, column.values).astype(np.int32)
    return Column(column.name, (codes, [words.get("false", "False"), words.get("true", "True")]))


def _is_pandas(features: Any) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(features, pandas.DataFrame)


def _may_hold_text(dtype: Any) -> bool:
    return getattr(dtype, "kind", "O") in "OU"


def _holds_text(series: Any) -> bool:
    """Whether the column is made for text, or there is a text in it, in its categories if it has such."""
    dtype = series.dtype
    if getattr(dtype, "type", None) is str:
        return True
    categories = getattr(dtype, "categories", None)
    return any(isinstance(value, str) for value in (series if categories is None else categories))


def _of_series(name: str, series: Any) -> Column:
    dtype = series.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "biuf":
        return Column(name, np.ascontiguousarray(series, dtype=np.float64), dtype.kind == "b")
    if getattr(dtype, "kind", "O") in "biuf":
        return Column(name, series.to_numpy(dtype=np.float64, na_value=np.nan), dtype.kind == "b")
    if not _may_hold_text(dtype):
        raise ValueError(f"column {name!r} is of the type {dtype}: numbers, booleans and text are taken")
    try:
        # Of objects the array: a series would make an index of the values, which pandas before 3 tries to take for dates.
        codes, values = sys.modules["pandas"].factorize(series.to_numpy()) if dtype == object else series.factorize()
    except TypeError as reason:  # of values that have no hash
        raise ValueError(f"column {name!r} holds neither numbers nor booleans nor text: {reason}") from None
    return _of_values(name, codes, list(values))


def _of_values(name: str, codes: np.ndarray, values: list[Any]) -> Column:
    """A column of Python's own values, each with its code; codes below 0 are missing cells."""
    texts = [isinstance(value, str) for value in values]
    if values and all(texts):
        return Column(name, (codes.astype(np.int32), values))

    def cell(code: int) -> str:
        return f"{values[code]!r} in row {int(np.argmax(codes == code))}"

    if any(texts):
        raise ValueError(f"column {name!r} holds text and other things, {cell(texts.index(True))} and {cell(texts.index(False))}: make them all text")
    numbers = []
    for code, value in enumerate(values):
        try:
            numbers.append(float(value))
        except OverflowError:
            raise ValueError(f"column {name!r} has a number in row {int(np.argmax(codes == code))} that float64 does not hold") from None
        except (TypeError, ValueError):
            raise ValueError(f"column {name!r} has {cell(code)}: features are numbers, booleans or text") from None
    are_booleans = bool(values) and all(isinstance(value, (bool, np.bool_)) for value in values)
    return Column(name, np.array([*numbers, np.nan])[codes], are_booleans)
