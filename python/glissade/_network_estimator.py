# SPDX-License-Identifier: Apache-2.0
"""What the estimators of networks share beside scikit-learn's own."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import Any, Iterator

import numpy as np
from sklearn.base import is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import _check_sample_weight, check_array, check_is_fitted

from ._descent import check_weights
from ._encoding import TakesTables
from ._errors import DivergedError
from ._network import Descent, policy_of, refuse
from ._network_loss import loss_of
from ._show import close_lines, plot_history
from ._sklearn import check_names


class Network(TakesTables):
    """Comes before one of scikit-learn's classes among the bases."""

    def _keep_own(self, dropout: float, optimizer: Any, schedule: Any, device: str, callbacks: Any) -> None:
        self.dropout = dropout
        self.optimizer = optimizer
        self.schedule = schedule
        self.device = device
        self.callbacks = callbacks

    def fit(self, X, y, sample_weight=None, eval_set=None):
        """Fits the model; as scikit-learn's, with ``eval_set=(X, y)`` for rows that are watched. Returns self."""
        check_weights(sample_weight)
        try:
            with self._keeping(_sample_weight=sample_weight, _eval_set=eval_set):
                return super().fit(X, y)
        finally:
            close_lines(self.callbacks)

    def plot_history(self, ax: Any = None) -> Any:
        """Draws the losses over the epochs of the last fit with matplotlib, on `ax` if it is given, and gives back the axes."""
        check_is_fitted(self)
        return plot_history(self.history_, ax)

    @contextmanager
    def _keeping(self, **given: Any) -> Iterator[None]:
        """Attributes as long as one call lasts: what scikit-learn's code, of all releases, does not hand on."""
        vars(self).update(given)
        try:
            yield
        finally:
            for name in given:
                vars(self).pop(name, None)

    def _fit(self, X, y, sample_weight=None, incremental=False):
        if sample_weight is not None:  # of partial_fit, which hands them on since scikit-learn 1.7
            with self._keeping(_sample_weight=sample_weight):
                return self._fit(X, y, incremental=incremental)
        refuse(self)
        if incremental and self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        if incremental and self.schedule is not None:
            raise ValueError("partial_fit goes by learning_rate: a schedule spans the epochs of a fit")
        before = vars(self).copy()
        try:
            with self._as_matrix(X, getattr(self, "_eval_set", None), incremental or self.warm_start) as (X, eval_set):
                if eval_set is not None:
                    self._eval_set = eval_set
                return super()._fit(X, y, incremental=incremental)
        except Exception:
            vars(self).clear()  # layers that were drawn and not trained, classes of rows that were not learnt
            vars(self).update(before)
            raise

    def _row_weights(self, X: Any) -> np.ndarray | None:
        given = getattr(self, "_sample_weight", None)
        return None if given is None else _check_sample_weight(given, X)

    def _forward_pass_fast(self, X, check_input=True):
        estimator, X = self._of_matrix(X) if check_input else (self, X)
        return super(Network, estimator)._forward_pass_fast(X, check_input=check_input)

    def _eval_rows(self, X: Any) -> tuple[Any, np.ndarray] | None:
        """The rows to watch, and their targets as `_validate_input` makes them."""
        given = getattr(self, "_eval_set", None)
        if given is None:
            return None
        pairs = [given] if isinstance(given, tuple) else list(given)
        if len(pairs) != 1 or len(pairs[0]) != 2:
            raise ValueError("eval_set is (X, y), or a list of one such pair")
        check_names(self, pairs[0][0])
        features = check_array(pairs[0][0], accept_sparse=["csr", "csc"], dtype=X.dtype)
        if features.shape[1] != X.shape[1]:
            raise ValueError(f"eval_set has {features.shape[1]} features, X has {X.shape[1]}")
        targets = np.asarray(pairs[0][1])
        if is_classifier(self):
            strange = np.setdiff1d(targets, self.classes_)
            if strange.size:
                raise ValueError(f"eval_set has the label {str(strange[0])!r}, which is not among classes_")
            targets = self._label_binarizer.transform(targets)
        return features, targets.reshape(len(targets), -1)

    def _held_out(self, X: Any, y: np.ndarray, weights: Any, watched: Any) -> tuple[Any, ...]:
        """Rows to train on and rows to score, each as rows, targets and weights: what scikit-learn draws, or the caller's."""
        if not self.early_stopping:
            return X, y, weights, None, None, None
        if watched is None:
            stratify = y if is_classifier(self) and self.n_outputs_ == 1 else None
            arrays = (X, y) if weights is None else (X, y, weights)
            parts = train_test_split(*arrays, random_state=self._random_state, test_size=self.validation_fraction, stratify=stratify)
            train, scored = [[*parts[half::2], None][:3] for half in (0, 1)]
        else:
            train, scored = [X, y, weights], [*watched, None]
        if scored[0].shape[0] < 2:
            raise ValueError("The validation set is too small. Increase 'validation_fraction' or the size of your dataset.")
        if is_classifier(self):
            scored[1] = self._label_binarizer.inverse_transform(scored[1])
        return (*train, *scored)

    def _score(self, X: Any, y: np.ndarray, sample_weight: np.ndarray | None = None) -> float:
        """As scikit-learn's; its own of 1.6 to 1.8 takes no labels that are texts."""
        predicted = self._predict(X, check_input=False)
        if np.issubdtype(predicted.dtype, np.floating) and not np.isfinite(predicted).all():
            return np.nan
        score = accuracy_score if is_classifier(self) else r2_score
        return score(y, predicted, sample_weight=getattr(self, "_scored_weights", sample_weight))

    def _rows_a_batch(self, rows: int) -> int:
        if self.batch_size == "auto":
            return min(200, rows)
        if self.batch_size > rows:
            warnings.warn("Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", stacklevel=2)
        return min(int(self.batch_size), rows)

    def _fit_stochastic(self, X, y, *rest):
        layer_units, incremental = rest[-2:]
        if not incremental or not hasattr(self, "_optimizer"):
            self._optimizer, self._rule_state = policy_of(self), None
        self.history_: list[dict[str, Any]] = []
        eval_rows = self._eval_rows(X)
        X, y, weights, *scored = self._held_out(X, y, self._row_weights(X), eval_rows)
        descent = Descent(self, X, y, weights, None if self.early_stopping else eval_rows, layer_units)
        batch_size = self._rows_a_batch(X.shape[0])
        drawn = self.shuffle or self.dropout > 0
        seed = int(self._random_state.randint(np.iinfo(np.int32).max)) if drawn else 0
        epochs = 1 if incremental else self.max_iter
        self.n_iter_ = 0
        descent.start(epochs, batch_size, seed)
        try:
            while descent.next():
                if self.early_stopping:
                    descent.take(descent.run.parameters(False))
                if self._close_epoch(descent.scaled(descent.run.last), X.shape[0], scored) or descent.run.stopped:
                    break
                if self.n_iter_ == self.max_iter and not incremental:
                    warnings.warn(
                        f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the optimization hasn't converged yet.",
                        ConvergenceWarning,
                        stacklevel=2,
                    )
            if descent.run.interrupted:
                raise KeyboardInterrupt
            descent.finish()
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=2)
            descent.finish()
        except DivergedError as error:
            if not self.early_stopping or not self.validation_scores_:
                raise
            self.validation_scores_.append(float("nan"))
            warnings.warn(f"{error} The parameters with the best validation score are kept.", ConvergenceWarning, stacklevel=2)
        if self.early_stopping:
            self.coefs_, self.intercepts_ = self._best_coefs, self._best_intercepts

    def _close_epoch(self, record: dict[str, Any], rows: int, scored: list[Any]) -> bool:
        """Counts an epoch; whether it is the last, by the loss or the score."""
        self.n_iter_ += 1
        self.t_ += rows
        self.loss_ = record["loss"]
        self.loss_curve_.append(self.loss_)
        self.history_.append(record)
        if self.verbose:
            print(f"Iteration {self.n_iter_}, loss = {self.loss_:.8f}")
        self._update_no_improvement_count(self.early_stopping, *scored)
        if self.early_stopping:
            score = self.validation_scores_[-1]
            record["validation"] = {"accuracy" if is_classifier(self) else "r2": score}
        self._optimizer.iteration_ends(self.t_)
        if self._no_improvement_count <= self.n_iter_no_change:
            return False
        what = "Validation score" if self.early_stopping else "Training loss"
        ends = self._optimizer.trigger_stopping(
            f"{what} did not improve more than tol={self.tol:f} for {self.n_iter_no_change} consecutive epochs.", self.verbose
        )
        if not ends:
            self._no_improvement_count = 0
        return ends

    def _fit_lbfgs(self, X, y, *rest):
        weights = self._row_weights(X)
        descent = Descent(self, X, y, weights, self._eval_rows(X), rest[-1])
        descent.lbfgs(weights)
        self.loss_ = loss_of(self, X, y, weights)
