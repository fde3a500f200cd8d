# SPDX-License-Identifier: Apache-2.0
"""What MLPClassifier and MLPRegressor offer beside scikit-learn's numbers."""

import os
import pickle
import signal

import glissade
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning


@pytest.fixture
def rings(points):
    """Three rings, told apart by the distance from the middle, as texts."""
    x = points[0]
    return x, np.array(["inner", "middle", "outer"])[np.digitize(np.sum(x[:, :2] ** 2, axis=1), [0.8, 2.2])]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_text_labels_and_frames_of_either_type(rings, dtype):
    x, kinds = rings
    frame = pd.DataFrame(x.astype(dtype), columns=list("abcde"))
    model = glissade.MLPClassifier((16, 8), activation="tanh", learning_rate_init=0.02, max_iter=120, random_state=0).fit(frame, kinds)
    assert list(model.classes_) == ["inner", "middle", "outer"] and list(model.feature_names_in_) == list("abcde")
    assert all(layer.dtype == dtype for layer in [*model.coefs_, *model.intercepts_])
    assert [layer.shape for layer in model.coefs_] == [(5, 16), (16, 8), (8, 3)]
    assert model.score(frame, kinds) > 0.9 and model.predict_proba(frame).shape == (300, 3)


def test_shuffled_runs_have_the_same_bits_for_a_seed(rings):
    x, kinds = rings
    fit = [glissade.MLPClassifier((8,), max_iter=3, random_state=seed).fit(x, kinds).coefs_[0] for seed in (1, 1, 2)]
    assert np.array_equal(fit[0], fit[1]) and not np.array_equal(fit[0], fit[2])


def test_sparse_rows_are_made_dense_and_it_is_said(rings):
    x, kinds = rings
    x = np.where(np.abs(x) > 1, x, 0)
    settings = {"hidden_layer_sizes": (8,), "max_iter": 3, "random_state": 0}
    wanted = glissade.MLPClassifier(**settings).fit(x, kinds)
    for make in (sp.csr_matrix, sp.csc_array):
        with pytest.warns(UserWarning, match=f"dense copy of X takes {x.nbytes} bytes"):
            model = glissade.MLPClassifier(**settings).fit(make(x), kinds)
        assert np.array_equal(model.coefs_[0], wanted.coefs_[0])


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"hidden_layer_sizes": ()}, "hidden_layer_sizes is empty"),
        ({"optimizer": "adm"}, "adam"),
        ({"optimizer": "lbfgs"}, "solver='lbfgs'"),
        ({"solver": "lbfgs", "dropout": 0.5}, "no dropout"),
        ({"solver": "lbfgs", "schedule": "cosine"}, "no schedule"),
        ({"schedule": "cosin"}, "cosine"),
        ({"device": "gpu"}, "device"),
        ({"dropout": 1.0}, "dropout"),
        ({"schedule": "cosine", "solver": "sgd", "learning_rate": "adaptive"}, "'adaptive' both move the rate"),
        ({"optimizer": "sgd", "momentum": 0.5}, "momentum is the solver's"),
        ({"optimizer": "adam", "beta_2": 0.9}, "beta_2 is the solver's"),
        ({"optimizer": "sgd", "learning_rate": "invscaling"}, "'invscaling' has no effect here"),
        ({"optimizer": glissade.Optimizer("adam"), "learning_rate_init": 0.5}, "the optimizer brings its rate"),
        ({"optimizer": "rprop", "batch_size": 10}, "batch_size has no effect.*rprop takes all rows"),
        ({"optimizer": "rprop", "solver": "sgd", "learning_rate": "adaptive"}, "'adaptive' has no effect"),
    ],
)
def test_what_is_not_offered_is_named(rings, settings, words):
    model = glissade.MLPClassifier(max_iter=2, **settings)
    with pytest.raises(ValueError, match=words):
        model.fit(*rings)
    assert not hasattr(model, "coefs_") and not hasattr(model, "intercepts_")


def test_a_fit_that_fails_leaves_the_layers_that_there_were(rings):
    x, kinds = rings
    model = glissade.MLPClassifier((4,), max_iter=2, random_state=0).fit(x, kinds)
    before = model.predict_proba(x)
    model.set_params(device="gpu")
    for fit in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match="device"):
            fit(x, kinds)
        assert np.array_equal(model.predict_proba(x), before)


