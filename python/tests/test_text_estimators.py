# SPDX-License-Identifier: Apache-2.0
"""Estimators that are given tables with columns of text: fitted on the same matrix as one that is made by hand."""

import pickle

import glissade
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn import linear_model
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

TOWNS = ["Kiel", "Ulm", "Bonn"]
ENCODED = ["town=Bonn", "town=Kiel", "town=Ulm", "age", "known", "job=cook", "job=smith"]


@pytest.fixture
def people():
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "town": rng.choice(TOWNS, 150),
            "age": rng.normal(size=150),
            "known": rng.random(150) > 0.5,
            "job": pd.Categorical(rng.choice(["cook", "smith"], 150), categories=["smith", "cook", "pilot"]),
        }
    )
    return frame, frame.age + 2 * (frame.town == "Ulm") - (frame.job == "cook")


def by_hand(frame, dtype=np.float64):
    columns = [frame[name.split("=")[0]] == name.split("=")[1] if "=" in name else frame[name] for name in ENCODED]
    return np.ascontiguousarray(np.column_stack([np.asarray(column, dtype=dtype) for column in columns]))


def tables(frame):
    yield frame
    yield frame.astype({"town": object})
    yield pa.Table.from_pandas(frame, preserve_index=False)
    try:
        import polars
    except ImportError:  # not among the test requirements, for its size
        return
    yield polars.from_pandas(frame)


def classes_of(y):
    return np.array(["low", "middle", "high"])[np.digitize(y, [0, 1.5])]


