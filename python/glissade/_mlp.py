# SPDX-License-Identifier: Apache-2.0
"""MLPClassifier and MLPRegressor: scikit-learn's, trained by Glissade.

They derive from scikit-learn's classes, so that parameters, checks, attributes, stopping and predictions are theirs; what is replaced are the
epochs. docs/python.md lists what differs.
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import Any, Iterator

import numpy as np
import sklearn
from sklearn import neural_network
from sklearn.base import is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils.fixes import parse_version
from sklearn.utils.validation import check_array, check_is_fitted

if parse_version(sklearn.__version__) < parse_version("1.7"):
    raise ImportError(f"MLPClassifier and MLPRegressor need scikit-learn 1.7 or newer; this one is {sklearn.__version__}")

from ._errors import DivergedError
from ._network import OWN_PARAMETERS, Descent, loss_of, policy_of, refuse
from ._show import plot_history


class Network:
    """Comes before one of scikit-learn's classes among the bases."""

    def _keep_own(self, dropout: float, optimizer: Any, schedule: Any, device: str, callbacks: Any) -> None:
        self.dropout = dropout
        self.optimizer = optimizer
        self.schedule = schedule
        self.device = device
        self.callbacks = callbacks

    def fit(self, X, y, sample_weight=None, eval_set=None):
        """Fits the model; as scikit-learn's, with ``eval_set=(X, y)`` for rows that are watched. Returns self."""
        with self._watching(eval_set):
            return super().fit(X, y, sample_weight=sample_weight)

    def plot_history(self, ax: Any = None) -> Any:
        """Draws the losses over the epochs of the last fit with matplotlib, on `ax` if it is given, and gives back the axes."""
        check_is_fitted(self)
        return plot_history(self.history_, ax)

    @contextmanager
    def _watching(self, eval_set: Any) -> Iterator[None]:
        self._eval_set = eval_set
        try:
            yield
        finally:
            del self._eval_set

    def _eval_rows(self, X: Any) -> tuple[Any, np.ndarray] | None:
        """The rows to watch, and their targets as `_validate_input` makes them."""
        given = getattr(self, "_eval_set", None)
        if given is None:
            return None
        pairs = [given] if isinstance(given, tuple) else list(given)
        if len(pairs) != 1 or len(pairs[0]) != 2:
            raise ValueError("eval_set is (X, y), or a list of one such pair")
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

    def _rows_a_batch(self, rows: int) -> int:
        if self.batch_size == "auto":
            return min(200, rows)
        if self.batch_size > rows:
            warnings.warn("Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", stacklevel=2)
        return min(int(self.batch_size), rows)

    def _fit_stochastic(self, X, y, sample_weight, *rest):
        layer_units, incremental = rest[-2:]
        refuse(self)
        if incremental and self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        if incremental and self.schedule is not None:
            raise ValueError("partial_fit goes by learning_rate: a schedule spans the epochs of a fit")
        if not incremental or not hasattr(self, "_optimizer"):
            self._optimizer, self._rule_state = policy_of(self), None
        self.history_: list[dict[str, Any]] = []
        eval_rows = self._eval_rows(X)
        X, y, weights, *scored = self._held_out(X, y, sample_weight, eval_rows)
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
            if not self.early_stopping:
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

    def _fit_lbfgs(self, X, y, sample_weight, *rest):
        refuse(self)
        descent = Descent(self, X, y, sample_weight, self._eval_rows(X), rest[-1])
        descent.lbfgs(sample_weight)
        self.loss_ = loss_of(self, X, y, sample_weight)


