# SPDX-License-Identifier: Apache-2.0
"""The same numbers as scikit-learn's networks, in file order, within what rounding may come to."""

import inspect

import glissade
import numpy as np
import pytest
from scipy.special import xlogy
from sklearn import neural_network

ROWS, FEATURES, WIDTHS, PASSES = 50, 4, (7, 5), 6
EPS = np.finfo(np.float64).eps
THEY_TAKE_WEIGHTS = "sample_weight" in inspect.signature(neural_network.MLPClassifier.fit).parameters
since_they_take_weights = pytest.mark.skipif(not THEY_TAKE_WEIGHTS, reason="before 1.7 scikit-learn's networks have neither row weights nor a Poisson loss")
WEIGHTED = [False, pytest.param(True, marks=since_they_take_weights)]
PAIRS = [(glissade.MLPClassifier, neural_network.MLPClassifier), (glissade.MLPRegressor, neural_network.MLPRegressor)]
SOLVERS = {
    "adam": {},
    "adam, its own numbers": {"beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-4, "learning_rate_init": 0.01},
    "plain sgd": {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.05},
    "heavy ball": {"solver": "sgd", "nesterovs_momentum": False, "learning_rate_init": 0.02},
    "nesterov, invscaling": {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.05, "power_t": 0.3},
}


@pytest.fixture(scope="module")
def table():
    r, c = np.arange(ROWS)[:, None], np.arange(FEATURES)[None, :]
    x = ((7 * r + 5 * c + 3 * r * c) % 17) / 8.0 - 1
    real = np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2]
    return x, real, {2: np.digitize(real, [0.1]), 3: np.digitize(real, [-0.3, 0.4])}


def weights_of(weighted):
    return {"sample_weight": np.linspace(0.5, 2.5, ROWS)} if weighted else {}


def poisson_loss(counts, predicted, weights):
    """Half the deviance, as scikit-learn's networks count it."""
    return np.average(xlogy(counts, counts / predicted) - counts + predicted, weights=weights)


def numbers_of(model):
    return np.concatenate([part.ravel() for part in [*model.coefs_, *model.intercepts_]])


def perturbed(theirs, fit):
    """How much further apart the run takes parameters, and losses, that begin 1e-7 apart, by scikit-learn itself: what roundings on the
    way grow by. The start is moved as warm_start takes it."""
    begin = theirs.get_params()
    runs = []
    for nudge in (0.0, 1e-7):
        model = type(theirs)(**{**begin, "max_iter": 1, "warm_start": True, "early_stopping": False})
        fit(model)
        fresh = type(theirs)(**{**begin, "max_iter": 1, "learning_rate_init": 1e-300, "solver": "sgd", "early_stopping": False})
        fit(fresh)
        signs = np.random.RandomState(3)
        model.coefs_ = [w * (1 + nudge * signs.choice([-1, 1], w.shape)) for w in fresh.coefs_]
        model.intercepts_ = [b * (1 + nudge * signs.choice([-1, 1], b.shape)) for b in fresh.intercepts_]
        model.set_params(max_iter=theirs.max_iter)
        model.loss_curve_ = []
        fit(model)
        runs.append((numbers_of(model), np.array(model.loss_curve_)))
    return [max(1.0, float(np.max(np.abs(one - other)) / 1e-7)) for one, other in zip(*runs)]


def agree(ours, theirs, fit):
    fit(ours)
    fit(theirs)
    growth, of_losses = perturbed(theirs, fit)
    steps = len(theirs.loss_curve_) * ROWS
    # A row's part in a sum, and the layers, activations and the rule behind it, round so often at most.
    roundings = steps * (ROWS + sum(WIDTHS) + FEATURES + 40) * EPS
    size = max(1.0, float(np.max(np.abs(numbers_of(theirs)))))
    for name in ("coefs_", "intercepts_"):
        for mine, other in zip(getattr(ours, name), getattr(theirs, name)):
            assert mine.shape == other.shape and mine.dtype == other.dtype
            assert np.max(np.abs(mine - other)) <= roundings * growth * size, name
    assert len(ours.loss_curve_) == len(theirs.loss_curve_)
    largest = roundings * of_losses * max(1.0, float(np.max(np.abs(theirs.loss_curve_))))
    assert np.max(np.abs(np.subtract(ours.loss_curve_, theirs.loss_curve_))) <= largest
    for name in ("t_", "n_iter_", "n_layers_", "n_outputs_", "out_activation_"):
        assert getattr(ours, name) == getattr(theirs, name), name
    assert abs(ours.loss_ - theirs.loss_) <= largest


