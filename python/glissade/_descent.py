# SPDX-License-Identifier: Apache-2.0
"""From scikit-learn's parameters to runs of the library, and back to coefficients."""

from __future__ import annotations

import math
import os
import re
import sys
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit
from sklearn.utils._param_validation import Interval

from . import _core, _log
from ._data import Dataset
from ._errors import DivergedError
from ._train import _joined

OWN_PARAMETERS: dict[str, list[Any]] = {
    "batch_size": [Interval(Integral, 0, None, closed="left"), None],
    "optimizer": [str, _core.Optimizer],
    "schedule": [str, None],
    "device": [str],
    "callbacks": [callable, list, tuple, None],
}
_SMALLEST = sys.float_info.min
_LARGEST_SLOPE = 1e12


def refuse(estimator: Any) -> None:
    """Names what is not offered."""
    if estimator.learning_rate in ("pa1", "pa2"):
        raise ValueError(f"learning_rate={estimator.learning_rate!r} is not offered by glissade: use scikit-learn's estimator for it")
    if estimator.early_stopping and estimator.learning_rate == "adaptive" and estimator.schedule is None:
        raise ValueError("learning_rate='adaptive' with early_stopping=True is not offered by glissade: give schedule='plateau' instead")
    standard = type(estimator)()
    if estimator.schedule is not None and estimator.learning_rate not in (standard.learning_rate, "constant"):
        raise ValueError(f"schedule and learning_rate={estimator.learning_rate!r} both move the rate: give one of them")
    if isinstance(estimator.optimizer, _core.Optimizer) and estimator.eta0 != standard.eta0:
        raise ValueError("eta0 has no effect here: the optimizer brings its rate")


def check_weights(weights: Any) -> None:
    """Before rows are parted, so that the row is the caller's."""
    if weights is None or not np.any(below := np.asarray(weights) < 0):
        return
    raise ValueError(f"sample_weight holds a negative value, in row {int(np.argmax(below))}")


def _mean_weight(weights: np.ndarray) -> float:
    check_weights(weights)
    level = float(np.mean(weights, dtype=np.float64))
    if not level > 0:
        raise ValueError("all sample weights are zero")
    return level


def narrow_indices(X: Any) -> Any:
    """CSR with 32-bit indices where they are large enough, which is what scikit-learn's checks let through."""
    if getattr(X, "format", None) != "csr" or (X.indices.dtype == np.int32 and X.indptr.dtype == np.int32):
        return X
    most = np.iinfo(np.int32).max
    if X.shape[1] > most or X.data.size > most:
        raise ValueError("the estimators take at most 2^31 - 1 columns and nonzeros; glissade.train takes more")
    return type(X)((X.data, X.indices.astype(np.int32), X.indptr.astype(np.int32)), shape=X.shape)


def schedule_watches(schedule: str | None) -> bool:
    """Whether the loss moves the rate, so that `tol` cannot also end the run."""
    return schedule is not None and ("plateau" in schedule or "adaptive" in schedule)