class MLPClassifier(Network, neural_network.MLPClassifier):
    """Networks that tell classes apart, by mini-batch gradient descent: stands in for scikit-learn's class of this name.

    All of scikit-learn's parameters, attributes and methods are there and mean the same; see its documentation. Beside them:

    dropout : the share of a hidden layer's units that a step leaves out.
    optimizer : None, a name or a ``glissade.Optimizer`` in place of the solver's rule. A name takes ``learning_rate_init`` for its rate.
    schedule : None, or a schedule as the command line takes it, over ``max_iter`` epochs. None: ``learning_rate``.
    device : "auto" or "cpu".
    callbacks : a function or several, called with a ``glissade.Progress``; one that returns True ends the run.

    ``fit(..., eval_set=(X, y))`` watches further rows: the parameters of the best epoch are kept. ``history_`` has a dict an epoch.
    """

    _parameter_constraints = {**neural_network.MLPClassifier._parameter_constraints, **OWN_PARAMETERS}

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        activation="relu",
        *,
        solver="adam",
        alpha=0.0001,
        batch_size="auto",
        learning_rate="constant",
        learning_rate_init=0.001,
        power_t=0.5,
        max_iter=200,
        shuffle=True,
        random_state=None,
        tol=1e-4,
        verbose=False,
        warm_start=False,
        momentum=0.9,
        nesterovs_momentum=True,
        early_stopping=False,
        validation_fraction=0.1,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        n_iter_no_change=10,
        max_fun=15000,
        dropout=0.0,
        optimizer=None,
        schedule=None,
        device="auto",
        callbacks=None,
    ):
        super().__init__(
            hidden_layer_sizes=hidden_layer_sizes,
            activation=activation,
            solver=solver,
            alpha=alpha,
            batch_size=batch_size,
            learning_rate=learning_rate,
            learning_rate_init=learning_rate_init,
            power_t=power_t,
            max_iter=max_iter,
            shuffle=shuffle,
            random_state=random_state,
            tol=tol,
            verbose=verbose,
            warm_start=warm_start,
            momentum=momentum,
            nesterovs_momentum=nesterovs_momentum,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            n_iter_no_change=n_iter_no_change,
            max_fun=max_fun,
        )
        self._keep_own(dropout, optimizer, schedule, device, callbacks)

    def _validate_input(self, X, y, incremental, reset):
        X, y = super()._validate_input(X, y, incremental, reset)
        if self._label_binarizer.y_type_.startswith("multilabel"):
            raise ValueError("rows of several labels (multilabel) are not offered by glissade: use scikit-learn's MLPClassifier for them")
        return X, y

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = False
        return tags


class MLPRegressor(Network, neural_network.MLPRegressor):
    """Networks for regression, of one target or several, by mini-batch gradient descent: stands in for scikit-learn's class of this name.

    All of scikit-learn's parameters, attributes and methods are there and mean the same. ``dropout``, ``optimizer``, ``schedule``,
    ``device``, ``callbacks``, ``eval_set`` and ``history_`` are as of ``MLPClassifier``.
    """

    _parameter_constraints = {**neural_network.MLPRegressor._parameter_constraints, **OWN_PARAMETERS}

    def __init__(
        self,
        loss="squared_error",
        hidden_layer_sizes=(100,),
        activation="relu",
        *,
        solver="adam",
        alpha=0.0001,
        batch_size="auto",
        learning_rate="constant",
        learning_rate_init=0.001,
        power_t=0.5,
        max_iter=200,
        shuffle=True,
        random_state=None,
        tol=1e-4,
        verbose=False,
        warm_start=False,
        momentum=0.9,
        nesterovs_momentum=True,
        early_stopping=False,
        validation_fraction=0.1,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        n_iter_no_change=10,
        max_fun=15000,
        dropout=0.0,
        optimizer=None,
        schedule=None,
        device="auto",
        callbacks=None,
    ):
        super().__init__(
            loss=loss,
            hidden_layer_sizes=hidden_layer_sizes,
            activation=activation,
            solver=solver,
            alpha=alpha,
            batch_size=batch_size,
            learning_rate=learning_rate,
            learning_rate_init=learning_rate_init,
            power_t=power_t,
            max_iter=max_iter,
            shuffle=shuffle,
            random_state=random_state,
            tol=tol,
            verbose=verbose,
            warm_start=warm_start,
            momentum=momentum,
            nesterovs_momentum=nesterovs_momentum,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            n_iter_no_change=n_iter_no_change,
            max_fun=max_fun,
        )
        self._keep_own(dropout, optimizer, schedule, device, callbacks)


for _estimator in (MLPClassifier, MLPRegressor):
    _estimator.__module__ = "glissade"  # where programs and pickles find them
