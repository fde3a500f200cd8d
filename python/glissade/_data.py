# SPDX-License-Identifier: Apache-2.0
"""Rows, targets and weights: what a run learns from and what a model scores."""

from __future__ import annotations

import os
from typing import Any, Sequence

import numpy as np

from . import _arrow, _columns, _core, _device, _log
from ._tables import Table, check_names, column_names
from ._targets import check_task, column_text, numbers_of_targets
from ._views import check_offsets, real_type, toggle, viewable, weights_of, why_not

_READABLE_DEVICES = (1, 3)  # of dlpack.h: the CPU, and memory of it that is pinned for CUDA
_DEVICES = {2: "CUDA", 4: "OpenCL", 7: "Vulkan", 8: "Metal", 10: "ROCm", 13: "CUDA's managed memory", 14: "oneAPI"}


class Dataset:
    """Rows to train on or to score, with targets and weights where there are any.

    Made by one of the functions ``from_...``; ``train`` and ``Model`` also take arrays and make one themselves. Arrays of float32 or
    float64 whose rows lie one after the other (with gaps between rows or not) are not copied: they must not change while the data set
    is in use, and live as long as it does.
    """

    def __init__(self, core: _core.Dataset, classes: np.ndarray | None = None) -> None:
        self._core = core
        self._classes = classes

    @classmethod
    def from_numpy(
        cls,
        features: Any,
        targets: Any = None,
        *,
        weights: Any = None,
        classes: Sequence[Any] | np.ndarray | None = None,
        task: str = "auto",
        feature_names: Sequence[str] | None = None,
        like: Any = None,
        missing: str | None = None,
        unknown: str | None = None,
        hash_bits: int = 0,
    ) -> Dataset:
        """Views a matrix, rows x columns, of float32 or float64, or copies a table (pandas, Polars, pyarrow).

        ``targets`` are labels or numbers, one a row; rows x targets are several numbers, or several labels, each 0 or 1: whether the row
        has it. ``task`` is "classification", "regression" or "auto": text, booleans and integers are classes, fractions a regression.
        ``classes`` lists all labels where the rows may not show each of them, or names the columns of several. ``weights``, of any scale, are divided by their mean in training.
        What is no array, a list or a table of numbers, is copied into one; the names of a table's columns are kept.

        Columns of text in a table become columns of 0 and 1, one a category, as those of a file do. ``like`` is a Dataset or a Model
        whose columns and categories these rows are to have. Otherwise they are learnt here, and the rules are those of the command line:
        ``missing`` cells are an "error", or "drop", "mean" or "indicator"; words ``unknown`` to a later question to "ignore" or an
        "error"; with ``hash_bits`` text is hashed into 2^hash_bits columns of a sparse matrix.
        """
        rules = {"missing": missing, "unknown": unknown, "hash_bits": hash_bits}
        table, known = _columns.table_of(features, like, rules)
        if table is not None:
            if feature_names is not None:
                raise ValueError("feature_names are of a matrix, and this table has columns of text: rename its columns")
            return cls._of_table(table, targets, known, rules, weights=weights, classes=classes, task=task)
        given, features = features, viewable(features)
        if feature_names is None:
            feature_names = column_names(given)
        values, labels = numbers_of_targets(targets, task, classes, real_type(features))
        weighed = weights_of(weights, real_type(features))
        try:
            core = _core.dense(features, values, weighed)
        except TypeError:
            raise TypeError(f"features, of the type {type(features).__name__}, cannot be viewed: {why_not(features)}") from None
        return cls(core, labels)._named(feature_names)

    @classmethod
    def _of_table(
        cls,
        table: Table,
        targets: Any,
        known: _core.Columns | None,
        rules: dict[str, Any],
        *,
        weights: Any = None,
        classes: Sequence[Any] | np.ndarray | None = None,
        task: str = "auto",
        wide: bool | None = None,
        target_columns: Sequence[tuple[str, int]] = (),
    ) -> Dataset:
        """By what is known of the columns, else by what is learnt of them; of float64 if ``wide``, or unless all numbers are float32."""
        double = np.dtype(np.float64)
        values, labels = numbers_of_targets(targets, task, classes, double)
        weighed = weights_of(weights, double)
        if known is not None:
            return cls(_columns.encode(known, table, values, weighed), labels)
        wide = not table.is_narrow if wide is None else wide
        return cls(_columns.learn(table, values, weighed, target_columns=target_columns, wide=wide, **rules), labels)

    @classmethod
    def from_csr(
        cls,
        matrix: Any,
        targets: Any = None,
        *,
        weights: Any = None,
        classes: Sequence[Any] | np.ndarray | None = None,
        task: str = "auto",
        feature_names: Sequence[str] | None = None,
    ) -> Dataset:
        """Views a SciPy matrix or array in CSR form, with 32- or 64-bit indices, of float32 or float64.

        The values are not copied where the columns of each row ascend and none comes twice, nor are 32-bit indices. Columns may number
        2^32 at most.
        """
        if getattr(matrix, "format", None) != "csr":
            raise ValueError("from_csr takes a SciPy matrix in CSR form; .tocsr() makes one")
        check_offsets(matrix)
        if not matrix.has_canonical_format:
            matrix = matrix.copy()
            matrix.sum_duplicates()
        rows, columns = matrix.shape
        indices = np.asarray(matrix.indices)
        if indices.dtype == np.int32:
            indices = indices.view(np.uint32)
        else:
            if indices.size and (indices.min() < 0 or indices.max() >= min(columns, 2**32)):
                raise ValueError(f"indices of a matrix of {columns} columns must be from 0 to {min(columns, 2**32) - 1}")
            indices = indices.astype(np.uint32)
        offsets = np.ascontiguousarray(matrix.indptr, dtype=np.int64)
        values, labels = numbers_of_targets(targets, task, classes, real_type(matrix.data))
        data = np.ascontiguousarray(matrix.data)
        stored = int(offsets[-1]) if offsets.size else 0
        core = _core.sparse(offsets, indices[:stored], data[:stored], columns, values, weights_of(weights, real_type(data)))
        return cls(core, labels)._named(feature_names)

    @classmethod
    def from_dlpack(cls, features: Any, targets: Any = None, **more: Any) -> Dataset:
        """Views a tensor of PyTorch, JAX or whoever else speaks DLPack, in the memory of the CPU or of a CUDA device; else as ``from_numpy``.

        On a device: float32, C order with gaps between rows or not; such rows train there, and nowhere else. Targets and weights may be
        of the same device, as float32 numbers, or of the CPU. Results go out by DLPack: ``torch.from_dlpack(model.predict(rows))``.
        """
        if not hasattr(features, "__dlpack_device__"):
            raise TypeError(f"{type(features).__name__} does not speak DLPack")
        device = int(features.__dlpack_device__()[0])
        if _device.speaks_dlpack_of_cuda(features):
            return cls._on_device(_device.by_dlpack(features), 0, None, targets, **more)
        if device not in _READABLE_DEVICES:
            name = _DEVICES.get(device, f"of DLPack type {device}")
            raise ValueError(f"features lie on a device, {name}: tensors of CUDA devices and of the CPU are taken, pass a copy on the CPU")
        return cls.from_numpy(features, targets, **more)

    @classmethod
    def from_cuda(cls, features: Any, targets: Any = None, *, device: int | None = None, **more: Any) -> Dataset:
        """Views an array that has ``__cuda_array_interface__`` (CuPy, Numba, PyTorch), as ``from_dlpack`` does on a device.

        Whatever reads the rows first waits for the stream that the interface names. ``device`` is the ordinal, where the array does not
        name it by ``array.device``.
        """
        if not hasattr(features, "__cuda_array_interface__"):
            raise TypeError(f"{type(features).__name__} has no __cuda_array_interface__")
        ordinal = _device.ordinal_of(features) if device is None else device
        array, stream = _device.by_interface(features, "features", ordinal)
        return cls._on_device(array, stream, ordinal, targets, **more)

    @classmethod
    def _on_device(
        cls,
        features: Any,
        stream: int,
        ordinal: int | None,
        targets: Any,
        *,
        weights: Any = None,
        classes: Sequence[Any] | np.ndarray | None = None,
        task: str = "auto",
        feature_names: Sequence[str] | None = None,
    ) -> Dataset:
        def there(array: Any, what: str) -> Any:
            if _device.speaks_dlpack_of_cuda(array):
                return _device.by_dlpack(array)
            held, own = _device.by_interface(array, what, _device.ordinal_of(array) if ordinal is None else ordinal)
            if own not in (0, stream) and not {own, stream} <= {0, 1}:  # 0: none to wait for; 1: the default stream
                raise ValueError(f"{what} are made on stream {own}, the features on {stream}: one of them is waited for, synchronize the other")
            return held

        labels = None if classes is None else np.asarray(classes)
        values = targets
        if targets is not None and _device.is_on_cuda(targets):
            if classes is not None or task == "classification":
                raise ValueError("labels lie on a CUDA device: pass a copy on the CPU, targets that are numbers may stay")
            values = there(targets, "targets")
        elif targets is not None:
            values, labels = numbers_of_targets(targets, task, classes, np.dtype(np.float32))
        weighed = there(weights, "weights") if _device.is_on_cuda(weights) else weights_of(weights, np.dtype(np.float32))
        return cls(_core.device_dense(features, values, weighed, stream), labels)._named(feature_names)

    @classmethod
    def from_arrow(
        cls,
        table: Any,
        *,
        target: str | None = None,
        weight: str | None = None,
        columns: Sequence[str] | None = None,
        task: str = "auto",
        classes: Sequence[Any] | np.ndarray | None = None,
        dtype: Any = np.float32,
        like: Any = None,
        missing: str | None = None,
        unknown: str | None = None,
        hash_bits: int = 0,
    ) -> Dataset:
        """Copies a table of pyarrow, polars or whoever else speaks the Arrow C stream into rows: a table lies column by column.

        ``columns`` names the features, numbers, booleans or text; None: all but ``target`` and ``weight``. Columns with a dictionary
        (categories) are what their values are. Text, ``like``, ``missing``, ``unknown`` and ``hash_bits`` are as of ``from_numpy``;
        with ``like`` the element type is that of what these rows are for.
        """
        if np.dtype(dtype) not in (np.float32, np.float64):
            raise ValueError("dtype must be float32 or float64")
        rules = {"missing": missing, "unknown": unknown, "hash_bits": hash_bits}
        known = _columns.known_of(like, rules)
        held = _arrow.read(table, target, weight, columns, dtype, as_columns=known is not None or any(rules.values()))
        more = {"weights": held.weight, "classes": classes, "task": task}
        if isinstance(held.features, Table):
            if like is not None and known is None:
                raise ValueError(_columns.NO_TEXT)
            targets = [(target, held.target_place)] if target is not None else []
            return cls._of_table(held.features, held.target, known, rules, **more, wide=np.dtype(dtype) == np.float64, target_columns=targets)
        return cls.from_numpy(held.features, held.target, **more, feature_names=held.names)

    @classmethod
    def from_file(
        cls,
        path: str | os.PathLike[str],
        *,
        target: str | int | Sequence[str | int] | None = None,
        target_file: str | os.PathLike[str] | None = None,
        format: str = "",
        task: str = "auto",
        standardize: bool | str | None = None,
        standardize_target: bool | str | None = None,
        dtype: Any = np.float32,
        missing: str | None = None,
        unknown: str | None = None,
        hash_bits: int = 0,
    ) -> Dataset:
        """Reads a training file (csv, libsvm, vw, npy or idx, plain or gzip) as the command line does, text columns and all.

        ``standardize`` None, or "auto", decides by what the columns hold. ``missing``, ``unknown`` and ``hash_bits`` are as of ``from_numpy``.
        ``Model.read`` reads further files for the model.
        """
        check_task(task)
        wide = np.dtype(dtype) == np.float64
        if not wide and np.dtype(dtype) != np.float32:
            raise ValueError("dtype must be float32 or float64")
        core = _core.from_file(
            os.fspath(path),
            column_text(target),
            "" if target_file is None else os.fspath(target_file),
            format,
            task,
            toggle("standardize", standardize),
            toggle("standardize_target", standardize_target),
            wide,
            missing,
            unknown,
            hash_bits,
        )
        _log.tell_notes(core)
        return cls(core, np.asarray(core.class_labels) if core.class_labels else None)

    def _named(self, names: Sequence[str] | None) -> Dataset:
        if names is not None:
            texts = [str(name) for name in names]
            check_names(texts, self._core.columns)
            self._core.feature_names = texts
        return self

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self._core.rows, self._core.columns

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32 or float64."""
        return np.dtype(np.float64 if self._core.is_float64 else np.float32)

    @property
    def is_sparse(self) -> bool:
        return self._core.is_sparse

    @property
    def classes(self) -> np.ndarray | None:
        """The labels, in the order in which scores and probabilities stand; None in a regression."""
        return self._classes

    @property
    def feature_names(self) -> list[str]:
        return self._core.feature_names

    def __len__(self) -> int:
        return self._core.rows

    def __repr__(self) -> str:
        kind = "CSR" if self.is_sparse else "dense"
        learnt = "no targets" if not self._core.target_count else f"{self._core.target_count} target(s) a row"
        if self._classes is not None:
            learnt = f"{len(self._classes)} {'labels, several a row' if self._core.target_count > 1 else 'classes'}"
        return f"<glissade.Dataset {self._core.rows} x {self._core.columns}, {kind} {self.dtype}, {learnt}>"
