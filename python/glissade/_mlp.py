# SPDX-License-Identifier: Apache-2.0
"""MLPClassifier and MLPRegressor: scikit-learn's, trained by Glissade.

They derive from scikit-learn's classes, so that parameters, checks, attributes, stopping and predictions are theirs; what is replaced are the
epochs. docs/python.md lists what differs.
"""

from __future__ import annotations

from . import _sklearn
from ._network import OWN_PARAMETERS
from ._network_estimator import Network


class MLPClassifier(Network, _sklearn.MLPClassifier):
    """Networks that tell classes apart, by mini-batch gradient descent: stands in for scikit-learn's class of this name.

    All of scikit-learn's parameters, attributes and methods are there and mean the same; see its documentation. Beside them:

    dropout : the share of a hidden layer's units that a step leaves out.
    optimizer : None, a name or a ``glissade.Optimizer`` in place of the solver's rule. A name takes ``learning_rate_init`` for its rate.
    schedule : None, or a schedule as the command line takes it, over ``max_iter`` epochs. None: ``learning_rate``.
    device : "auto", "cpu", "cuda" or "cuda:N". float64 and weighted rows train on the CPU, and predictions are made there.
    callbacks : a function or several, called with a ``glissade.Progress``; one that returns True ends the run.

    ``fit(..., eval_set=(X, y))`` watches further rows: the parameters of the best epoch are kept. ``history_`` has a dict an epoch.
    """

    _parameter_constraints = {**_sklearn.MLPClassifier._parameter_constraints, **OWN_PARAMETERS}

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


class MLPRegressor(Network, _sklearn.MLPRegressor):
    """Networks for regression, of one target or several, by mini-batch gradient descent: stands in for scikit-learn's class of this name.

    All of scikit-learn's parameters, attributes and methods are there and mean the same. ``dropout``, ``optimizer``, ``schedule``,
    ``device``, ``callbacks``, ``eval_set`` and ``history_`` are as of ``MLPClassifier``.
    """

    _parameter_constraints = {**_sklearn.MLPRegressor._parameter_constraints, **OWN_PARAMETERS}

    @_sklearn.loss_if_offered
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
