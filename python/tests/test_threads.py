# SPDX-License-Identifier: Apache-2.0
"""Several runs at once in the threads of one process."""

from concurrent.futures import ThreadPoolExecutor

import glissade
import numpy as np


def test_runs_in_threads_are_the_runs_alone(points):
    x, y, side = points
    rows = glissade.Dataset.from_numpy(x, y)  # one, for all of them

    def linear(seed):
        return glissade.train(rows, seed=seed, epochs=20, batch_size=16).model.coefficients()[0]

    def network(seed):
        return glissade.train(rows, seed=seed, epochs=5, hidden=[8], callbacks=lambda _: False).model.layers()[0][0]

    def classifier(seed):
        return glissade.SGDClassifier(random_state=seed, max_iter=5, tol=None).fit(x, side).coef_

    def layers(seed):
        return glissade.MLPRegressor(hidden_layer_sizes=(8,), random_state=seed, max_iter=3).fit(x, y).coefs_[0]

    work = [(make, seed) for seed in range(4) for make in (linear, network, classifier, layers)]
    alone = [make(seed) for make, seed in work]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda task: task[0](task[1]), work))
    for task, one, other in zip(work, alone, together):
        assert np.array_equal(one, other), task


def test_what_one_run_raises_leaves_the_others(points):
    x, y, _ = points

    def run(number):
        if number % 2:
            return glissade.train(x, y, epochs=3, seed=number).model.coefficients()[0]
        try:
            glissade.train(x, y, epochs=3, callbacks=lambda _: 1 / 0)
        except ZeroDivisionError:
            return None
        raise AssertionError("what the callback raised was lost")

    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(run, range(12)))
    assert [result is None for result in results] == [number % 2 == 0 for number in range(12)]
    for number in range(1, 12, 2):
        assert np.array_equal(results[number], glissade.train(x, y, epochs=3, seed=number).model.coefficients()[0])
