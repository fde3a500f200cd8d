# SPDX-License-Identifier: Apache-2.0
"""scikit-learn's networks before release 1.7, with what they have since then and ours ask of them: row weights, and a loss by name."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import neural_network
from sklearn.utils.metaestimators import available_if


class _WithWeights:
    """Comes before one of scikit-learn's classes among the bases. `_keeping` is the estimator's."""

    def __init__(self, loss: str = "squared_error", **settings: Any) -> None:
        super().__init__(**settings)  # which know no other loss

    def _initialize(self, y: np.ndarray, layer_units: list[int], dtype: Any) -> None:
        super()._initialize(y, layer_units, dtype)
        self._best_coefs, self._best_intercepts = ([part.copy() for part in parts] for parts in (self.coefs_, self.intercepts_))

    def _update_no_improvement_count(self, early_stopping: bool, X: Any, y: Any, sample_weight: Any) -> None:
        with self._keeping(_scored_weights=sample_weight):
            super()._update_no_improvement_count(early_stopping, X, y)


class MLPClassifier(_WithWeights, neural_network.MLPClassifier):
    @available_if(lambda network: network._check_solver())
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """One epoch on these rows; as scikit-learn's. Returns self."""
        with self._keeping(_sample_weight=sample_weight):
            return super().partial_fit(X, y, classes=classes)


class MLPRegressor(_WithWeights, neural_network.MLPRegressor):
    @available_if(lambda network: network._check_solver())
    def partial_fit(self, X, y, sample_weight=None):
        """One epoch on these rows; as scikit-learn's. Returns self."""
        with self._keeping(_sample_weight=sample_weight):
            return super().partial_fit(X, y)
