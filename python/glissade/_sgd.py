# SPDX-License-Identifier: Apache-2.0
"""SGDClassifier and SGDRegressor: scikit-learn's, trained by Glissade.

They derive from scikit-learn's classes, so that parameters, checks, attributes and predictions are theirs; what is replaced is the loop over
the rows. docs/python.md lists what differs.
"""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
from sklearn import linear_model
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.extmath import softmax
from sklearn.utils.metaestimators import available_if

from . import _log, _sklearn
from ._descent import OWN_PARAMETERS, Descent, Outcome, check_weights, narrow_indices, schedule_watches
from ._encoding import TakesTables
from ._estimator import CLASSIFIER_LOSSES, Estimator, make_loss


class SGDClassifier(TakesTables, Estimator, linear_model.SGDClassifier):
    """Linear classifiers (SVM, logistic regression, ...) by mini-batch gradient descent: stands in for scikit-learn's class of this name.

    All of scikit-learn's parameters, attributes and methods are there and mean the same; see its documentation. Beside them:

    loss : also "softmax": all classes at once instead of one against the rest; of two classes that is "log_loss".
    batch_size : int or None. Rows a step, 0 for all. None: 1 with the optimizer "sgd", as scikit-learn; 256 with others.
    optimizer : a name or a ``glissade.Optimizer``. A name takes ``eta0`` for its rate; an Optimizer brings its own.
    schedule : None, or a schedule as the command line takes it. None: by ``learning_rate``, which, left at its default, means "cosine"
        with another optimizer than "sgd".
    device : "auto", "cpu", "cuda" or "cuda:N".
    callbacks : a function or several, called with a ``glissade.Progress``; one that returns True ends the run.

    ``fit(..., eval_set=(X, y))`` watches further rows: the parameters of the best epoch are kept. ``history_`` has a dict an epoch.
    """

    _parameter_constraints = {
        **linear_model.SGDClassifier._parameter_constraints,
        **OWN_PARAMETERS,
        "loss": [StrOptions({*linear_model.SGDClassifier.loss_functions, "softmax"})],
    }

    def __init__(
        self,
        loss="hinge",
        *,
        penalty="l2",
        alpha=0.0001,
        l1_ratio=0.15,
        fit_intercept=True,
        max_iter=1000,
        tol=1e-3,
        shuffle=True,
        verbose=0,
        epsilon=0.1,
        n_jobs=None,
        random_state=None,
        learning_rate="optimal",
        eta0=_sklearn.ETA0,
        power_t=0.5,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=5,
        class_weight=None,
        warm_start=False,
        average=False,
        batch_size=None,
        optimizer="sgd",
        schedule=None,
        device="auto",
        callbacks=None,
    ):
        super().__init__(
            loss=loss,
            penalty=penalty,
            alpha=alpha,
            l1_ratio=l1_ratio,
            fit_intercept=fit_intercept,
            max_iter=max_iter,
            tol=tol,
            shuffle=shuffle,
            verbose=verbose,
            epsilon=epsilon,
            n_jobs=n_jobs,
            random_state=random_state,
            learning_rate=learning_rate,
            eta0=eta0,
            power_t=power_t,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            n_iter_no_change=n_iter_no_change,
            class_weight=class_weight,
            warm_start=warm_start,
            average=average,
        )
        self._keep_own(batch_size, optimizer, schedule, device, callbacks)

    def fit(self, X, y, coef_init=None, intercept_init=None, sample_weight=None, eval_set=None):
        """Fits the model; as scikit-learn's, with ``eval_set=(X, y)`` for rows that are watched. Returns self."""
        with self._during_fit(eval_set), self._as_matrix(X, eval_set, self.warm_start) as (X, self._eval_set):
            check_weights(sample_weight)
            super().fit(narrow_indices(X), y, coef_init=coef_init, intercept_init=intercept_init, sample_weight=sample_weight)
        return self

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """One epoch on these rows; as scikit-learn's. Returns self."""
        with self._during_fit(None), self._as_matrix(X, None, True) as (X, _):
            check_weights(sample_weight)
            super().partial_fit(narrow_indices(X), y, classes=classes, sample_weight=sample_weight)
        return self

    def _get_loss_function(self, loss):
        return super()._get_loss_function("log_loss" if loss == "softmax" else loss)

    def decision_function(self, X):
        """Scores of the classes; as scikit-learn's, of tables with text too."""
        estimator, X = self._of_matrix(X)
        return super(TakesTables, estimator).decision_function(X)

    def _check_proba(self):
        return self.loss == "softmax" or super()._check_proba()

    @available_if(_check_proba)
    def predict_proba(self, X):
        """Chances of the classes, rows x classes; as scikit-learn's, and of softmax."""
        if self.loss != "softmax":
            return super().predict_proba(X)
        scores = self.decision_function(X)
        return softmax(np.column_stack([np.zeros_like(scores), scores]) if scores.ndim == 1 else scores)

    @available_if(_check_proba)
    def predict_log_proba(self, X):
        """Logarithms of ``predict_proba``."""
        return np.log(self.predict_proba(X))

    def _fit_binary(self, X, y, *, alpha, sample_weight, learning_rate, max_iter, **_):
        codes, (low, high) = self._codes(y), self._expanded_class_weight
        weights = sample_weight if low == high == 1 else sample_weight * np.where(codes, high, low)
        self._descend_classes(X, codes, weights, Descent(self, alpha, learning_rate, max_iter, self._seed()), [1])

    def _fit_multiclass(self, X, y, *, alpha, sample_weight, learning_rate, max_iter, **_):
        descent = Descent(self, alpha, learning_rate, max_iter, self._seed())
        self._descend_classes(X, self._codes(y), sample_weight, descent, range(len(self.classes_)))

    def _codes(self, y: np.ndarray) -> np.ndarray:
        if len(self.classes_) == 2:  # many times faster than to search, which would take as long as half an epoch
            second = np.asarray(y == self.classes_[1])
            codes, known = second.view(np.int8), second | (y == self.classes_[0])
        else:
            codes = np.minimum(np.searchsorted(self.classes_, y), len(self.classes_) - 1)
            known = self.classes_[codes] == y
        if not np.all(known):
            raise ValueError("there are labels that are not among the classes seen before")
        return codes

    def _one_pass(self) -> bool:
        """Whether one run of all classes gives what a run for each gives: nothing is decided by the loss."""
        return (
            (self.tol is None or self.tol == -np.inf)
            and not self.early_stopping
            and self.class_weight is None
            and self.callbacks is None
            and getattr(self, "_eval_set", None) is None
            and self.loss in CLASSIFIER_LOSSES
            and not schedule_watches(self.schedule)
            and self.optimizer != "lbfgs"
            and getattr(self.optimizer, "name", "") != "lbfgs"
        )

    def _descend_classes(self, X, codes, weights, descent, positives) -> None:
        self._average_is_lost()
        count = len(positives)
        start = self._standard_coef if self.average else self.coef_
        start_intercept = self._standard_intercept if self.average else self.intercept_
        descent.begin(start.reshape(count, -1), np.ravel(start_intercept), self)
        X, codes, weights, watched = self._held_out(X, codes, weights, self._codes)
        if count > 1 and self.loss == "softmax":
            weights = weights * np.asarray(self._expanded_class_weight, X.dtype)[codes]
            outcomes = [descent.classes(X, codes, weights, count, make_loss(self.loss, self.epsilon), watched)]
            self._note(outcomes[0])
        elif count > 1 and self._one_pass():
            outcomes = [descent.classes(X, codes, weights, count, make_loss(self.loss, self.epsilon))]
            self._note(outcomes[0])
        else:
            outcomes = []
            for output, positive in enumerate(positives):
                stopped = bool(outcomes) and outcomes[-1].interrupted
                outcomes.append(
                    descent.untrained(output, X.dtype)
                    if stopped
                    else self._against_the_rest(X, codes, weights, watched, descent, output, positive, count)
                )
        self.n_iter_ = max(outcome.epochs for outcome in outcomes)
        self.t_ += self.n_iter_ * descent.rows_seen(X, watched if self.early_stopping else None)
        self.coef_, self.intercept_ = descent.settle(outcomes, self)

    def _against_the_rest(self, X, codes, weights, watched, descent, output, positive, count) -> Outcome:
        """The run that tells class `positive` from all others, whose weight is not the classes' own then."""
        native = self.loss in CLASSIFIER_LOSSES

        def signs(values):
            hits = (values == positive).astype(X.dtype)
            return hits if native else 2 * hits - 1

        if count > 1:
            weights = weights * np.where(codes == positive, self._expanded_class_weight[positive], 1.0)
        if watched is not None:
            watched = (watched[0], signs(watched[1]), watched[2])
        with _log.about(f"class {self.classes_[positive]} against the rest") if count > 1 else nullcontext():
            loss = "log_loss" if self.loss == "softmax" else self.loss
            outcome = descent.one(X, signs(codes), weights, output, make_loss(loss, self.epsilon), native, watched)
        self._note(outcome, **({"class": self.classes_[positive]} if count > 1 else {}))
        return outcome


