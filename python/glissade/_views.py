# SPDX-License-Identifier: Apache-2.0
"""What can be viewed as it lies, and the words for what cannot."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._tables import matrix_of


def viewable(features: Any) -> Any:
    """Arrays and tensors as they are, if they are of a type that can be viewed; what is neither as an array."""
    if hasattr(features, "tocsr"):
        raise ValueError("features are a sparse matrix: Dataset.from_csr takes it")
    if not isinstance(features, np.ndarray):
        return features if hasattr(features, "__dlpack__") else matrix_of(features)
    if features.dtype not in (np.float32, np.float64):
        other = "" if features.dtype.isnative else " of another byte order"
        raise ValueError(f"features must be float32 or float64, not {features.dtype.name}{other}: .astype(np.float64) makes what is taken")
    return features


def why_not(tensor: Any) -> str:
    """What a tensor itself says when it is asked for its memory."""
    try:
        tensor.__dlpack__()
    except Exception as reason:
        return str(reason)
    return "a matrix of float32 or float64 on the CPU is taken"


def check_offsets(matrix: Any) -> None:
    """Before SciPy's own code walks along them, which looks at nothing."""
    offsets, stored = np.asarray(matrix.indptr), min(len(matrix.indices), len(matrix.data))
    if offsets.shape != (matrix.shape[0] + 1,):
        raise ValueError(f"indptr of a matrix of {matrix.shape[0]} rows has {matrix.shape[0] + 1} numbers, this one the shape {offsets.shape}")
    if offsets[0] != 0 or offsets[-1] > stored or np.any(offsets[1:] < offsets[:-1]):
        raise ValueError(f"indptr must ascend from 0 to no more than the number of values, {stored}")


def real_type(features: Any) -> np.dtype[Any]:
    """The element type that targets and weights are brought to; the module itself refuses features of another."""
    dtype = getattr(features, "dtype", None)
    return np.dtype(np.float32) if "float32" in str(dtype) else np.dtype(np.float64)


def weights_of(weights: Any, dtype: np.dtype[Any]) -> np.ndarray | None:
    if weights is None:
        return None
    try:
        return np.ascontiguousarray(weights, dtype=dtype)
    except (TypeError, ValueError) as reason:
        raise ValueError(f"weights are numbers, one a row: {reason}") from None


def toggle(name: str, value: bool | str | None) -> bool | None:
    """True, False, or None where the library decides."""
    if value is None or (isinstance(value, str) and value == "auto"):
        return None
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} takes True, False or 'auto', not {value!r}")
    return bool(value)
