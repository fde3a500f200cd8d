# SPDX-License-Identifier: Apache-2.0
"""Members, folds and checkpoints of ``glissade.train``."""

import glissade
import numpy as np
import pytest


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one.coefficients(), other.coefficients()))


def test_lists_are_members_each_with_each(points):
    x, _, side = points
    run = glissade.train(x, side, lr=[0.1, 0.001], l2=[0.0, 0.5], seed=[3, 4], epochs=3, hidden=[4])
    assert [(m.lr, m.l2, m.seed) for m in run.members] == [(a, b, c) for a in (0.1, 0.001) for b in (0.0, 0.5) for c in (3, 4)]
    assert len(run.models) == 8 and run.model is run.members[run.best_member].model
    losses = [member.best_loss for member in run.members]
    assert run.best_member == int(np.argmin(losses)) and run.history == run.members[run.best_member].history
    assert all(member.divergence is None and len(member.history) == 3 for member in run.members)


def test_a_member_is_the_run_of_its_own(points):
    x, y, _ = points
    together = glissade.train(x, y, loss="squared", optimizer="sgd", lr=[0.05, 0.01], l2=0.1, epochs=3)
    for member in together.members:
        alone = glissade.train(x, y, loss="squared", optimizer="sgd", lr=member.lr, l2=0.1, epochs=3)
        assert same(member.model, alone.model) and alone.models[0] is alone.model
        assert [record["loss"] for record in member.history] == [record["loss"] for record in alone.history]


def test_members_of_the_default_rule_have_its_rate(points):
    x, y, _ = points
    run = glissade.train(x, y, seed=[1, 2], epochs=1)
    assert [member.lr for member in run.members] == [glissade.train(x, y, epochs=1).members[0].lr] * 2


def test_rows_come_in_the_order_of_the_first_seed(points):
    x, y, _ = points
    run = glissade.train(x, y, seed=range(4, 6), epochs=2, batch_size=8)
    assert [member.seed for member in run.members] == [4, 5]
    # A linear model draws nothing else.
    assert same(run.members[0].model, run.members[1].model) and same(run.members[0].model, glissade.train(x, y, seed=4, epochs=2, batch_size=8).model)
    assert not same(run.members[1].model, glissade.train(x, y, seed=5, epochs=2, batch_size=8).model)


def test_a_member_that_diverges_leaves_the_others(points):
    x, y, _ = points
    run = glissade.train(x, y, loss="squared", optimizer="sgd", lr=[0.01, 1e9], schedule="constant", epochs=30)
    assert run.best_member == 0 and run.members[0].divergence is None and "step" in run.members[1].divergence
    with pytest.raises(glissade.DivergedError):
        glissade.train(x, y, loss="squared", optimizer="sgd", lr=[1e8, 1e9], schedule="constant", epochs=30)


def test_callbacks_hear_of_every_member(points):
    x, y, _ = points
    heard = []

    def watch(progress):
        heard.extend((record["member"], record["epoch"]) for record in progress.finished_epochs)
        assert progress.members == 2 and progress.member in (0, 1)

    glissade.train(x, y, lr=[0.1, 0.01], epochs=2, callbacks=watch)
    assert sorted(heard) == [(0, 1), (0, 2), (1, 1), (1, 2)]


def test_folds_are_scored_by_models_that_have_not_seen_them(points):
    x, _, side = points
    run = glissade.train(x, side, lr=[0.05, 1e-6], folds=4, epochs=60)
    assert len(run.fold_scores) == 4 and sum(score["rows"] for score in run.fold_scores) == 300
    assert min(score["accuracy"] for score in run.fold_scores) > 0.9 and run.members[run.best_member].lr == 0.05
    means = [np.mean([score["loss"] for score in member.fold_scores]) for member in run.members]
    # A mean of four numbers, added in another order at most.
    assert abs(run.members[0].best_loss - means[0]) <= 8 * np.finfo(float).eps * means[0]
    assert same(run.members[0].model, glissade.train(x, side, lr=0.05, epochs=60).model)
    assert glissade.train(x, side, epochs=1).fold_scores == []


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"lr": []}, "empty"),
        ({"folds": 1}, "folds"),
        ({"lr": [0.1] * 2000}, "1024"),
        ({"l1": [0.1, 0.2]}, "l1 is one number"),
        ({"members": [1]}, "members is not a setting"),
    ],
)
def test_lists_and_folds_that_cannot_be_are_named(points, settings, words):
    x, y, _ = points
    with pytest.raises(ValueError, match=words):
        glissade.train(x, y, epochs=1, **settings)


def test_a_run_that_was_stopped_goes_on_bit_for_bit(points, tmp_path):
    x, y, _ = points
    settings = {"loss": "squared", "lr": [0.05, 0.01], "epochs": 6, "hidden": [4], "dropout": 0.25}
    whole = glissade.train(x, y, **settings)
    stopped = glissade.train(
        x, y, checkpoint={"directory": tmp_path, "every_epochs": 1}, callbacks=lambda progress: progress.epoch >= 2, **settings
    )
    assert stopped.stop == "callback" and stopped.steps < whole.steps
    newest = glissade.newest_checkpoint(tmp_path)
    assert newest["epoch"] == 2 and newest["step"] == stopped.steps and newest["skipped"] == ""
    seen = []
    resumed = glissade.train(
        x, y, resume=tmp_path, callbacks=lambda progress: seen.extend(record["epoch"] for record in progress.finished_epochs), **settings
    )
    assert min(seen) == 3
    for one, other in zip(whole.models, resumed.models):
        assert np.array_equal(one.predict(x), other.predict(x))
    assert [record["loss"] for record in resumed.history] == [record["loss"] for record in whole.history]


def test_checkpoints_of_other_settings_and_names_that_there_are_not(points, tmp_path):
    x, y, _ = points
    glissade.train(x, y, epochs=1, checkpoint=tmp_path)
    with pytest.raises(ValueError, match="other settings"):
        glissade.train(x, y, epochs=1, batch_size=7, resume=tmp_path)
    with pytest.raises(ValueError, match="other data"):
        glissade.train(x, y + 1, epochs=1, resume=tmp_path)
    with pytest.raises(OSError, match="nowhere"):
        glissade.train(x, y, resume=tmp_path / "nowhere")
    with pytest.raises(ValueError, match="no setting called every; there are"):
        glissade.train(x, y, checkpoint={"directory": tmp_path, "every": 1})
    with pytest.raises(ValueError, match="names no directory"):
        glissade.train(x, y, checkpoint={"every_steps": 1})
