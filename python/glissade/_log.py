# SPDX-License-Identifier: Apache-2.0
"""What runs say to the logger "glissade": INFO for plans and what was decided about a file, WARNING for advice and what went wrong."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Iterator

from . import _core

logger = logging.getLogger("glissade")
logger.addHandler(logging.NullHandler())  # nothing is printed unless the program asks
_part: ContextVar[str] = ContextVar("glissade_part", default="")  # of a thread's own: estimators are fitted side by side


@contextmanager
def about(part: str) -> Iterator[None]:
    """For runs that are parts of one fit: what is said of those within begins with which part they are."""
    before = _part.set(f"{part}: ")
    try:
        yield
    finally:
        _part.reset(before)


def _tell(level: int, text: str) -> None:
    logger.log(level, "%s%s", _part.get(), text)


def tell_plan(data: _core.Dataset, settings: dict[str, Any]) -> None:
    """Before a run. Describing it takes some 40 ms, so only where somebody listens."""
    if logger.isEnabledFor(logging.INFO):
        _tell(logging.INFO, _core.plan(data, settings).rstrip())


def tell_notes(data: _core.Dataset) -> None:
    for note in data.notes:
        logger.info("%s", note)


def tell_end(result: dict[str, Any]) -> None:
    """After a run, of what ``_core.train`` gave back."""
    if result["advice"]:
        _tell(logging.WARNING, result["advice"])
    if result["stop"] == "interrupted":
        _tell(logging.WARNING, f"interrupted after step {result['steps']}; the model so far is given back")
    members = result["members"] if result["divergence"] is None and len(result["members"]) > 1 else []
    for index, member in enumerate(members):
        if member["divergence"] is not None:
            _tell(logging.WARNING, f"member {index}: {member['divergence']}")


def run(data: _core.Dataset, settings: dict[str, Any], callback: Any, resume: str | None = None) -> dict[str, Any]:
    """``_core.train``, with its plan and its end told."""
    tell_plan(data, settings)
    result = _core.train(data, settings, callback, resume)
    tell_end(result)
    return result
