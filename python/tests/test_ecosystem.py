# SPDX-License-Identifier: Apache-2.0
"""scikit-learn's own checks, and the tools that estimators are used with."""

import gc
import inspect
import pickle
import resource
import unittest
from collections import Counter

import glissade
import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks

# What scikit-learn expects of its own SGDClassifier and SGDRegressor to fail: other rows come in another order.
NOT_FOR_SGD = {
    f"check_sample_weight_equivalence_on_{form}_data": "sample_weight is not equivalent to removing/repeating samples"
    for form in ("dense", "sparse")
}


LINEAR = [glissade.SGDClassifier(max_iter=5), glissade.SGDRegressor(max_iter=5)]
NETWORKS = [glissade.MLPClassifier(), glissade.MLPRegressor()]


def checked(estimator, expected):
    """Name, outcome and error of each check of the installed scikit-learn."""
    if "on_fail" in inspect.signature(estimator_checks.check_estimator).parameters:
        results = estimator_checks.check_estimator(estimator, expected_failed_checks=expected, on_fail=None, on_skip=None)
        return [(result["check_name"], result["status"], result["exception"]) for result in results]
    results = []  # before 1.6 scikit-learn tells no results, and skips by itself what its own two classes are expected to fail
    for one, check in estimator_checks.check_estimator(estimator, generate_only=True):
        outcome, error = "passed", None
        try:
            check(one)
        except unittest.SkipTest:
            outcome = "skipped"
        except Exception as raised:
            outcome, error = "failed", raised
        results.append((check.func.__name__, outcome, error))
    return results


@pytest.mark.parametrize("estimator", [*LINEAR, *NETWORKS], ids=lambda e: type(e).__name__)
def test_every_check_of_the_installed_scikit_learn_passes(estimator, capsys):
    expected = {} if estimator in NETWORKS else NOT_FOR_SGD
    results = checked(estimator, expected)
    counts = Counter(outcome for _, outcome, _ in results)
    with capsys.disabled():
        print(f"\n{type(estimator).__name__}: " + ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())))
    assert [(name, repr(error)) for name, outcome, error in results if outcome == "failed"] == []
    assert counts["passed"] > 40 and counts["xfail"] <= len(expected) and counts["skipped"] <= 2


def test_pipelines_searches_and_cross_validation(points):
    x, _, side = points
    pipeline = make_pipeline(StandardScaler(), glissade.SGDClassifier(random_state=0))
    search = GridSearchCV(pipeline, {"sgdclassifier__alpha": [1e-4, 1e-2], "sgdclassifier__loss": ["hinge", "log_loss"]}, cv=3).fit(x, side)
    assert search.best_score_ > 0.9
    assert np.min(cross_val_score(pipeline, x, side, cv=3)) > 0.85
    calibrated = CalibratedClassifierCV(glissade.SGDClassifier(random_state=0), cv=3).fit(x, side)
    assert calibrated.predict_proba(x).shape == (300, 2)


def test_networks_in_searches_pipelines_and_calibration(points):
    x, y, side = points
    network = glissade.MLPClassifier((8,), max_iter=30, learning_rate_init=0.02, random_state=0)
    pipeline = make_pipeline(StandardScaler(), network)
    search = GridSearchCV(pipeline, {"mlpclassifier__alpha": [1e-4, 100.0], "mlpclassifier__dropout": [0.0]}, cv=3).fit(x, side)
    assert search.best_score_ > 0.9 and search.best_params_["mlpclassifier__alpha"] == 1e-4
    assert np.min(cross_val_score(pipeline, x, side, cv=3)) > 0.85
    calibrated = CalibratedClassifierCV(network, cv=3).fit(x, side)
    assert calibrated.predict_proba(x).shape == (300, 2) and calibrated.score(x, side) > 0.9
    lines = make_pipeline(StandardScaler(), glissade.MLPRegressor(hidden_layer_sizes=(8,), max_iter=60, learning_rate_init=0.02, random_state=0))
    assert np.min(cross_val_score(lines, x, y, cv=3)) > 0.9


@pytest.mark.parametrize("make", [glissade.MLPClassifier, glissade.MLPRegressor])
def test_clones_pickles_and_joblib_of_networks(points, tmp_path, make):
    x, y, side = points
    targets = side if make is glissade.MLPClassifier else y
    model = make(hidden_layer_sizes=(4,), max_iter=3, random_state=0, schedule="cosine").fit(x, targets)
    joblib.dump(model, tmp_path / "m.joblib")
    for again in (joblib.load(tmp_path / "m.joblib"), pickle.loads(pickle.dumps(model)), clone(model).fit(x, targets)):
        assert np.array_equal(again.predict(x), model.predict(x)) and again.get_params() == model.get_params()


@pytest.mark.parametrize("model", [glissade.SGDRegressor(random_state=0), glissade.MLPRegressor(hidden_layer_sizes=(4,), max_iter=3, random_state=0)])
def test_worker_processes_give_the_same_scores(points, model):
    x, y, _ = points
    assert np.array_equal(cross_val_score(model, x, y, cv=3, n_jobs=2), cross_val_score(model, x, y, cv=3))


def test_joblib_keeps_a_model(points, tmp_path):
    x, _, side = points
    model = glissade.SGDClassifier(random_state=0).fit(x, side)
    joblib.dump(model, tmp_path / "m.joblib")
    assert np.array_equal(joblib.load(tmp_path / "m.joblib").predict(x), model.predict(x))


def resident_bytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def test_a_thousand_fits_take_no_more_memory():
    """The second 500 fits may not grow by more than the memory of the first 500 went up and down once it had settled, and by a twentieth of
    what they would keep if they kept their rows."""
    x = np.ones((2000, 50))
    x[::2] = -1
    y = x[:, 0].copy()

    def fits(count):
        for _ in range(count // 4):
            glissade.SGDRegressor(max_iter=1, tol=None, batch_size=1000).fit(x.copy(), y).predict(x)
            glissade.MLPRegressor(hidden_layer_sizes=(2,), max_iter=1, batch_size=1000, callbacks=lambda _: False).fit(x.copy(), y)
            glissade.MLPClassifier(hidden_layer_sizes=(2,), batch_size=1000).partial_fit(x.copy(), y > 0, classes=[False, True])
            glissade.train(x.copy(), y, loss="squared", epochs=1, batch_size=1000, callbacks=lambda _: False, checkpoint=None)
        gc.collect()
        return resident_bytes()

    warm = [fits(100) for _ in range(5)][2:]
    grown = fits(500) - max(warm)
    assert grown <= max(warm) - min(warm) + 500 * x.nbytes / 20
