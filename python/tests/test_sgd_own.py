# SPDX-License-Identifier: Apache-2.0
"""What SGDClassifier and SGDRegressor have beside scikit-learn's: softmax, rules of one's own, and what is left where a fit ends early."""

import os
import signal

import glissade
import numpy as np
import pytest
from sklearn import linear_model
from sklearn.exceptions import NotFittedError


@pytest.fixture(scope="module")
def three():
    random = np.random.default_rng(3)
    x = random.standard_normal((400, 6))
    score = x @ random.standard_normal((6, 3))
    return x, np.array(["low", "mid", "top"])[(score + random.gumbel(size=score.shape)).argmax(1)]


def test_softmax_is_the_multinomial_model_that_logistic_regression_fits(three):
    x, y = three
    alpha = 0.01
    settings = {"loss": "softmax", "alpha": alpha, "optimizer": glissade.Optimizer("lbfgs", tolerance_grad=1e-12, tolerance_change=0), "max_iter": 500, "tol": None}
    ours = glissade.SGDClassifier(**settings, fit_intercept=False).fit(x, y)
    theirs = linear_model.LogisticRegression(C=1 / (alpha * len(x)), fit_intercept=False, tol=1e-10, max_iter=1000).fit(x, y)

    def slope(coef):
        chance = np.exp(x @ coef.T)
        chance /= chance.sum(1, keepdims=True)
        return np.linalg.norm((chance - (y[:, None] == ours.classes_)).T @ x / len(x) + alpha * coef)

    assert ours.coef_.shape == theirs.coef_.shape and list(ours.classes_) == ["low", "mid", "top"]
    assert slope(ours.coef_) < np.sqrt(np.finfo(float).eps) * slope(np.zeros_like(ours.coef_))
    # The objective is strongly convex with alpha: the least lies within slope / alpha.
    assert np.linalg.norm(ours.coef_ - theirs.coef_) <= (slope(ours.coef_) + slope(theirs.coef_)) / alpha
    assert np.array_equal(ours.predict_log_proba(x), np.log(ours.predict_proba(x)))
    score = ours.decision_function(x)
    # An exponent that is off by eps times the score is off by as much in its power; beside it a sum of three and a division.
    bound = (2 * np.abs(score).max() + 8) * np.finfo(float).eps
    assert np.allclose(ours.predict_proba(x), np.exp(score) / np.exp(score).sum(1, keepdims=True), rtol=bound, atol=0)


def test_softmax_of_two_classes_is_log_loss(three):
    x, y = three
    softmax, log_loss = (glissade.SGDClassifier(loss=loss, random_state=0).fit(x, y == "top") for loss in ("softmax", "log_loss"))
    assert np.array_equal(softmax.coef_, log_loss.coef_)
    assert np.allclose(softmax.predict_proba(x), log_loss.predict_proba(x), rtol=0, atol=8 * np.finfo(float).eps)  # of 1 - p


def test_softmax_takes_weights_validation_and_partial_fit(three):
    x, y = three
    settings = {"loss": "softmax", "learning_rate": "constant", "eta0": 0.01, "shuffle": False, "max_iter": 3, "tol": None}
    weighted = glissade.SGDClassifier(**settings, class_weight={"low": 2.0, "mid": 1.0, "top": 0.5}).fit(x, y)
    rows = glissade.SGDClassifier(**settings).fit(x, y, sample_weight=np.select([y == "low", y == "mid"], [2.0, 1.0], 0.5))
    assert np.array_equal(weighted.coef_, rows.coef_)
    watched = glissade.SGDClassifier(loss="softmax", early_stopping=True, random_state=0).fit(x, y)
    assert "accuracy" in watched.history_[-1]["validation"] and watched.n_iter_ < watched.max_iter
    part = glissade.SGDClassifier(**settings)
    for _ in range(3):
        part.partial_fit(x, y, classes=["low", "mid", "top"])
    assert np.array_equal(part.coef_, glissade.SGDClassifier(**settings).fit(x, y).coef_)


