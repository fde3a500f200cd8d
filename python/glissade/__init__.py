# SPDX-License-Identifier: Apache-2.0
"""Glissade: linear models and networks by mini-batch gradient descent, fast and the same to the last bit every time.

``train`` and ``Dataset`` are the library's own interface; ``SGDClassifier``, ``SGDRegressor``, ``MLPClassifier`` and ``MLPRegressor`` stand
in for scikit-learn's.
"""

from __future__ import annotations

import re
import sys
from importlib import import_module, metadata
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

_ESTIMATORS = {"SGDClassifier": "_sgd", "SGDRegressor": "_sgd", "MLPClassifier": "_mlp", "MLPRegressor": "_mlp"}
_OLDEST = (1, 2)  # release of scikit-learn


def _missing(name: str) -> str | None:
    """Why an estimator cannot be had; None if it can. scikit-learn is not imported for that."""
    needs = f"{name} needs scikit-learn {'.'.join(map(str, _OLDEST))} or newer"
    try:
        version = metadata.version("scikit-learn")
    except metadata.PackageNotFoundError:
        return needs + "; it is not installed"
    release = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    return None if release >= _OLDEST else f"{needs}; this one is {version}"


__all__ = [
    "Dataset",
    "DivergedError",
    "Loss",
    "Member",
    "Model",
    "Optimizer",
    "Progress",
    "ProgressLine",
    "Run",
    "__version__",
    "devices",
    "newest_checkpoint",
    "plan",
    "train",
]
__all__ += [name for name in _ESTIMATORS if _missing(name) is None]


def __getattr__(name: str) -> Any:
    # scikit-learn is imported with the first estimator: it takes longer than all the rest.
    if name not in _ESTIMATORS:
        raise AttributeError(f"module 'glissade' has no attribute {name!r}")
    why = _missing(name)
    if why is not None:
        # `from glissade import ...` turns an AttributeError into an ImportError without its words.
        imported = sys._getframe(1).f_globals.get("__name__") == "importlib._bootstrap"
        raise (ImportError if imported else AttributeError)(why)
    globals()[name] = getattr(import_module("." + _ESTIMATORS[name], __name__), name)
    return globals()[name]


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
