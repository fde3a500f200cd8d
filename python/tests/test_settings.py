# SPDX-License-Identifier: Apache-2.0
"""Settings of ``train``: what they take, what they are if they are not given, and arrays that cannot be viewed."""

import glissade
import numpy as np
import pytest
import scipy.sparse as sp


@pytest.mark.parametrize(
    "setting, value, takes",
    [
        ("shuffle", True, "one of the words full, none, replacement, not True"),
        ("average", True, "one of the words exponential, mean, none, not True"),
        ("hidden", 32, r"a list of whole numbers, as \[256, 128\], not 32"),
        ("batch_size", "all", "a whole number, 0 or 'full' for all rows, not 'all'"),
        ("class_weights", 2.0, "a list of numbers, one a class, or a dict by label, not 2.0"),
        ("epochs", 2.5, "a whole number, not 2.5"),
        ("epochs", "many", "a whole number, not 'many'"),
        ("seed", -1, "a whole number of 0 or more, or a list of them, not -1"),
        ("seed", [0, 1.5], "a whole number of 0 or more, or a list of them, not 1.5"),
        ("l2", "much", "a number of 0 or more, or a list of them, not 'much'"),
        ("dropout", "half", "a number, not 'half'"),
        ("drop_last", 1, "True or False, not 1"),
        ("standardize", "yes", "True, False or 'auto', not 'yes'"),
        ("validation", 0.2, r"a Dataset or \(features, targets\), not 0.2; a share of the rows is split off before"),
        ("callbacks", [3], r"a function of a glissade.Progress, or a list of them, not \[3\]"),
        ("start", "model", "a glissade.Model, not 'model'"),
        ("loss", 3, "a name or a glissade.Loss, not 3"),
        ("optimizer", 3, "a name or a glissade.Optimizer, not 3"),
        ("schedule", 3, "a text, not 3"),
        ("device", 0, "a text, not 0"),
        ("checkpoint", 3, "a directory, or a dict of directory, every_steps, every_epochs and keep, not 3"),
        ("resume", 3, "a directory, not 3"),
    ],
)
def test_a_value_of_another_type_is_told_what_the_setting_takes(points, setting, value, takes):
    x, y, _ = points
    with pytest.raises(TypeError, match=f"^{setting} takes {takes}$"):
        glissade.train(x, y, **{setting: value})


def parameters(run):
    return np.concatenate([part.ravel() for layer in run.model.layers() for part in layer])


def test_words_of_the_program_are_taken(points):
    x, y, _ = points
    whole = parameters(glissade.train(x, y, epochs=2, batch_size=0))
    assert np.array_equal(parameters(glissade.train(x, y, epochs=2, batch_size="full")), whole)
    assert "batch 300" in glissade.plan(x, y, batch_size="full")
    off = parameters(glissade.train(x, y, epochs=2, standardize=False))
    assert not np.array_equal(parameters(glissade.train(x, y, epochs=2, standardize=True)), off)
    with_numpy = {"drop_last": np.bool_(True), "epochs": np.int32(2), "batch_size": np.int64(7), "seed": np.uint8(0)}
    assert np.array_equal(parameters(glissade.train(x, y, **with_numpy)), parameters(glissade.train(x, y, drop_last=True, epochs=2, batch_size=7)))
    for word in (None, "auto"):
        assert np.array_equal(parameters(glissade.train(x, y, epochs=2, standardize=word, standardize_target=word)), off)


def test_files_are_standardised_as_they_are_read_whatever_the_run_is_told_of_auto(points, tmp_path):
    x, y, _ = points
    np.savetxt(tmp_path / "t.csv", np.column_stack([100 * x, y]), delimiter=",", header="a,b,c,d,e,y", comments="")
    read = [glissade.Dataset.from_file(tmp_path / "t.csv", target="y", standardize=word) for word in (None, "auto", True, False)]
    plain, auto, on, off = (parameters(glissade.train(data, epochs=2, standardize="auto")) for data in read)
    assert np.array_equal(plain, auto) and np.array_equal(plain, on) and not np.array_equal(plain, off)
    with pytest.raises(TypeError, match="standardize takes True, False or 'auto', not 1"):
        glissade.Dataset.from_file(tmp_path / "t.csv", target="y", standardize=1)


