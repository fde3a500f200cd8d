# SPDX-License-Identifier: Apache-2.0
"""From scikit-learn's networks to epochs of the library, and back to layers."""

from __future__ import annotations

import warnings
from itertools import pairwise
from numbers import Real
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer
from sklearn.utils._param_validation import Interval

from . import _core, _log
from ._data import Dataset
from ._descent import OWN_PARAMETERS as _LINEAR_PARAMETERS
from ._descent import check_weights, threads_for
from ._errors import DivergedError
from ._network_loss import LeftOut, scaled, telling
from ._train import _joined

OWN_PARAMETERS: dict[str, list[Any]] = {
    "dropout": [Interval(Real, 0, 1, closed="left")],
    "optimizer": [str, _core.Optimizer, None],
    "schedule": _LINEAR_PARAMETERS["schedule"],
    "device": _LINEAR_PARAMETERS["device"],
    "callbacks": _LINEAR_PARAMETERS["callbacks"],
}
_ACTIVATIONS = {"identity": "identity", "logistic": "sigmoid", "tanh": "tanh", "relu": "relu"}
_LOSSES = {"squared_error": "squared", "poisson": "poisson", "logistic": "logistic", "softmax": "softmax"}
_NOT_FINITE = "Solver produced non-finite parameter weights. The input data may contain large values and need to be preprocessed."
_HELD = "adaptive:patience=1000000000"  # its rate is the caller's
_LBFGS_FALL = 1e7 * np.finfo(np.float64).eps  # scipy's factr times eps: scikit-learn leaves it at its default


def refuse(estimator: Any) -> None:
    """Names what is not offered."""
    if not np.size(estimator.hidden_layer_sizes):
        raise ValueError("hidden_layer_sizes is empty, which makes a linear model: use SGDClassifier or SGDRegressor")
    rule = estimator.optimizer
    if not isinstance(rule, _core.Optimizer) and rule is not None:
        _core.Optimizer(rule)  # says which there are
    if "lbfgs" in (rule, getattr(rule, "name", "")):
        raise ValueError("optimizer='lbfgs' is not offered here: say solver='lbfgs'")
    if estimator.solver == "lbfgs" and (rule is not None or estimator.schedule is not None or estimator.dropout > 0):
        raise ValueError("solver='lbfgs' has no optimizer, no schedule and no dropout of one's own")
    if estimator.schedule is not None and estimator.learning_rate != "constant":
        raise ValueError(f"schedule and learning_rate={estimator.learning_rate!r} both move the rate: give one of them")
    if rule is not None:
        _refuse_beside_a_rule(estimator, rule if isinstance(rule, _core.Optimizer) else _core.Optimizer(rule))


def _refuse_beside_a_rule(estimator: Any, rule: _core.Optimizer) -> None:
    """Names the settings of solvers that an optimizer of one's own would leave without effect."""
    standard, own = MLPClassifier(), isinstance(estimator.optimizer, _core.Optimizer)

    def given(name: str) -> bool:
        return getattr(estimator, name) != getattr(standard, name)

    of_solvers = [name for name in ("momentum", "nesterovs_momentum", "beta_1", "beta_2", "epsilon") if given(name)]
    if of_solvers:
        raise ValueError(f"{of_solvers[0]} is the solver's, not the optimizer's: give glissade.Optimizer({rule.name!r}, ...) its own settings")
    if given("learning_rate") and (estimator.solver != "sgd" or rule.full_batch_only):
        raise ValueError(
            f"learning_rate={estimator.learning_rate!r} has no effect here: with an optimizer of one's own it acts with solver='sgd', "
            "and not on rules that set their own steps"
        )
    if given("learning_rate_init") and (own or "lr" not in rule.settings):
        raise ValueError("learning_rate_init has no effect here: " + ("the optimizer brings its rate" if own else f"{rule.name} sets its own steps"))
    if rule.full_batch_only and estimator.batch_size != "auto":
        raise ValueError(f"batch_size has no effect here: each step of {rule.name} takes all rows")


def dense(X: Any) -> np.ndarray:
    """Rows side by side. Sparse ones are copied, which is said."""
    if hasattr(X, "toarray"):
        size = X.shape[0] * X.shape[1] * X.dtype.itemsize
        warnings.warn(f"networks read dense rows: a dense copy of X takes {size} bytes", UserWarning, stacklevel=2)
        X = X.toarray()
    return np.ascontiguousarray(X)