def test_an_optimizer_of_ones_own_goes_by_the_rates_of_solver_sgd(points):
    x, y, _ = points
    settings = {"hidden_layer_sizes": (4,), "optimizer": "rmsprop", "solver": "sgd", "random_state": 0, "max_iter": 3}
    falling = glissade.MLPRegressor(learning_rate="invscaling", **settings).fit(x, y)
    rates = [record["lr"] for record in falling.history_]
    assert rates[0] > rates[1] > rates[2]


def test_weights_that_cannot_be_are_named(points):
    x, y, _ = points
    below = np.where(np.arange(300) == 7, -1.0, 1.0)
    for solver in ("adam", "lbfgs"):
        with pytest.raises(ValueError, match="sample_weight holds a negative value, in row 7"):
            glissade.MLPRegressor(solver=solver, max_iter=2).fit(x, y, sample_weight=below)
    with pytest.raises(ValueError, match="all sample weights are zero|at least one non-zero"):
        glissade.MLPRegressor(solver="lbfgs", max_iter=2).fit(x, y, sample_weight=np.zeros(300))
    with pytest.raises(ValueError, match="sample_weight holds a negative value, in row 7"):
        glissade.SGDRegressor(max_iter=2).fit(x, y, sample_weight=below)

def test_weighted_rows_and_float64_are_refused_by_cards(points):
    x, y, _ = points
    with pytest.raises(ValueError, match="row weights.*CPU"):
        glissade.MLPRegressor(max_iter=2, device="cuda").fit(x, y, sample_weight=np.ones(300))
    with pytest.raises((ValueError, RuntimeError), match="float64|CUDA"):
        glissade.MLPRegressor(max_iter=2, device="cuda").fit(x, y)


def test_the_penalty_of_a_rule_beside_alpha_is_refused(rings):
    with pytest.raises(ValueError, match="weight_decay"):
        glissade.MLPClassifier(max_iter=2, optimizer=glissade.Optimizer("adam", weight_decay=0.1)).fit(*rings)


def test_a_fit_that_fails_leaves_all_of_the_one_before(points):
    x, _, side = points
    model = glissade.MLPClassifier(max_iter=3, random_state=0).fit(x, side)
    before = model.predict(x)
    model.set_params(device="gpu")
    with pytest.raises(ValueError):
        model.fit(x[:, :3], np.where(x[:, 0] > 0, "u", np.where(x[:, 1] > 0, "v", "w")))
    assert list(model.classes_) == ["down", "up"] and np.array_equal(model.predict(x), before)


def test_several_labels_a_row(points):
    x = points[0]
    both = (x[:, :2] > 0).astype(int)
    settings = {"hidden_layer_sizes": (16,), "learning_rate_init": 0.01, "random_state": 0, "max_iter": 60}
    ours = glissade.MLPClassifier(**settings).fit(x, both)
    assert ours.predict(x).shape == ours.predict_proba(x).shape == both.shape
    assert ours.out_activation_ == "logistic" and ours.score(x, both) > 0.9
    assert np.array_equal(ours.predict(x), (ours.predict_proba(x) > 0.5).astype(int))
    stopped = glissade.MLPClassifier(early_stopping=True, **settings).fit(x, both)
    assert stopped.best_validation_score_ > 0.8
    parts = glissade.MLPClassifier(**settings)
    for _ in range(30):
        parts.partial_fit(x, both, classes=[0, 1])
    assert parts.score(x, both) > 0.8


def test_partial_fit_takes_no_schedule(rings):
    with pytest.raises(ValueError, match="schedule spans"):
        glissade.MLPClassifier(schedule="cosine").partial_fit(*rings, classes=["inner", "middle", "outer"])


