# SPDX-License-Identifier: Apache-2.0
"""Tables with columns of text: what a file of the same cells becomes, pandas, Polars and pyarrow become too."""

import math
import os
import pathlib
import pickle
import subprocess

import glissade
import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings

PROGRAM = os.environ.get("GLISSADE_PROGRAM", "")
POLICIES = ["mean", "indicator", "drop"]


def encoded_by_itself(table):
    """Each batch with dictionaries of its own."""
    return pa.table({name: column.dictionary_encode() if pa.types.is_large_string(column.type) else column for name, column in zip(table.column_names, table.columns)})


def kinds_of_table(frame):
    """The same cells in every form that is taken."""
    yield frame
    yield frame.astype({name: object for name in frame if not pd.api.types.is_numeric_dtype(frame[name])})
    yield frame.astype({name: "category" for name in frame if not pd.api.types.is_numeric_dtype(frame[name])})
    table = pa.Table.from_pandas(frame, preserve_index=False)
    yield table
    texts = [place for place, field in enumerate(table.schema) if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)]
    for kind in (pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())):
        other = table
        for place in texts:
            name = table.schema[place].name
            values = table.column(place)
            values = values.cast(pa.string()).dictionary_encode().cast(kind) if pa.types.is_dictionary(kind) else values.cast(kind)
            other = other.set_column(place, name, values)
        yield other
        yield pa.concat_tables([other.slice(0, 2), other.slice(5, 0), other.slice(2)])
    yield pa.concat_tables([encoded_by_itself(part) for part in (table.slice(0, 3), table.slice(3))])
    try:
        import polars
    except ImportError:  # not among the test requirements, for its size
        return
    plain = polars.from_arrow(table)
    yield plain
    yield plain.with_columns(polars.col(polars.String).cast(polars.Categorical))
    words = sorted({word for name in plain.columns if plain[name].dtype == polars.String for word in plain[name].drop_nulls()})
    yield plain.with_columns(polars.col(polars.String).cast(polars.Enum(words)))


@pytest.fixture
def people():
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "town": rng.choice(["Ulm", "Bad Kissingen", "Zürich", '"Kiel", north'], 120),
            "age": rng.normal(size=120).round(4),
            "job": rng.choice(["cook", "smith"], 120),
            "children": rng.integers(0, 4, 120),
        }
    )
    return frame, np.where(frame.age + (frame.job == "cook") > 0.3, "yes", "no")


def same_model(one, other):
    return all(np.array_equal(*pair) for layers in zip(one.layers(), other.layers()) for pair in zip(*layers))


def program(*arguments):
    if not PROGRAM:
        pytest.skip("the program is not at hand (GLISSADE_PROGRAM)")
    return subprocess.run([PROGRAM, *map(str, arguments)], check=True, capture_output=True, text=True).stdout.split()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_table_becomes_bit_for_bit_what_its_csv_file_becomes(people, tmp_path, dtype):
    frame, y = people
    frame.assign(y=y).to_csv(tmp_path / "t.csv", index=False)
    file = glissade.Dataset.from_file(tmp_path / "t.csv", target="y", standardize=False, dtype=dtype)
    from_file = glissade.train(file, epochs=2, hidden=[3]).model
    for table in kinds_of_table(frame.astype({"age": dtype})):
        data = glissade.Dataset.from_numpy(table, y) if dtype == np.float64 else with_target(table, y)
        assert data.feature_names == file.feature_names and data.dtype == dtype
        model = glissade.train(data, epochs=2, hidden=[3]).model
        assert same_model(model, from_file)
        answers = from_file.predict_proba(file)
        for asked in (model, from_file):
            assert np.array_equal(asked.predict_proba(table), answers)
            assert np.array_equal(asked.predict_proba(model.read(tmp_path / "t.csv", with_targets=False)), answers)
            assert asked.evaluate(table, y) == from_file.evaluate(file)


def with_target(table, y):
    arrow = pa.Table.from_pandas(table, preserve_index=False) if isinstance(table, pd.DataFrame) else pa.table(table)
    return glissade.Dataset.from_arrow(arrow.append_column("y", pa.array(y)), target="y")


