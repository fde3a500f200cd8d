# SPDX-License-Identifier: Apache-2.0
import os
import pickle
import signal

import glissade
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn import linear_model
from sklearn.base import clone


def three_kinds(y):
    return np.array(["low", "mid", "high"])[np.digitize(y, [-1, 1])]


@pytest.mark.parametrize("loss", ["hinge", "log_loss"])
def test_all_classes_in_one_pass_are_the_bits_of_a_run_each(points, loss):
    x, y, _ = points
    kinds = three_kinds(y)
    together = glissade.SGDClassifier(loss=loss, tol=None, max_iter=3, random_state=1).fit(x, kinds)
    apart = glissade.SGDClassifier(loss=loss, tol=None, max_iter=3, random_state=1, callbacks=lambda _: False).fit(x, kinds)
    assert len(together.history_) == 3 and len(apart.history_) == 9
    assert np.array_equal(together.coef_, apart.coef_) and np.array_equal(together.intercept_, apart.intercept_)


def test_labels_names_and_shapes_are_scikit_learns(points):
    x, y, side = points
    frame = pd.DataFrame(x, columns=list("abcde"))
    model = glissade.SGDClassifier(random_state=0).fit(frame, side)
    assert list(model.classes_) == ["down", "up"] and list(model.feature_names_in_) == list("abcde")
    assert model.coef_.shape == (1, 5) and model.intercept_.shape == (1,)
    assert model.score(frame, side) > 0.9
    many = glissade.SGDClassifier(loss="log_loss", random_state=0).fit(x, three_kinds(y))
    assert many.coef_.shape == (3, 5) and many.predict_proba(x).shape == (300, 3)
    assert not hasattr(model, "predict_proba") and hasattr(many, "predict_proba")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("index_type", [np.int32, np.int64])
def test_sparse_rows_give_the_dense_model(points, dtype, index_type):
    x, _, side = points
    x = np.where(np.abs(x) > 1, x, 0).astype(dtype)
    csr = sp.csr_matrix(x)
    csr.indices, csr.indptr = csr.indices.astype(index_type), csr.indptr.astype(index_type)
    settings = {"random_state": 0, "tol": None, "max_iter": 2, "learning_rate": "constant", "eta0": 0.01}
    dense, sparse = glissade.SGDClassifier(**settings).fit(x, side), glissade.SGDClassifier(**settings).fit(csr, side)
    assert sparse.coef_.dtype == linear_model.SGDClassifier(max_iter=1, tol=None).fit(x, side).coef_.dtype  # float64 before scikit-learn 1.3
    # 600 steps of 5 features, a hinge: roundings add up and are not amplified, but where one decides on which side of the margin a row is.
    assert np.max(np.abs(dense.coef_ - sparse.coef_)) <= 600 * 13 * np.finfo(dtype).eps * np.max(np.abs(dense.coef_))


def test_sparsify_and_densify_keep_predictions(points):
    x, _, side = points
    model = glissade.SGDClassifier(penalty="l1", alpha=0.01, random_state=0).fit(x, side)
    before = model.predict(x)
    assert sp.issparse(model.sparsify().coef_)
    assert np.array_equal(model.predict(x), before)
    assert np.array_equal(model.densify().predict(x), before)


def test_a_seed_gives_the_same_bits_and_another_one_does_not(points):
    x, y, _ = points
    fit = [glissade.SGDRegressor(random_state=seed, max_iter=3, tol=None).fit(x, y).coef_ for seed in (5, 5, 6)]
    assert np.array_equal(fit[0], fit[1]) and not np.array_equal(fit[0], fit[2])


def test_pickles_and_clones(points):
    x, _, side = points
    model = glissade.SGDClassifier(optimizer=glissade.Optimizer("sgd", momentum=0.5), random_state=0).fit(x, side)
    again = pickle.loads(pickle.dumps(model))
    assert np.array_equal(again.predict(x), model.predict(x))
    assert again.optimizer.settings["momentum"] == 0.5
    fresh = clone(model)
    assert not hasattr(fresh, "coef_")
    assert np.array_equal(fresh.fit(x, side).coef_, model.coef_)
    assert model.set_params(alpha=0.5).alpha == 0.5
    with pytest.raises(ValueError, match="nonsense"):
        model.set_params(nonsense=1)


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"learning_rate": "pa1"}, "pa1"),
        ({"learning_rate": "adaptive", "eta0": 0.01, "early_stopping": True}, "adaptive"),
        ({"alpha": 0, "learning_rate": "optimal"}, "alpha"),
        ({"optimizer": "adm"}, "adam"),
        ({"schedule": "cosin"}, "cosine"),
        ({"device": "gpu"}, "device"),
        ({"batch_size": -1}, "batch_size"),
        ({"loss": "nonsense"}, "loss"),
    ],
)
def test_what_is_not_offered_is_named(points, settings, words):
    x, _, side = points
    with pytest.raises(ValueError, match=words):
        glissade.SGDClassifier(**settings).fit(x, side)


def test_partial_fit_after_an_averaged_fit_is_refused(points):
    x, _, side = points
    model = glissade.SGDClassifier(average=True, max_iter=2).fit(x, side)
    with pytest.raises(ValueError, match="average"):
        model.partial_fit(x, side)


@pytest.mark.parametrize("make", [glissade.SGDClassifier, glissade.MLPClassifier])
def test_partial_fit_takes_rows_of_one_class(points, make):
    x, _, side = points
    model = make(random_state=0)
    for _ in range(20):
        for kind in ("up", "down"):
            model.partial_fit(x[side == kind], side[side == kind], classes=["down", "up"])
    assert model.score(x, side) > 0.5


