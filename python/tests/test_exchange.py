# SPDX-License-Identifier: Apache-2.0
"""Data from other libraries: DLPack and the Arrow C stream."""

import gc

import glissade
import numpy as np
import pyarrow as pa
import pytest


def coefficients(data, **settings):
    return glissade.train(data, epochs=2, **settings).model.coefficients()[0]


class Tensor:
    """What speaks DLPack and nothing else."""

    def __init__(self, array, device=(1, 0)):
        self.array, self.device, self.dtype = array, device, array.dtype

    def __dlpack__(self, **settings):
        return self.array.__dlpack__(**settings)

    def __dlpack_device__(self):
        return self.device


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dlpack_tensors_are_viewed(points, dtype):
    x, y, _ = points
    x = x.astype(dtype)
    data = glissade.Dataset.from_dlpack(Tensor(x), y)
    assert data.dtype == dtype
    assert np.array_equal(coefficients(data), coefficients(glissade.Dataset.from_numpy(x, y)))
    before = coefficients(data)
    x *= 2
    assert not np.array_equal(coefficients(data), before)


@pytest.mark.parametrize("device, name", [(13, "managed"), (8, "Metal"), (10, "ROCm"), (99, "99")])
def test_tensors_on_devices_are_refused_by_name(points, device, name):
    with pytest.raises(ValueError, match=name):
        glissade.Dataset.from_dlpack(Tensor(points[0], (device, 0)))


def test_results_go_out_by_dlpack(points):
    x, y, _ = points
    predicted = glissade.train(x, y, epochs=1).model.predict(x)
    assert np.array_equal(np.from_dlpack(predicted), predicted)


def test_layers_go_out_by_dlpack_as_views_of_one_array(points):
    x, y, _ = points
    (inner, inner_biases), (outer, _) = glissade.train(x, y, hidden=[4], epochs=1).model.layers()
    views = [np.from_dlpack(part) for part in (inner, inner_biases, outer)]
    assert [view.ctypes.data for view in views] == [part.ctypes.data for part in (inner, inner_biases, outer)]
    assert inner.ctypes.data + inner.nbytes == inner_biases.ctypes.data and inner_biases.ctypes.data + inner_biases.nbytes == outer.ctypes.data


def test_pytorch_tensors_are_viewed(points):
    torch = pytest.importorskip("torch", reason="PyTorch is not among the test requirements, for its size: Tensor stands in for it above")
    x, y, _ = points
    data = glissade.Dataset.from_dlpack(torch.from_numpy(x), torch.from_numpy(y))
    assert np.array_equal(coefficients(data), coefficients(glissade.Dataset.from_numpy(x, y)))


def table_of(x, side):
    kinds = [pa.float64(), pa.float32(), pa.int16(), pa.uint8(), pa.bool_()]
    whole = np.abs(np.round(x * 10))
    columns = [x[:, 0], x[:, 1].astype(np.float32), whole[:, 2].astype(np.int16), whole[:, 3].astype(np.uint8), x[:, 4] > 0]
    arrays = [pa.array(column, type=kind) for column, kind in zip(columns, kinds)]
    matrix = np.stack([np.asarray(column, dtype=np.float64) for column in columns], axis=1)
    return pa.table([*arrays, pa.array(list(side))], names=[*"abcde", "side"]), matrix


@pytest.mark.parametrize("text", [pa.string(), pa.large_string(), pa.string_view()])
def test_arrow_tables_in_batches_are_the_matrix_they_hold(points, text):
    x, _, side = points
    table, matrix = table_of(x, side)
    table = table.set_column(5, "side", table.column("side").cast(text))
    parts = pa.concat_tables([table.slice(0, 7), table.slice(7, 0), table.slice(7, 200), table.slice(207)])
    data = glissade.Dataset.from_arrow(parts, target="side", dtype=np.float64)
    assert data.feature_names == list("abcde") and list(data.classes) == ["down", "up"]
    expected = glissade.Dataset.from_numpy(matrix, side)
    assert np.array_equal(coefficients(data), coefficients(expected))
    fewer = glissade.Dataset.from_arrow(parts, target="a", weight="d", columns=["c", "b"], dtype=np.float64)
    weighed = glissade.Dataset.from_numpy(np.ascontiguousarray(matrix[:, [2, 1]]), matrix[:, 0], weights=matrix[:, 3])
    assert np.array_equal(coefficients(fewer), coefficients(weighed))


def test_arrow_columns_that_cannot_be_taken_are_named():
    numbers = pa.array([1.0, 2.0])
    for column, words in [
        (pa.array([1.0, None]), "b has a missing cell in row 1"),
        (pa.array(["x", None]), """row 1, column "b": a missing cell, the first of 1 .*; fill them, or say missing='drop', 'mean' or 'indicator'"""),
        (pa.nulls(2), "b is of the Arrow type 'n'"),
        (pa.array([[1], [2]]), r"b is of the Arrow type '\+l'"),
    ]:
        with pytest.raises(ValueError, match=words):
            glissade.Dataset.from_arrow(pa.table({"a": numbers, "b": column}))
    with pytest.raises(ValueError, match="no column 'z'; there are: a"):
        glissade.Dataset.from_arrow(pa.table({"a": numbers}), target="z")


def test_booleans_of_a_table_are_labels_of_that_type(points):
    x, y, _ = points
    for column in (pa.array(y > 0), pa.DictionaryArray.from_arrays(pa.array((y > 0).astype(np.int8)), pa.array([False, True]))):
        data = glissade.Dataset.from_arrow(pa.table({"a": x[:, 0], "y": column}), target="y", dtype=np.float64)
        assert data.classes.dtype == bool
        assert np.array_equal(coefficients(data), coefficients(glissade.Dataset.from_numpy(x[:, :1], y > 0)))