def pack(coefs: list[np.ndarray], intercepts: list[np.ndarray]) -> np.ndarray:
    """Parameters as the library has them: layer by layer weights, outputs x inputs, then biases."""
    parts = [part for weights, biases in zip(coefs, intercepts) for part in (weights.T.ravel(), biases)]
    return np.concatenate(parts).astype(np.float64)


def unpack(flat: np.ndarray, units: list[int], dtype: Any) -> tuple[list[np.ndarray], list[np.ndarray]]:
    coefs, intercepts, at = [], [], 0
    for inputs, outputs in pairwise(units):
        end = at + inputs * outputs
        coefs.append(np.ascontiguousarray(flat[at:end].reshape(outputs, inputs).T, dtype=dtype))
        intercepts.append(flat[end : end + outputs].astype(dtype))
        at = end + outputs
    return coefs, intercepts


class Descent:
    """The epochs of one call of fit or partial_fit: rows, targets and weights to train on, (rows, targets) to watch or None."""

    def __init__(self, estimator: Any, X: Any, y: np.ndarray, weights: np.ndarray | None, watched: Any, units: list[int]) -> None:
        self.estimator, self.units, self.rows, self.dtype = estimator, units, X.shape[0], X.dtype
        # scikit-learn's loss of several targets is the mean of theirs, its slopes are those of the sum.
        self.divisor = units[-1] if estimator.out_activation_ == "identity" else 1
        self.left_out = LeftOut(y, weights) if estimator.out_activation_ == "exp" else None
        check_weights(weights)
        kind = {"identity": "squared_error", "exp": "poisson"}.get(estimator.out_activation_, estimator.out_activation_)
        self.loss = _core.Loss(_LOSSES[kind])
        names = [str(c) for c in range(units[-1])]
        self.several = kind == "logistic" and units[-1] > 1  # labels a row
        self.labels = {"logistic": names if self.several else ["0", "1"], "softmax": names}.get(kind, [])
        self.data = self._dataset(X, y, weights)
        self.watched = None if watched is None else self._dataset(*watched, None)

    def _dataset(self, X: Any, y: np.ndarray, weights: np.ndarray | None) -> Dataset:
        if self.labels and not self.several:
            y = np.argmax(y, axis=1) if y.shape[1] > 1 else y.ravel()
        data = Dataset.from_numpy(dense(X), np.asarray(y, dtype=X.dtype), weights=weights, task="regression")
        data._core.class_labels = self.labels
        return data

    def _settings(self, rule: _core.Optimizer, batch_size: int, epochs: int, schedule: str, seed: int) -> dict[str, Any]:
        e = self.estimator
        activation = _ACTIVATIONS[e.activation]
        start = _core.network_model(
            self.loss,
            self.units[0],
            self.units[1:-1],
            activation,
            self.units[-1],
            pack(e.coefs_, e.intercepts_),
            self.labels,
            self.dtype == np.float64,
        )
        settings = {
            "loss": self.loss,
            "optimizer": rule,
            "batch_size": batch_size,
            "epochs": epochs,
            "schedule": schedule,
            "seed": seed,
            "shuffle": "full" if e.shuffle else "none",
            "hidden": self.units[1:-1],
            "activation": activation,
            "dropout": float(e.dropout),
            "start": start,
            "device": e.device,
            "threads": threads_for(None),
        }
        return settings if self.watched is None else {**settings, "validation": self.watched._core}

    def start(self, count: int, batch_size: int, seed: int) -> None:
        """Gets ready for `count` epochs at most."""
        e = self.estimator
        self.rule = rule_of(e)
        whole = self.rule.full_batch_only
        self.held = e.schedule is None and not whole  # such a rule sets its own steps
        schedule = _HELD if self.held else e.schedule or "constant"
        settings = self._settings(self.rule, 0 if whole else batch_size, count, schedule, seed)
        settings["l2"] = float(e.alpha)
        if self.left_out is not None:
            self.left_out.batches(self.rows if whole else batch_size, seed, e.shuffle)
        told = self._callback(_joined(e.callbacks))
        _log.tell_plan(self.data._core, settings)
        self.run = _core.Epochs(self.data._core, settings, float(e.alpha), float(self.divisor), self._state(self.rule), told)

    def next(self) -> bool:
        """Runs an epoch at the rate that the estimator's `_optimizer` holds; False if there was none to its end."""
        policy = self.estimator._optimizer
        rate = policy.learning_rate if isinstance(policy, SGDOptimizer) else rate_of(self.estimator)
        ran = self.run.next(float(rate) if self.held else 0.0)
        if self.run.divergence is not None:
            raise DivergedError(f"{_NOT_FINITE} ({self.run.divergence})")
        return ran

    def finish(self) -> None:
        e = self.estimator
        self.take(self.run.parameters(self.watched is not None))
        e._rule_state = (self.rule.name, self.run.state())
        e._optimizer.t = e._rule_state[1][0]

    def _state(self, rule: _core.Optimizer) -> Any:
        """What earlier calls of partial_fit have left, if it is this rule's."""
        name, state = self.estimator._rule_state or ("", None)
        return state if name == rule.name else None

    def take(self, flat: np.ndarray) -> None:
        self.estimator.coefs_, self.estimator.intercepts_ = unpack(flat, self.units, self.dtype)

    def scaled(self, record: dict[str, Any]) -> dict[str, Any]:
        """A record of the library's, with the loss as scikit-learn counts it."""
        return scaled(record, self.divisor, self.left_out, record["epoch"])

    def _callback(self, told: Any, verbose: bool = False) -> Any:
        return telling(told, self.divisor, self.left_out, verbose) if told is not None or verbose else None

    def lbfgs(self, weights: np.ndarray | None) -> None:
        e = self.estimator
        total = self.rows if weights is None else float(np.sum(weights, dtype=np.float64))
        if not total > 0:
            raise ValueError("all sample weights are zero")
        rule = _core.Optimizer("lbfgs", tolerance_grad=float(e.tol), tolerance_change=_LBFGS_FALL)
        settings = self._settings(rule, 0, min(int(e.max_iter), int(e.max_fun)), "constant", 0)
        settings["l2"] = float(e.alpha) / total
        result = _log.run(self.data._core, settings, self._callback(_joined(e.callbacks), bool(e.verbose)))
        if result["divergence"] is not None:
            raise DivergedError(f"{_NOT_FINITE} ({result['divergence']})")
        self.take(np.concatenate([part.ravel() for layer in result["model"].layers() for part in layer]))
        e.n_iter_ = result["steps"]
        e.history_ = [self.scaled(record) for record in result["history"]]
        if result["stop"] == "interrupted":
            warnings.warn("Training interrupted by user.", stacklevel=2)
        if result["stop"] == "finished":
            warnings.warn(
                f"lbfgs failed to converge after {e.n_iter_} iteration(s): increase max_iter or max_fun, or scale the data",
                ConvergenceWarning,
                stacklevel=2,
            )