def split(estimator: Any, y: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows to train on and rows held out, the latter among those that weigh something, drawn as scikit-learn draws them."""
    kind = StratifiedShuffleSplit if hasattr(estimator, "classes_") else ShuffleSplit
    splitter = kind(test_size=estimator.validation_fraction, random_state=estimator.random_state)
    weighed = np.flatnonzero(weights > 0)
    if not weighed.size:
        raise ValueError("The sample weights for validation set are all zero, consider using a different random state.")
    train, watch = next(splitter.split(np.zeros((len(weighed), 1)), y[weighed]))
    if not len(train) or not len(watch):
        raise ValueError(
            f"Splitting {len(y)} samples into a train set and a validation set with validation_fraction={estimator.validation_fraction!r} "
            f"led to an empty set ({len(train)} and {len(watch)} samples). Please either change validation_fraction, increase number of "
            "samples, or disable early_stopping."
        )
    held = np.zeros(len(y), dtype=bool)
    held[weighed[watch]] = True
    return np.flatnonzero(~held), np.flatnonzero(held)


@dataclass
class Outcome:
    """Of one run. `last` are the parameters that averaging leaves out, where they were asked for."""

    coef: np.ndarray
    intercept: np.ndarray
    epochs: int
    history: list[dict[str, Any]]
    interrupted: bool
    last: tuple[np.ndarray, np.ndarray] | None = None


class _ScoreWatch:
    """Ends a run whose score on held-out rows has not risen by `tol` for some epochs, as scikit-learn's early_stopping does."""

    def __init__(self, tol: float | None, patience: int) -> None:
        self.tol, self.patience, self.best, self.stalls = tol, patience, -math.inf, 0

    def __call__(self, epochs: list[dict[str, Any]]) -> bool:
        for record in epochs:
            metrics = record["validation"]
            score = metrics.get("accuracy", metrics.get("r2", -metrics["loss"]))
            stalled = self.tol is not None and self.tol > -math.inf and score < self.best + self.tol
            self.stalls = self.stalls + 1 if stalled else 0
            self.best = max(self.best, score)
        return self.stalls >= self.patience


class Descent:
    """The runs of one call of fit or partial_fit."""

    def __init__(self, estimator: Any, alpha: float, learning_rate: str, max_iter: int, seed: int) -> None:
        self.estimator = estimator
        self.alpha, self.learning_rate, self.max_iter, self.seed = alpha, learning_rate, max_iter, seed
        self.plain = estimator.optimizer == "sgd" or getattr(estimator.optimizer, "name", None) == "sgd"

    def begin(self, coef: np.ndarray, intercept: np.ndarray, estimator: Any) -> None:
        """Where the runs start, outputs x features and outputs."""
        if not estimator.fit_intercept and np.any(intercept != 0):
            raise ValueError("an intercept to start from is not offered with fit_intercept=False")
        self.coef, self.intercept = np.array(coef), np.array(intercept)
        self.seen = int(estimator.t_ - 1)

    def rows_seen(self, X: Any, held_out: Any) -> int:
        return X.shape[0] + (0 if held_out is None else held_out[0].shape[0])

    def one(self, X: Any, targets: np.ndarray, weights: np.ndarray, output: int, loss: Any, binary: bool, watched: Any) -> Outcome:
        """A run of one output: a regression, or, of targets 0 and 1, of two classes."""
        labels = ["0", "1"] if binary else []
        held_out = None if watched is None else self._dataset(*watched, labels)
        return self._run(X, targets, weights, slice(output, output + 1), loss, labels, held_out)

    def classes(self, X: Any, codes: np.ndarray, weights: np.ndarray, count: int, loss: Any, watched: Any = None) -> Outcome:
        """One run of all classes: each against the others, or by softmax."""
        labels = [str(c) for c in range(count)]
        held_out = None if watched is None else self._dataset(*watched, labels)
        return self._run(X, codes, weights, slice(0, count), loss, labels, held_out)

    def untrained(self, output: int, dtype: Any) -> Outcome:
        """Of an output whose run did not begin."""
        coef, intercept = self.coef[output : output + 1].astype(dtype), self.intercept[output : output + 1].astype(dtype)
        return Outcome(coef, intercept, 0, [], True, (coef, intercept))

    def _dataset(self, X: Any, targets: np.ndarray, weights: np.ndarray | None, labels: list[str]) -> Dataset:
        make = Dataset.from_csr if hasattr(X, "tocsr") else Dataset.from_numpy
        data = make(X, np.asarray(targets, dtype=X.dtype), weights=weights, task="regression")
        data._core.class_labels = labels
        return data

    def _run(self, X, targets, weights, outputs: slice, loss, labels, held_out: Dataset | None) -> Outcome:
        even = bool(np.all(weights == weights[0]))
        level = 1.0 if even and weights[0] == 1 else _mean_weight(weights)
        data = self._dataset(X, targets, None if even else weights, labels)
        start = _core.linear_model(
            loss,
            np.ascontiguousarray(self.coef[outputs], dtype=np.float64),
            np.ascontiguousarray(self.intercept[outputs], dtype=np.float64),
            bool(self.estimator.fit_intercept),
            labels,
            X.dtype == np.float64,
        )
        settings = {**self._settings(level, data), "loss": loss, "start": start}
        if held_out is not None:
            settings["validation"] = held_out._core
        averaging = self._averaging(data)
        outcome = self._train(data, {**settings, **averaging}, X.dtype, held_out)
        if averaging and self.max_iter == 1:
            last = self._train(data, settings, X.dtype, held_out)
            outcome.last = (last.coef, last.intercept)
        return outcome

    def _train(self, data: Dataset, settings: dict[str, Any], dtype: Any, held_out: Dataset | None) -> Outcome:
        result = _log.run(data._core, settings, self._callback(held_out))
        if result["divergence"] is not None:
            where = re.search(r"epoch (\d+)", result["divergence"])
            raise DivergedError(
                f"Floating-point under-/overflow occurred at epoch #{where.group(1) if where else '?'}. Scaling input data with StandardScaler "
                f"or MinMaxScaler might help. ({result['divergence']})"
            )
        model = result["model"]
        coef, intercept = np.empty((model.outputs, model.features)), np.empty(model.outputs)
        model.coefficients(coef, intercept)
        steps_an_epoch = -(-data.shape[0] // (self._batch(data) or data.shape[0]))
        epochs = -(-result["steps"] // steps_an_epoch)
        return Outcome(coef.astype(dtype), intercept.astype(dtype), epochs, result["history"], result["stop"] == "interrupted")

    def _batch(self, data: Dataset) -> int:
        wanted = self.estimator.batch_size
        if wanted is not None:
            return min(int(wanted), data.shape[0])
        rule = self.estimator.optimizer if isinstance(self.estimator.optimizer, _core.Optimizer) else _core.Optimizer(self.estimator.optimizer)
        return 0 if rule.full_batch_only else 1 if self.plain else 256

    def _settings(self, level: float, data: Dataset) -> dict[str, Any]:
        """`level` is the mean weight of a row: the library divides weights by it, scikit-learn does not. A step of plain gradient descent
        by weights that are `level` times as large is one at a rate that is, with a penalty that is `level` times smaller."""
        e = self.estimator
        l2, l1 = {"l2": (1, 0), "l1": (0, 1), "elasticnet": (1 - (e.l1_ratio or 0), e.l1_ratio or 0), None: (0, 0)}[e.penalty]
        settings = {
            "optimizer": self._rule(level if self.plain else 1.0),
            "batch_size": self._batch(data),
            "epochs": int(self.max_iter),
            "seed": self.seed,
            "shuffle": "full" if e.shuffle else "none",
            "l1": self.alpha * l1 / level,
            "l2": self.alpha * l2 / level,
            "bias": bool(e.fit_intercept),
            "device": e.device,
            "threads": threads_for(getattr(e, "n_jobs", None)),
        }
        if self.plain:  # scikit-learn limits the slope of the loss likewise, so that numbers on another scale end in finite ones
            settings["clip_value"] = _LARGEST_SLOPE
        settings["schedule"] = self._schedule(level if self.plain else 1.0, settings["optimizer"])
        watching = schedule_watches(settings["schedule"])
        if self.max_iter > 1 and e.tol is not None and e.tol > -math.inf and not e.early_stopping and not watching:
            settings.update(tol=max(float(e.tol), _SMALLEST), patience=int(e.n_iter_no_change))
        return settings

    def _rule(self, level: float) -> _core.Optimizer:
        given = self.estimator.optimizer
        if isinstance(given, _core.Optimizer):
            return _core.Optimizer(given.name, **{**given.settings, "lr": given.settings["lr"] * level}) if level != 1 else given
        own = {"decay_to_zero": True} if given == "sgd" else {}  # as there, no step's penalty takes weights beyond 0
        rule = _core.Optimizer(given, **own)
        if "lr" not in rule.settings or not self.estimator.eta0 > 0:
            return rule
        return _core.Optimizer(given, lr=float(self.estimator.eta0) * level, **own)

    def _schedule(self, level: float, rule: _core.Optimizer) -> str:
        e = self.estimator
        if e.schedule is not None:
            return e.schedule
        if rule.full_batch_only:
            return "constant"
        if (not self.plain or isinstance(e.optimizer, _core.Optimizer)) and self.learning_rate == type(e)().learning_rate:
            return "cosine"
        offset = f",offset={self.seen}" if self.seen else ""
        if self.learning_rate == "optimal":
            text = f"optimal:alpha={float(self.alpha)!r},unit=sample{offset}"
            return text if level == 1 else text + f" * constantlr:factor={level!r},length=1e15"
        if self.learning_rate == "invscaling":
            return f"invscaling:power={float(e.power_t)!r},unit=sample{offset}"
        if self.learning_rate == "adaptive" and e.tol is not None and e.tol > -math.inf and self.max_iter > 1:
            return f"adaptive:divide=5,patience={int(e.n_iter_no_change)},tol={float(e.tol)!r},lowest={1e-6 * level!r}"
        return "constant"

    def _averaging(self, data: Dataset) -> dict[str, Any]:
        """The mean over the steps from the row `average` on, counted over all calls; empty where this call does not get there."""
        first = int(self.estimator.average)
        if first == 0 or first > self.seen + data.shape[0] * self.max_iter:
            return {}
        return {"average": "mean", "average_start": float(max(0, first - self.seen)), "average_start_unit": "sample"}

    def _callback(self, held_out: Dataset | None) -> Any:
        e = self.estimator
        watch = _ScoreWatch(e.tol, int(e.n_iter_no_change)) if e.early_stopping and held_out is not None else None
        told = _joined(e.callbacks)
        if watch is None and told is None and not e.verbose:
            return None

        def callback(report: dict[str, Any]) -> bool:
            for record in report["finished_epochs"] if e.verbose else ():
                print(f"-- Epoch {record['epoch']}: loss {record['loss']:.6f}, lr {record['lr']:.3g}, {record['seconds']:.2f} seconds")
            ended = watch is not None and watch(report["finished_epochs"])
            return bool(told is not None and told(report)) or ended

        return callback

    def settle(self, outcomes: list[Outcome], estimator: Any) -> tuple[np.ndarray, np.ndarray]:
        """Coefficients of all outputs. With averaging over several calls: the mean so far and the last parameters are kept."""
        coef = np.concatenate([outcome.coef for outcome in outcomes])
        intercept = np.concatenate([outcome.intercept for outcome in outcomes])
        if not estimator.average:
            return coef, intercept
        lasts = [outcome.last for outcome in outcomes]
        if any(last is None for last in lasts):
            begun = estimator.average <= estimator.t_ - 1
            estimator._standard_coef, estimator._standard_intercept = (None, None) if begun else (coef, intercept)
            return coef, intercept
        return self._mean_so_far(coef, intercept, lasts, estimator)

    def _mean_so_far(self, coef, intercept, lasts, estimator) -> tuple[np.ndarray, np.ndarray]:
        first = int(estimator.average)
        before, after = max(0, self.seen - first + 1), estimator.t_ - first
        share = 0.0 if before == 0 else before / after
        if share:
            coef = share * np.reshape(estimator._average_coef, coef.shape) + (1 - share) * coef
            intercept = share * np.ravel(estimator._average_intercept) + (1 - share) * intercept
        estimator._average_coef, estimator._average_intercept = coef, intercept
        estimator._standard_coef = np.concatenate([last[0] for last in lasts])
        estimator._standard_intercept = np.concatenate([last[1] for last in lasts])
        return coef, intercept


def threads_for(n_jobs: int | None) -> int:
    """0: every processor. joblib tells its workers by OMP_NUM_THREADS how many are theirs."""
    if n_jobs is None:
        told = os.environ.get("OMP_NUM_THREADS", "")
        return min(int(told), len(os.sched_getaffinity(0))) if told.isdigit() else 0
    usable = len(os.sched_getaffinity(0))  # more threads than processors would wait for each other in every step
    if n_jobs > 0:
        return min(n_jobs, usable)
    return max(1, usable + 1 + n_jobs) if n_jobs < -1 else 0