def test_rules_schedules_and_dropout_of_ones_own(points):
    x, y, _ = points
    settings = {"hidden_layer_sizes": (16,), "random_state": 0, "max_iter": 80, "tol": 0.0}
    own = glissade.MLPRegressor(optimizer=glissade.Optimizer("adamw", lr=0.01), schedule="cosine", **settings).fit(x, y)
    assert own.score(x, y) > 0.95
    assert own.history_[0]["lr"] > 0.0099 and own.history_[-1]["lr"] < 1e-4
    named = glissade.MLPRegressor(optimizer="nadam", learning_rate_init=0.01, **settings).fit(x, y)
    assert named.score(x, y) > 0.95 and {record["lr"] for record in named.history_} == {0.01}
    whole = glissade.MLPRegressor(optimizer="rprop", **settings).fit(x, y)
    assert whole.score(x, y) > 0.95 and whole.history_[-1]["step"] == whole.n_iter_
    dropping = glissade.MLPRegressor(dropout=0.5, learning_rate_init=0.01, **settings).fit(x, y)
    again = glissade.MLPRegressor(dropout=0.5, learning_rate_init=0.01, **settings).fit(x, y)
    without = glissade.MLPRegressor(learning_rate_init=0.01, **settings).fit(x, y)
    assert np.array_equal(dropping.coefs_[0], again.coefs_[0]) and dropping.loss_ > without.loss_


@pytest.mark.parametrize("targets", [1, 2])
def test_lbfgs_is_the_librarys_own_and_goes_to_the_optimum(points, targets):
    x, y, _ = points
    y = y if targets == 1 else np.stack([y, x[:, 0] - y], axis=1)
    settings = {"hidden_layer_sizes": (4,), "activation": "tanh", "solver": "lbfgs", "random_state": 0, "tol": 1e-5, "alpha": 0.1}
    with pytest.warns(ConvergenceWarning, match="lbfgs failed to converge after 3"):
        short = glissade.MLPRegressor(max_iter=3, **settings).fit(x, y)
    model = glissade.MLPRegressor(max_iter=2000, **settings).fit(x, y)
    assert model.loss_ < short.loss_ and model.score(x, y) > 0.99 and 3 < model.n_iter_ < 2000
    assert model.loss_ <= short.history_[-1]["loss"]


def test_eval_set_keeps_the_best_epoch(points):
    x, y, _ = points
    model = glissade.MLPRegressor(hidden_layer_sizes=(32,), max_iter=60, learning_rate_init=0.1, alpha=0.0, random_state=0)
    model.fit(x[:40], y[:40], eval_set=(x[200:], y[200:]))  # so few rows that it learns them by heart
    scores = [record["validation"]["rmse"] for record in model.history_]
    best = min(scores)
    assert scores.index(best) < len(scores) - 1 and best < scores[-1] / 1.01
    own = np.sqrt(np.mean((model.predict(x[200:]) - y[200:]) ** 2))
    # Two ways to the same sums of 100 rows and 8 units; nothing is amplified.
    assert abs(own - best) <= 200 * np.finfo(float).eps * np.max(np.abs(y))
    scored = glissade.MLPRegressor(hidden_layer_sizes=(8,), max_iter=30, early_stopping=True, random_state=0).fit(x, y, eval_set=(x[200:], y[200:]))
    assert scored.history_[-1]["validation"] == {"r2": scored.validation_scores_[-1]}
    assert scored.best_validation_score_ == scored.score(x[200:], y[200:])


@pytest.mark.parametrize("given, words", [((1, 2, 3), "eval_set is"), ((np.ones((5, 2)), np.ones(5)), "2 features, X has 5")])
def test_eval_sets_that_do_not_fit_are_named(points, given, words):
    with pytest.raises(ValueError, match=words):
        glissade.MLPRegressor(max_iter=1).fit(*points[:2], eval_set=given)


def test_labels_of_an_eval_set_must_be_known(rings):
    x, kinds = rings
    with pytest.raises(ValueError, match="'nowhere', which is not among"):
        glissade.MLPClassifier(max_iter=1).fit(x, kinds, eval_set=(x[:2], np.array(["inner", "nowhere"])))


def test_callbacks_may_stop_and_raise(points):
    x, y, _ = points
    y = np.stack([y, -y], axis=1)
    seen = []

    def watch(progress):
        seen.extend(record["loss"] for record in progress.finished_epochs)
        return progress.epoch >= 3

    model = glissade.MLPRegressor(hidden_layer_sizes=(8,), max_iter=50, callbacks=watch, random_state=0).fit(x, y)
    assert model.n_iter_ == 3 and seen == model.loss_curve_
    with pytest.raises(ZeroDivisionError):
        glissade.MLPRegressor(callbacks=[lambda p: 1 / 0]).fit(x, y)