@pytest.mark.parametrize("ours, theirs", PAIRS)
def test_every_parameter_is_there_with_its_default(ours, theirs):
    mine, wanted = inspect.signature(ours).parameters, inspect.signature(theirs).parameters
    for name, parameter in wanted.items():
        assert mine[name].kind == parameter.kind and mine[name].default == parameter.default, name
    assert list(mine)[: len(wanted)] == list(wanted)


@pytest.mark.parametrize("ours, theirs", PAIRS)
@pytest.mark.parametrize("more", [{}, {"early_stopping": True}, {"solver": "lbfgs"}])
def test_every_public_attribute_of_a_fitted_one_is_there(table, ours, theirs, more):
    x, real, kinds = table
    y = real if ours is glissade.MLPRegressor else kinds[3]
    mine, wanted = (vars(make(max_iter=2, **more).fit(x, y)) for make in (ours, theirs))
    assert {name for name in wanted if not name.startswith("_")} <= set(mine)
    for name in ("best_loss_", "validation_scores_", "best_validation_score_", "loss_curve_"):
        assert type(mine.get(name)) is type(wanted.get(name)) or isinstance(mine[name], float), name


@pytest.mark.parametrize("activation", ["tanh", "logistic", "identity", "relu"])
@pytest.mark.parametrize("solver", list(SOLVERS))
@pytest.mark.parametrize("classes", [2, 3])
def test_classifiers_follow_scikit_learns_path(table, activation, solver, classes):
    x, _, kinds = table
    settings = {"hidden_layer_sizes": WIDTHS, "activation": activation, "shuffle": False, "max_iter": PASSES, "random_state": 1}
    settings |= {"batch_size": 16, "alpha": 0.1, **SOLVERS[solver]}  # the last batch has 2 rows
    agree(glissade.MLPClassifier(**settings), neural_network.MLPClassifier(**settings), lambda m: m.fit(x, kinds[classes]))


@pytest.mark.parametrize("solver", ["adam", "nesterov, invscaling"])
@pytest.mark.parametrize("weighted", WEIGHTED)
def test_rows_of_several_labels_follow_too(table, solver, weighted):
    x, real, _ = table
    y = np.stack([real > 0, x[:, 0] > 0.2, x[:, 1] * x[:, 2] > 0.3], axis=1).astype(int)
    settings = {"hidden_layer_sizes": WIDTHS, "activation": "tanh", "shuffle": False, "max_iter": PASSES, "random_state": 2}
    settings |= {"batch_size": 16, "alpha": 0.1, **SOLVERS[solver]}
    agree(glissade.MLPClassifier(**settings), neural_network.MLPClassifier(**settings), lambda m: m.fit(x, y, **weights_of(weighted)))


@pytest.mark.parametrize("solver", list(SOLVERS))
@pytest.mark.parametrize("targets", [1, 2])
@pytest.mark.parametrize("weighted", WEIGHTED)
def test_regressors_follow_scikit_learns_path(table, solver, targets, weighted):
    x, real, _ = table
    y = real if targets == 1 else np.stack([real, x[:, 3] - real], axis=1)
    settings = {"hidden_layer_sizes": WIDTHS, "activation": "tanh", "shuffle": False, "max_iter": PASSES, "random_state": 2}
    settings |= {"batch_size": 16, "alpha": 0.1, **SOLVERS[solver]}
    agree(glissade.MLPRegressor(**settings), neural_network.MLPRegressor(**settings), lambda m: m.fit(x, y, **weights_of(weighted)))


@pytest.mark.parametrize("weighted", WEIGHTED)
def test_classifiers_follow_with_weights_too(table, weighted):
    x, _, kinds = table
    settings = {"hidden_layer_sizes": WIDTHS, "activation": "tanh", "shuffle": False, "max_iter": PASSES, "random_state": 2}
    agree(glissade.MLPClassifier(**settings), neural_network.MLPClassifier(**settings), lambda m: m.fit(x, kinds[3], **weights_of(weighted)))


@since_they_take_weights
@pytest.mark.parametrize("weighted", [False, True])
def test_counts_follow_too(table, weighted):
    x, real, _ = table
    settings = {"hidden_layer_sizes": WIDTHS, "activation": "tanh", "shuffle": False, "max_iter": PASSES, "random_state": 2}
    settings |= {"loss": "poisson", "batch_size": 16}
    counts = np.round(2 + 2 * real - 2 * np.min(real))
    agree(glissade.MLPRegressor(**settings), neural_network.MLPRegressor(**settings), lambda m: m.fit(x, counts, **weights_of(weighted)))


