# SPDX-License-Identifier: Apache-2.0
"""Rows in the memory of a CUDA device, as far as a machine without a card tells: what is read of them, what is refused, who is kept."""

import gc
import weakref

import glissade
import numpy as np
import pytest
from glissade import _device

if glissade.devices():
    pytest.skip("addresses that are made up are for machines without a card", allow_module_level=True)


class Fake:
    """An array of a device that says what is asked of it; the address is made up, and nothing may read it."""

    def __init__(self, shape=(4, 3), typestr="<f4", **more):
        self.told = {"shape": shape, "typestr": typestr, "data": (0x7000000, False), "version": 3, **more}

    @property
    def __cuda_array_interface__(self):
        return self.told


class Tensor:
    """One of a CUDA device that speaks DLPack, whose capsule is one of the CPU's memory, which is all there is here."""

    def __init__(self, array, device=(2, 0)):
        self.array, self.device, self.asked = array, device, []

    def __dlpack_device__(self):
        return self.device

    def __dlpack__(self, *, stream=None):
        self.asked.append(stream)
        return self.array.__dlpack__()


NO_CARD = (RuntimeError, "CUDA|GPU|driver|device")


def test_without_a_card_rows_of_one_are_an_error_of_the_device():
    for more in ({}, {"strides": (64, 4)}, {"strides": None}, {"stream": 1}, {"stream": None}, {"data": (0x7000000, True)}, {"version": 2}):
        with pytest.raises(NO_CARD[0], match=NO_CARD[1]):
            glissade.Dataset.from_cuda(Fake(**more), np.zeros(4))
    with pytest.raises(NO_CARD[0], match=NO_CARD[1]):
        glissade.train(Fake(), np.zeros(4), epochs=1)


@pytest.mark.parametrize(
    "told, words",
    [
        ({"typestr": "<f8"}, "must be float32, not '<f8'"),
        ({"typestr": ">f4"}, "must be float32, not '>f4'"),
        ({"version": 1}, "version 1"),
        ({"mask": Fake()}, "mask"),
        ({"stream": 0}, "stream 0"),
        ({"strides": (13, 4)}, "not whole elements"),
        ({"strides": (4, 16)}, "side by side"),
        ({"strides": (-12, 4)}, "backwards"),
        ({"strides": (8, 4)}, "overlap"),
        ({"shape": (4,)}, r"shape \(4\)"),
        ({"shape": (4, 3, 1)}, r"shape \(4, 3, 1\)"),
    ],
)
def test_what_cannot_be_viewed_is_named_before_a_card_is_asked_for(told, words):
    with pytest.raises(ValueError, match=words):
        glissade.Dataset.from_cuda(Fake(**told), np.zeros(4))


def test_targets_and_weights_are_checked_likewise():
    for targets, more, words in [
        (np.zeros(5), {}, "not 4 elements"),
        (Fake(shape=(5,)), {}, "not 4 elements"),
        (Fake(shape=(4,), typestr="<i8"), {}, "targets on a CUDA device must be float32"),
        (Fake(shape=(4,), strides=(8,)), {}, "gaps"),
        (Fake(shape=(4,)), {"task": "classification"}, "labels lie on a CUDA device"),
        (np.zeros(4), {"weights": np.ones(3)}, "not 4 elements"),
        (np.zeros(4), {"weights": Fake(shape=(3,))}, "not 4 elements"),
    ]:
        with pytest.raises(ValueError, match=words):
            glissade.Dataset.from_cuda(Fake(), targets, **more)
    with pytest.raises(NO_CARD[0], match=NO_CARD[1]):
        glissade.Dataset.from_cuda(Fake(), Fake(shape=(4, 2)), weights=Fake(shape=(4,)))


STREAMS = [
    (7, 7, None),
    (7, None, None),
    (None, 7, "targets are made on stream 7, the features on 0"),
    (7, 9, "targets are made on stream 9, the features on 7"),
    (1, None, None),
    (None, 1, None),
    (1, 2, "targets are made on stream 2, the features on 1"),
    (2, 1, "targets are made on stream 1, the features on 2"),
]


@pytest.mark.parametrize("of_rows, of_other, words", STREAMS)
def test_one_stream_is_waited_for(of_rows, of_other, words):
    rows, other = Fake(stream=of_rows), Fake(shape=(4,), stream=of_other)
    for targets, weights, what in [(other, None, "targets"), (np.zeros(4), other, "weights")]:
        expected = NO_CARD if words is None else (ValueError, words.replace("targets", what))
        with pytest.raises(expected[0], match=expected[1]):
            glissade.Dataset.from_cuda(rows, targets, weights=weights)


def test_targets_of_dlpack_are_asked_for_on_the_default_stream():
    tensor = Tensor(np.zeros(4, dtype=np.float32))
    with pytest.raises(NO_CARD[0], match=NO_CARD[1]):
        glissade.Dataset.from_cuda(Fake(stream=7), tensor)
    assert tensor.asked == [1]


def test_the_interface_is_read_as_it_says():
    class Torch:
        index = 3

    fake = Fake(stream=7)
    array, stream = _device.by_interface(fake, "features", 3)
    assert stream == 7 and _device.ordinal_of(fake) == 0
    fake.device = Torch
    assert _device.ordinal_of(fake) == 3
    fake.device = type("CuPy", (), {"id": 2})
    assert _device.ordinal_of(fake) == 2


def test_an_array_lives_as_long_as_what_views_it():
    fake = Fake()
    alive = weakref.ref(fake)
    array, _ = _device.by_interface(fake, "features", 0)
    del fake
    gc.collect()
    assert alive() is not None
    del array
    gc.collect()
    assert alive() is None
    refused = Fake()
    alive = weakref.ref(refused)
    with pytest.raises(RuntimeError):
        glissade.Dataset.from_cuda(refused, np.zeros(4))
    del refused
    gc.collect()
    assert alive() is None


def test_capsules_are_asked_for_on_the_default_stream_and_looked_at():
    tensor = Tensor(np.zeros((4, 3), dtype=np.float32))
    with pytest.raises(ValueError, match="do not lie on a CUDA device"):
        glissade.Dataset.from_dlpack(tensor, np.zeros(4))
    assert tensor.asked == [1]


def test_a_capsule_that_was_consumed_is_refused():
    array = np.zeros((4, 3), dtype=np.float32)
    capsule = array.__dlpack__()
    glissade._core.dense(capsule, None, None)

    class Used(Tensor):
        def __dlpack__(self, *, stream=None):
            return capsule

    with pytest.raises(ValueError, match="consumed already"):
        glissade.Dataset.from_dlpack(Used(array), np.zeros(4))


def test_host_rows_are_not_taken_by_the_interface():
    with pytest.raises(TypeError, match="ndarray has no __cuda_array_interface__"):
        glissade.Dataset.from_cuda(np.zeros((4, 3), dtype=np.float32))
    array, _ = _device.by_interface(Fake(), "features", 0)
    with pytest.raises(TypeError):
        glissade._core.dense(array, None, None)
