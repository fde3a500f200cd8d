# SPDX-License-Identifier: Apache-2.0
"""Rows of whatever form a caller has them in."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _columns, _core, _device
from ._data import Dataset
from ._tables import check_order, column_names, matrix_of


def check_columns(data: Dataset, other: _core.Dataset | _core.Model, whose: str) -> None:
    """Rows must have the columns of what they are for, in that order; that a matrix has more or fewer is said where it is read."""
    names, expected = data.feature_names, other.feature_names
    if len(names) != len(expected) and names and expected and _core.columns_of(data._core) is not None:
        raise ValueError(
            f"the rows have words of their own, and so {len(names)} columns where {whose} has {len(expected)}: "
            "like= of Dataset.from_numpy and from_arrow, or Model.read of files, gives them the same"
        )
    check_order(names, expected, whose)


def as_rows(features: Any, targets: Any = None, *, dtype: Any = None, like: Any = None, **more: Any) -> Dataset:
    """A Dataset of what a caller gave: one already, CSR, or what can be brought to a matrix of ``dtype``, else of float32 or float64. ``like``
    is the Dataset or the Model that they are for."""
    if isinstance(features, Dataset):
        if targets is not None or any(value is not None for value in more.values()):
            raise ValueError("a Dataset has its targets, weights and classes itself")
        return features
    if hasattr(features, "tocsr"):
        matrix = features.tocsr()
        real = dtype or (matrix.dtype if matrix.dtype in (np.float32, np.float64) else np.float64)
        return Dataset.from_csr(matrix.astype(real, copy=False), targets, **more)
    if _columns.is_table(features):
        table, known = _columns.table_of(features, like, {})
        if table is not None:
            return Dataset._of_table(table, targets, known, {}, **more)
    elif _device.is_on_cuda(features):
        make = Dataset.from_dlpack if hasattr(features, "__dlpack_device__") else Dataset.from_cuda
        return make(features, targets, **more)
    matrix = matrix_of(features)
    if dtype is not None:
        matrix = matrix.astype(dtype, copy=False)
    return Dataset.from_numpy(matrix, targets, feature_names=column_names(features), **more)