ESTIMATORS = [
    (glissade.SGDClassifier(loss="log_loss", max_iter=3, tol=None, random_state=1), classes_of),
    (glissade.SGDClassifier(loss="modified_huber", max_iter=3, early_stopping=True, random_state=1), lambda y: classes_of(y) == "low"),
    (glissade.SGDClassifier(loss="softmax", optimizer="adam", max_iter=3, average=True, random_state=1), classes_of),
    (glissade.SGDRegressor(max_iter=3, random_state=1), np.asarray),
    (glissade.MLPClassifier((4,), max_iter=3, random_state=1), classes_of),
    (glissade.MLPClassifier((4,), max_iter=3, early_stopping=True, random_state=1), classes_of),
    (glissade.MLPRegressor(hidden_layer_sizes=(4,), solver="lbfgs", max_iter=5, random_state=1), np.asarray),
]
pytestmark = [pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"), pytest.mark.filterwarnings("ignore:divide by zero"), pytest.mark.filterwarnings("error:X ")]


def questions(estimator):
    return [name for name in ("predict", "decision_function", "predict_proba", "predict_log_proba") if hasattr(estimator, name)]


def parameters(estimator):
    return [estimator.coef_, estimator.intercept_] if hasattr(estimator, "coef_") else [*estimator.coefs_, *estimator.intercepts_]


def assert_same(one, other):
    for pair in zip(parameters(one), parameters(other), strict=True):
        assert np.array_equal(*pair) and pair[0].dtype == pair[1].dtype


@pytest.mark.parametrize("estimator, targets", ESTIMATORS)
def test_fit_is_bit_for_bit_that_of_the_matrix_made_by_hand(people, estimator, targets):
    frame, y = people
    y = targets(y)
    expected = clone(estimator).fit(by_hand(frame), y)
    for table in tables(frame):
        ours = clone(estimator).fit(table, y)
        assert_same(ours, expected)
        assert ours.n_features_in_ == 4 and ours.feature_names_in_.tolist() == list(frame)
        assert ours.encoded_feature_names_.tolist() == ENCODED
        for again in (ours, pickle.loads(pickle.dumps(ours))):
            for name in questions(expected):
                answers = getattr(expected, name)(by_hand(frame))
                assert np.array_equal(getattr(again, name)(table), answers)
                for encoded in (by_hand(frame), pd.DataFrame(by_hand(frame), columns=ENCODED)):  # the matrix is taken too
                    assert np.array_equal(getattr(again, name)(encoded), answers)
            assert again.score(table, y) == expected.score(by_hand(frame), y)
        assert getattr(ours, "t_", None) == getattr(expected, "t_", None) and ours.n_iter_ == expected.n_iter_
        assert not hasattr(clone(ours), "encoded_feature_names_")


@pytest.mark.parametrize("estimator, targets", [one for one in ESTIMATORS if not getattr(one[0], "early_stopping", False)])
def test_rows_that_are_watched_are_encoded_too(people, estimator, targets):
    frame, y = people
    y = targets(y)
    held_out = frame.tail(50).assign(town=["Nowhere"] * 25 + ["Ulm"] * 25)
    expected = clone(estimator).fit(by_hand(frame), y, eval_set=(by_hand(held_out), y[-50:]))
    for given in ((held_out, y[-50:]), [(held_out, y[-50:])]):
        ours = clone(estimator).fit(frame, y, eval_set=given)
        assert_same(ours, expected)
        assert [record["validation"] for record in ours.history_] == [record["validation"] for record in expected.history_]
    with pytest.raises(ValueError, match="feature names"):
        clone(estimator).fit(frame, y, eval_set=(held_out[["age", "town", "known", "job"]], y[-50:]))


def test_float32_stays_float32(people):
    frame, y = people
    narrow = frame.drop(columns="known").astype({"age": np.float32})
    for table in (narrow, pa.Table.from_pandas(narrow, preserve_index=False)):
        ours = glissade.SGDRegressor(max_iter=1, tol=None).fit(table, y)
        theirs = linear_model.SGDRegressor(max_iter=1, tol=None).fit(np.ones((90, 2), np.float32), np.ones(90))
        assert ours.coef_.dtype == theirs.coef_.dtype  # float64 before scikit-learn 1.3
        for again in (ours, pickle.loads(pickle.dumps(ours))):
            assert again.predict(table).dtype == theirs.coef_.dtype
    assert glissade.SGDRegressor(max_iter=1, tol=None).fit(frame, y).coef_.dtype == np.float64


def test_partial_fit_keeps_the_categories_of_its_first_call(people):
    frame, y = people
    labels = classes_of(y)
    first, second = frame.head(70), frame.tail(80).assign(town=["Nowhere"] * 40 + ["Kiel"] * 40)
    for estimator in (glissade.SGDClassifier(average=True, random_state=0), glissade.MLPClassifier((3,), random_state=0)):
        ours, expected = clone(estimator), clone(estimator)
        for rows in (first, second):
            where = slice(0, 70) if rows is first else slice(70, 150)
            ours.partial_fit(rows, labels[where], classes=np.unique(labels))
            expected.partial_fit(by_hand(rows), labels[where], classes=np.unique(labels))
            assert ours.n_features_in_ == 4 and ours.encoded_feature_names_.tolist() == ENCODED
        assert_same(ours, expected)
        ours.partial_fit(by_hand(first), labels[:70])
        expected.partial_fit(by_hand(first), labels[:70])
        assert_same(ours, expected)
        assert ours.n_features_in_ == 4 and "_eval_set" not in vars(ours)
    regression = glissade.SGDRegressor(random_state=0).partial_fit(first, y[:70]).partial_fit(second, y[70:])
    assert_same(regression, glissade.SGDRegressor(random_state=0).partial_fit(by_hand(first), y[:70]).partial_fit(by_hand(second), y[70:]))
    plain = glissade.SGDRegressor().partial_fit(frame[["age"]], y)
    with pytest.raises(ValueError, match="has learnt from a matrix of numbers"):
        plain.partial_fit(frame, y)


def test_a_warm_start_keeps_columns_and_categories_and_another_fit_does_not(people):
    frame, y = people
    later = frame.head(60).assign(town="Nowhere")
    for estimator in (glissade.SGDRegressor(warm_start=True, max_iter=2, tol=None, random_state=0), glissade.MLPRegressor(hidden_layer_sizes=(3,), warm_start=True, max_iter=2, random_state=0)):
        ours = clone(estimator).fit(frame, y).fit(later, y[:60])
        assert_same(ours, clone(estimator).fit(by_hand(frame), y).fit(by_hand(later), y[:60]))
        ours.set_params(warm_start=False).fit(later, y[:60])
        assert ours.encoded_feature_names_.tolist() == ["town=Nowhere", *ENCODED[3:]]
        ours.fit(frame[["age"]], y)
        assert not hasattr(ours, "encoded_feature_names_") and ours.n_features_in_ == 1
        assert np.array_equal(ours.predict(frame[["age"]]), clone(ours).fit(frame[["age"]], y).predict(frame[["age"]]))


def test_a_fit_that_fails_leaves_what_there_was(people):
    frame, y = people
    for estimator in (glissade.SGDRegressor(max_iter=2, tol=None, random_state=0), glissade.MLPRegressor(hidden_layer_sizes=(3,), max_iter=2, random_state=0)):
        ours = clone(estimator).fit(frame, y)
        before = {name: value for name, value in vars(ours).items() if name.endswith("_")}
        answers = ours.predict(frame)
        holes = frame.assign(town=frame.town.where(frame.index != 3))
        for wrong, words in [(holes, "'town' has a missing cell in row 3: fill it first"), (frame.assign(age=np.inf), "inf"), (frame.head(3), "inconsistent")]:
            with pytest.raises(ValueError, match=words):
                ours.fit(wrong, y)
            with pytest.raises(ValueError, match=words):
                ours.partial_fit(wrong, y)
            assert np.array_equal(ours.predict(frame), answers)
            assert {name: value for name, value in vars(ours).items() if name.endswith("_")}.keys() == before.keys()
            assert ours.n_features_in_ == 4 and ours.feature_names_in_.tolist() == list(frame)


def test_a_network_whose_fit_is_broken_off_stays_one_of_the_table(people):
    frame, y = people

    def leave(progress):
        raise SystemExit

    ours = glissade.MLPRegressor(hidden_layer_sizes=(3,), max_iter=2, random_state=0).fit(frame, y)
    for again in (ours.set_params(callbacks=leave).fit, ours.partial_fit):
        with pytest.raises(SystemExit):
            again(frame, y)
        assert ours.n_features_in_ == 4 and ours.feature_names_in_.tolist() == list(frame) and len(ours.predict(frame)) == len(frame)


def test_questions_about_other_columns_are_refused(people):
    frame, y = people
    for estimator in (glissade.SGDClassifier(max_iter=2, tol=None), glissade.MLPClassifier((3,), max_iter=2)):
        ours = clone(estimator).fit(frame, y > 0)
        for wrong in (frame[["age", "town", "known", "job"]], frame.drop(columns="job"), frame.assign(more=1)):
            with pytest.raises(ValueError, match="feature names should match"):
                ours.predict(wrong)
        for nothing in (None, " "):
            with pytest.raises(ValueError, match="'job' has a missing cell in row 0: fill it first"):
                ours.predict(frame.assign(job=nothing))
        with pytest.raises(ValueError, match="X has 4 features, but .* is expecting 7 features"):
            ours.predict(np.ones((2, 4)))
        strange = frame.head(3).assign(town="Nowhere", job="pilot")
        assert np.array_equal(ours.predict(strange), ours.predict(by_hand(strange)))


def test_more_words_than_become_columns_are_refused_by_fit_alone():
    words = pa.array([f"w{number}" for number in range(1001)])
    for estimator in (glissade.SGDRegressor(max_iter=1, tol=None), glissade.MLPRegressor(hidden_layer_sizes=(2,), max_iter=1)):
        with pytest.raises(ValueError, match="'word' has 1001 words, and 1000 become columns at most: OneHotEncoder takes more, in sparse rows"):
            estimator.fit(pa.table({"word": words}), np.arange(1001.0))
        some = pa.table({"word": words.dictionary_encode()}).slice(0, 4)  # the dictionary still holds all of them
        ours = clone(estimator).fit(some, np.arange(4.0))
        assert ours.encoded_feature_names_.tolist() == ["word=w0", "word=w1", "word=w2", "word=w3"]
        assert len(ours.predict(pa.table({"word": words}))) == 1001


def test_tables_without_names_are_taken_by_position(people):
    frame, y = people
    unnamed = frame.set_axis(range(4), axis=1)
    for estimator in (glissade.SGDRegressor(max_iter=2, tol=None, random_state=0), glissade.MLPRegressor(hidden_layer_sizes=(3,), max_iter=2, random_state=0)):
        ours = clone(estimator).fit(unnamed, y)
        assert ours.n_features_in_ == 4 and not hasattr(ours, "feature_names_in_")
        assert ours.encoded_feature_names_.tolist()[:4] == ["0=Bonn", "0=Kiel", "0=Ulm", "1"]
        for again in (ours, pickle.loads(pickle.dumps(ours))):
            assert np.array_equal(again.predict(unnamed), clone(estimator).fit(frame, y).predict(frame))
        with pytest.raises(ValueError):
            ours.predict(unnamed.iloc[:, :3])


def test_scikit_learns_own_tools_take_such_estimators(people):
    frame, y = people
    frames = [frame]
    try:
        import polars

        frames.append(polars.from_pandas(frame))
    except ImportError:  # not among the test requirements, for its size
        pass
    for table in frames:
        for estimator in (glissade.SGDRegressor(max_iter=5, tol=None, random_state=0), glissade.MLPRegressor(hidden_layer_sizes=(3,), max_iter=5, random_state=0)):
            scores = cross_val_score(estimator, table, y, cv=3)
            assert np.array_equal(scores, cross_val_score(clone(estimator), by_hand(frame), y, cv=3))
            search = GridSearchCV(estimator, {"alpha": [1e-4, 1e-1]}, cv=3).fit(table, y)
            plain = GridSearchCV(clone(estimator), {"alpha": [1e-4, 1e-1]}, cv=3).fit(by_hand(frame), y)
            assert search.best_params_ == plain.best_params_ and np.array_equal(search.predict(table), plain.predict(by_hand(frame)))
            pipeline = make_pipeline(FunctionTransformer(), clone(estimator)).fit(table, y)
            assert np.array_equal(pipeline.predict(table), clone(estimator).fit(by_hand(frame), y).predict(by_hand(frame)))


def test_texts_in_arrays_are_refused_as_by_scikit_learn(people):
    frame, y = people
    for estimator in (glissade.SGDRegressor(), glissade.MLPRegressor(hidden_layer_sizes=(3,))):
        with pytest.raises(ValueError, match="could not convert string to float"):
            estimator.fit(frame.to_numpy(), y)
