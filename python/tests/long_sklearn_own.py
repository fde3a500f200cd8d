# SPDX-License-Identifier: Apache-2.0
"""The slow ones among scikit-learn's own tests."""

from test_sklearn_own import run_suite


def test_scikit_learns_slow_tests_pass(tmp_path):
    assert run_suite("slow", tmp_path)["passed"] == 4
