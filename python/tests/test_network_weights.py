# SPDX-License-Identifier: Apache-2.0
"""Row weights and losses of networks, beside each release of scikit-learn: before 1.7 its own take no weights, so that there is nothing to
compare with."""

import inspect

import glissade
import numpy as np
import pytest

ROWS = 300
OFFERED = inspect.signature(glissade.MLPRegressor).parameters
since_losses = pytest.mark.skipif("loss" not in OFFERED, reason="before scikit-learn 1.7 there is one loss of a regression")


def targets_of(points, make):
    _, y, side = points
    return y if make is glissade.MLPRegressor else side


@pytest.mark.parametrize("make", [glissade.MLPClassifier, glissade.MLPRegressor])
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_rows_that_weigh_nothing_are_not_learnt_from(points, make, solver):
    x, right = points[0], targets_of(points, make)
    weights = np.where(np.arange(ROWS) % 3 == 0, 0.0, 1.0)
    wrong = np.where(weights > 0, right, right[::-1])
    settings = {"hidden_layer_sizes": (4,), "solver": solver, "max_iter": 20, "random_state": 0}
    one, other = (make(**settings).fit(x, y, sample_weight=weights) for y in (right, wrong))
    assert np.array_equal(one.coefs_[0], other.coefs_[0]) and one.loss_ == other.loss_
    assert not np.array_equal(one.coefs_[0], make(**settings).fit(x, right).coefs_[0])


@pytest.mark.parametrize("make", [glissade.MLPClassifier, glissade.MLPRegressor])
def test_partial_fit_takes_weights(points, make):
    x, right = points[0], targets_of(points, make)
    weights = np.where(np.arange(ROWS) % 3 == 0, 0.0, 1.0)
    wrong = np.where(weights > 0, right, right[::-1])
    classes = {"classes": ["down", "up"]} if make is glissade.MLPClassifier else {}

    def layers(y, **more):
        return make(hidden_layer_sizes=(4,), random_state=0).partial_fit(x, y, **classes, **more).coefs_[0]

    assert np.array_equal(layers(right, sample_weight=weights), layers(wrong, sample_weight=weights))
    assert not np.array_equal(layers(right, sample_weight=weights), layers(right))
    below = np.where(np.arange(ROWS) == 7, -1.0, 1.0)
    with pytest.raises(ValueError, match="negative value, in row 7"):
        layers(right, sample_weight=below)


def test_held_out_rows_score_by_their_weights(points):
    x = points[0]
    side, lie = x[:, 0] > 0, np.arange(ROWS) % 3 == 0
    settings = {"hidden_layer_sizes": (8,), "early_stopping": True, "learning_rate_init": 0.05, "max_iter": 100, "random_state": 0}
    settings |= {"n_iter_no_change": 30, "validation_fraction": 0.3}
    weights = np.where(lie, 0.0, 1.0)
    assert glissade.MLPClassifier(**settings).fit(x, side != lie, sample_weight=weights).best_validation_score_ > 0.95
    assert glissade.MLPClassifier(**settings).fit(x, side != lie).best_validation_score_ < 0.9
    numbers = np.where(lie, 100.0, x[:, 0])
    assert glissade.MLPRegressor(**settings).fit(x, numbers, sample_weight=weights).best_validation_score_ > 0.9


def row_loss(kind, target, predicted):
    """Of one row, as scikit-learn counts it, and how large the terms are that it is made of."""
    if kind == "numbers":
        terms = [(t - p) ** 2 / (2 * len(target)) for t, p in zip(target, predicted)]
    elif kind == "counts":
        terms = [part for t, p in zip(target, predicted) for part in (t * np.log(t / p) if t else 0.0, -t, p)]
    else:  # of two classes, or of labels each by itself, what is left of 1 counts too
        alone = kind == "several labels"
        terms = [np.log(p) if t else np.log(1 - p) if alone else 0.0 for t, p in zip(target, predicted)]
        terms = [-term for term in terms]
    return sum(terms), sum(map(abs, terms))


@pytest.mark.parametrize("kind", ["two classes", "three classes", "several labels", "numbers", pytest.param("counts", marks=since_losses)])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_loss_after_lbfgs_is_that_of_its_layers(points, kind, weighted):
    x, y, side = points
    several = (x[:, :2] > 0).astype(int)
    targets = {"two classes": side, "three classes": np.digitize(y, [-1, 1]), "several labels": several, "numbers": np.stack([y, x[:, 0]], axis=1)}
    targets["counts"] = np.round(np.exp(0.3 * y))
    make = glissade.MLPRegressor if kind in ("numbers", "counts") else glissade.MLPClassifier
    settings = {"hidden_layer_sizes": (4,), "solver": "lbfgs", "max_iter": 5, "alpha": 0.5, "random_state": 0}
    model = make(**settings, **({"loss": "poisson"} if kind == "counts" else {}))
    weights = np.linspace(0.5, 2.5, ROWS) if weighted else np.ones(ROWS)
    model.fit(x, targets[kind], **({"sample_weight": weights} if weighted else {}))
    if make is glissade.MLPRegressor:
        wanted, predicted = targets[kind].reshape(ROWS, -1), model.predict(x).reshape(ROWS, -1)
    else:
        wanted = several if kind == "several labels" else targets[kind][:, None] == model.classes_
        predicted = model.predict_proba(x)
    losses, sizes = zip(*(row_loss(kind, *row) for row in zip(wanted, predicted)))
    penalty = sum(0.25 * weight**2 for layer in model.coefs_ for weight in layer.ravel())
    # The predictions are the same numbers: what differs are sums of 300 rows of at most 6 terms, or of 34 weights, and what makes a term of them.
    bound = (ROWS + 34 + 16) * np.finfo(float).eps * (weights @ sizes + penalty) / sum(weights)
    assert abs(model.loss_ - (weights @ losses + penalty) / sum(weights)) <= bound