def test_an_optimizer_of_ones_own_brings_its_rate(three):
    x, y = three
    rule = glissade.Optimizer("sgd", momentum=0.9, lr=0.01)
    for make, targets in ((glissade.SGDClassifier, y == "top"), (glissade.SGDRegressor, x[:, 0])):
        rates = [record["lr"] for record in make(optimizer=rule, batch_size=400, max_iter=4, tol=None).fit(x, targets).history_]
        assert rates == sorted(rates, reverse=True) and rates[0] == 0.01
        constant = make(optimizer=rule, learning_rate="constant", max_iter=2, tol=None).fit(x, targets)
        assert [record["lr"] for record in constant.history_] == [0.01, 0.01]


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"optimizer": glissade.Optimizer("adam"), "eta0": 5.0}, "eta0 has no effect"), ({"schedule": "cosine", "learning_rate": "invscaling", "eta0": 0.1}, "both move the rate")],
)
def test_what_would_have_no_effect_is_refused(three, settings, words):
    x, y = three
    learning_rate = settings.get("learning_rate")
    for make, targets in ((glissade.SGDClassifier, y), (glissade.SGDRegressor, x[:, 0])):
        if make is glissade.SGDRegressor and learning_rate == "invscaling":
            settings = {**settings, "learning_rate": "adaptive"}  # invscaling is its default
        with pytest.raises(ValueError, match=words):
            make(**settings).fit(x, targets)


def test_ctrl_c_ends_the_fit_of_all_classes(three):
    x, y = three
    seen = []

    def interrupt(progress):
        seen.append(progress.epoch)
        os.kill(os.getpid(), signal.SIGINT)

    model = glissade.SGDClassifier(callbacks=interrupt, max_iter=10**5, tol=None)
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y)
    assert {record["class"] for record in model.history_} <= {"low"} and len(seen) < 10
    assert model.coef_.shape == (3, 6) and np.any(model.coef_[0]) and not np.any(model.coef_[1:])
    assert model.predict(x).shape == y.shape


def test_a_fit_that_fails_leaves_what_there_was(three):
    x, y = three

    def fail(_):
        raise RuntimeError("from the callback")

    model = glissade.SGDClassifier(callbacks=fail)
    with pytest.raises(RuntimeError, match="from the callback"):
        model.fit(x, y)
    with pytest.raises(NotFittedError):
        model.predict(x)
    model.set_params(callbacks=None).fit(x, y)
    coef, t, history = model.coef_.copy(), model.t_, model.history_
    model.set_params(learning_rate="constant", eta0=1e300, penalty=None, loss="squared_error")
    with pytest.raises(glissade.DivergedError):
        model.fit(x * 1e200, y)
    assert np.array_equal(model.coef_, coef) and model.t_ == t and model.history_ == history


def test_eval_set_has_the_columns_of_fit(three):
    pd = pytest.importorskip("pandas")
    x, y = three
    table = pd.DataFrame(x, columns=list("abcdef"))
    for model in (glissade.SGDClassifier(max_iter=2), glissade.SGDRegressor(max_iter=2)):
        targets = y if isinstance(model, glissade.SGDClassifier) else x[:, 0]
        with pytest.raises(ValueError, match="feature names"):
            model.fit(table, targets, eval_set=(table[list("fedcba")], targets))
        model.fit(table, targets, eval_set=(table, targets))


def test_a_regressor_goes_on_from_its_average(three):
    x = three[0]
    targets = x[:, 0] - x[:, 1]
    settings = {"average": 10, "tol": None, "max_iter": 3, "shuffle": False}
    model = glissade.SGDRegressor(**settings, warm_start=True).fit(x, targets)
    first, intercept = model.coef_.copy(), model.intercept_.copy()
    model.fit(x, targets)
    again = glissade.SGDRegressor(**settings).fit(x, targets, coef_init=first, intercept_init=intercept)
    assert np.array_equal(model.coef_, again.coef_)


@pytest.mark.filterwarnings("error:X does not have valid feature names")
def test_eval_set_may_be_another_kind_of_table_with_these_columns(three):
    pd, pa = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    x, y = three
    frame = pd.DataFrame(x, columns=list("abcdef"))
    table = pa.Table.from_pandas(frame, preserve_index=False)
    model = glissade.SGDClassifier(max_iter=2).fit(frame, y, eval_set=(table, y))
    assert "validation" in model.history_[-1]
    with pytest.raises(ValueError, match="feature names"):
        model.fit(frame, y, eval_set=(table.rename_columns(list("fedcba")), y))
