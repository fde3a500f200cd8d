# SPDX-License-Identifier: Apache-2.0
"""Trained models."""

from __future__ import annotations

import os
import pathlib
import tempfile
from typing import Any, Sequence

import numpy as np

from . import _core, _log
from ._data import Dataset
from ._rows import as_rows, check_columns
from ._targets import column_text, texts_of_labels


class Model:
    """A trained model: what ``train`` gives, and what ``Model.load`` reads.

    Rows are a matrix, a CSR matrix of SciPy or a ``Dataset``. Results have the element type of the rows and do not depend on device and
    threads. ``device`` None is the CPU, or the card where the rows lie.
    """

    def __init__(self, core: _core.Model, classes: np.ndarray | None = None) -> None:
        self._core = core
        self._classes = np.asarray(core.class_labels) if classes is None and core.class_labels else classes

    @property
    def classes(self) -> np.ndarray | None:
        """Labels in the order in which scores and probabilities stand, or the names of several a row; None of a regression. Texts, if the model was read from a file."""
        return self._classes

    @property
    def loss(self) -> _core.Loss:
        return self._core.loss

    @property
    def features(self) -> int:
        return self._core.features

    @property
    def outputs(self) -> int:
        return self._core.outputs

    @property
    def hidden(self) -> list[int]:
        """Widths of the hidden layers; empty of a linear model."""
        return self._core.hidden

    @property
    def feature_names(self) -> list[str]:
        return self._core.feature_names

    def coefficients(self) -> tuple[np.ndarray, np.ndarray]:
        """Weights, outputs x features, and biases, outputs, in the units of the raw data, float64. A network has none: ValueError."""
        weights, biases = np.empty((self.outputs, self.features)), np.empty(self.outputs)
        self._core.coefficients(weights, biases)
        return weights, biases

    def layers(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Of each layer the weights, outputs x inputs, and the biases (none of a model without), float64, from the input on.

        They are the parameters as they were trained: of standardised features where the run standardised them.
        """
        return self._core.layers()

    def decision_function(self, rows: Any, *, device: str | None = None, threads: int = 0) -> np.ndarray:
        """Scores, one a row, or rows x outputs where there are several."""
        return self._ask(self._core.decision_function, rows, self.outputs, device, threads)

    def predict(self, rows: Any, *, device: str | None = None, threads: int = 0) -> np.ndarray:
        """Labels, or in a regression values in the units of the targets; of several labels rows x labels, 1 for each that a row has."""
        if self._classes is None:
            return self._ask(self._core.predict, rows, self.outputs, device, threads)
        if self._core.multi_label:
            return self._ask(self._core.predict, rows, self.outputs, device, threads).astype(np.intp)
        return self._classes[self._ask(self._core.predict, rows, 1, device, threads).astype(np.intp)]

    def predict_proba(self, rows: Any, *, device: str | None = None, threads: int = 0) -> np.ndarray:
        """Probability of each class, rows x classes, of the losses logistic, softmax and modified_huber."""
        if self._classes is None:
            raise ValueError("a regression has no probabilities")
        return self._ask(self._core.predict_proba, rows, len(self._classes), device, threads)

    def _ask(self, question: Any, rows: Any, width: int, device: str | None, threads: int) -> np.ndarray:
        data = self._checked(as_rows(rows, like=self))
        out = np.empty((len(data), width), dtype=data.dtype)
        question(data._core, out, _place(data, device), threads)
        return out[:, 0] if width == 1 else out

    def _checked(self, data: Dataset) -> Dataset:
        check_columns(data, self._core, "the model")
        return data

    def evaluate(self, rows: Any, targets: Any = None, *, weights: Any = None, device: str | None = None, threads: int = 0) -> dict[str, float]:
        """Metrics by name: ``loss``, and what fits the task. Where the model's labels are texts, those of the rows are compared as texts."""
        task = "auto" if isinstance(rows, Dataset) else "regression" if self._classes is None else "classification"
        more = {} if task == "auto" else {"task": task, "classes": self._classes}
        if more and self._classes is not None and self._classes.dtype.kind == "U" and targets is not None and not self._core.multi_label:
            targets = texts_of_labels(targets)
        data = self._checked(as_rows(rows, targets, like=self, **({"weights": weights} if weights is not None else {}), **more))
        _with_classes(data, self._classes)
        return self._core.evaluate(data._core, _place(data, device), threads)

    def read(
        self,
        path: str | os.PathLike[str],
        *,
        target: str | int | Sequence[str | int] | None = None,
        target_file: str | os.PathLike[str] | None = None,
        with_targets: bool = True,
    ) -> Dataset:
        """Reads a file as the training file was read, for this model."""
        beside = "" if target_file is None else os.fspath(target_file)
        core = self._core.read(os.fspath(path), column_text(target), beside, with_targets)
        _log.tell_notes(core)
        return Dataset(core, self._classes)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a model file; a file of that name is either the old one or the whole new one."""
        self._core.save(os.fspath(path))

    def export(self, path: str | os.PathLike[str], *, name: str | None = None) -> None:
        """Writes the model for other programs, by the extension of ``path``: .onnx for ONNX runtimes, .hpp for C++ without a library.

        The same bytes as ``glissade export`` writes of a saved model. ``name`` is that of the graph or of the namespace, if not the file's.
        """
        self._core.export_to(os.fsdecode(path), name or "")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Model:
        return cls(_core.Model.load(os.fspath(path)))

    def __reduce__(self) -> tuple[Any, ...]:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "model.safetensors")
            self.save(path)
            return _from_bytes, (path.read_bytes(), self._classes)

    def __repr__(self) -> str:
        return f"<glissade.Model {self.loss.name}, {' - '.join(map(str, [self.features, *self.hidden, self.outputs]))}>"


def _from_bytes(content: bytes, classes: np.ndarray | None) -> Model:
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "model.safetensors")
        path.write_bytes(content)
        return Model(_core.Model.load(str(path)), classes)


def _place(data: Dataset, device: str | None) -> str:
    """Where rows are scored if it is not said: where they lie."""
    return device or ("auto" if data._core.on_device else "cpu")


def _with_classes(data: Dataset, classes: np.ndarray | None) -> None:
    """The library compares classes by their labels' texts: the data set's own where it names them, else the model's."""
    if classes is not None and data._core.target_count and not data._core.class_labels:
        data._core.class_labels = [str(label) for label in (classes if data._classes is None else data._classes)]