class SGDRegressor(TakesTables, Estimator, linear_model.SGDRegressor):
    """Linear regression by mini-batch gradient descent: stands in for scikit-learn's class of this name.

    All of scikit-learn's parameters, attributes and methods are there and mean the same. ``batch_size``, ``optimizer``, ``schedule``,
    ``device``, ``callbacks``, ``eval_set`` and ``history_`` are as of ``SGDClassifier``.
    """

    _parameter_constraints = {**linear_model.SGDRegressor._parameter_constraints, **OWN_PARAMETERS}

    def __init__(
        self,
        loss="squared_error",
        *,
        penalty="l2",
        alpha=0.0001,
        l1_ratio=0.15,
        fit_intercept=True,
        max_iter=1000,
        tol=1e-3,
        shuffle=True,
        verbose=0,
        epsilon=0.1,
        random_state=None,
        learning_rate="invscaling",
        eta0=0.01,
        power_t=0.25,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=5,
        warm_start=False,
        average=False,
        batch_size=None,
        optimizer="sgd",
        schedule=None,
        device="auto",
        callbacks=None,
    ):
        super().__init__(
            loss=loss,
            penalty=penalty,
            alpha=alpha,
            l1_ratio=l1_ratio,
            fit_intercept=fit_intercept,
            max_iter=max_iter,
            tol=tol,
            shuffle=shuffle,
            verbose=verbose,
            epsilon=epsilon,
            random_state=random_state,
            learning_rate=learning_rate,
            eta0=eta0,
            power_t=power_t,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            n_iter_no_change=n_iter_no_change,
            warm_start=warm_start,
            average=average,
        )
        self._keep_own(batch_size, optimizer, schedule, device, callbacks)

    def fit(self, X, y, coef_init=None, intercept_init=None, sample_weight=None, eval_set=None):
        """Fits the model; as scikit-learn's, with ``eval_set=(X, y)`` for rows that are watched. Returns self."""
        with self._during_fit(eval_set), self._as_matrix(X, eval_set, self.warm_start) as (X, self._eval_set):
            check_weights(sample_weight)
            super().fit(narrow_indices(X), y, coef_init=coef_init, intercept_init=intercept_init, sample_weight=sample_weight)
        return self

    def partial_fit(self, X, y, sample_weight=None):
        """One epoch on these rows; as scikit-learn's. Returns self."""
        with self._during_fit(None), self._as_matrix(X, None, True) as (X, _):
            check_weights(sample_weight)
            super().partial_fit(narrow_indices(X), y, sample_weight=sample_weight)
        return self

    def _decision_function(self, X):
        estimator, X = self._of_matrix(X)
        return super(TakesTables, estimator)._decision_function(X)

    def _fit_regressor(self, X, y, alpha, *rest):
        learning_rate, sample_weight, max_iter = rest[-3:]
        self.t_ = getattr(self, "t_", 1.0)
        self._average_is_lost()
        descent = Descent(self, alpha, learning_rate, max_iter, self._seed())
        averaged = self.average and self._standard_coef is not None  # else a fit that goes on from an averaged one
        start = self._standard_coef if averaged else self.coef_
        start_intercept = self._standard_intercept if averaged else self.intercept_
        descent.begin(start.reshape(1, -1), np.ravel(start_intercept), self)
        rows, targets, weights, watched = self._held_out(X, y, sample_weight, lambda values: values)
        outcome = descent.one(rows, targets, weights, 0, make_loss(self.loss, self.epsilon), False, watched)
        self._note(outcome)
        self.n_iter_ = outcome.epochs
        self.t_ += self.n_iter_ * X.shape[0]
        coef, self.intercept_ = descent.settle([outcome], self)
        self.coef_ = coef.ravel()


for _estimator in (SGDClassifier, SGDRegressor):
    _estimator.__module__ = "glissade"  # where programs and pickles find them
