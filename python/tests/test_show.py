# SPDX-License-Identifier: Apache-2.0
"""Lines of progress and drawings of a run."""

import io
import sys

import glissade
import pytest


class Axes:
    """What plot_history asks of matplotlib's."""

    def __init__(self):
        self.lines, self.xlabel, self.legends = {}, None, 0

    def plot(self, x, y, label):
        self.lines[label] = (list(x), list(y))

    def set_xlabel(self, text):
        self.xlabel = text

    def legend(self):
        self.legends += 1


def test_runs_draw_training_and_validation(points):
    x, y, _ = points
    run = glissade.train(x, y, epochs=3, validation=(x, y))
    axes = Axes()
    assert run.plot_history(axes) is axes and axes.xlabel == "epoch" and axes.legends == 1
    assert axes.lines["training loss"] == ([1, 2, 3], [record["loss"] for record in run.history])
    assert axes.lines["validation loss"][1] == [record["validation"]["loss"] for record in run.history]


def test_estimators_draw_each_class_and_each_score(points):
    x, y, side = points
    axes = Axes()
    network = glissade.MLPClassifier(hidden_layer_sizes=(4,), max_iter=2, early_stopping=True).fit(x, side)
    network.plot_history(axes)
    assert axes.lines["validation accuracy"] == ([1, 2], network.validation_scores_)
    three = [("a", "b", "c")[i % 3] for i in range(300)]
    axes = Axes()
    glissade.SGDClassifier(max_iter=4).fit(x, three).plot_history(axes)
    assert sorted(axes.lines) == [f"training loss, class {kind}" for kind in "abc"]


def test_what_cannot_be_drawn_is_said(points, monkeypatch):
    x, y, _ = points
    run = glissade.train(x, y, epochs=1)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"glissade\[plot\]"):
        run.plot_history()
    with pytest.raises(ValueError, match="no epoch"):
        glissade.train(x, y, max_steps=1, batch_size=10).plot_history(Axes())


def test_matplotlib_draws(points):
    pyplot = pytest.importorskip("matplotlib.pyplot", reason="matplotlib is an extra; a stand-in is drawn on above")
    x, y, _ = points
    axes = glissade.train(x, y, epochs=2).plot_history()
    assert len(axes.get_lines()) == 1
    pyplot.close("all")


def test_a_line_of_progress_is_rewritten_and_ended(points, capsys):
    x, y, _ = points
    glissade.train(x, y, epochs=3, validation=(x, y), progress=True)
    text = capsys.readouterr().out
    assert text.count("\n") == 1 and text.endswith("\n")
    lines = text.strip().split("\r")
    assert len(lines) >= 2 and lines[-1].startswith("epoch 3/3  100%  loss ") and "validation r2 " in lines[-1]
    assert all(len(later) >= len(earlier.rstrip()) for earlier, later in zip(lines, lines[1:-1]))


def test_a_line_of_a_run_that_stops_or_raises_is_ended_too(points, capsys):
    x, y, _ = points
    glissade.train(x, y, epochs=10**6, callbacks=lambda progress: True, progress=True)
    assert capsys.readouterr().out.endswith("\n")
    with pytest.raises(ZeroDivisionError):
        glissade.train(x, y, epochs=10**6, callbacks=lambda progress: 1 / 0, progress=True)


def test_estimators_take_a_line_for_a_callback(points):
    x, y, _ = points
    file = io.StringIO()
    glissade.MLPRegressor(hidden_layer_sizes=(4,), max_iter=3, callbacks=glissade.ProgressLine(file)).fit(x, y)
    assert "epoch 3/3" in file.getvalue() and file.getvalue().endswith("\n")


def test_a_line_of_one_run_leaves_nothing_on_the_next(points):
    x, y, _ = points
    file = io.StringIO()
    line = glissade.ProgressLine(file)
    glissade.train(x, y, epochs=10**6, validation=(x, y), callbacks=[line, lambda progress: True])
    assert not file.getvalue().endswith("\n")
    glissade.train(x, y, epochs=2, callbacks=line)
    ended, second, rest = file.getvalue().split("\n")
    assert "validation" in ended and "validation" not in second and second.startswith("\repoch") and rest == ""


@pytest.mark.parametrize("make", [glissade.SGDRegressor, glissade.MLPRegressor])
def test_estimators_end_a_line_of_a_run_that_stops(points, make):
    x, y, _ = points
    file = io.StringIO()
    make(max_iter=10**6, callbacks=[glissade.ProgressLine(file), lambda progress: True]).fit(x, y)
    assert file.getvalue().endswith("\n") and file.getvalue().count("\n") == 1
