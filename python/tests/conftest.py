# SPDX-License-Identifier: Apache-2.0
"""Data that several tests share."""

import signal

import numpy as np
import pytest


def pytest_configure():
    """What shells start in the background ignores Ctrl-C, and so would the tests of it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def points():
    """Features of deviation 1, a number that is linear in them up to some noise, and its side."""
    rng = np.random.default_rng(7)
    x = rng.normal(size=(300, 5))
    y = x @ np.array([1.0, -2.0, 0.5, 0.0, 3.0]) + 0.25 + 0.1 * rng.normal(size=300)
    return x, y, np.where(y > 0, "up", "down")


def rounding(operations, *magnitudes):
    """A bound of what so many roundings of float64, of numbers of these magnitudes, may come to."""
    return operations * np.finfo(np.float64).eps * max(1.0, *map(float, magnitudes))
