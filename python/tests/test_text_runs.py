# SPDX-License-Identifier: Apache-2.0
"""Runs, files and exports of tables with columns of text are those of the matrix made by hand."""

import json
import os
import subprocess

import glissade
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

PROGRAM = os.environ.get("GLISSADE_PROGRAM", "")
ENCODED = ["job=cook", "job=smith", "age", "town=Bonn", "town=Ulm"]


@pytest.fixture
def people():
    rng = np.random.default_rng(11)
    frame = pd.DataFrame({"job": rng.choice(["cook", "smith"], 90), "age": rng.normal(size=90), "town": rng.choice(["Ulm", "Bonn"], 90)})
    return frame, (frame.age + (frame.job == "cook") - (frame.town == "Ulm")).to_numpy()


def by_hand(frame):
    return np.column_stack([frame[name.split("=")[0]] == name.split("=")[1] if "=" in name else frame[name] for name in ENCODED]).astype(np.float64)


def layers(model):
    return [part.tolist() for layer in model.layers() for part in layer]


def test_weights_several_targets_and_labels_go_with_their_rows(people):
    frame, y = people
    weights = np.linspace(0.5, 2, 90)
    cases = [
        (y, {"weights": weights}),
        (np.column_stack([y, -y]), {}),
        (np.column_stack([y > 0, frame.age > 0]), {"weights": weights.astype(np.float32)}),
        ((y > 0).astype(int), {"task": "regression"}),
        (np.where(y > 0, "b", "a"), {"classes": ["c", "b", "a"]}),
    ]
    for targets, more in cases:
        ours, theirs = (glissade.Dataset.from_numpy(rows, targets, **more) for rows in (frame, by_hand(frame)))
        assert ours.feature_names == ENCODED and repr(ours) == repr(theirs)
        models = [glissade.train(data, epochs=2, batch_size=8).model for data in (ours, theirs)]
        assert layers(models[0]) == layers(models[1])
        assert models[0].evaluate(frame, targets) == models[1].evaluate(by_hand(frame), targets)
    arrow = pa.Table.from_pandas(frame.assign(y=y, w=weights), preserve_index=False)
    data = glissade.Dataset.from_arrow(arrow, target="y", weight="w", columns=["age", "job"], dtype=np.float64)
    assert data.feature_names == ["age", "job=cook", "job=smith"]
    expected = glissade.train(by_hand(frame)[:, [2, 0, 1]], y, weights=weights, epochs=2).model
    assert layers(glissade.train(data, epochs=2).model) == layers(expected)


def test_rows_that_are_dropped_take_their_targets_and_weights_along(people):
    frame, y = people
    weights = np.linspace(0.5, 2, 90)
    holes = frame.assign(job=frame.job.where(frame.index % 7 != 3))
    kept = holes.job.notna().to_numpy()
    ours = glissade.train(glissade.Dataset.from_numpy(holes, y, weights=weights, missing="drop"), epochs=2).model
    assert layers(ours) == layers(glissade.train(by_hand(frame)[kept], y[kept], weights=weights[kept], epochs=2).model)


def test_folds_members_and_checkpoints_take_such_tables(people, tmp_path):
    frame, y = people
    settings = {"lr": [1e-2, 1e-1], "folds": 3, "epochs": 2}
    ours, theirs = (glissade.train(rows, y, **settings) for rows in (frame, by_hand(frame)))
    assert ours.best_member == theirs.best_member and ours.fold_scores == theirs.fold_scores
    assert ours.model.feature_names == ENCODED and layers(ours.model) == layers(theirs.model)
    whole = glissade.train(frame, y, epochs=4).model
    glissade.train(frame, y, epochs=4, checkpoint={"directory": tmp_path / "run", "every_epochs": 1}, callbacks=lambda progress: progress.epoch >= 2)
    assert glissade.newest_checkpoint(tmp_path / "run")["epoch"] < 4
    again = glissade.train(frame, y, epochs=4, resume=tmp_path / "run").model
    assert layers(again) == layers(whole) and np.array_equal(again.predict(frame), whole.predict(frame))


