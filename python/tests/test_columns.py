# SPDX-License-Identifier: Apache-2.0
"""Names of columns and labels: what tables bring with them, and what is refused."""

import glissade
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

NAMES = list("abcde")


def frames(x):
    yield pd.DataFrame(x, columns=NAMES)
    yield pd.DataFrame(x.astype(np.float32), columns=NAMES)
    yield pa.table(dict(zip(NAMES, x.T)))
    try:
        import polars
    except ImportError:  # not among the test requirements, for its size
        return
    yield polars.DataFrame(dict(zip(NAMES, x.T)))


def test_tables_keep_the_names_of_their_columns(points):
    x, y, _ = points
    for table in frames(x):
        model = glissade.train(table, y, epochs=1).model
        assert model.feature_names == NAMES
        assert np.array_equal(model.predict(table), model.predict(np.asarray(table)))
        assert glissade.Dataset.from_numpy(table, y).feature_names == NAMES
    numbered = glissade.train(pd.DataFrame(x), y, epochs=1).model
    assert numbered.feature_names == []


def test_columns_in_another_order_are_refused_wherever_both_have_names(points, tmp_path):
    x, y, _ = points
    table = pa.table({**dict(zip(NAMES, x.T)), "y": y})
    data = glissade.Dataset.from_arrow(table, target="y", dtype=np.float64)
    model = glissade.train(data, epochs=2).model
    other = ["a", "c", "b", "d", "e"]
    swapped = glissade.Dataset.from_arrow(table, columns=other, target="y", dtype=np.float64)
    words = "column 'c' stands where {} has 'b': they are the same in another order, which from_arrow.*columns="
    model.save(tmp_path / "m.safetensors")
    for asked in (model, glissade.Model.load(tmp_path / "m.safetensors")):
        for ask in (asked.predict, asked.decision_function, asked.evaluate):
            with pytest.raises(ValueError, match=words.format("the model")):
                ask(swapped)
    for frame in frames(x):
        permuted = frame[other] if isinstance(frame, pd.DataFrame) else frame.select(other)
        with pytest.raises(ValueError, match=words.format("the model")):
            model.predict(permuted)
    renamed = pd.DataFrame(x, columns=["a", "b", "c", "d", "f"])
    with pytest.raises(ValueError, match="column 'f' stands where the model has 'e': the names differ"):
        model.evaluate(renamed, y)
    for held_out in (swapped, (permuted, y)):
        with pytest.raises(ValueError, match=words.format("the training data")):
            glissade.train(data, epochs=1, validation=held_out)
    with pytest.raises(ValueError, match=words.format("the model to start from")):
        glissade.train(swapped, epochs=1, start=model)
    in_order = glissade.Dataset.from_arrow(table, columns=model.feature_names, target="y", dtype=np.float64)
    assert np.array_equal(model.predict(in_order), model.predict(x))  # what has no names is taken by position


def test_names_that_come_twice_are_refused_at_once(points):
    x, y, _ = points
    twice = pa.table([pa.array(x[:, 0]), pa.array(x[:, 1]), pa.array(y)], names=["a", "a", "y"])
    with pytest.raises(ValueError, match="2 columns called 'a'"):
        glissade.Dataset.from_arrow(twice, target="y")
    assert glissade.Dataset.from_arrow(twice, columns=["y"]).shape == (300, 1)
    with pytest.raises(ValueError, match="columns names 'y' twice"):
        glissade.Dataset.from_arrow(twice, columns=["y", "y"])
    with pytest.raises(ValueError, match="two columns are called 'a'"):
        glissade.Dataset.from_numpy(x, y, feature_names=["a", "b", "a", "d", "e"])
    with pytest.raises(ValueError, match="4 feature names for 5 columns"):
        glissade.Dataset.from_numpy(x, y, feature_names=NAMES[:4])
    with pytest.raises(ValueError, match="two columns are called 'b'"):
        glissade.train(pd.DataFrame(x, columns=["a", "b", "b", "c", "d"]), y)
    for labels in (["c", "up", "down", "up"], [1, 0, 1]):
        with pytest.raises(ValueError, match=f"classes lists {labels[-1]!r} twice"):
            glissade.Dataset.from_numpy(x, classes=labels)
    with pytest.raises(ValueError, match="classes is empty"):
        glissade.Dataset.from_numpy(x, classes=[])


def test_text_in_an_array_is_named_with_a_remedy(points):
    x, y, _ = points
    table = pd.DataFrame({"a": x[:, 0], "town": np.where(y > 0, "Ulm", "Bonn"), "c": x[:, 2]})
    with pytest.raises(ValueError, match="column 1 is text: an array holds numbers or booleans. A table .pandas, Polars, pyarrow. may have columns of text"):
        glissade.train(table.to_numpy(), y)
    assert glissade.train(np.array([["1", "2.5"], ["3", "4"]]), [1.0, 2.0], epochs=1).model.features == 2
    with pytest.raises(ValueError, match="column 'a' has <NA> in row 2"):
        glissade.train(pd.DataFrame({"a": np.array([1, 2, pd.NA], dtype=object)}), np.arange(3.0))
    with pytest.raises(ValueError, match="datetime64"):
        glissade.train(np.array([["2026-11-29"]], dtype="datetime64[D]"), [1.0])
    mixed = pd.DataFrame({"a": x[:, 0], "b": y > 0})
    assert np.array_equal(glissade.train(mixed, y, epochs=1).model.predict(mixed), glissade.train(mixed.astype(float), y, epochs=1).model.predict(mixed.astype(float)))


def test_labels_of_a_model_file_are_compared_as_texts(points, tmp_path):
    x, y, side = points
    for labels in ((y > 0).astype(int), y > 0, np.where(y > 0, 2.5, -1.0), side, np.where(y > 0, 10, 9).astype(object)):
        data = glissade.Dataset.from_numpy(x, labels, task="classification")
        model = glissade.train(data, epochs=2).model
        model.save(tmp_path / "m.safetensors")
        again = glissade.Model.load(tmp_path / "m.safetensors")
        assert again.evaluate(x, labels) == model.evaluate(x, labels) == again.evaluate(data)
        assert np.array_equal(again.predict(x), model.predict(x).astype(str))
        with pytest.raises(ValueError, match="label 'other' of row 0"):
            again.evaluate(x[:1], ["other"])


def test_labels_that_are_missing_or_of_two_kinds_are_named(points):
    x, y, side = points
    for hole in (None, float("nan"), pd.NA):
        labels = side.astype(object)
        labels[4] = hole
        with pytest.raises(ValueError, match="label of row 4 is missing"):
            glissade.train(x, labels)
    with pytest.raises(ValueError, match="label of row 2 is missing"):
        glissade.Dataset.from_numpy(x, np.where(np.arange(300) == 2, np.nan, y > 0), task="classification")
    with pytest.raises(ValueError, match="'up' of row 0 and 7 of row 1: make them all text"):
        glissade.train(x[:3], np.array(["up", 7, "up"], dtype=object))
    with pytest.raises(ValueError, match="target of row 1 is red: targets of a regression are numbers"):
        glissade.Dataset.from_numpy(x[:2], ["1.5", "red"], task="regression")
