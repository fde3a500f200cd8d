# SPDX-License-Identifier: Apache-2.0
"""What differs between the releases of scikit-learn, from 1.2 on: what the estimators derive from, and what they ask of it."""

from __future__ import annotations

from functools import wraps
from inspect import signature
from types import SimpleNamespace
from typing import Any, Callable

import sklearn
from sklearn import linear_model, neural_network
from sklearn.utils import validation

from ._tables import column_names

if "sample_weight" in signature(neural_network.MLPClassifier.fit).parameters:
    MLPClassifier, MLPRegressor = neural_network.MLPClassifier, neural_network.MLPRegressor
else:
    from ._old_networks import MLPClassifier, MLPRegressor

_RELEASE = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
ETA0 = signature(linear_model.SGDClassifier).parameters["eta0"].default  # of classifiers before 1.8: 0, to be given where it is used


def check_names(estimator: Any, X: Any) -> None:
    """scikit-learn's error where the columns of a table are not those of fit."""
    names = column_names(X)
    if names is not None and _RELEASE < (1, 4):
        X = SimpleNamespace(columns=names)  # it takes every table for one of pandas then
    check = getattr(validation, "_check_feature_names", None)
    check(estimator, X, reset=False) if check else estimator._check_feature_names(X, reset=False)


def loss_if_offered(init: Callable[..., None]) -> Callable[..., None]:
    """Takes the parameter `loss` from the constructor of a network, where scikit-learn's has none: before 1.7."""
    if "loss" in signature(neural_network.MLPRegressor).parameters:
        return init
    whole = signature(init)
    shown = whole.replace(parameters=[parameter for name, parameter in whole.parameters.items() if name != "loss"])

    @wraps(init)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        init(**shown.bind(self, *args, **kwargs).arguments)

    __init__.__signature__ = shown  # which get_params and clone go by
    return __init__