@pytest.mark.skipif(not PROGRAM, reason="the program is not at hand (GLISSADE_PROGRAM)")
@pytest.mark.parametrize("columns", [["job", "age"], ["age"]])
def test_what_the_program_was_told_are_missing_cells_are_missing_in_a_table(people, tmp_path, columns):
    frame, y = people
    frame = frame[columns].assign(age=frame.age.where(frame.index % 9 != 2, -999))
    if "job" in columns:
        frame = frame.assign(job=frame.job.where(frame.index % 7 != 3, "?"))
    written = frame.assign(age=frame.age.astype(object).where(frame.age != -999, -999), y=y > 0)  # not as -999.0
    written.to_csv(tmp_path / "t.csv", index=False)
    for missing in ("drop", "mean"):
        run = [PROGRAM, "train", tmp_path / "t.csv", "--target", "y", "--na", "?", "--na", "-999", "--missing", missing, "--epochs", "1"]
        subprocess.run([*run, "--output", tmp_path / "m.safetensors"], check=True, capture_output=True)
        model = glissade.Model.load(tmp_path / "m.safetensors")
        assert model.evaluate(frame, y > 0) == model.evaluate(model.read(tmp_path / "t.csv"))
    assert np.array_equal(model.predict_proba(frame), model.predict_proba(frame.replace({"job": {"?": None}}).replace({"age": {-999: np.nan}})))


@pytest.mark.parametrize("missing", [None, "drop"])
def test_targets_and_weights_that_no_run_takes_are_named_by_their_row_in_the_table(people, missing):
    frame, y = people
    if missing is not None:
        frame = frame.assign(job=frame.job.where(frame.index != 1))
    ones = np.ones(90)
    for wrong, words in [(np.nan, "{} is missing"), (np.inf, "{} is inf"), (1e300, "{} 1e.300 does not fit float32")]:
        for rows in (frame.astype({"age": np.float32}), frame):
            if wrong == 1e300 and rows is frame:
                continue
            with pytest.raises(ValueError, match="the table, row 4: the " + words.format("target")):
                glissade.Dataset.from_numpy(rows, np.where(np.arange(90) == 4, wrong, y), missing=missing)
            with pytest.raises(ValueError, match="the table, row 4: the " + words.format("weight")):
                glissade.Dataset.from_numpy(rows, y, weights=np.where(np.arange(90) == 4, wrong, ones), missing=missing)
    with pytest.raises(ValueError, match="the table, row 4: the weight is -1; weights are finite and not negative"):
        glissade.Dataset.from_numpy(frame, y, weights=np.where(np.arange(90) == 4, -1, ones), missing=missing)


def test_a_question_is_refused_by_what_is_wrong_with_the_columns_that_it_asks_about(people):
    frame, y = people
    model = glissade.train(frame, y, epochs=1).model
    odd = frame.assign(seen=pd.Timestamp("2026-11-29"))
    for table in (odd.drop(columns="age"), pa.Table.from_pandas(odd.drop(columns="age"))):
        with pytest.raises(ValueError, match='the table has no column "age", which the model needs; its columns are: job, town, seen'):
            model.predict(table)
    assert np.array_equal(model.predict(odd.rename(columns={"town": " town\t"})), model.predict(frame))
    for twice in (pd.concat([frame, frame[["town"]]], axis=1), frame.assign(**{" town": "Ulm"})):
        with pytest.raises(ValueError, match='two columns are called "town"'):
            model.predict(twice)
    assert np.array_equal(model.predict(pd.concat([odd, odd[["seen"]]], axis=1)), model.predict(frame))  # nobody asks for them


def test_what_float64_and_unicode_do_not_hold_is_named(people):
    frame, y = people
    half = "a\ud800"
    for wrong, words in [
        (frame.assign(age=pd.Series([10**400] + [1] * 89, dtype=object)), "column 'age' has a number in row 0 that float64 does not hold"),
        (frame.assign(town=pd.Series(["b", half] * 45, dtype=object)), r"column 'town': 'a\\ud800' is not valid Unicode"),
        (frame.set_axis(pd.Index(["job", "age", half], dtype=object), axis=1), r"the name 'a\\ud800' is not valid Unicode"),
    ]:
        with pytest.raises(ValueError, match=words):
            glissade.Dataset.from_numpy(wrong, y)
    with pytest.raises(TypeError, match="like takes a Dataset or a Model, not 'x'"):
        glissade.Dataset.from_numpy(frame, y, like="x")


