# SPDX-License-Identifier: Apache-2.0
"""The settings of a run as the module takes them."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, Sequence

import numpy as np

from . import _core
from ._data import Dataset
from ._model import Model
from ._rows import as_rows, check_columns
from ._views import toggle

_DEFAULT_RATE = 1e-2  # of TrainOptions' own Adam
_NONE_IS_DEFAULT = ("hidden", "class_weights", "standardize", "standardize_target")


def loss_of(loss: str | _core.Loss) -> _core.Loss:
    if isinstance(loss, _core.Loss):
        return loss
    if not isinstance(loss, str):
        raise TypeError(f"loss takes a name or a glissade.Loss, not {loss!r}")
    return _core.Loss(loss)


def _optimizer_of(optimizer: str | _core.Optimizer, lr: float | None, network: bool) -> _core.Optimizer | None:
    """None: the library's default, which is of linear models; a network wants Adam's own rate, as the command line gives it."""
    if isinstance(optimizer, _core.Optimizer):
        if lr is None:
            return optimizer
        return _core.Optimizer(optimizer.name, **{**optimizer.settings, "lr": lr})
    if not isinstance(optimizer, str):
        raise TypeError(f"optimizer takes a name or a glissade.Optimizer, not {optimizer!r}")
    if lr is None:
        return None if optimizer == "adam" and not network else _core.Optimizer(optimizer)
    return _core.Optimizer(optimizer, lr=lr)


def settings_of(
    rows: Dataset,
    loss: _core.Loss,
    optimizer: str | _core.Optimizer,
    lr: float | Sequence[float] | None,
    batch_size: int | str | None,
    epochs: int | None,
    schedule: str | None,
    validation: Any,
    start: Model | None,
    seed: int | Sequence[int],
    more: dict[str, Any],
) -> dict[str, Any]:
    """The dictionary that the module reads."""
    if rows.classes is not None and not rows._core.class_labels:
        rows._core.class_labels = [str(label) for label in rows.classes]
    if "members" in more:
        raise ValueError("members is not a setting here: give lists for lr, l2 and seed")
    more = _spelt_out(more, rows)
    network = "hidden" in more and np.size(more["hidden"]) > 0
    if "activation" in more and not network:
        raise ValueError("activation is of hidden layers, and the model has none: give hidden=[256, 128], or leave it out")
    if start is not None and not isinstance(start, Model):
        raise TypeError(f"start takes a glissade.Model, not {start!r}")
    rates, penalties, seeds = _listed(lr), _listed(more.get("l2", 0.0)), _listed(seed)
    _check_kinds(penalties, seeds)
    if np.ndim(more.get("l1", 0.0)):
        raise ValueError("l1 is one number, the same for all members: lists are for lr, l2 and seed")
    rule = _optimizer_of(optimizer, rates[0], network)
    whole = isinstance(batch_size, str) and batch_size == "full"
    full_only = rule is not None and rule.full_batch_only
    given = {
        "loss": loss,
        "optimizer": rule,
        "batch_size": 0 if whole or (batch_size is None and full_only) else batch_size,
        "epochs": epochs,
        "schedule": "constant" if schedule is None and full_only else schedule,
        "seed": int(seeds[0]),
        "start": None if start is None else start._core,
    }
    if len(rates) * len(penalties) * len(seeds) > 1:
        l1 = float(more.get("l1", 0.0))
        given["members"] = [_member(_optimizer_of(optimizer, rate, network), l1, l2, int(one)) for rate in rates for l2 in penalties for one in seeds]
    more = {**more, **({"l2": float(penalties[0])} if "l2" in more else {})}
    if validation is not None:
        held_out = validation if isinstance(validation, Dataset) else _held_out(validation, rows)
        check_columns(held_out, rows._core, "the training data")
        if held_out.classes is not None and not held_out._core.class_labels:
            held_out._core.class_labels = [str(label) for label in held_out.classes]
        given["validation"] = held_out._core
    if start is not None:
        check_columns(rows, start._core, "the model to start from")
    return {**{name: value for name, value in given.items() if value is not None}, **more}


def _listed(values: Any) -> list[Any]:
    if isinstance(values, (list, tuple, range, np.ndarray)):
        if not len(values):
            raise ValueError("a list of settings is empty")
        return list(values)
    return [values]


def _member(rule: _core.Optimizer | None, l1: float, l2: float, seed: int) -> dict[str, Any]:
    return {"optimizer": rule or _core.Optimizer("adam", lr=_DEFAULT_RATE), "l1": l1, "l2": float(l2), "init_seed": seed, "dropout_seed": seed}


def _held_out(validation: Any, rows: Dataset) -> Dataset:
    """Validation data given as (features, targets), of the element type and classes of the training data."""
    if not isinstance(validation, (tuple, list)) or len(validation) != 2:
        raise TypeError(f"validation takes a Dataset or (features, targets), not {validation!r}; a share of the rows is split off before")
    features, targets = validation
    task = "regression" if rows.classes is None else "classification"
    return as_rows(features, targets, dtype=rows.dtype, like=rows, task=task, classes=rows.classes)


def _spelt_out(more: dict[str, Any], rows: Dataset) -> dict[str, Any]:
    """Settings as the module takes them: without those that leave the choice to the library, class weights in the order of the classes."""
    known = {name: value for name, value in more.items() if value is not None or name not in _NONE_IS_DEFAULT}
    known |= {name: bool(value) for name, value in known.items() if isinstance(value, np.bool_)}
    for name in ("standardize", "standardize_target"):
        if name in known and toggle(name, known[name]) is None:
            del known[name]
    weights = known.get("class_weights")
    if isinstance(weights, dict):
        known["class_weights"] = _by_label(weights, rows.classes)
    return known


def _by_label(weights: dict[Any, float], classes: np.ndarray | None) -> list[float]:
    if classes is None:
        raise ValueError("class_weights are of classes, and the targets are numbers")
    labels = classes.tolist()
    strange = [label for label in weights if label not in labels]
    if strange:
        raise ValueError(f"class_weights has a weight of {strange[0]!r}, which is no class; there are: {', '.join(map(repr, labels))}")
    return [weights.get(label, 1.0) for label in labels]


def _check_kinds(penalties: list[Any], seeds: list[Any]) -> None:
    for penalty in penalties:
        if not isinstance(penalty, Real):
            raise TypeError(f"l2 takes a number of 0 or more, or a list of them, not {penalty!r}")
    for seed in seeds:
        if not isinstance(seed, Integral) or seed < 0:
            raise TypeError(f"seed takes a whole number of 0 or more, or a list of them, not {seed!r}")