def test_a_penalty_shrinks_no_weight_beyond_zero(points):
    x, _, side = points
    settings = {"alpha": 1e5, "learning_rate": "constant", "eta0": 0.1, "shuffle": False, "max_iter": 3, "tol": None}
    ours, theirs = glissade.SGDClassifier(**settings).fit(x, side), linear_model.SGDClassifier(**settings).fit(x, side)
    # Each step sets the weights anew: no rounding outlives the next.
    assert np.max(np.abs(ours.coef_ - theirs.coef_)) <= 16 * np.finfo(float).eps * np.max(np.abs(theirs.coef_))


@pytest.mark.parametrize(
    "more",
    [
        {"learning_rate": "invscaling", "eta0": 0.1, "power_t": 0.25},
        {"learning_rate": "optimal"},
        {"learning_rate": "adaptive", "eta0": 0.1, "tol": 1e-3},
        {"learning_rate": "invscaling", "eta0": 0.1, "penalty": "elasticnet", "l1_ratio": 0.0},
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("form", [np.asarray, sp.csr_matrix])
def test_no_schedule_lets_a_penalty_shrink_beyond_zero(points, more, weighted, form):
    x, y, _ = points
    weights = np.linspace(0.5, 2.5, 300) if weighted else None
    settings = {"alpha": 1e5, "shuffle": False, "max_iter": 2, "tol": None, "fit_intercept": False, **more}
    ours, theirs = glissade.SGDRegressor(**settings), linear_model.SGDRegressor(**settings)
    start = np.full(5, 3.0)
    for one in (ours, theirs):
        one.fit(form(x), y, coef_init=start, sample_weight=weights)
    # Weights are shrunk to nothing before each step: what is left are the last few slopes, each of 5 products.
    assert np.max(np.abs(ours.coef_ - theirs.coef_)) <= 64 * np.finfo(float).eps * max(1.0, np.max(np.abs(theirs.coef_)))
    assert np.max(np.abs(ours.coef_)) < 100


def test_weights_of_zero_leave_nothing_to_watch(points):
    x, _, side = points
    with pytest.raises(ValueError, match="validation set are all zero"):
        glissade.SGDClassifier(early_stopping=True).fit(x, side, sample_weight=np.zeros(300))


def test_batches_and_rules_of_ones_own(points):
    x, y, side = points
    model = glissade.SGDRegressor(batch_size=32, optimizer="adam", eta0=0.05, max_iter=60, tol=None, random_state=0).fit(x, y)
    assert model.score(x, y) > 0.99
    exact = glissade.SGDRegressor(optimizer="lbfgs", alpha=0, tol=None, max_iter=50).fit(x, y)
    assert exact.score(x, y) > 0.99
    whole = glissade.SGDClassifier(batch_size=0, learning_rate="constant", eta0=0.5, max_iter=4, tol=None).fit(x, side)
    assert whole.history_[-1]["step"] == 4


def test_larger_batches_count_rows_in_the_schedule(points):
    x, y, _ = points
    model = glissade.SGDRegressor(batch_size=50, eta0=0.5, power_t=0.5, max_iter=2, tol=None).fit(x, y)
    assert model.history_[-1]["lr"] == 0.5 / np.power(550 + 1.0, 0.5)  # before the last of 12 steps 550 rows were seen
    assert model.t_ == 601


def test_early_stopping_watches_held_out_rows(points):
    x, _, side = points
    model = glissade.SGDClassifier(early_stopping=True, n_iter_no_change=3, random_state=0).fit(x, side)
    assert 3 < model.n_iter_ < 1000
    assert all(record["validation"]["rows"] == 30 for record in model.history_)
    with pytest.raises(ValueError, match="test_size"):  # scikit-learn's own splitter says so
        glissade.SGDClassifier(early_stopping=True, validation_fraction=1e-9).fit(x, side)


def test_eval_set_keeps_the_best_epoch(points):
    x, y, _ = points
    model = glissade.SGDRegressor(max_iter=8, tol=None, random_state=0, learning_rate="constant", eta0=0.1)
    model.fit(x[:200], y[:200], eval_set=(x[200:], y[200:]))
    best = min(record["validation"]["rmse"] for record in model.history_)
    own = np.sqrt(np.mean((model.predict(x[200:]) - y[200:]) ** 2))
    assert abs(own - best) <= 100 * 8 * np.finfo(float).eps * np.max(np.abs(y))


def test_callbacks_may_stop_and_raise(points):
    x, y, _ = points
    model = glissade.SGDRegressor(callbacks=lambda p: p.epoch >= 1, max_iter=10**6, tol=1e-300, n_iter_no_change=10**6).fit(x, y)
    assert model.n_iter_ < 10**6
    with pytest.raises(ZeroDivisionError):
        glissade.SGDRegressor(callbacks=[lambda p: 1 / 0]).fit(x, y)


def test_ctrl_c_leaves_the_model_so_far_and_passes(points):
    x, y, _ = points
    model = glissade.SGDRegressor(callbacks=lambda _: os.kill(os.getpid(), signal.SIGINT), max_iter=10**6, tol=None, eta0=1e-4)
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y)
    assert model.n_iter_ < 10**6 and np.all(np.isfinite(model.predict(x)))


def test_numbers_out_of_range_are_errors_of_both_kinds(points):
    x, y, _ = points
    model = glissade.SGDRegressor(optimizer="rmsprop", eta0=1e300, schedule="constant")
    with pytest.raises(glissade.DivergedError, match="step") as caught:
        model.fit(x, y)
    assert isinstance(caught.value, ValueError) and isinstance(caught.value, FloatingPointError)
