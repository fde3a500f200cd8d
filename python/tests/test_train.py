# SPDX-License-Identifier: Apache-2.0
import os
import pickle
import signal
import threading

import glissade
import numpy as np
import pytest


def test_the_functional_interface_goes_from_data_to_a_saved_model(points, tmp_path):
    x, _, side = points
    run = glissade.train(x, side, loss="logistic", optimizer="adam", lr=0.05, epochs=5)
    assert run.stop == "finished" and len(run.history) == 5
    run.model.save(tmp_path / "m.safetensors")
    again = glissade.Model.load(tmp_path / "m.safetensors")
    for ask in ("predict", "predict_proba", "decision_function"):
        assert np.array_equal(getattr(again, ask)(x), getattr(run.model, ask)(x))
    assert run.model.evaluate(x, side)["accuracy"] == np.mean(run.model.predict(x) == side)
    assert np.array_equal(pickle.loads(pickle.dumps(run.model)).predict(x), run.model.predict(x))
    with pytest.raises(ValueError, match="other columns|columns"):
        again.predict(x[:, :3])


@pytest.mark.parametrize("hidden", [[], [8]])
def test_rows_of_several_labels(points, hidden, tmp_path):
    x = points[0]
    labels = np.stack([x[:, 0] > 0, x[:, 1] > x[:, 2], x[:, 0] > 5], axis=1).astype(int)
    data = glissade.Dataset.from_numpy(x, labels, classes=["warm", "wet", "odd"])
    run = glissade.train(data, lr=0.05, epochs=20, hidden=hidden)
    model = run.model
    assert list(model.classes) == ["warm", "wet", "odd"] and model.loss.name == "logistic"
    predicted, chances = model.predict(x), model.predict_proba(x)
    assert predicted.shape == chances.shape == labels.shape and np.array_equal(predicted, (chances > 0.5).astype(int))
    metrics = model.evaluate(x, labels)
    assert metrics["accuracy"] == np.mean(np.all(predicted == labels, axis=1))
    assert np.isclose(metrics["label_accuracy"], np.mean(predicted == labels), rtol=len(x) * np.finfo(float).eps)
    model.save(tmp_path / "m.safetensors")
    assert np.array_equal(glissade.Model.load(tmp_path / "m.safetensors").predict(x), predicted)
    with pytest.raises(ValueError, match="of row 1, column 2: labels are 0 or 1"):
        glissade.train(x, np.where(np.arange(len(x))[:, None] == [-1, -1, 1], 2, labels))
    with pytest.raises(ValueError, match="names 2 labels"):
        glissade.Dataset.from_numpy(x, labels, classes=["a", "b"])
    with pytest.raises(ValueError, match="one class a row"):
        glissade.train(x, labels, loss="softmax")


def test_a_data_set_of_other_classes_is_not_scored_as_if_they_were_the_models(points):
    x, _, side = points
    model = glissade.train(x, side, loss="logistic", epochs=2).model
    other = glissade.Dataset.from_numpy(x, side, classes=["up", "down"])
    with pytest.raises(ValueError, match="classes"):
        model.evaluate(other)


def test_what_names_targets_is_checked(points, tmp_path):
    for target, words in (([], "no column"), (["a,b", "c"], "by its index")):
        with pytest.raises(ValueError, match=words):
            glissade.Dataset.from_file(tmp_path / "t.csv", target=target)


def test_several_target_columns_of_a_file(points, tmp_path):
    x = points[0]
    labels = (x[:, :2] > 0).astype(int)
    np.savetxt(tmp_path / "t.csv", np.hstack([x, labels]), delimiter=",", header=",".join([*"abcdefghij"[: x.shape[1]], "p", "q"]), comments="")
    data = glissade.Dataset.from_file(tmp_path / "t.csv", target=["p", "q"])
    assert list(data.classes) == ["p", "q"] and data.shape[1] == x.shape[1]
    model = glissade.train(data, epochs=3).model
    assert model.predict(model.read(tmp_path / "t.csv", target=["p", "q"])).shape == labels.shape


def test_the_same_bits_for_any_number_of_threads(points):
    x, y, _ = points
    one, many = (glissade.train(x, y, loss="huber", epochs=3, threads=t).model.coefficients() for t in (1, 4))
    assert np.array_equal(one[0], many[0]) and np.array_equal(one[1], many[1])


@pytest.mark.parametrize(
    "settings, error, words",
    [
        ({"loss": "sqared"}, ValueError, "squared"),
        ({"optimizer": "adm"}, ValueError, "adam"),
        ({"nonsense": 1}, ValueError, "nonsense"),
        ({"epochs": "many"}, TypeError, "epochs"),
        ({"epochs": 0}, ValueError, "epochs"),
        ({"shuffle": "maybe"}, ValueError, "replacement"),
        ({"device": "cuda"}, (RuntimeError, ValueError), "CUDA|cuda"),
        ({"memory_limit_bytes": 1}, MemoryError, "memory|bytes"),
        ({"schedule": "cosin"}, ValueError, "cosine"),
    ],
)
def test_errors_are_pythons_own_with_the_librarys_words(points, settings, error, words):
    x, y, _ = points
    with pytest.raises(error, match=words):
        glissade.train(x, y, **settings)


