# SPDX-License-Identifier: Apache-2.0
"""The same numbers as scikit-learn's estimators, in file order, within what rounding may come to."""

import inspect

import glissade
import numpy as np
import pytest
from sklearn import linear_model

ROWS, FEATURES, PASSES = 24, 3, 3
EPS = np.finfo(np.float64).eps
PAIRS = [(glissade.SGDClassifier, linear_model.SGDClassifier), (glissade.SGDRegressor, linear_model.SGDRegressor)]


@pytest.fixture(scope="module")
def table():
    r, c = np.arange(ROWS)[:, None], np.arange(FEATURES)[None, :]
    x = ((7 * r + 5 * c + 3 * r * c) % 17) / 8.0 - 1
    real = x @ np.array([1.0, -0.5, 0.25]) + ((11 * np.arange(ROWS)) % 13) / 26.0
    return x, real, np.digitize(real, [0.25]), np.digitize(real, [-0.1, 0.6])


def bound(x, eta, curvature, weight, *numbers):
    """Each step rounds some FEATURES + 8 times, and a step of a loss of this curvature moves an error by a factor of at most
    1 + eta * curvature * |(x, 1)|^2."""
    growth = np.exp(PASSES * eta * curvature * weight * np.sum(1 + np.sum(x * x, axis=1)))
    return EPS * PASSES * ROWS * (FEATURES + 8) * max(1.0, *(np.max(np.abs(n)) for n in numbers)) * growth


def agree(ours, theirs, x, y, eta, curvature, weights=None):
    ours.fit(x, y, sample_weight=weights)
    theirs.fit(x, y, sample_weight=weights)
    largest = bound(x, eta, curvature, 1.0 if weights is None else np.max(weights), theirs.coef_, theirs.intercept_)
    for name in ("coef_", "intercept_"):
        assert getattr(ours, name).shape == getattr(theirs, name).shape
        assert getattr(ours, name).dtype == getattr(theirs, name).dtype
        assert np.max(np.abs(getattr(ours, name) - getattr(theirs, name))) <= largest, name
    assert ours.t_ == theirs.t_ and ours.n_iter_ == theirs.n_iter_
    scores = x @ np.atleast_2d(theirs.coef_).T
    score = "predict" if theirs.coef_.ndim == 1 else "decision_function"
    assert np.max(np.abs(getattr(ours, score)(x) - getattr(theirs, score)(x))) <= largest * (1 + FEATURES) * max(1, np.max(np.abs(scores)))


@pytest.mark.parametrize("ours, theirs", PAIRS)
def test_every_parameter_is_there_with_its_default(ours, theirs):
    mine, wanted = inspect.signature(ours).parameters, inspect.signature(theirs).parameters
    assert set(wanted) <= set(mine)
    for name, parameter in wanted.items():
        assert mine[name].kind == parameter.kind, name
        assert mine[name].default == parameter.default, name
    assert list(mine)[: len(wanted)] == list(wanted)


@pytest.mark.parametrize("ours, theirs", PAIRS)
def test_every_public_attribute_of_a_fitted_one_is_there(table, ours, theirs):
    x, real, two, _ = table
    y = real if ours is glissade.SGDRegressor else two
    fitted = vars(theirs(tol=None, max_iter=1).fit(x, y))
    assert {name for name in fitted if not name.startswith("_")} <= set(vars(ours(tol=None, max_iter=1).fit(x, y)))


CLASSIFIERS = [
    ({"loss": "hinge", "learning_rate": "constant", "eta0": 0.05}, 0.05, 0),
    ({"loss": "hinge", "alpha": 0.01}, 0.0, 0),
    # A power of two: scores are exact, and none that is 0 becomes right or wrong by rounding.
    ({"loss": "perceptron", "penalty": None, "learning_rate": "constant", "eta0": 0.0625}, 0.0625, 0),
    ({"loss": "log_loss", "learning_rate": "invscaling", "eta0": 0.1, "power_t": 0.5}, 0.1, 0.25),
    ({"loss": "log_loss", "learning_rate": "constant", "eta0": 0.1, "fit_intercept": False}, 0.1, 0.25),
    ({"loss": "squared_hinge", "learning_rate": "constant", "eta0": 0.02}, 0.02, 2),
    ({"loss": "modified_huber", "learning_rate": "constant", "eta0": 0.02}, 0.02, 2),
    ({"loss": "squared_error", "learning_rate": "constant", "eta0": 0.05}, 0.05, 1),
    ({"loss": "hinge", "learning_rate": "constant", "eta0": 0.05, "average": True}, 0.05, 0),
    ({"loss": "hinge", "learning_rate": "constant", "eta0": 0.05, "average": 30}, 0.05, 0),
    ({"loss": "log_loss", "learning_rate": "constant", "eta0": 0.05, "class_weight": "balanced"}, 0.05, 1),
    ({"loss": "log_loss", "learning_rate": "constant", "eta0": 0.05, "class_weight": {0: 3.0, 1: 0.5}}, 0.05, 1),
]