def rule_of(estimator: Any) -> _core.Optimizer:
    """The solver's rule in scikit-learn's form, or the caller's own."""
    e = estimator
    if isinstance(e.optimizer, _core.Optimizer):
        return e.optimizer
    if e.optimizer is not None:
        rule = _core.Optimizer(e.optimizer)
        return _core.Optimizer(e.optimizer, lr=float(e.learning_rate_init)) if "lr" in rule.settings else rule
    rate = float(e.learning_rate_init)
    if e.solver == "adam":
        return _core.Optimizer("adam", lr=rate, beta1=e.beta_1, beta2=e.beta_2, eps=e.epsilon, eps_uncorrected=True)
    nesterov = bool(e.nesterovs_momentum and e.momentum > 0)
    return _core.Optimizer("sgd", lr=rate, momentum=e.momentum, nesterov=nesterov, rate_in_buffer=True)


def rate_of(estimator: Any) -> float:
    own = estimator.optimizer
    return own.settings["lr"] if isinstance(own, _core.Optimizer) and "lr" in own.settings else float(estimator.learning_rate_init)


def policy_of(estimator: Any) -> Any:
    """scikit-learn's own account of the learning rate, without the vectors, which the library keeps."""
    e = estimator
    if e.solver == "sgd":
        return SGDOptimizer([], rate_of(e), e.learning_rate, e.momentum, e.nesterovs_momentum, e.power_t)
    return AdamOptimizer([], rate_of(e), e.beta_1, e.beta_2, e.epsilon)
