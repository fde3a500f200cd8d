# SPDX-License-Identifier: Apache-2.0
"""Arrays in the memory of a CUDA device: DLPack and __cuda_array_interface__."""

from __future__ import annotations

import math
from typing import Any

from . import _core

_CUDA = 2  # of dlpack.h
_LEGACY_STREAM = 1  # cudaStreamLegacy: of DLPack, of the interface and of CUDA alike


def speaks_dlpack_of_cuda(array: Any) -> bool:
    return hasattr(array, "__dlpack_device__") and int(array.__dlpack_device__()[0]) == _CUDA


def is_on_cuda(array: Any) -> bool:
    return speaks_dlpack_of_cuda(array) or (not hasattr(array, "__dlpack_device__") and hasattr(array, "__cuda_array_interface__"))


def by_dlpack(array: Any) -> Any:
    """A capsule. Its maker has seen to it that work on the default stream finds the values."""
    return array.__dlpack__(stream=_LEGACY_STREAM)


def by_interface(array: Any, what: str, ordinal: int) -> tuple[_core.CudaArray, int]:
    """The array as ``__cuda_array_interface__`` (version 2 or 3) describes it, and the stream to wait for; 0 if there is none."""
    told = array.__cuda_array_interface__
    if told["version"] < 2:
        raise ValueError(f"{what}: version {told['version']} of __cuda_array_interface__ is not read; 2 and 3 are")
    if told["typestr"] not in ("<f4", "=f4"):
        raise ValueError(f"{what} on a CUDA device must be float32, not {told['typestr']!r}")
    if told.get("mask") is not None:
        raise ValueError(f"{what} has a mask, and missing values are not taken")
    shape, size = [int(count) for count in told["shape"]], 4
    steps = told.get("strides")
    if steps is None:  # C order
        strides = [math.prod(shape[place + 1 :]) for place in range(len(shape))]
    else:
        if any(step % size for step in steps):
            raise ValueError(f"{what}: the strides {tuple(steps)} are not whole elements of {size} bytes")
        strides = [int(step) // size for step in steps]
    stream = told.get("stream")
    if stream == 0:
        raise ValueError(f"{what}: stream 0 is not allowed by __cuda_array_interface__; 1 is the default stream")
    # Read-only or not does not matter: nothing is written.
    return _core.cuda_array(int(told["data"][0]), shape, strides, ordinal, array), int(stream or 0)


def ordinal_of(array: Any) -> int:
    """Of the device that a tensor of PyTorch (index) or CuPy (id) names; 0 where none is named. The library checks it."""
    device = getattr(array, "device", None)
    for name in ("index", "id"):
        if isinstance(getattr(device, name, None), int):
            return getattr(device, name)
    return 0
