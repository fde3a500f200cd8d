# SPDX-License-Identifier: Apache-2.0
"""Runs: ``train`` and ``plan``."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any, Callable, Sequence

import numpy as np

from . import _core, _log
from ._data import Dataset
from ._errors import DivergedError
from ._model import Model
from ._rows import as_rows
from ._settings import loss_of, settings_of
from ._show import ProgressLine, plot_history


@dataclass(frozen=True)
class Progress:
    """What a callback is told after each segment of steps. Losses are means a row of what the run minimises."""

    step: int
    total_steps: int
    epoch: int  #: epochs finished
    total_epochs: int
    loss: float
    lr: float
    seconds: float
    rows_per_second: float
    member: int  #: of several: the one that leads so far, whose loss and lr these are
    members: int
    #: those that ended in the segment: epoch, step, lr, loss, seconds, validation, a dict of metrics, where there is such data, and member
    #: where there are several
    finished_epochs: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Member:
    """One of the settings that a run has tried."""

    optimizer: _core.Optimizer
    l1: float
    l2: float
    seed: int
    model: Model
    history: list[dict[str, Any]]
    best_epoch: int
    best_loss: float  #: by which the best member is chosen: over the folds, of validation or of training
    nonzero_weights: int
    divergence: str | None  #: where a sum was not finite; the model is the one before
    fold_scores: list[dict[str, float]]  #: of each fold the metrics, on its rows, of a model trained on the others

    @property
    def lr(self) -> float:
        return self.optimizer.settings["lr"]


@dataclass(frozen=True)
class Run:
    """What ``train`` gives back, of the best member where there are several. ``stop`` says why it ended; "interrupted" is Ctrl-C."""

    model: Model
    history: list[dict[str, Any]]
    stop: str
    steps: int
    best_epoch: int
    nonzero_weights: int
    seconds: float
    plan: str
    advice: str
    best_member: int
    members: list[Member]  #: all settings, in order: rates, of each the penalties, of each the seeds

    @property
    def models(self) -> list[Model]:
        """Those of the members."""
        return [member.model for member in self.members]

    @property
    def fold_scores(self) -> list[dict[str, float]]:
        """With ``folds``: of each fold the metrics, on its rows, of a model with the best member's settings that was trained on the others."""
        return self.members[self.best_member].fold_scores

    def plot_history(self, ax: Any = None) -> Any:
        """Draws the losses over the epochs with matplotlib, on `ax` if it is given, and gives back the axes."""
        return plot_history(self.history, ax)


Callback = Callable[[Progress], Any]