def test_the_program_predicts_of_a_csv_file_what_the_model_predicts_of_the_table(people, tmp_path):
    frame, y = people
    model = glissade.train(frame, y, epochs=3).model
    model.save(tmp_path / "m.safetensors")
    frame[["job", "children", "town", "age"]].to_csv(tmp_path / "asked.csv", index=False)
    assert program("predict", tmp_path / "m.safetensors", tmp_path / "asked.csv")[1:] == model.predict(frame).tolist()
    again = glissade.Model.load(tmp_path / "m.safetensors")
    assert np.array_equal(again.predict(frame), model.predict(frame)) and again.evaluate(frame, y) == model.evaluate(frame, y)
    assert np.array_equal(pickle.loads(pickle.dumps(model)).predict_proba(frame), model.predict_proba(frame))


def test_booleans_beside_text_are_numbers_and_the_words_for_them_in_a_file(people, tmp_path):
    frame, y = people
    frame = frame.assign(known=frame.age > 0)
    model = glissade.train(frame, y, epochs=3).model
    assert model.feature_names.count("known") == 1
    model.save(tmp_path / "m.safetensors")
    for spelt in (frame, frame.assign(known=np.where(frame.known, "true", "false")), frame.assign(known=frame.known.astype(int))):
        spelt.to_csv(tmp_path / "asked.csv", index=False)
        assert np.array_equal(model.predict_proba(model.read(tmp_path / "asked.csv", with_targets=False)), model.predict_proba(frame))
        assert program("predict", tmp_path / "m.safetensors", tmp_path / "asked.csv")[1:] == model.predict(frame).tolist()


def test_booleans_are_the_words_of_a_file_for_a_model_that_has_learnt_such(people, tmp_path):
    frame, y = people
    frame = frame.assign(known=frame.age > 0)
    for spelt in (frame, frame.assign(known=np.where(frame.known, "true", "false"))):
        spelt.assign(y=y).to_csv(tmp_path / "t.csv", index=False)
        file = glissade.Dataset.from_file(tmp_path / "t.csv", target="y")
        model = glissade.train(file, epochs=2).model
        for table in (frame, pa.Table.from_pandas(frame)):
            assert np.array_equal(model.predict_proba(table), model.predict_proba(file))


def test_a_model_of_a_standardised_file_takes_a_table(people, tmp_path):
    frame, y = people
    target = frame.age * 3 + frame.children + (frame.job == "cook")
    frame.assign(y=target).to_csv(tmp_path / "t.csv", index=False)
    file = glissade.Dataset.from_file(tmp_path / "t.csv", target="y", standardize=True, standardize_target=True)
    model = glissade.train(file, epochs=3).model
    for table in kinds_of_table(frame):
        assert np.array_equal(model.predict(table), model.predict(file))
        assert model.evaluate(table, target.to_numpy()) == model.evaluate(file)
    runs = [glissade.train(file, epochs=3, validation=rows) for rows in ((frame, target.to_numpy()), file)]
    assert [record["validation"] for record in runs[0].history] == [record["validation"] for record in runs[1].history]


def test_validation_data_have_the_categories_of_the_training_data(people):
    frame, y = people
    held_out = frame.iloc[::-1].assign(town="Nowhere")
    data = glissade.Dataset.from_numpy(frame, y)
    like = glissade.Dataset.from_numpy(held_out, y, like=data)
    assert like.feature_names == data.feature_names and like.shape == data.shape
    runs = [glissade.train(data, epochs=3, validation=rows) for rows in (like, (held_out, y), (pa.Table.from_pandas(held_out), y))]
    arrow = pa.Table.from_pandas(held_out, preserve_index=False).append_column("y", pa.array(y))
    runs.append(glissade.train(data, epochs=3, validation=glissade.Dataset.from_arrow(arrow, target="y", like=data)))
    for run in runs:
        assert [record["validation"] for record in run.history] == [record["validation"] for record in runs[0].history]
        assert same_model(run.model, runs[0].model)


