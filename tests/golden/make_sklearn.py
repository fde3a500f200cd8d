#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes sklearn.json: where scikit-learn's SGDClassifier (of two classes, and of three, one against the rest) and SGDRegressor stand after one,
two and three passes over a small table in file order, float64, and where LogisticRegression finds the optimum of a9a. Run with scikit-learn 1.9.1.

usage: make_sklearn.py GOLDEN_FOLDER A9A_FILE"""
import gzip
import json
import sys
import warnings

import numpy as np
import sklearn
from sklearn.datasets import load_svmlight_file
from sklearn.linear_model import LogisticRegression, SGDClassifier, SGDRegressor

warnings.filterwarnings("ignore")
folder, a9a = sys.argv[1], sys.argv[2]
rows, columns = 24, 3
x = np.array([[((7 * r + 5 * c + 3 * r * c) % 17) / 8.0 - 1 for c in range(columns)] for r in range(rows)])
real = x @ np.array([1.0, -0.5, 0.25]) + np.array([((11 * r) % 13) / 26.0 for r in range(rows)])
label = (real > 0.25).astype(int)
three = np.digitize(real, [-0.1, 0.6])

fixed = {"shuffle": False, "tol": None}
classifiers = {
    "hinge_constant": {"loss": "hinge", "alpha": 0.01, "learning_rate": "constant", "eta0": 0.05},
    "log_optimal": {"loss": "log_loss", "alpha": 0.01, "learning_rate": "optimal"},
    "log_invscaling": {"loss": "log_loss", "alpha": 0.02, "learning_rate": "invscaling", "eta0": 0.1, "power_t": 0.5},
    "squared_hinge_constant": {"loss": "squared_hinge", "alpha": 0.01, "learning_rate": "constant", "eta0": 0.02},
    "modified_huber_constant": {"loss": "modified_huber", "alpha": 0.01, "learning_rate": "constant", "eta0": 0.02},
    "hinge_average": {"loss": "hinge", "alpha": 0.01, "learning_rate": "constant", "eta0": 0.05, "average": 10},
}
regressors = {
    "squared_invscaling": {"loss": "squared_error", "alpha": 0.01, "learning_rate": "invscaling", "eta0": 0.05, "power_t": 0.25},
    "squared_constant": {"loss": "squared_error", "alpha": 0.02, "learning_rate": "constant", "eta0": 0.05},
    "huber_constant": {"loss": "huber", "epsilon": 0.1, "alpha": 0.01, "learning_rate": "constant", "eta0": 0.1},
    "epsilon_constant": {"loss": "epsilon_insensitive", "epsilon": 0.1, "alpha": 0.01, "learning_rate": "constant", "eta0": 0.05},
}


def trajectory(kind, target, settings):
    points = []
    for passes in (1, 2, 3):
        model = kind(max_iter=passes, **fixed, **settings).fit(x, target)
        points.append(model.coef_.ravel().tolist() + model.intercept_.ravel().tolist())
    return {"settings": settings, "after_pass": points}


def shares(name):
    """Three classes, each against the others, after three passes: scores of the rows and of rows far out, where some outputs or all of them
    are sure that a row is not of their class, and the probabilities made of them."""
    model = SGDClassifier(max_iter=3, **fixed, **classifiers[name]).fit(x, three)
    rows = np.vstack([x, 8 * x])
    return {"scores": model.decision_function(rows).tolist(), "probabilities": model.predict_proba(rows).tolist()}


def adaptive():
    """Without a penalty: scikit-learn watches the loss with it, we without."""
    settings = {"penalty": None, "learning_rate": "adaptive", "eta0": 0.1, "tol": 1e-3, "n_iter_no_change": 2}
    model = SGDRegressor(max_iter=1000, shuffle=False, **settings).fit(x, real)
    return {"settings": settings, "passes": model.n_iter_, "point": model.coef_.tolist() + model.intercept_.tolist()}


def optimum(l2):
    """Mean log loss plus l2/2*|w|^2, the intercept spared, at its minimum: C = 1/(rows*l2)."""
    data, target = load_svmlight_file(gzip.open(a9a) if a9a.endswith(".gz") else a9a, n_features=123)
    model = LogisticRegression(C=1 / (data.shape[0] * l2), tol=1e-12, max_iter=10000).fit(data, target)
    w, b = model.coef_.ravel(), model.intercept_[0]
    signs = np.where(target > 0, 1.0, -1.0)
    value = np.mean(np.logaddexp(0, -signs * (data @ w + b))) + l2 / 2 * (w @ w)
    return {"l2": l2, "objective": value, "intercept": b, "norm": float(np.sqrt(w @ w)), "iterations": int(model.n_iter_[0])}


record = {
    "meta": {"sklearn": sklearn.__version__, "numpy": np.__version__},
    "x": x.tolist(),
    "real": real.tolist(),
    "label": label.tolist(),
    "classifiers": {name: trajectory(SGDClassifier, label, settings) for name, settings in classifiers.items()},
    "three": three.tolist(),
    "one_vs_rest": {name: trajectory(SGDClassifier, three, settings) for name, settings in classifiers.items()},
    "shares": {name: shares(name) for name in ("log_optimal", "modified_huber_constant")},
    "regressors": {name: trajectory(SGDRegressor, real, settings) for name, settings in regressors.items()},
    "adaptive": adaptive(),
    "a9a_logistic": [optimum(l2) for l2 in (1e-3, 1e-2)],
}
json.dump(record, open(f"{folder}/sklearn.json", "w"), indent=1)
