# SPDX-License-Identifier: Apache-2.0
"""A pytest plugin: scikit-learn's own tests of its estimators, run against ours.

    python -m pytest -p sklearn_suite --pyargs sklearn.linear_model.tests.test_sgd sklearn.neural_network.tests.test_mlp

SKLEARN_SUITE=quick leaves out the slow ones, SKLEARN_SUITE=slow all others. The names are replaced before the tests import them. Tests that are expected to fail are listed in sklearn_expected_failures.txt, one a line,
with the reason: a listed test that passes is an error, and so is a line that no test answers to.
"""

import builtins
import os
import pathlib

import glissade
import numpy as np
import pytest
from sklearn import linear_model, neural_network

LIST = pathlib.Path(__file__).with_name("sklearn_expected_failures.txt")
OURS = {linear_model: ("SGDClassifier", "SGDRegressor"), neural_network: ("MLPClassifier", "MLPRegressor")}
NOT_OURS = ("ocsvm", "OneClassSVM", "sgd_one_class", "sgd_oneclass")
SLOW = ("test_SGDClassifier_fit_for_all_backends", "test_multi_core_gridsearch_and_early_stopping")


def expected_failures():
    """Exceptions and reasons by test: `test_name`, for all its cases, or `test_name[case]`."""
    expected = {}
    for line in LIST.read_text().splitlines():
        if line and not line.startswith("#"):
            test, reason = line.split(" # ", 1)
            name, _, raised = test.partition(" ! ")
            assert name not in expected, f"{name} is listed twice"
            raised = pytest.fail.Exception if raised == "Failed" else getattr(builtins, raised or "AssertionError")
            expected[name.strip()] = (raised, reason.strip())
    return expected


def pytest_configure(config):
    for module, names in OURS.items():
        for name in names:
            setattr(module, name, getattr(glissade, name))


def pytest_runtest_setup(item):
    np.random.seed(0)  # some tests leave random_state to it


def pytest_collection_modifyitems(config, items):
    expected, used, part = expected_failures(), set(), os.environ.get("SKLEARN_SUITE", "all")
    for item in items:
        for name in (item.name, item.name.split("[")[0]):
            if name in expected:
                used.add(name)
                raised, reason = expected[name]
                item.add_marker(pytest.mark.xfail(reason=reason, raises=raised, strict=True))
                break
    stale = [name for name in expected if name not in used]
    if len({item.path.name for item in items}) == len(OURS) and stale:
        raise pytest.UsageError("expected failures that no test answers to: " + ", ".join(stale))

    def is_left_out(item):
        slow = item.name.startswith(SLOW)
        return any(name in item.nodeid for name in NOT_OURS) or (slow if part == "quick" else part == "slow" and not slow)

    config.hook.pytest_deselected(items=[item for item in items if is_left_out(item)])
    items[:] = [item for item in items if not is_left_out(item)]