def test_files_that_are_not_there_are_os_errors():
    with pytest.raises(OSError, match="nowhere"):
        glissade.Model.load("/nowhere/model")


def test_a_run_that_diverges_says_where(points):
    x, y, _ = points
    with pytest.raises(FloatingPointError, match="step"):
        glissade.train(x, y, loss="squared", optimizer="sgd", lr=1e9, epochs=50)


def test_callbacks_see_every_epoch_and_may_stop(points):
    x, y, _ = points
    epochs = []

    def watch(progress):
        epochs.extend(record["epoch"] for record in progress.finished_epochs)
        assert all("rmse" in record["validation"] for record in progress.finished_epochs)
        return progress.epoch >= 3

    run = glissade.train(x, y, loss="squared", epochs=50, validation=(x[:50], y[:50]), callbacks=watch)
    assert run.stop == "callback" and epochs == [1, 2, 3]


def test_what_a_callback_raises_arrives_unchanged(points):
    x, y, _ = points
    raised = KeyError("mine")

    def watch(_):
        raise raised

    with pytest.raises(KeyError) as caught:
        glissade.train(x, y, callbacks=[watch])
    assert caught.value is raised


def test_an_answer_that_is_neither_yes_nor_no_is_refused(points):
    x, y, _ = points
    with pytest.raises(TypeError, match="returned \\[1\\]"):
        glissade.train(x, y, callbacks=lambda _: [1])


def test_a_callback_may_train(points):
    x, y, _ = points
    inner = []
    glissade.train(x, y, epochs=1, callbacks=lambda _: inner.append(glissade.train(x, y, epochs=1)))
    assert inner and inner[0].stop == "finished"


def test_ctrl_c_gives_the_model_so_far(points):
    x, y, _ = points
    run = glissade.train(x, y, loss="squared", epochs=10**6, callbacks=lambda _: os.kill(os.getpid(), signal.SIGINT))
    assert run.stop == "interrupted" and 0 < run.steps < 2 * 10**6
    assert np.all(np.isfinite(run.model.predict(x)))


def test_other_threads_run_while_one_trains(points):
    x, y, _ = points
    turns, done = [], threading.Event()

    def count():
        while not done.is_set():
            turns.append(1)
            done.wait(0.001)

    counter = threading.Thread(target=count)
    counter.start()
    before = len(turns)
    glissade.train(x, y, epochs=10**7, max_seconds=0.3)
    during = len(turns) - before
    done.set()
    counter.join()
    assert during > 3


def test_plan_says_what_would_run(points):
    x, y, _ = points
    assert "batch 32" in glissade.plan(x, y, batch_size=32)


def test_a_run_goes_on_from_a_model(points):
    x, y, _ = points
    first = glissade.train(x, y, loss="squared", optimizer="sgd", lr=0.1, schedule="constant", epochs=40).model
    second = glissade.train(x, y, loss="squared", optimizer="sgd", lr=0.1, schedule="constant", epochs=1, start=first).model
    assert second.evaluate(x, y)["loss"] < 2 * first.evaluate(x, y)["loss"] + 0.01 * np.var(y)


def test_rules_have_settings_by_name():
    rule = glissade.Optimizer("sgd", momentum=0.9, nesterov=True)
    assert rule.settings["momentum"] == 0.9 and rule.settings["nesterov"] is True
    assert glissade.Loss("huber", delta=2).settings["delta"] == 2
    with pytest.raises(ValueError, match="momentun"):
        glissade.Optimizer("sgd", momentun=0.9)


def test_networks_learn_what_lines_cannot(points, tmp_path):
    x = points[0].astype(np.float32)
    ring = np.where(np.sum(x[:, :2] ** 2, axis=1) > 1.5, "out", "in")
    run = glissade.train(x, ring, hidden=[16, 8], activation="tanh", lr=0.01, epochs=60, batch_size=32)
    line = glissade.train(x, ring, lr=0.01, epochs=60, batch_size=32)
    assert run.model.hidden == [16, 8]
    assert run.model.evaluate(x, ring)["accuracy"] > 0.9 > line.model.evaluate(x, ring)["accuracy"]
    run.model.save(tmp_path / "net.safetensors")
    assert np.array_equal(glissade.Model.load(tmp_path / "net.safetensors").predict(x), run.model.predict(x))
    with pytest.raises(ValueError, match="hidden layers"):
        run.model.coefficients()
    with pytest.raises(ValueError, match="tanh"):
        glissade.train(x, ring, hidden=[4], activation="tahn")