@since_they_take_weights
def test_losses_of_shuffled_counts_are_scikit_learns_of_the_same_batches(table):
    x, real, _ = table
    counts, weights = np.round(2 + 2 * real - 2 * np.min(real)), np.linspace(0.5, 2.5, ROWS)
    settings = {"hidden_layer_sizes": WIDTHS, "activation": "tanh", "max_iter": 3, "random_state": 2, "batch_size": 16, "alpha": 0.0}
    model = glissade.MLPRegressor(loss="poisson", solver="sgd", momentum=0, learning_rate_init=1e-300, **settings)  # it stays where it begins
    told = []
    model.set_params(callbacks=lambda progress: told.extend(record["loss"] for record in progress.finished_epochs))
    model.fit(x, counts, sample_weight=weights)
    seeds = np.random.RandomState(2)
    for inputs, outputs in zip([FEATURES, *WIDTHS], [*WIDTHS, 1]):  # what the layers draw comes first
        seeds.uniform(size=inputs * outputs), seeds.uniform(size=outputs)
    seed = seeds.randint(np.iinfo(np.int32).max)
    wanted = []
    for epoch in range(3):
        order = glissade._core.row_order(ROWS, int(seed), True, epoch)
        parts = [order[begin : begin + 16] for begin in range(0, ROWS, 16)]
        losses = [poisson_loss(counts[part], model.predict(x[part]), weights[part]) for part in parts]
        wanted.append(np.dot(losses, [len(part) for part in parts]) / ROWS)
    assert len(set(wanted)) == 3, "the batches of an epoch are its own"
    # Sums of 50 terms, of layers that add 7 and 5 products.
    assert np.max(np.abs(np.subtract(model.loss_curve_, wanted))) <= (ROWS + sum(WIDTHS) + 40) * EPS * max(wanted) * np.max(counts)
    assert told == model.loss_curve_


@pytest.mark.parametrize("solver", ["adam, its own numbers", "heavy ball", "nesterov, invscaling"])
def test_partial_fit_goes_on_with_what_the_rule_has_gathered(table, solver):
    x, _, kinds = table
    settings = {"hidden_layer_sizes": WIDTHS, "activation": "tanh", "shuffle": False, "random_state": 5, "batch_size": 8, **SOLVERS[solver]}

    def fit(model):
        for part in (slice(0, 20), slice(20, 50), slice(5, 31)):
            model.partial_fit(x[part], kinds[3][part], classes=range(3))

    ours, theirs = glissade.MLPClassifier(**settings), neural_network.MLPClassifier(**settings)
    fit(ours)
    fit(theirs)
    # A loss without kinks and 12 short steps: an error grows as the rates allow, which 2^12 bounds by far.
    assert np.max(np.abs(numbers_of(ours) - numbers_of(theirs))) <= 12 * (ROWS + sum(WIDTHS) + 44) * EPS * 2**12
    assert ours.t_ == theirs.t_ == 76 and len(ours.loss_curve_) == len(theirs.loss_curve_) == 3


@pytest.mark.parametrize("more", [{}, {"solver": "sgd", "learning_rate": "adaptive"}, {"solver": "sgd"}])
@pytest.mark.parametrize("early", [False, True])
def test_runs_end_with_the_same_epoch_and_scores(table, more, early):
    x, _, kinds = table
    settings = {"hidden_layer_sizes": (6,), "activation": "tanh", "shuffle": False, "random_state": 1, "n_iter_no_change": 3, "tol": 1e-2}
    settings |= {"early_stopping": early, "validation_fraction": 0.3, "learning_rate_init": 0.05, "max_iter": 400, **more}
    ours, theirs = (make(**settings).fit(x, kinds[2]) for make in PAIRS[0])
    assert ours.n_iter_ == theirs.n_iter_ < 400
    assert ours.validation_scores_ == theirs.validation_scores_ and ours.best_validation_score_ == theirs.best_validation_score_
    assert np.array_equal(ours.predict(x), theirs.predict(x))
    if more.get("learning_rate") == "adaptive":
        assert ours._optimizer.learning_rate == theirs._optimizer.learning_rate < 1e-6


def test_warm_starts_go_on_from_the_layers(table):
    x, real, _ = table
    settings = {"hidden_layer_sizes": WIDTHS, "activation": "tanh", "shuffle": False, "max_iter": PASSES, "random_state": 2}
    ours, theirs = (make(warm_start=True, **settings).fit(x, real) for make in PAIRS[1])
    longer = neural_network.MLPRegressor(**settings).fit(x, real)
    theirs.coefs_, theirs.intercepts_ = longer.coefs_, longer.intercepts_
    ours.coefs_, ours.intercepts_ = [c.copy() for c in longer.coefs_], [b.copy() for b in longer.intercepts_]
    theirs.n_iter_ = 0  # before 1.3 scikit-learn's counts on
    agree(ours, theirs, lambda m: m.fit(x, real))