def test_rows_with_words_of_their_own_are_refused_with_a_remedy(people, tmp_path):
    frame, y = people
    data = glissade.Dataset.from_numpy(frame, y)
    model = glissade.train(data, epochs=1).model
    fewer = frame[frame.town != "Ulm"]
    fewer.assign(y=0).to_csv(tmp_path / "t.csv", index=False)
    for rows in (
        glissade.Dataset.from_numpy(fewer, y[frame.town != "Ulm"]),
        glissade.Dataset.from_arrow(pa.Table.from_pandas(fewer.assign(y=0.0), preserve_index=False), target="y", dtype=np.float64),
        glissade.Dataset.from_file(tmp_path / "t.csv", target="y", task="regression", standardize=False, dtype=np.float64),
    ):
        with pytest.raises(ValueError, match="words of their own, and so 7 columns where the model has 8: like= of Dataset.from_numpy and from_arrow, or Model.read"):
            model.predict(rows)
        with pytest.raises(ValueError, match="7 columns where the training data has 8"):
            glissade.train(data, epochs=1, validation=rows)
    renamed = glissade.Dataset.from_numpy(frame.replace("Ulm", "Ulms"), y)
    with pytest.raises(ValueError, match="column 'town=Ulms' stands where the model has 'town=Ulm': the names differ"):
        model.evaluate(renamed)


def test_a_run_goes_on_from_a_model_with_the_words_of_the_model(people):
    frame, y = people
    model = glissade.train(frame, y, epochs=1).model
    later = frame.head(40).assign(town="Nowhere")
    like = glissade.Dataset.from_numpy(later, y[:40], like=model)
    again = glissade.train(later, y[:40], epochs=1, start=model).model
    assert again.feature_names == model.feature_names and same_model(again, glissade.train(like, epochs=1, start=model).model)
    assert not same_model(again, model)
    assert glissade.plan(later, y[:40], start=model) == glissade.plan(like, start=model)
    with pytest.raises(ValueError, match="words of their own"):
        glissade.train(glissade.Dataset.from_numpy(later, y[:40]), start=model)


@pytest.mark.parametrize("policy", POLICIES)
def test_missing_cells_are_what_they_are_in_a_file(people, tmp_path, policy):
    frame, y = people
    holes = frame.astype({"children": "Int64"})
    holes.loc[[1, 7], "town"] = None
    holes.loc[[2, 7], "age"] = math.nan
    holes.loc[[3], "children"] = pd.NA
    holes.assign(y=y).to_csv(tmp_path / "t.csv", index=False)
    file = glissade.Dataset.from_file(tmp_path / "t.csv", target="y", standardize=False, dtype=np.float64, missing=policy)
    from_file = glissade.train(file, epochs=2).model
    for table in kinds_of_table(holes):
        with pytest.raises(ValueError, match="the table, row 1, column .town.: a missing cell, the first of 5 .2 in column .town., 2 in column .age., 1 in column"):
            glissade.train(table, y)
        data = glissade.Dataset.from_numpy(table, y, missing=policy)
        assert data.shape == file.shape and data.feature_names == file.feature_names
        model = glissade.train(data, epochs=2).model
        assert same_model(model, from_file)
        if policy == "drop":
            with pytest.raises(ValueError, match="4 rows with missing cells would get no prediction"):
                model.predict(table)
        else:
            assert np.array_equal(model.predict(table), from_file.predict(file))
        assert model.evaluate(table, y) == from_file.evaluate(file)


def test_numbers_alone_take_a_policy_too(people):
    frame, _ = people
    holes = frame[["age", "children"]].astype(float)
    holes.iloc[0, 1] = math.nan
    filled = holes.fillna(holes.children.sum() / 119)  # a sum of whole numbers is exact in any order
    data = glissade.Dataset.from_numpy(holes, np.arange(120.0), missing="mean")
    assert data.feature_names == ["age", "children"]
    model = glissade.train(data, epochs=2).model
    assert same_model(model, glissade.train(filled, np.arange(120.0), epochs=2).model)
    assert np.array_equal(model.predict(holes), model.predict(filled))
    assert glissade.Dataset.from_arrow(pa.Table.from_pandas(holes), missing="indicator").feature_names == ["age", "children", "children missing"]


