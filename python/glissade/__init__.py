# SPDX-License-Identifier: Apache-2.0
"""Glissade: linear models and networks by mini-batch gradient descent, fast and the same to the last bit every time.

``train`` and ``Dataset`` are the library's own interface; ``SGDClassifier``, ``SGDRegressor``, ``MLPClassifier`` and ``MLPRegressor`` stand
in for scikit-learn's.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._core import Loss, Optimizer, __version__
from ._data import Dataset
from ._errors import DivergedError
from ._model import Model
from ._show import ProgressLine
from ._train import Member, Progress, Run, devices, newest_checkpoint, plan, train

if TYPE_CHECKING:
    from ._mlp import MLPClassifier, MLPRegressor
    from ._sgd import SGDClassifier, SGDRegressor

__all__ = [
    "Dataset",
    "DivergedError",
    "Loss",
    "MLPClassifier",
    "MLPRegressor",
    "Member",
    "Model",
    "Optimizer",
    "Progress",
    "ProgressLine",
    "Run",
    "SGDClassifier",
    "SGDRegressor",
    "__version__",
    "devices",
    "newest_checkpoint",
    "plan",
    "train",
]

_ESTIMATORS = {"SGDClassifier": "_sgd", "SGDRegressor": "_sgd", "MLPClassifier": "_mlp", "MLPRegressor": "_mlp"}


def __getattr__(name: str) -> Any:
    # scikit-learn is imported with the first estimator: it takes longer than all the rest.
    if name not in _ESTIMATORS:
        raise AttributeError(f"module 'glissade' has no attribute {name!r}")
    globals()[name] = getattr(import_module("." + _ESTIMATORS[name], __name__), name)
    return globals()[name]


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