def test_class_weights_by_label_are_those_in_the_order_of_the_classes(points):
    x, y, side = points
    for labels, by_label, in_order in ((side, {"up": 3}, [1, 3]), ((y > 0).astype(int), {1: 0.5, 0: 2}, [2, 0.5])):
        told, listed = (parameters(glissade.train(x, labels, epochs=2, class_weights=weights)) for weights in (by_label, in_order))
        assert np.array_equal(told, listed) and not np.array_equal(told, parameters(glissade.train(x, labels, epochs=2)))
    with pytest.raises(ValueError, match="weight of 'left', which is no class; there are: 'down', 'up'"):
        glissade.train(x, side, class_weights={"left": 2})
    with pytest.raises(ValueError, match="targets are numbers"):
        glissade.train(x, y, class_weights={0: 2})


def test_networks_learn_at_the_programs_rate(points):
    x, y, _ = points
    for hidden, lr in (([4], 0.001), ([], 0.01)):
        run, told = (glissade.train(x, y, hidden=hidden, epochs=2, **more) for more in ({}, {"lr": lr}))
        assert run.members[0].lr == lr and np.array_equal(parameters(run), parameters(told))
    assert [member.lr for member in glissade.train(x, y, hidden=[4], epochs=1, seed=[0, 1]).members] == [0.001, 0.001]


def test_an_activation_without_hidden_layers_is_refused(points):
    x, y, _ = points
    for more in ({}, {"hidden": []}, {"hidden": None}):
        with pytest.raises(ValueError, match=r"activation is of hidden layers, and the model has none: give hidden=\[256, 128\]"):
            glissade.train(x, y, activation="tanh", **more)


class Refuses:
    """A tensor that cannot be viewed, as PyTorch's sparse ones and those with a gradient."""

    dtype = np.dtype(np.float64)

    def __dlpack__(self, **settings):
        raise BufferError("no memory of one piece")

    def __dlpack_device__(self):
        return (1, 0)


def test_what_cannot_be_viewed_is_refused_in_our_words(points):
    x, y, _ = points
    for make in (glissade.Dataset.from_dlpack, glissade.Dataset.from_numpy):
        with pytest.raises(TypeError, match="features, of the type Refuses, cannot be viewed: no memory of one piece"):
            make(Refuses(), y)
    with pytest.raises(ValueError, match="must be float32 or float64, not float64 of another byte order"):
        glissade.Dataset.from_numpy(x.astype(">f8"), y)
    with pytest.raises(ValueError, match="must be float32 or float64, not object"):
        glissade.Dataset.from_numpy(x.astype(object), y)
    with pytest.raises(ValueError, match="from_csr takes it"):
        glissade.Dataset.from_numpy(sp.csr_matrix(x), y)
    with pytest.raises(ValueError, match="no matrix of numbers"):
        glissade.Dataset.from_numpy([[1.0], [1.0, 2.0]], [0.0, 1.0])
    for make in (glissade.Dataset.from_numpy, glissade.train):
        with pytest.raises(ValueError, match="features of the type generator are no matrix"):
            make((row for row in x), y)
        with pytest.raises(ValueError, match="weights are numbers, one a row"):
            make(x, y, weights=["heavy"] * len(x))
    expected = parameters(glissade.train(x, y, epochs=1))
    assert np.array_equal(parameters(glissade.train(glissade.Dataset.from_numpy(x.tolist(), y), epochs=1)), expected)
    assert np.array_equal(parameters(glissade.train(x.astype(">f8"), y, epochs=1)), expected)


@pytest.mark.parametrize("offsets", [[0, 2, 1, 3], [1, 1, 2, 3], [0, 1, 2, 10**9], [0, 1, 3], [0, -5, 2, 3]])
@pytest.mark.parametrize("index_type", [np.int32, np.int64])
def test_offsets_that_lead_astray_are_refused_before_anybody_follows_them(offsets, index_type):
    csr = sp.csr_matrix(np.eye(3))
    csr.indptr = np.array(offsets, dtype=index_type)
    with pytest.raises(ValueError, match="indptr"):
        glissade.Dataset.from_csr(csr, np.zeros(3))
