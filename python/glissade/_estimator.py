# SPDX-License-Identifier: Apache-2.0
"""What the estimators share beside scikit-learn's own."""

from __future__ import annotations

from contextlib import contextmanager
from copy import copy
from typing import Any, Iterator

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_array, check_is_fitted

from . import _core
from ._descent import Outcome, narrow_indices, refuse, split
from ._show import close_lines, plot_history
from ._sklearn import check_names

CLASSIFIER_LOSSES = {
    "hinge": "hinge",
    "log_loss": "logistic",
    "modified_huber": "modified_huber",
    "squared_hinge": "squared_hinge",
    "perceptron": "perceptron",
    "softmax": "softmax",
}
_REGRESSION_LOSSES = {
    "squared_error": "squared",
    "huber": "huber",
    "epsilon_insensitive": "epsilon_insensitive",
    "squared_epsilon_insensitive": "squared_epsilon_insensitive",
}


def make_loss(name: str, epsilon: float) -> _core.Loss:
    if name == "huber":
        return _core.Loss("huber", delta=epsilon)
    if name in ("epsilon_insensitive", "squared_epsilon_insensitive"):
        return _core.Loss(name, epsilon=epsilon)
    return _core.Loss({**CLASSIFIER_LOSSES, **_REGRESSION_LOSSES}[name])


class Estimator:
    """Comes before one of scikit-learn's classes among the bases."""

    def _more_validate_params(self, for_partial_fit: bool = False) -> None:
        judged = self
        if isinstance(self.optimizer, _core.Optimizer) and not self.eta0 > 0:
            judged = copy(self)  # scikit-learn before 1.8 has a default of 0 and refuses it, but here the optimizer brings its rate
            judged.eta0 = 1.0
        super(Estimator, judged)._more_validate_params(for_partial_fit=for_partial_fit)
        refuse(self)

    def _keep_own(self, batch_size: Any, optimizer: Any, schedule: Any, device: Any, callbacks: Any) -> None:
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.schedule = schedule
        self.device = device
        self.callbacks = callbacks

    def plot_history(self, ax: Any = None) -> Any:
        """Draws the losses over the epochs of the last fit with matplotlib, on `ax` if it is given, and gives back the axes."""
        check_is_fitted(self)
        return plot_history(self.history_, ax)

    @contextmanager
    def _during_fit(self, eval_set: Any) -> Iterator[None]:
        """What lasts as long as one call of fit: the validation data, and word of Ctrl-C, which ends it with the model so far. A call that
        fails leaves what there was before it."""
        before = vars(self).copy()
        self._eval_set, self._interrupted = eval_set, False
        self.history_: list[dict[str, Any]] = []
        try:
            yield
            interrupted = self._interrupted
            del self._eval_set, self._interrupted
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise
        finally:
            close_lines(self.callbacks)
        if interrupted:
            raise KeyboardInterrupt

    def _seed(self) -> int:
        return int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))

    def _held_out(self, X: Any, y: Any, weights: np.ndarray, encode: Any) -> tuple[Any, Any, np.ndarray, Any]:
        """Rows, targets and weights to train on, and (features, targets, weights) to watch, or None."""
        given = getattr(self, "_eval_set", None)
        if given is not None:
            pairs = [given] if isinstance(given, tuple) else list(given)
            if len(pairs) != 1 or len(pairs[0]) != 2:
                raise ValueError("eval_set is (X, y), or a list of one such pair")
            features, targets = pairs[0]
            check_names(self, features)
            features = check_array(narrow_indices(features), accept_sparse="csr", dtype=X.dtype, order="C")
            if features.shape[1] != X.shape[1]:
                raise ValueError(f"eval_set has {features.shape[1]} features, X has {X.shape[1]}")
            if hasattr(X, "tocsr") != hasattr(features, "tocsr"):
                raise ValueError("X and eval_set must both be sparse or both be dense")
            return X, y, weights, (features, encode(np.asarray(targets)), None)
        if not self.early_stopping:
            return X, y, weights, None
        train, watch = split(self, y, weights)
        return X[train], y[train], weights[train], (X[watch], y[watch], weights[watch])

    def _note(self, outcome: Outcome, **where: Any) -> None:
        self.history_ += [{**record, **where} for record in outcome.history]
        self._interrupted = getattr(self, "_interrupted", False) or outcome.interrupted

    def _average_is_lost(self) -> None:
        if self.average and self.t_ > 1 and getattr(self, "_standard_coef", None) is None:
            raise ValueError("partial_fit after fit with average is not offered: the parameters before averaging are not kept")
