# SPDX-License-Identifier: Apache-2.0
"""Glissade: linear models by mini-batch gradient descent, fast and the same to the last bit every time.

``train`` and ``Dataset`` are the library's own interface; ``SGDClassifier`` and ``SGDRegressor`` stand in for scikit-learn's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._core import Loss, Optimizer, __version__
from ._data import Dataset
from ._errors import DivergedError
from ._model import Model
from ._train import Progress, Run, devices, plan, train

if TYPE_CHECKING:
    from ._sgd import SGDClassifier, SGDRegressor

__all__ = [
    "Dataset",
    "DivergedError",
    "Loss",
    "Model",
    "Optimizer",
    "Progress",
    "Run",
    "SGDClassifier",
    "SGDRegressor",
    "__version__",
    "devices",
    "plan",
    "train",
]

_ESTIMATORS = ("SGDClassifier", "SGDRegressor")


def __getattr__(name: str) -> Any:
    # scikit-learn is imported with the first estimator: it takes longer than all the rest.
    if name not in _ESTIMATORS:
        raise AttributeError(f"module 'glissade' has no attribute {name!r}")
    from . import _sgd

    globals().update({estimator: getattr(_sgd, estimator) for estimator in _ESTIMATORS})
    return globals()[name]


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