def test_missing_cells_of_every_arrow_type_are_missing():
    word = pa.array(["x", None, "y", "x"])
    number = pa.array([1.5, None, 2.5, 2.0])
    true = pa.array([True, None, False, False])
    with_null = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, 0], pa.uint8()), pa.array(["x", None, "y"]))
    columns = {
        "word": [word, word.cast(pa.large_string()), word.cast(pa.string_view()), word.dictionary_encode(), with_null],
        "number": [number, number.cast(pa.float32()), number.dictionary_encode()],
        "whole": [pa.array([3, None, 5, 4]), pa.array([3, None, 5, 4], pa.uint8()), pa.array([3, None, 5, 4]).dictionary_encode()],
        "true": [true, pa.DictionaryArray.from_arrays(pa.array([0, None, 1, 1], pa.int8()), pa.array([True, False]))],
    }
    plain = pa.table({name: kinds[0] for name, kinds in columns.items()})
    expected = glissade.Dataset.from_arrow(plain, missing="indicator")
    assert expected.feature_names == ["word=?", "word=x", "word=y", "number", "number missing", "whole", "whole missing", "true", "true missing"]
    model = glissade.train(glissade.Dataset.from_arrow(plain.append_column("y", pa.array([1.0, -2.0, 0.5, 3.0])), target="y", missing="indicator"), epochs=3).model
    filled = np.array([[0, 1, 0, 1.5, 0, 3, 0, 1, 0], [1, 0, 0, 2, 1, 4, 1, 1 / 3, 1], [0, 0, 1, 2.5, 0, 5, 0, 0, 0], [0, 1, 0, 2, 0, 4, 0, 0, 0]], dtype=np.float32)
    for name, kinds in columns.items():
        for kind in kinds:
            table = plain.set_column(plain.column_names.index(name), name, kind)
            assert np.array_equal(model.predict(table), model.predict(filled)), kind.type
            assert np.array_equal(model.predict(table.slice(1, 2)), model.predict(filled[1:3])), kind.type
    nothing = pa.table({name: pa.nulls(1) for name in plain.column_names})
    assert np.array_equal(model.predict(nothing), model.predict(filled[1:2]))
    assert np.array_equal(model.predict(pd.DataFrame({name: [None] for name in plain.column_names})), model.predict(filled[1:2]))


def test_no_rows_have_no_answers(people):
    frame, y = people
    model = glissade.train(frame, y > 0, epochs=1).model
    for table in (frame.head(0), pa.Table.from_pandas(frame.head(0), preserve_index=False)):
        assert len(model.predict(table)) == 0 == len(model.predict(by_hand(frame)[:0]))
        with pytest.raises(ValueError, match="no rows|no targets"):  # without rows, columns of objects are of no kind
            glissade.train(table, y[:0])


def test_models_of_tables_are_exported_with_their_words(people, tmp_path):
    frame, y = people
    model = glissade.train(frame, y, epochs=1).model
    model.export(tmp_path / "m.hpp")
    model.export(tmp_path / "m.onnx")
    assert all(word in (tmp_path / "m.hpp").read_text() for word in ("cook", "smith", "Ulm"))
    assert b"smith" in (tmp_path / "m.onnx").read_bytes()


def test_the_model_file_tells_booleans_from_numbers(people, tmp_path):
    frame, y = people
    model = glissade.train(frame.assign(known=y > 0, missing_too=pd.array([True] * 89 + [False], dtype="boolean")), y, epochs=1).model
    model.save(tmp_path / "m.safetensors")
    content = (tmp_path / "m.safetensors").read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    columns = json.loads(header["__metadata__"]["model"])["preparation"]["columns"]
    assert {column["name"]: column.get("boolean", False) for column in columns} == {"job": False, "age": False, "town": False, "known": True, "missing_too": True}