def test_words_that_were_not_seen_count_as_none_or_are_an_error(people, caplog):
    frame, y = people
    model = glissade.train(frame, y, epochs=2).model
    strange = frame.head(2).assign(job=["pilot", "cook"])
    with caplog.at_level("INFO", logger="glissade"):
        assert model.decision_function(strange).shape == (2,)
    assert 'the table: 1 cells of column "job" hold categories not seen in training' in caplog.text
    by_hand = np.zeros((1, model.features))
    by_hand[0, [model.feature_names.index("town=" + strange.town[0]), model.feature_names.index("age"), model.feature_names.index("children")]] = [1, strange.age[0], strange.children[0]]
    assert np.array_equal(model.decision_function(strange.head(1)), model.decision_function(by_hand))
    strict = glissade.train(glissade.Dataset.from_numpy(frame, y, unknown="error"), epochs=1).model
    with pytest.raises(ValueError, match='the table, row 0, column "job": the category "pilot" was not seen in training; unknown=.ignore.'):
        strict.predict(strange)


def test_text_is_hashed_where_that_is_asked_for(people, tmp_path):
    frame, y = people
    frame.assign(y=y).to_csv(tmp_path / "t.csv", index=False)
    file = glissade.Dataset.from_file(tmp_path / "t.csv", target="y", standardize=False, dtype=np.float64, hash_bits=6)
    from_file = glissade.train(file, epochs=2).model
    for table in kinds_of_table(frame):
        data = glissade.Dataset.from_numpy(table, y, hash_bits=6)
        assert data.is_sparse and data.shape == file.shape == (120, 2 + 64)
        model = glissade.train(data, epochs=2).model
        assert np.array_equal(model.coefficients()[0], from_file.coefficients()[0])
        assert np.array_equal(model.predict_proba(table), from_file.predict_proba(file))
    many = pd.DataFrame({"word": [f"w{number}" for number in range(1001)]})
    with pytest.raises(ValueError, match="1001 different words; more than 1000 are not one-hot encoded: hash_bits=18 hashes text into columns"):
        glissade.train(many, np.arange(1001.0))


def test_columns_are_found_by_name_and_beside_others(people):
    frame, y = people
    model = glissade.train(frame, y, epochs=2).model
    expected = model.predict_proba(frame)
    other = frame[["children", "job", "age", "town"]].assign(seen=pd.Timestamp("2026-11-29"), note=[[1]] * len(frame))
    for table in kinds_of_table(frame[["job", "town", "children", "age"]]):
        assert np.array_equal(model.predict_proba(table), expected)
    assert np.array_equal(model.predict_proba(other), expected) and np.array_equal(model.predict_proba(pa.Table.from_pandas(other)), expected)
    with pytest.raises(ValueError, match='no column "town", which the model needs; its columns are: age, job'):
        model.predict(frame[["age", "job"]])
    with pytest.raises(ValueError, match='column "age" has "x" in row 0, where the model has numbers'):
        model.predict(frame.assign(age="x"))
    with pytest.raises(ValueError, match='column "job" has 1 in row 0, where the model has text'):
        model.predict(pa.Table.from_pandas(frame.assign(job=1)))


def test_a_matrix_of_the_encoded_width_is_taken_as_it_is(people):
    frame, y = people
    model = glissade.train(frame, y, epochs=2).model
    encoded = np.column_stack([frame[name.split("=")[0]] == name.split("=")[1] if "=" in name else frame[name] for name in model.feature_names]).astype(float)
    expected = model.predict_proba(frame)
    for rows in (encoded, pd.DataFrame(encoded), pd.DataFrame(encoded, columns=model.feature_names), pa.table(dict(zip(model.feature_names, encoded.T)))):
        assert np.array_equal(model.predict_proba(rows), expected)
    with pytest.raises(ValueError, match="column 0 is text: an array holds numbers"):
        model.predict(frame.to_numpy())
    with pytest.raises(ValueError, match="columns"):
        model.predict(encoded[:, 1:])


def test_tables_without_names_are_taken_by_position(people, tmp_path):
    frame, y = people
    unnamed = frame.set_axis(range(4), axis=1)
    model = glissade.train(unnamed, y, epochs=2).model
    assert "0=Ulm" in model.feature_names and same_model(model, glissade.train(frame, y, epochs=2).model)
    expected = model.predict_proba(unnamed)
    assert np.array_equal(model.predict_proba(frame), expected)
    unnamed.to_csv(tmp_path / "t.csv", header=False, index=False)
    assert np.array_equal(model.predict_proba(model.read(tmp_path / "t.csv", with_targets=False)), expected)


