# SPDX-License-Identifier: Apache-2.0
"""The loss as scikit-learn's networks count it."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import xlogy

from . import _core


class LeftOut:
    """What the library's Poisson loss leaves out, as it does not depend on the prediction. scikit-learn averages it over each batch, by the
    weights there, so that with weights it depends on which rows meet in a batch."""

    def __init__(self, y: np.ndarray, weights: np.ndarray | None) -> None:
        self.of_rows = np.sum(xlogy(y, y) - y, axis=1, dtype=np.float64)
        self.weights = None if weights is None else np.asarray(weights, dtype=np.float64)
        self.batches(len(y), 0, False)

    def batches(self, size: int, seed: int, shuffled: bool) -> None:
        self.size, self.seed, self.shuffled, self.known = size, seed, shuffled, (0, 0.0)

    def mean(self, epoch: int) -> float:
        """Over the epoch, which counts from 1."""
        if self.known[0] != epoch:
            self.known = (epoch, self._mean(epoch))
        return self.known[1]

    def _mean(self, epoch: int) -> float:
        if self.weights is None:
            return float(np.mean(self.of_rows))
        rows = len(self.of_rows)
        order = _core.row_order(rows, self.seed, bool(self.shuffled), epoch - 1)
        begins = np.arange(0, rows, self.size)
        sums, weights = (np.add.reduceat(values[order], begins) for values in (self.of_rows * self.weights, self.weights))
        counts = np.minimum(self.size, rows - begins)
        return float(np.sum(counts * np.divide(sums, weights, out=np.zeros_like(sums), where=weights > 0)) / rows)


def scaled(record: dict[str, Any], divisor: int, left_out: LeftOut | None, epoch: int) -> dict[str, Any]:
    return {**record, "loss": record["loss"] / divisor + (0.0 if left_out is None else left_out.mean(epoch))}


def telling(told: Any, divisor: int, left_out: LeftOut | None, verbose: bool) -> Any:
    """A callback of a run that holds no more than these: a run that is held by what it holds is never freed."""

    def callback(report: dict[str, Any]) -> bool:
        epochs = [scaled(record, divisor, left_out, record["epoch"]) for record in report["finished_epochs"]]
        for record in epochs if verbose else ():
            print(f"Iteration {record['epoch']}, loss = {record['loss']:.8f}")
        epoch = report["epoch"] if epochs else report["epoch"] + 1
        return told is not None and told({**scaled(report, divisor, left_out, epoch), "finished_epochs": epochs})

    return callback


def _of_rows(name: str, y: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    if name == "squared_error":
        return np.mean((y - predicted) ** 2, axis=1) / 2
    if name == "poisson":
        return np.sum(xlogy(y, y / predicted) - y + predicted, axis=1)
    eps = np.finfo(predicted.dtype).eps
    chance = np.clip(predicted, eps, 1 - eps)
    other = xlogy(1 - y, 1 - chance) if name == "binary_log_loss" else 0.0
    return -np.sum(xlogy(y, chance) + other, axis=1)


def loss_of(estimator: Any, X: Any, y: np.ndarray, weights: np.ndarray | None) -> float:
    """scikit-learn's loss of its parameters as they are."""
    e = estimator
    name = "binary_log_loss" if e.out_activation_ == "logistic" else e.loss
    total = X.shape[0] if weights is None else np.sum(weights)
    penalty = 0.5 * e.alpha * sum(np.vdot(layer, layer) for layer in e.coefs_) / total
    losses = _of_rows(name, y, e._forward_pass_fast(X, check_input=False).reshape(y.shape))
    return float(np.average(losses, weights=weights) + penalty)
