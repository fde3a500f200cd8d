# SPDX-License-Identifier: Apache-2.0
"""What the package offers by name, and what it says to its logger."""

import importlib
import logging
import subprocess
import sys
from importlib import metadata

import glissade
import numpy as np
import pytest
from glissade import _log

ESTIMATORS = ["MLPClassifier", "MLPRegressor", "SGDClassifier", "SGDRegressor"]


@pytest.fixture
def beside(monkeypatch):
    """The package as it is imported beside another release of scikit-learn."""

    def imported(release):
        def version(_):
            if release is None:
                raise metadata.PackageNotFoundError
            return release

        monkeypatch.setattr(metadata, "version", version)
        for name in ESTIMATORS:
            vars(glissade).pop(name, None)
        return importlib.reload(glissade)

    yield imported
    monkeypatch.undo()
    importlib.reload(glissade)


@pytest.mark.parametrize("release, there", [("1.9.1", 4), ("1.2.0", 4), ("1.1.3", 0), ("0.24.2", 0), (None, 0)])
def test_what_cannot_be_had_beside_an_older_scikit_learn_is_not_offered(beside, release, there):
    package = beside(release)
    offered = [name for name in ESTIMATORS if name in package.__all__]
    assert len(offered) == there and [name for name in ESTIMATORS if hasattr(package, name)] == offered
    names = {}
    exec("from glissade import *", names)
    assert set(package.__all__) <= set(names)
    if there == 4:
        return
    told = "it is not installed" if release is None else f"this one is {release}"
    with pytest.raises(ImportError, match=f"MLPClassifier needs scikit-learn 1.2 or newer; {told}"):
        exec("from glissade import MLPClassifier", {})
    with pytest.raises(AttributeError, match="MLPRegressor needs scikit-learn 1.2"):
        package.MLPRegressor


def test_scikit_learn_is_not_imported_before_the_first_estimator():
    words = "import sys, glissade; glissade.__all__, dir(glissade); assert 'sklearn' not in sys.modules; glissade.SGDRegressor; assert 'sklearn' in sys.modules"
    subprocess.run([sys.executable, "-c", words], check=True)


def of_level(caplog, level):
    return [record.getMessage() for record in caplog.records if record.levelno == level and record.name == "glissade"]


def test_plans_are_told_where_somebody_listens(points, caplog):
    x, y, side = points
    with caplog.at_level(logging.INFO, logger="glissade"):
        glissade.train(x, y, epochs=1, batch_size=32, device="cpu")
    assert len(of_level(caplog, logging.INFO)) == 1 and "batch 32" in of_level(caplog, logging.INFO)[0]
    for fit in (glissade.SGDRegressor(max_iter=2, tol=None), glissade.MLPRegressor(hidden_layer_sizes=(4,), max_iter=1)):
        caplog.clear()
        with caplog.at_level(logging.INFO, logger="glissade"):
            fit.fit(x, y)
        assert len(of_level(caplog, logging.INFO)) == 1, fit
    caplog.clear()
    with caplog.at_level(logging.WARNING, logger="glissade"):
        glissade.train(x, y, epochs=1, batch_size=32)
    assert of_level(caplog, logging.INFO) == []


def test_advice_and_members_that_diverge_are_warnings(points, caplog):
    x, y, _ = points
    run = glissade.train(x, y, loss="squared", optimizer="sgd", lr=1e-9, schedule="constant", epochs=1)
    assert of_level(caplog, logging.WARNING) == ([run.advice] if run.advice else [])
    caplog.clear()
    glissade.train(x, y, loss="squared", optimizer="sgd", lr=[0.01, 1e9], schedule="constant", epochs=30)
    assert [text for text in of_level(caplog, logging.WARNING) if text.startswith("member 1: ") and "step" in text]


def test_runs_that_are_parts_of_a_fit_say_which(points, caplog):
    x, y, _ = points

    def told():
        caplog.clear()
        with caplog.at_level(logging.INFO, logger="glissade"):
            glissade.train(x, y, loss="squared", optimizer="sgd", lr=[0.01, 1e9], schedule="constant", epochs=30)
        (plan,) = of_level(caplog, logging.INFO)
        return plan, of_level(caplog, logging.WARNING)

    plan, warnings = told()
    with _log.about("class high against the rest"):
        plan_of_part, warnings_of_part = told()
    assert plan_of_part.startswith("class high against the rest: ") and not plan.startswith("class")
    assert warnings and warnings_of_part == [f"class high against the rest: {text}" for text in warnings]
    with pytest.raises(ValueError), _log.about("class low against the rest"):
        glissade.train(x, y, lr=-1.0)
    assert told()[1] == warnings


def test_what_was_found_out_about_a_file_is_told(tmp_path, caplog):
    rows = [f"{i},{'a' if i % 2 else 'b'},{i % 3}" for i in range(40)]
    (tmp_path / "t.csv").write_text("\n".join(["x,kind,y", *rows]) + "\n")
    with caplog.at_level(logging.INFO, logger="glissade"):
        data = glissade.Dataset.from_file(tmp_path / "t.csv", target="y", task="regression")
    assert of_level(caplog, logging.INFO) == data._core.notes != []


def test_nothing_is_printed_unless_it_is_asked_for(tmp_path):
    words = (
        "import numpy as np, glissade\n"
        "x = np.linspace(-1, 1, 200).reshape(100, 2)\n"
        "run = glissade.train(x, x[:, 0], loss='squared', optimizer='sgd', lr=[0.01, 1e9], schedule='constant', epochs=30)\n"
        "assert run.members[1].divergence\n"
    )
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout == "" and done.stderr == ""


def test_an_estimator_says_which_class_its_runs_tell_from_the_rest(points, caplog):
    features = points[0]
    labels = np.array(["high", "low", "middle"])[np.arange(len(features)) % 3]
    with caplog.at_level(logging.INFO, logger="glissade"):
        glissade.SGDClassifier(max_iter=3, random_state=0).fit(features, labels)
    assert [plan.split(":")[0] for plan in of_level(caplog, logging.INFO)] == [f"class {name} against the rest" for name in ("high", "low", "middle")]
