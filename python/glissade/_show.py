# SPDX-License-Identifier: Apache-2.0
"""What a run shows of itself: a line that is rewritten, and curves."""

from __future__ import annotations

import sys
from typing import Any, TextIO


class ProgressLine:
    """A callback that keeps one line of plain text up to date, in a terminal or a notebook: epochs, loss, time left.

    ``close`` ends the line; ``train(..., progress=True)`` and the estimators do so themselves.
    """

    def __init__(self, file: TextIO | None = None) -> None:
        self._file, self._width, self._validation, self._last = file, 0, "", None

    def __call__(self, progress: Any) -> None:
        last, self._last = self._last, progress
        if last and (progress.total_steps != last.total_steps or progress.step <= last.step or progress.seconds < last.seconds):
            self.close()  # another run has begun, after one that ended before its last step
            self._last = progress
        done = progress.step / progress.total_steps
        left = progress.seconds * (1 - done) / done if done else 0.0
        text = f"epoch {progress.epoch}/{progress.total_epochs}  {done:4.0%}  loss {progress.loss:.5g}  {_rate(progress.rows_per_second)} rows/s"
        scores = [record["validation"] for record in progress.finished_epochs if "validation" in record]
        if scores:
            name = next((name for name in ("accuracy", "r2", "loss") if name in scores[-1]), "loss")
            self._validation = f"  validation {name} {scores[-1][name]:.5g}"
        text += self._validation + (f"  {_time(left)} left" if done < 1 else f"  {_time(progress.seconds)}")
        self._write("\r" + text.ljust(self._width))
        self._width = len(text)
        if done >= 1:
            self.close()

    def close(self) -> None:
        """Ends the line, if there is one."""
        if self._width:
            self._write("\n")
        self._width, self._validation, self._last = 0, "", None

    def _write(self, text: str) -> None:
        file = self._file or sys.stdout
        file.write(text)
        file.flush()


def close_lines(callbacks: Any) -> None:
    """Ends the lines among an estimator's callbacks: a run may end before its last step."""
    for callback in callbacks if isinstance(callbacks, (list, tuple)) else [callbacks]:
        if isinstance(callback, ProgressLine):
            callback.close()


def _rate(rows: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if rows >= size:
            return f"{rows / size:.3g}{letter}"
    return f"{rows:.3g}"


def _time(seconds: float) -> str:
    whole = round(seconds)
    return f"{seconds:.1f} s" if seconds < 60 else f"{whole // 60}:{whole % 60:02d}"


def plot_history(history: list[dict[str, Any]], ax: Any = None) -> Any:
    """Draws the training loss over the epochs, and what validation there was, and gives back the axes. Needs matplotlib unless `ax` is given."""
    if not history:
        raise ValueError("there is no history to draw: no epoch was finished")
    if ax is None:
        try:
            from matplotlib import pyplot
        except ImportError as error:
            raise ImportError("plot_history needs matplotlib: pip install glissade[plot]") from error
        ax = pyplot.subplots()[1]
    several = "class" in history[0]  # a run for each of several classes
    for kind in dict.fromkeys(record.get("class") for record in history):
        records = [record for record in history if record.get("class") == kind]
        _draw(ax, records, f", class {kind}" if several else "")
    ax.set_xlabel("epoch")
    ax.legend()
    return ax


def _draw(ax: Any, records: list[dict[str, Any]], of: str) -> None:
    ax.plot([record["epoch"] for record in records], [record["loss"] for record in records], label="training loss" + of)
    watched = [record for record in records if "validation" in record]
    if watched:
        name = next((name for name in ("loss", "accuracy", "r2") if name in watched[0]["validation"]), "loss")
        ax.plot([record["epoch"] for record in watched], [record["validation"][name] for record in watched], label=f"validation {name}{of}")