@pytest.mark.parametrize("settings, eta, curvature", CLASSIFIERS)
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_classifiers_follow_scikit_learns_path(table, settings, eta, curvature, classes, weighted):
    x, y = table[0], table[classes]
    weights = np.linspace(0.5, 2.5, ROWS) if weighted else None
    fixed = {"shuffle": False, "tol": None, "max_iter": PASSES}
    ours, theirs = glissade.SGDClassifier(**fixed, **settings), linear_model.SGDClassifier(**fixed, **settings)
    agree(ours, theirs, x, y, eta, curvature, weights)


REGRESSORS = [
    ({}, 0.01, 1),
    ({"learning_rate": "constant", "eta0": 0.05, "alpha": 0.02}, 0.05, 1),
    ({"loss": "huber", "learning_rate": "constant", "eta0": 0.1}, 0.1, 1),
    ({"loss": "epsilon_insensitive", "learning_rate": "constant", "eta0": 0.05}, 0.05, 0),
    ({"loss": "squared_epsilon_insensitive", "learning_rate": "constant", "eta0": 0.02}, 0.02, 2),
    ({"average": 20, "eta0": 0.05}, 0.05, 1),
]


@pytest.mark.parametrize("settings, eta, curvature", REGRESSORS)
@pytest.mark.parametrize("weighted", [False, True])
def test_regressors_follow_scikit_learns_path(table, settings, eta, curvature, weighted):
    x, real = table[:2]
    weights = np.linspace(0.5, 2.5, ROWS) if weighted else None
    fixed = {"shuffle": False, "tol": None, "max_iter": PASSES}
    agree(glissade.SGDRegressor(**fixed, **settings), linear_model.SGDRegressor(**fixed, **settings), x, real, eta, curvature, weights)


@pytest.mark.parametrize("average", [False, 10, 30])
@pytest.mark.parametrize("learning_rate", ["invscaling", "constant"])
@pytest.mark.parametrize("weighted", [False, True])
def test_partial_fit_counts_on_over_calls(table, learning_rate, average, weighted):
    """Regressors: with average, scikit-learn's classifier forgets the intercept between calls."""
    x, real, _, _ = table
    settings = {"learning_rate": learning_rate, "eta0": 0.05, "shuffle": False, "alpha": 0.01, "average": average}
    ours, theirs = glissade.SGDRegressor(**settings), linear_model.SGDRegressor(**settings)
    for part in (slice(0, 10), slice(10, 24), slice(3, 20)):
        weights = np.linspace(0.5, 2.5, ROWS)[part] if weighted else None
        for one in (ours, theirs):
            one.partial_fit(x[part], real[part], sample_weight=weights)
        largest = bound(x, 0.05, 1, 2.5 if weighted else 1.0, theirs.coef_, theirs.intercept_)
        assert np.max(np.abs(ours.coef_ - theirs.coef_)) <= largest
        assert np.max(np.abs(ours.intercept_ - theirs.intercept_)) <= largest
        assert ours.t_ == theirs.t_


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("learning_rate", ["invscaling", "optimal"])
def test_partial_fit_of_classes_counts_on(table, learning_rate, classes):
    x, y = table[0], table[classes]
    settings = {"learning_rate": learning_rate, "eta0": 0.05, "shuffle": False, "alpha": 0.01}
    ours, theirs = glissade.SGDClassifier(**settings), linear_model.SGDClassifier(**settings)
    for part in (slice(0, 10), slice(10, 24), slice(3, 20)):
        for one in (ours, theirs):
            one.partial_fit(x[part], y[part], classes=range(classes))
        assert np.max(np.abs(ours.coef_ - theirs.coef_)) <= bound(x, 0.0, 0, 1.0, theirs.coef_, theirs.intercept_)
        assert ours.t_ == theirs.t_


def test_warm_start_goes_on_from_the_coefficients(table):
    x, real, _, _ = table
    settings = {"shuffle": False, "tol": None, "max_iter": 2, "warm_start": True, "learning_rate": "constant"}
    ours, theirs = glissade.SGDRegressor(**settings), linear_model.SGDRegressor(**settings)
    agree(ours, theirs, x, real, 0.01, 1)
    agree(ours, theirs, x, real, 0.01, 1)


def test_probabilities_are_made_alike(table):
    x, _, two, three = table
    for y in (two, three):
        for loss in ("log_loss", "modified_huber"):
            fixed = {"loss": loss, "shuffle": False, "tol": None, "max_iter": PASSES, "learning_rate": "constant", "eta0": 0.02}
            ours, theirs = glissade.SGDClassifier(**fixed).fit(x, y), linear_model.SGDClassifier(**fixed).fit(x, y)
            largest = bound(x, 0.02, 2, 1.0, theirs.coef_) * (1 + FEATURES) * 4
            assert np.max(np.abs(ours.predict_proba(x) - theirs.predict_proba(x))) <= largest


@pytest.mark.parametrize("learning_rate", ["invscaling", "adaptive"])
def test_runs_end_with_the_same_epoch(table, learning_rate):
    x, real, _, _ = table
    settings = {"shuffle": False, "penalty": None, "learning_rate": learning_rate, "eta0": 0.1, "n_iter_no_change": 2}
    assert glissade.SGDRegressor(**settings).fit(x, real).n_iter_ == linear_model.SGDRegressor(**settings).fit(x, real).n_iter_