def test_columns_that_nobody_asks_for_may_be_of_any_type(points):
    x, y, _ = points
    table = pa.table({"note": [[1]] * len(x), "a": x[:, 0], "y": y})
    data = glissade.Dataset.from_arrow(table, columns=["a"], target="y", dtype=np.float64)
    assert np.array_equal(coefficients(data), coefficients(glissade.Dataset.from_numpy(x[:, :1], y)))


@pytest.mark.parametrize("index", [pa.int8(), pa.uint16(), pa.int64()])
def test_columns_with_a_dictionary_are_what_their_values_are(points, index):
    x, _, side = points
    steps = np.round(x[:, 0])
    categories = [pa.array(column).dictionary_encode().cast(pa.dictionary(index, pa.array(column).type)) for column in (steps, side)]
    table = pa.table({"step": categories[0], "b": x[:, 1], "side": categories[1]})
    parts = pa.concat_tables([table.slice(3, 100), table.slice(103), table.slice(0, 3)])
    data = glissade.Dataset.from_arrow(parts, target="side", dtype=np.float64)
    order = np.r_[3 : len(x), 0:3]
    expected = glissade.Dataset.from_numpy(np.column_stack([steps, x[:, 1]])[order], side[order])
    assert list(data.classes) == ["down", "up"] and np.array_equal(coefficients(data), coefficients(expected))


class Reads:
    """Lends one stream, whose capsule it keeps."""

    def __init__(self, table):
        self.capsule = table.__arrow_c_stream__()

    def __arrow_c_stream__(self, requested_schema=None):
        return self.capsule


def test_a_stream_is_read_once_also_where_that_fails():
    table = pa.table({"a": [1.0, 2.0], "b": ["x", None]})
    for columns in (["a"], ["a", "b"]):
        lent = Reads(table)
        if columns == ["a"]:
            assert glissade.Dataset.from_arrow(lent, columns=columns).shape == (2, 1)
        else:
            with pytest.raises(ValueError, match="a missing cell"):
                glissade.Dataset.from_arrow(lent, columns=columns)
        with pytest.raises(ValueError, match="this stream has been read already"):
            glissade.Dataset.from_arrow(lent, columns=columns)


def test_streams_are_given_back_also_after_errors():
    gc.collect()  # what other tests have left
    before = pa.total_allocated_bytes()
    table = pa.table({"a": np.arange(10**5), "b": pa.array([None, 1.0] * 50000)})
    held = pa.total_allocated_bytes()
    assert held > before
    data = glissade.Dataset.from_arrow(table, columns=["a"])
    with pytest.raises(ValueError, match="missing cell"):
        glissade.Dataset.from_arrow(table)
    with pytest.raises(ValueError, match="no column"):
        glissade.Dataset.from_arrow(table, target="z")
    gc.collect()  # frames that the errors have seen
    assert pa.total_allocated_bytes() == held and data.shape == (10**5, 1)
    del table
    assert pa.total_allocated_bytes() == before


def test_a_table_without_rows_says_what_it_is():
    table = pa.table({"a": pa.array([], pa.float64()), "y": pa.array([], pa.string())})
    for empty in (table, table.to_reader()):
        with pytest.raises(ValueError, match="no rows; its columns are: a, y"):
            glissade.Dataset.from_arrow(empty, target="y")
    with pytest.raises(ValueError, match="no column 'z'; there are: a, y"):
        glissade.Dataset.from_arrow(table.to_reader(), target="z")
    data = glissade.Dataset.from_arrow(table.append_column("b", table["a"]), columns=["a", "b"])
    assert data.shape == (0, 2) and data.feature_names == ["a", "b"]


class Frame:
    """What speaks the Arrow C stream and nothing else: text as views and in several batches, as Polars has it."""

    def __init__(self, columns):
        table = pa.table({name: pa.array(values, type=pa.string_view() if values.dtype.kind == "U" else None) for name, values in columns.items()})
        self.table = pa.concat_tables([table.slice(0, 100), table.slice(100)])

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


def test_frames_that_only_stream_are_taken(points):
    x, _, side = points
    long = np.where(side == "up", "a label that is longer than a view holds", "down")
    data = glissade.Dataset.from_arrow(Frame({"side": long, **{name: x[:, place] for place, name in enumerate("abcde")}}), target="side", dtype=np.float64)
    assert list(data.classes) == ["a label that is longer than a view holds", "down"] and data.feature_names == list("abcde")
    assert np.array_equal(coefficients(data), coefficients(glissade.Dataset.from_numpy(x, long)))


def test_what_streams_no_table_is_refused():
    class Numbers:
        def __arrow_c_stream__(self, requested_schema=None):
            return pa.chunked_array([pa.array([1.0, 2.0])]).__arrow_c_stream__(requested_schema)

    with pytest.raises(ValueError, match="not one of tables"):
        glissade.Dataset.from_arrow(Numbers())
    with pytest.raises(TypeError, match="ndarray does not speak the Arrow C stream"):
        glissade.Dataset.from_arrow(np.ones(3))
    with pytest.raises(TypeError, match="list does not speak DLPack"):
        glissade.Dataset.from_dlpack([1.0])


def test_polars_frames_are_taken(points):
    polars = pytest.importorskip("polars", reason="Polars is not among the test requirements, for its size: Frame stands in for it above")
    x, _, side = points
    frame = polars.DataFrame({name: x[:, place] for place, name in enumerate("abcde")} | {"side": list(side)})
    data = glissade.Dataset.from_arrow(frame, target="side", dtype=np.float64)
    assert np.array_equal(coefficients(data), coefficients(glissade.Dataset.from_numpy(x, side)))