def test_ctrl_c_leaves_the_model_so_far(points):
    x, y, _ = points
    model = glissade.MLPRegressor(callbacks=lambda _: os.kill(os.getpid(), signal.SIGINT), max_iter=10**6)
    with pytest.warns(UserWarning, match="interrupted by user"):
        model.fit(x, y)
    assert model.n_iter_ <= 2 and np.all(np.isfinite(model.predict(x)))


def test_numbers_out_of_range_are_errors(points):
    x, y, _ = points
    with pytest.raises(glissade.DivergedError, match="non-finite parameter weights.*step"):
        glissade.MLPRegressor(solver="sgd", learning_rate_init=1e300, max_iter=5).fit(x, y)


def test_a_run_that_diverges_keeps_the_best_score(points):
    x, y, _ = points
    # One step an epoch: the first ends it with layers that the second cannot take.
    settings = {"solver": "sgd", "learning_rate_init": 1e200, "early_stopping": True, "random_state": 0}
    model = glissade.MLPRegressor(batch_size=270, max_iter=5, **settings)
    with pytest.warns(ConvergenceWarning, match="best validation score are kept"):
        model.fit(x, y)
    assert np.isnan(model.validation_scores_[-1]) and np.all(np.isfinite(model.predict(x)))


def test_a_run_that_diverges_before_any_score_is_an_error(points):
    x, y, _ = points
    model = glissade.MLPRegressor(solver="sgd", learning_rate_init=1e200, batch_size=10, early_stopping=True, random_state=0)
    with pytest.raises(glissade.DivergedError, match="step"):
        model.fit(x, y)
    assert not hasattr(model, "coefs_")


def test_verbose_prints_scikit_learns_lines(points, capsys):
    x, y, _ = points
    glissade.MLPRegressor(hidden_layer_sizes=(4,), max_iter=3, verbose=True, tol=1e9, n_iter_no_change=1, random_state=0).fit(x, y)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Iteration 1, loss = ") and lines[-1].endswith("for 1 consecutive epochs. Stopping.")
    model = glissade.MLPRegressor(hidden_layer_sizes=(4,), max_iter=50, verbose=True, solver="lbfgs", random_state=0).fit(x, y)
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"Iteration {record['epoch']}, loss = {record['loss']:.8f}" for record in model.history_] and len(lines) > 3


def test_pickles_go_on_where_they_were(rings):
    x, kinds = rings
    model = glissade.MLPClassifier((8,), random_state=0, optimizer=glissade.Optimizer("rmsprop"), shuffle=False)
    model.partial_fit(x, kinds, classes=np.unique(kinds))
    again = pickle.loads(pickle.dumps(model)).partial_fit(x, kinds)
    assert np.array_equal(again.coefs_[0], model.partial_fit(x, kinds).coefs_[0])
    at_once = clone(model).set_params(max_iter=2).fit(x, kinds)
    assert np.array_equal(again.coefs_[0], at_once.coefs_[0])
    assert not hasattr(clone(model), "coefs_")


def test_a_batch_without_weight_changes_nothing(points):
    x, y, _ = points
    weights = np.where(np.arange(300) < 100, 1.0, 0.0)
    settings = {"hidden_layer_sizes": (4,), "solver": "sgd", "momentum": 0.0, "shuffle": False, "batch_size": 100, "max_iter": 4, "random_state": 0}
    part = glissade.MLPRegressor(**settings).fit(x[:100], y[:100])
    whole = glissade.MLPRegressor(**settings).fit(x, y, sample_weight=weights)
    assert np.array_equal(whole.coefs_[0], part.coefs_[0])


def test_layers_of_models_are_their_numbers(rings):
    x, kinds = rings
    model = glissade.train(x, kinds, hidden=[6], activation="tanh", epochs=3).model
    (inner, inner_biases), (outer, outer_biases) = model.layers()
    assert inner.shape == (6, 5) and outer.shape == (3, 6) and inner_biases.shape == (6,) and outer_biases.shape == (3,)
    scores = np.tanh(x @ inner.T + inner_biases) @ outer.T + outer_biases
    # Sums of 5 and of 6 products, and a tanh that is good to an ulp or two.
    bound = 30 * np.finfo(float).eps * (1 + np.max(np.abs(inner)) * 5 * np.max(np.abs(x))) * (1 + 6 * np.max(np.abs(outer)))
    assert np.max(np.abs(model.decision_function(x) - scores)) <= bound