def train(
    data: Any,
    targets: Any = None,
    *,
    weights: Any = None,
    loss: str | _core.Loss = "auto",
    optimizer: str | _core.Optimizer = "adam",
    lr: float | Sequence[float] | None = None,
    batch_size: int | str | None = None,
    epochs: int | None = None,
    schedule: str | None = None,
    validation: Any = None,
    start: Model | None = None,
    callbacks: Callback | Sequence[Callback] | None = None,
    seed: int | Sequence[int] = 0,
    checkpoint: str | os.PathLike[str] | dict[str, Any] | None = None,
    resume: str | os.PathLike[str] | None = None,
    progress: bool = False,
    **settings: Any,
) -> Run:
    """Trains a model, or several in one pass over the data.

    ``data`` is a ``Dataset``, or features with ``targets`` beside them. What is None, and every other setting, has the library's
    default. The further ``settings`` are the fields of TrainOptions: hidden (widths of hidden layers), activation, init, dropout,
    label_smoothing, storage, matmul_precision, shuffle, drop_last, l1, l2, decay_bias, bias, clip_norm, clip_value,
    average, average_start, average_start_unit, average_decay, class_weights, balanced, standardize, standardize_target, max_steps,
    max_seconds, tol, patience, device, threads, nondeterministic, memory_limit_bytes, device_memory_limit_bytes. ``batch_size`` "full", or 0, is all rows;
    ``class_weights`` also a dict by label, which leaves the others at 1; ``standardize`` "auto" or None is off: files are standardised as they are read.
    The rate of ``adam`` is 0.01, of networks 0.001.

    ``validation`` is a Dataset or (features, targets): the model of the best epoch is kept. Each of ``callbacks`` is called with a
    ``Progress`` after each segment; one that returns True ends the run, and what one raises ends it too and arrives here.
    Ctrl-C ends the run after the segment; the model so far is returned, with ``stop == "interrupted"``.

    ``progress`` keeps a line of text up to date, in terminals and notebooks.

    Lists for ``lr``, ``l2`` and ``seed`` are members, each with each: they share every row that is read, and each becomes bit for bit what
    a run of its own gives, in the same row order. That order is of the first seed, for all: the others draw initial layers and dropout
    alone. ``Run.members`` has them all, ``Run.model`` is the best. ``folds=K`` is cross-validation in the same pass.

    ``checkpoint`` is a directory of this run alone, or a dict of ``directory``, ``every_steps``, ``every_epochs`` and ``keep``. ``resume`` is
    such a directory: the run goes on from its newest intact checkpoint, bit for bit as if it had never stopped; data and settings are given
    again and checked.

    Raises ``DivergedError`` if a sum is not finite (of members: of all); else ValueError (settings, data), MemoryError, OSError or
    RuntimeError (devices).
    """
    rows = as_rows(data, targets, like=_whose_columns(start), **({} if weights is None else {"weights": weights}))
    rule = loss_of(loss)
    if rule.is_regression and rows._core.is_classification:
        raise ValueError(f"loss {rule.name} is for regression, but the targets are classes: give them as floats, or task='regression'")
    chosen = settings_of(rows, rule, optimizer, lr, batch_size, epochs, schedule, validation, start, seed, settings)
    if checkpoint is not None:
        if not isinstance(checkpoint, (str, os.PathLike, dict)):
            raise TypeError(f"checkpoint takes a directory, or a dict of directory, every_steps, every_epochs and keep, not {checkpoint!r}")
        given = dict(checkpoint) if isinstance(checkpoint, dict) else {"directory": checkpoint}
        directory = given.get("directory", resume)
        if directory is None:
            raise ValueError("checkpoint names no directory")
        chosen["checkpoint"] = {**given, "directory": os.fspath(directory)}
    if resume is not None and not isinstance(resume, (str, os.PathLike)):
        raise TypeError(f"resume takes a directory, not {resume!r}")
    line = ProgressLine() if progress else None
    told = _joined([*_several(callbacks), *([line] if line else [])])
    try:
        result = _log.run(rows._core, chosen, told, None if resume is None else os.fspath(resume))
    finally:
        if line:
            line.close()
    if result["divergence"] is not None:
        raise DivergedError(result["divergence"])
    del result["divergence"]
    members = [Member(**{**member, "model": Model(member["model"], rows.classes)}) for member in result["members"]]
    return Run(**{**result, "members": members, "model": members[result["best_member"]].model})


def newest_checkpoint(directory: str | os.PathLike[str]) -> dict[str, Any]:
    """What the newest intact checkpoint in a directory says of itself: path, step, epoch, settings, and which newer ones were skipped."""
    return _core.newest_checkpoint(os.fspath(directory))


def plan(data: Any, targets: Any = None, **settings: Any) -> str:
    """What ``train`` with the same arguments would run, without running it, in lines for people."""
    named = {name: settings.pop(name, None) for name in ("lr", "batch_size", "epochs", "schedule", "validation", "start")}
    for name in ("callbacks", "checkpoint", "resume", "progress"):
        settings.pop(name, None)
    weights = settings.pop("weights", None)
    rows = as_rows(data, targets, like=_whose_columns(named["start"]), **({} if weights is None else {"weights": weights}))
    loss, optimizer, seed = settings.pop("loss", "auto"), settings.pop("optimizer", "adam"), settings.pop("seed", 0)
    return _core.plan(rows._core, settings_of(rows, loss_of(loss), optimizer, *named.values(), seed, settings))


def devices() -> list[dict[str, Any]]:
    """The GPUs that can be used: name, ordinal, memory_bytes. Empty where there are none."""
    return _core.cuda_devices()


def _whose_columns(start: Any) -> Model | None:
    """A run that goes on from a model keeps the words that the model has learnt of a table."""
    return start if isinstance(start, Model) else None


def _joined(callbacks: Callback | Sequence[Callback] | None) -> Callable[[dict[str, Any]], bool] | None:
    """One function of all callbacks. Each is called, whatever the others say."""
    several = _several(callbacks)
    if not several:
        return None
    return lambda report: any([_wants_to_stop(callback(Progress(**report))) for callback in several])


def _several(callbacks: Callback | Sequence[Callback] | None) -> list[Callback]:
    if callbacks is None:
        return []
    several = [callbacks] if callable(callbacks) else callbacks
    if not isinstance(several, (list, tuple)) or not all(callable(one) for one in several):
        raise TypeError(f"callbacks takes a function of a glissade.Progress, or a list of them, not {callbacks!r}")
    return list(several)


def _wants_to_stop(answer: Any) -> bool:
    if answer is None or isinstance(answer, (bool, np.bool_)):
        return bool(answer)
    raise TypeError(f"a callback returns True to end the run, else False or nothing; this one returned {answer!r}")
