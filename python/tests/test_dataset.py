# SPDX-License-Identifier: Apache-2.0
import gc
import weakref

import glissade
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st


def trained(data):
    return glissade.train(data, loss="squared", optimizer="sgd", lr=0.01, epochs=2).model.coefficients()


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_with_gaps_train_as_a_copy_of_them(points, dtype):
    x, y, _ = points
    wide = np.zeros((len(x), 9), dtype=dtype)
    wide[:, 2:7] = x
    view = wide[:, 2:7]
    assert same(trained(glissade.Dataset.from_numpy(view, y)), trained(glissade.Dataset.from_numpy(view.copy(), y)))
    every_other = view[::2]
    assert same(trained(glissade.Dataset.from_numpy(every_other, y[::2])), trained(glissade.Dataset.from_numpy(every_other.copy(), y[::2])))


def test_features_are_not_copied(points):
    x, y, _ = points
    before = trained(glissade.Dataset.from_numpy(x, y))
    data = glissade.Dataset.from_numpy(x, y)
    x[:, 0] *= 2
    assert not same(trained(data), before)


def test_read_only_arrays_are_taken(points):
    x, y, _ = points
    x.flags.writeable = False
    y.flags.writeable = False
    assert glissade.Dataset.from_numpy(x, y).shape == (300, 5)


def test_arrays_live_as_long_as_the_dataset(points):
    x, y, _ = points

    class Watched(np.ndarray):
        pass

    watched = x.copy().view(Watched)
    alive = weakref.ref(watched)
    data = glissade.Dataset.from_numpy(watched, y.copy())
    del watched
    gc.collect()
    expected = trained(glissade.Dataset.from_numpy(x, y))
    assert same(trained(data), expected)
    del data
    gc.collect()
    assert alive() is None


@pytest.mark.parametrize(
    "features, targets, words",
    [
        (np.zeros((4, 3)).T[:, ::-1], np.zeros(3), "side by side"),
        (np.zeros((3, 4))[::-1], np.zeros(3), "backwards"),
        (np.zeros((3, 4), dtype=np.int32), np.zeros(3), "float32 or float64"),
        (np.zeros((3, 4), dtype=np.float16), np.zeros(3), "float32 or float64"),
        (np.zeros(3), np.zeros(3), r"shape \(3\)"),
        (np.zeros((3, 4)), np.zeros(5), "3"),
    ],
)
def test_what_cannot_be_viewed_is_refused_with_the_reason(features, targets, words):
    with pytest.raises(ValueError, match=words):
        glissade.Dataset.from_numpy(features, targets)


@pytest.mark.parametrize("index_type", [np.int32, np.int64])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_csr_trains_as_the_dense_matrix_scores(points, index_type, dtype):
    x, y, _ = points
    x = np.where(np.abs(x) > 1, x, 0).astype(dtype)
    csr = sp.csr_matrix(x)
    csr.indices, csr.indptr = csr.indices.astype(index_type), csr.indptr.astype(index_type)
    data = glissade.Dataset.from_csr(csr, y)
    assert data.is_sparse and data.dtype == dtype
    model = glissade.train(data, loss="squared", optimizer="sgd", lr=0.01, epochs=2).model
    other_form = sp.csr_matrix(x)
    assert np.array_equal(model.predict(csr), model.predict(other_form))


def test_unsorted_and_repeated_columns_are_put_in_order():
    csr = sp.csr_matrix((np.array([1.0, 2.0, 4.0]), np.array([2, 0, 2]), np.array([0, 3])), shape=(1, 3))
    once = sp.csr_matrix(np.array([[2.0, 0.0, 5.0]]))
    start = glissade.train(np.eye(3), np.arange(3.0), loss="squared", epochs=1).model
    assert np.array_equal(start.predict(csr), start.predict(once))
    assert csr.nnz == 3


def test_indices_outside_of_the_matrix_are_refused():
    csr = sp.csr_matrix(np.eye(3))
    csr.indices = np.array([0, 1, 7], dtype=np.int32)
    with pytest.raises(ValueError, match="row"):
        glissade.Dataset.from_csr(csr, np.zeros(3))
    csr.indices = np.array([0, 1, 7], dtype=np.int64)
    with pytest.raises(ValueError, match="indices"):
        glissade.Dataset.from_csr(csr, np.zeros(3))


def test_labels_of_any_kind_come_back(points):
    x, y, side = points
    for labels in (side, (y > 0), np.where(y > 0, 7, -3), side.astype(object)):
        model = glissade.train(x, labels, epochs=3).model
        assert set(model.predict(x)) <= set(labels)
        assert model.predict(x).dtype == labels.dtype


def test_classes_that_no_row_shows_keep_their_place(points):
    x, _, side = points
    data = glissade.Dataset.from_numpy(x, side, classes=["up", "none", "down"])
    model = glissade.train(data, epochs=1).model
    assert model.predict_proba(x).shape == (300, 3)
    with pytest.raises(ValueError, match="'up' of row"):
        glissade.Dataset.from_numpy(x, side, classes=["down", "none"])


@pytest.mark.parametrize("classes", [None, ["down", "up"]])
def test_no_rows_have_no_predictions(points, classes):
    x, y, side = points
    model = glissade.train(x, y if classes is None else side, epochs=1).model
    for rows in (x[:0], np.zeros((0, 5), order="F"), sp.csr_matrix((0, 5))):
        assert len(model.predict(rows)) == 0 and len(model.decision_function(rows)) == 0


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(1, 70), st.integers(0, 9), st.integers(1, 3), st.sampled_from([np.float32, np.float64]), st.integers(0, 99))
def test_any_row_stride_is_seen_right(rows, columns, gap, every, dtype, seed):
    rng = np.random.default_rng(seed)
    whole = rng.normal(size=(rows * every, columns + gap)).astype(dtype)
    view = whole[::every, gap:]
    weights, biases = rng.normal(size=(2, columns)), rng.normal(size=2)
    core = glissade._core.linear_model(glissade.Loss("squared"), weights, biases, True, [], dtype == np.float64)
    model = glissade.Model(core)
    assert np.array_equal(model.predict(view), model.predict(view.copy()))
    # A sum of `columns` products, however it is added, of weights that were rounded to the element type.
    exact = view.astype(np.float64) @ weights.T + biases
    size = np.abs(view.astype(np.float64)) @ np.abs(weights.T) + np.abs(biases)
    assert np.all(np.abs(model.predict(view) - exact) <= 2 * (columns + 3) * np.finfo(dtype).eps * size)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 30), st.integers(1, 60), st.floats(0, 1), st.sampled_from([np.int32, np.int64]), st.integers(0, 99))
def test_any_pattern_of_nonzeros_scores_as_the_dense_rows(rows, columns, density, index_type, seed):
    rng = np.random.default_rng(seed)
    csr = sp.random(rows, columns, density=density, format="csr", random_state=seed)
    dense = csr.toarray()
    csr.indices, csr.indptr = csr.indices.astype(index_type), csr.indptr.astype(index_type)
    weights, biases = rng.normal(size=(1, columns)), rng.normal(size=1)
    model = glissade.Model(glissade._core.linear_model(glissade.Loss("squared"), weights, biases, True, [], True))
    size = np.abs(dense) @ np.abs(weights[0]) + np.abs(biases[0])
    assert np.all(np.abs(model.predict(csr) - model.predict(dense)) <= 2 * (columns + 3) * np.finfo(np.float64).eps * size)