def test_what_cannot_be_taken_beside_text_is_named(people):
    frame, y = people
    plain = glissade.train(frame[["age", "children"]], y, epochs=1).model
    with pytest.raises(ValueError, match="the table has columns of text, but what it is for has learnt from a matrix of numbers"):
        plain.predict(frame[["job", "age"]])
    numbers = glissade.Dataset.from_numpy(frame[["age"]].to_numpy(), y)
    for more in ({"validation": (frame, y)}, {"validation": (pa.Table.from_pandas(frame), y)}):
        with pytest.raises(ValueError, match="the table has columns of text"):
            glissade.train(numbers, epochs=1, **more)
    for column, words in [
        (["a", 3] * 60, "'odd' holds text and other things, 'a' in row 0 and 3 in row 1: make them all text"),
        ([b"a", None] * 60, "'odd' has b'a' in row 0: features are numbers, booleans or text"),
        ([[1], [2]] * 60, "'odd' holds neither numbers nor booleans nor text: unhashable"),
        (pd.date_range("2026-01-01", periods=120), "'odd' is of the type datetime64.*: numbers, booleans and text are taken"),
    ]:
        with pytest.raises(ValueError, match=words):
            glissade.train(frame.assign(odd=pd.Series(column, index=frame.index)), y)
    for wrong, words in [
        ({"missing": "median"}, "missing='median' is not known; there are: error, drop, mean, indicator"),
        ({"unknown": "drop"}, "unknown='drop' is not known; there are: ignore, error"),
        ({"hash_bits": 31}, "hash_bits=31: it is from 1 to 30"),
        ({"feature_names": list("abcd")}, "feature_names are of a matrix"),
        ({"missing": "mean", "like": numbers}, "missing is for rows that are learnt from"),
        ({"like": numbers}, "the table has columns of text"),
    ]:
        with pytest.raises(ValueError, match=words):
            glissade.Dataset.from_numpy(frame, y, **wrong)
    with pytest.raises(ValueError, match="missing, unknown and hash_bits are for tables"):
        glissade.Dataset.from_numpy(frame[["age"]].to_numpy(), y, missing="mean")
    with pytest.raises(ValueError, match="nothing to hash"):
        glissade.Dataset.from_numpy(frame[["age"]], y, hash_bits=4)
    with pytest.raises(ValueError, match="targets has 3 elements, the rows ask for 120"):
        glissade.train(frame, y[:3])
    with pytest.raises(ValueError):
        glissade.train(frame.assign(job="\ud800"), y)


words = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n", exclude_categories=["Cs"]), max_size=6)
cells = st.one_of(st.none(), st.sampled_from(["a", "b", "?", " a", "a\t", "", "7", "nan"]), words)
numbers = st.one_of(st.just(math.nan), st.floats(-1e6, 1e6))


@settings(deadline=None, max_examples=60)
@given(st.data(), st.sampled_from(["mean", "indicator"]))
def test_random_tables_are_what_their_files_are(tmp_path_factory, data, policy):
    rows = data.draw(st.lists(st.tuples(cells, numbers, cells), min_size=2, max_size=12))
    # A file's column is text where most of its cells are words, and has values to fill others with.
    frame = pd.DataFrame([*rows, *[("word", 1.5, "other")] * (len(rows) + 1)], columns=["x", "n", "z"])
    y = np.arange(len(frame)) % 2
    path = pathlib.Path(tmp_path_factory.mktemp("t"), "t.csv")
    frame.assign(y=y).to_csv(path, index=False)
    file = glissade.Dataset.from_file(path, target="y", standardize=False, dtype=np.float64, missing=policy)
    from_file = glissade.train(file, epochs=1, batch_size=3).model
    for table in (frame, pa.Table.from_pandas(frame, preserve_index=False)):
        rows = glissade.Dataset.from_numpy(table, y, missing=policy)
        assert rows.feature_names == file.feature_names
        model = glissade.train(rows, epochs=1, batch_size=3).model
        assert same_model(model, from_file)
        assert np.array_equal(model.decision_function(table), from_file.decision_function(file))
