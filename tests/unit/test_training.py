"""Training runs: stopping points, batches, schedules, parametrisations, failures, bad input."""

import numpy as np
import pytest
from agreement import assert_within
from scipy import stats
from training_reference import flatten, mean_loss

from priorvol import Architecture, Prior, Task, TrainingSet, bits, boolean_cube, evaluate
from priorvol._kernels import streams
from priorvol._kernels.training import shuffle
from priorvol._kernels.training_steps import CODES
from priorvol.rng import stream_key
from priorvol.sources import TrainingRuns, source_from_json, source_to_json
from priorvol.training import (
    StoppingPoint,
    TrainingConfiguration,
    loss_gradient,
    replay_run,
    train_ensemble,
)

TASK = Task(Architecture(3, (6, 5), "tanh"), Prior(sigma_w=1.2))
S = TrainingSet([0, 2, 3, 5, 6], [0, 1, 0, 1, 1])
XOR = TrainingSet([0, 1, 2, 3], [0, 1, 1, 0])


# Stopping points


@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": "sgd", "learning_rate": 0.3},
        {"optimizer": "adam", "learning_rate": 0.03, "batch_size": 2},
        {"optimizer": "sgd", "learning_rate": 0.2, "batch_size": 1, "loss": "mse"},
    ],
)
def test_every_stopping_rule_against_the_whole_trajectory(settings):
    epochs, levels = 60, (0.2, 0.002)
    rules = ("zero_error", "zero_error+7", "loss<0.2", "loss<0.002", "epochs=13")
    seen = set()
    for run in range(12):
        every = [f"epochs={k}" for k in range(epochs + 1)]
        path = replay_run(TASK, S, run=run, stop=every, max_epochs=epochs, **settings)
        fits = [bool(S.fits([path.functions[name]])[0]) for name in every]
        loss = settings.get("loss", "cross_entropy")
        losses = [mean_loss(TASK, S, path.parameters[name], loss) for name in every]
        first = next((k for k, fit in enumerate(fits) if fit), None)
        below = [
            next((k for k, value in enumerate(losses) if value < level), None) for level in levels
        ]
        later = None if first is None or first + 7 > epochs else first + 7
        wanted = dict(zip(rules, (first, later, *below, 13), strict=True))
        found = replay_run(TASK, S, run=run, stop=rules, max_epochs=epochs, **settings)
        assert found.epochs == wanted
        for name, epoch in wanted.items():
            at = epochs if epoch is None else epoch
            assert found.functions[name] == path.functions[f"epochs={at}"]
            assert (
                flatten(found.parameters[name]) == flatten(path.parameters[f"epochs={at}"])
            ).all()
        last = epochs if None in wanted.values() else max(wanted.values())
        assert (found.ended, found.diverged) == (last, False)
        seen |= {None if epoch is None else bool(epoch) for epoch in wanted.values()}
    assert seen >= {None, True}


def test_a_start_that_fits_stops_at_epoch_0():
    one = TrainingSet([1], [1])
    ensemble = train_ensemble(TASK, one, n_runs=400, n_jobs=1, learning_rate=1.0)
    at_start = dict(ensemble.tally.points["zero_error"].epochs)[0]
    prior = train_ensemble(TASK, one, n_runs=400, n_jobs=1, stop="epochs=0")
    fits = one.fits(prior.table)
    assert at_start == prior.table.counts[fits].sum()
    assert_within(at_start, 200, 10)  # either label is as likely


def test_one_run_gives_the_same_functions_as_runs_of_their_own():
    rules = ("zero_error", "zero_error+5", "loss<0.3", "epochs=4")
    settings = {"optimizer": "adam", "learning_rate": 0.05, "max_epochs": 300, "n_jobs": 1}
    together = train_ensemble(TASK, S, n_runs=60, stop=rules, **settings)
    for rule in rules:
        alone = train_ensemble(TASK, S, n_runs=60, stop=rule, **settings)
        assert together[rule] == alone[rule]
        assert together.tally.points[rule] == alone.tally.points[rule]
        assert together[rule].source == TrainingRuns(
            S, together.configuration.to_json(), rule, TASK.content_hash
        )


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("zero_error", StoppingPoint()),
        (" zero-error + 3 ", StoppingPoint("zero_error", 3)),
        ("loss < 1e-3", StoppingPoint("loss", 0.001)),
        ("epochs=0", StoppingPoint("epochs", 0)),
    ],
)
def test_stopping_points_as_text(text, point):
    assert StoppingPoint.parse(text) == point == StoppingPoint.parse(str(point))


# Runs


@pytest.mark.parametrize("settings", [{}, {"batch_size": 2, "optimizer": "rmsprop"}])
def test_an_ensemble_is_its_runs(settings):
    settings = {"learning_rate": 0.1, "max_epochs": 500, **settings}
    ensemble = train_ensemble(TASK, S, n_runs=30, seed=4, n_jobs=1, **settings)
    texts, epochs = [], []
    for run in range(30):
        one = replay_run(TASK, S, run=run, seed=4, **settings)
        texts.append(one.functions["zero_error"])
        epochs.append(one.epochs["zero_error"])
        h = evaluate(TASK, one.parameters["zero_error"])
        assert one.functions["zero_error"] == "".join("1" if x > 0 else "0" for x in h)
    values, counts = np.unique(texts, return_counts=True)
    order = np.argsort([bits.to_text(row[None], 8, base=2)[0] for row in ensemble.table.functions])
    assert (ensemble.table.counts[order] == counts).all() and len(ensemble.table) == len(values)
    reached = [epoch for epoch in epochs if epoch is not None]
    tally = ensemble.tally.points["zero_error"]
    assert dict(tally.epochs) == dict(zip(*np.unique(reached, return_counts=True), strict=True))
    assert tally.not_reached == 30 - len(reached)


def orders(s, epochs, run, seed):
    """Return the orders in which a run takes its training inputs."""
    state, words = np.zeros(streams.STATE_WORDS, np.uint32), np.zeros(s + 64, np.uint32)
    streams.start(state, stream_key(seed, 1, "batches"), run, 0, 0)
    found = []
    for _ in range(epochs):
        order = np.zeros(s, np.int64)
        shuffle(order, words, state)
        found.append(order)
    return found


@pytest.mark.parametrize("batch", [1, 2, 3, 4])
def test_batches_are_taken_in_the_order_of_their_stream(batch):
    stop, rate = ["epochs=2"], 0.3
    run = replay_run(
        TASK, S, run=5, seed=8, stop=stop, batch_size=batch, learning_rate=rate, loss="mse"
    )
    parameters, places = run.start, np.array(S.indices)
    for order in orders(len(S), 2, 5, 8):
        assert sorted(order) == list(range(len(S)))
        for first in range(0, len(S), batch):
            some = order[first : first + batch]
            part = TrainingSet(places[some], np.array(S.labels)[some])
            gradient = loss_gradient(TASK, part, parameters, loss="mse")
            parameters = [
                (W - rate * G, b - rate * g)
                for (W, b), (G, g) in zip(parameters, gradient, strict=True)
            ]
    np.testing.assert_allclose(
        flatten(run.parameters["epochs=2"]), flatten(parameters), rtol=1e-5, atol=1e-5
    )


def test_orders_are_uniform():
    found = [tuple(order) for run in range(40) for order in orders(4, 60, run, 3)]
    counts = np.unique(found, axis=0, return_counts=True)[1]
    assert len(counts) == 24
    assert stats.chisquare(counts).pvalue > 1e-4


@pytest.mark.parametrize(
    ("schedule", "rule"),
    [
        ("inverse", lambda e: 1 / (1 + e / 1.5)),
        ("inverse_sqrt", lambda e: 1 / np.sqrt(1 + e / 1.5)),
        ("halving", lambda e: 0.5 ** np.floor(e / 1.5)),
    ],
)
def test_schedules(schedule, rule):
    stop = [f"epochs={k}" for k in range(7)]
    run = replay_run(TASK, S, stop=stop, learning_rate=0.4, schedule=schedule, schedule_epochs=1.5)
    for k in range(6):
        before = run.parameters[f"epochs={k}"]
        gradient = flatten(loss_gradient(TASK, S, before))
        moved = flatten(run.parameters[f"epochs={k + 1}"]) - flatten(before)
        np.testing.assert_allclose(moved, -0.4 * rule(k) * gradient, rtol=1e-4, atol=1e-6)


# Parametrisations and starts


def scales(task):
    """Return the standard deviation of every parameter under the prior, flat."""
    sizes = task.architecture.layer_sizes
    pairs = zip(task.prior.scales(sizes), sizes, sizes[1:], strict=False)
    return flatten([(np.full((a, b), w), np.full(a, v)) for (w, v), b, a in pairs])


@pytest.mark.parametrize("sigma_b", [0.0, 0.4])
def test_the_ntk_parametrisation(sigma_b):
    task = Task(TASK.architecture, Prior(sigma_w=1.3, sigma_b=sigma_b))
    s = scales(task)
    start = replay_run(task, S, stop="epochs=0").start
    gradient = flatten(loss_gradient(task, S, start))
    for settings, step in (
        ({"learning_rate": 0.7}, lambda u, g: 0.7 * g),
        ({"learning_rate": 0.7, "weight_decay": 0.1}, lambda u, g: 0.7 * (g + 0.1 * u)),
        ({"optimizer": "adam", "learning_rate": 0.02}, lambda u, g: 0.02 * np.sign(g)),
    ):
        run = replay_run(task, S, stop="epochs=1", parametrization="ntk", **settings)
        moved = flatten(run.parameters["epochs=1"]) - flatten(run.start)
        u = np.divide(flatten(run.start), s, out=np.zeros_like(s), where=s > 0)
        wanted = -s * step(u, s * gradient)
        seen = np.abs(s * gradient) > 1e-5  # Adam's epsilon matters below
        np.testing.assert_allclose(moved[seen], wanted[seen], rtol=1e-3, atol=1e-6)
        assert seen.sum() > 20
        assert (moved[s == 0.0] == 0.0).all()


def test_without_biases_none_is_trained():
    task = Task(TASK.architecture, Prior(sigma_b=0.0))
    run = replay_run(task, TrainingSet([3, 5], [1, 0]), stop="epochs=5", weight_decay=0.1)
    assert all((b == 0.0).all() for _, b in run.parameters["epochs=5"])
    pairs = zip(run.start, run.parameters["epochs=5"], strict=True)
    assert all((W != V).any() for (W, _), (V, _) in pairs)


def test_biases_that_start_at_0_are_trained_if_the_network_has_them():
    prior = Prior(sigma_b=0.0)
    run = replay_run(TASK, S, stop="epochs=1", initialization=prior, learning_rate=0.5)
    gradient = loss_gradient(TASK, S, run.start, initialization=prior)
    for (_, b), (_, c), (_, g) in zip(run.start, run.parameters["epochs=1"], gradient, strict=True):
        assert (b == 0.0).all() and (c != 0.0).any()
        np.testing.assert_allclose(c, -0.5 * g, rtol=1e-6)
    ntk = {"initialization": prior, "parametrization": "ntk"}
    run = replay_run(TASK, S, stop="epochs=1", **ntk)
    assert all((b == 0.0).all() for _, b in run.parameters["epochs=1"])


def test_a_batch_of_everything_is_no_batch():
    whole = train_ensemble(TASK, S, n_runs=20, batch_size=5, n_jobs=1)
    assert whole.configuration == TrainingConfiguration()
    assert whole.table == train_ensemble(TASK, S, n_runs=20, n_jobs=1).table


def test_another_start():
    prior = Prior(sigma_w=3.0, sigma_b=0.1, distribution="uniform")
    other = Task(TASK.architecture, prior)
    found = train_ensemble(TASK, S, n_runs=20, stop="epochs=2", initialization=prior, n_jobs=1)
    same = train_ensemble(other, S, n_runs=20, stop="epochs=2", n_jobs=1)
    assert (found.table.rows == same.table.rows).all()
    assert found.table.task == TASK
    assert found.configuration == TrainingConfiguration.from_json(found.table.source.settings)


# Langevin dynamics


def test_langevin_noise_is_normal():
    # One step from the same start: what the noise adds, in units of sqrt(2 T rate).
    rate, T, found = 0.01, 0.5, []
    for run in range(40):
        cold = replay_run(TASK, S, run=run, stop="epochs=1", learning_rate=rate)
        settings = {"optimizer": "langevin", "learning_rate": rate, "temperature": T}
        hot = replay_run(TASK, S, run=run, stop="epochs=1", **settings)
        gap = flatten(hot.parameters["epochs=1"]) - flatten(cold.parameters["epochs=1"])
        found.append(gap / np.sqrt(2 * T * rate))
    found = np.array(found)
    assert stats.kstest(found.ravel(), "norm").pvalue > 1e-4
    correlations = np.corrcoef(found.T)[np.triu_indices(found.shape[1], 1)]
    assert_within(correlations.mean(), 0.0, 1 / np.sqrt(40 * len(correlations)))


def test_langevin_without_temperature_is_gradient_descent():
    cold = replay_run(TASK, S, stop="epochs=9", learning_rate=0.05)
    hot = replay_run(TASK, S, stop="epochs=9", learning_rate=0.05, optimizer="langevin")
    assert (flatten(cold.parameters["epochs=9"]) == flatten(hot.parameters["epochs=9"])).all()


def test_the_stationary_law_of_langevin_dynamics():
    # A perceptron under squared error: u is an Ornstein-Uhlenbeck process in discrete time,
    # whose covariance solves C = (1 - rate A) C (1 - rate A) + 2 T rate.
    task, part = Task(Architecture(2), Prior()), TrainingSet([1, 2, 3], [1, 0, 1])
    rate, T, decay, runs = 0.2, 0.3, 0.2, 1500
    X = np.insert(task.inputs.values[list(part.indices)], 0, 1.0, axis=1)
    A = X.T @ X / 3 + decay * np.eye(3)
    values, vectors = np.linalg.eigh(A)
    covariance = vectors @ np.diag(2 * T * rate / (1 - (1 - rate * values) ** 2)) @ vectors.T
    mean = np.linalg.solve(A, X.T @ [1.0, -1.0, 1.0] / 3)
    settings = {"optimizer": "langevin", "learning_rate": rate, "temperature": T, "loss": "mse"}
    found = np.empty((runs, 3))
    for run in range(runs):
        one = replay_run(task, part, run=run, stop="epochs=150", weight_decay=decay, **settings)
        ((W, b),) = one.parameters["epochs=150"]
        found[run] = [b[0], *W[0]]
    assert (1 - rate * values.min()) ** 150 < 1e-2
    assert_within(found.mean(axis=0), mean, np.sqrt(np.diag(covariance) / runs))
    centred = found - mean
    variance = np.diag(covariance)
    error = np.sqrt((covariance**2 + np.outer(variance, variance)) / runs)
    assert_within(centred.T @ centred / runs, covariance, error)


# Failures


def test_what_cannot_be_learnt_is_counted():
    task = Task(Architecture(2))  # no perceptron computes parity
    ensemble = train_ensemble(task, XOR, n_runs=200, max_epochs=50, n_jobs=1, learning_rate=0.5)
    point = ensemble.tally.points["zero_error"]
    assert (point.reached, point.not_reached, point.diverged) == (0, 200, 0)
    assert ensemble.not_reached() == 200 == ensemble.table.n_samples == ensemble.n_runs
    assert not XOR.fits(ensemble.table).any()
    assert str(ensemble).splitlines()[-1].split()[:4] == ["zero_error", "0", "200", "0"]


def test_perceptrons_end_on_separable_functions():
    task = Task(Architecture(2))
    part = TrainingSet([0, 1, 2], [0, 1, 1])
    for optimizer in CODES:
        ensemble = train_ensemble(
            task, part, n_runs=100, optimizer=optimizer, max_epochs=100_000, n_jobs=1
        )
        assert ensemble.not_reached() == 0
        # 0111; 0110 is parity
        assert bits.to_text(ensemble.table.functions, 4, base=2) == ["0111"]


def test_narrow_networks_that_get_stuck_are_counted():
    # One hidden ReLU unit: it may be dead on the whole training set, or see too little of it.
    task = Task(Architecture(2, (1,)), Prior(sigma_b=0.0))
    part = TrainingSet([0, 1, 2, 3], [0, 1, 0, 1])
    ensemble = train_ensemble(task, part, n_runs=300, max_epochs=300, n_jobs=1, learning_rate=0.5)
    point = ensemble.tally.points["zero_error"]
    assert 20 < point.reached < 280 and point.reached + point.not_reached == 300
    fits = part.fits(ensemble.table)
    assert ensemble.table.counts[fits].sum() == point.reached
    assert ensemble.table.counts.sum() == 300


@pytest.mark.parametrize("activation", ["relu", "linear", "softplus"])
def test_divergence_is_counted_and_the_last_finite_function_kept(activation):
    task = Task(Architecture(3, (6, 5), activation))
    settings = {"loss": "mse", "learning_rate": 50.0, "max_epochs": 1000, "batch_size": 2}
    ensemble = train_ensemble(task, S, n_runs=50, stop="zero_error+900", n_jobs=1, **settings)
    point = ensemble.tally.points["zero_error+900"]
    assert point.diverged > 0
    assert point.reached + point.not_reached == 50 == ensemble.table.n_samples
    diverged = 0
    for run in range(50):
        one = replay_run(task, S, run=run, stop="zero_error+900", **settings)
        diverged += one.diverged
        last = flatten(one.parameters["zero_error+900"])
        assert np.isfinite(last).all()
        assert one.diverged == (one.epochs["zero_error+900"] is None and one.ended < 1000)
    assert diverged == point.diverged


# Records and bad input


@pytest.mark.parametrize("optimizer", list(CODES))
def test_configurations_come_back_from_json(optimizer):
    how = TrainingConfiguration(
        optimizer=optimizer, schedule="inverse", schedule_epochs=10, initialization=Prior()
    )
    assert TrainingConfiguration.from_json(how.to_json()) == how
    source = TrainingRuns(S, how.to_json(), "zero_error", TASK.content_hash)
    assert source_from_json(source_to_json(source)) == source
    assert source != TrainingRuns(S, how.to_json(), "loss<0.1", TASK.content_hash)
    assert optimizer in str(how) and "inverse" in str(how)


BAD = [
    ({"optimizer": "sdg"}, "did you mean 'sgd'"),
    ({"optimiser": "sgd"}, "did you mean 'optimizer'"),
    ({"learning_rate": 0.0}, "learning_rate must be at least 1e-30"),
    ({"learning_rate": float("nan")}, "learning_rate must be finite"),
    ({"learning_rate": "fast"}, "learning_rate must be a number"),
    ({"batch_size": 0}, "batch_size must be at least 1"),
    ({"batch_size": 6}, "at most the 5 training inputs, got 6"),
    ({"loss": "hinge"}, "loss must be one of 'mse', 'cross_entropy'"),
    ({"targets": 0.5}, "targets belongs to loss='mse'"),
    ({"targets": -1.0, "loss": "mse"}, "targets must be above 0"),
    ({"momentum": 1.0}, "momentum must be at least 0 and below 1"),
    ({"momentum": 0.5, "optimizer": "adam"}, "momentum belongs to optimizer='sgd'"),
    ({"nesterov": True}, "nesterov needs a momentum"),
    ({"nesterov": 1}, "nesterov must be True or False"),
    ({"beta1": 0.9}, "beta1 has no meaning for optimizer='sgd'"),
    ({"beta1": 1.0, "optimizer": "adam"}, "beta1 must be at least 0.0 and below 1"),
    ({"beta2": -0.1, "optimizer": "rmsprop"}, "beta2 must be at least 0"),
    ({"epsilon": 0.0, "optimizer": "adam"}, "epsilon must be at least 1e-30"),
    ({"weight_decay": -1}, "weight_decay must be at least 0"),
    ({"temperature": 1.0}, "temperature belongs to optimizer='langevin'"),
    ({"temperature": -1.0, "optimizer": "langevin"}, "temperature must be at least 0"),
    ({"schedule": "cosine"}, "schedule must be one of"),
    ({"schedule": "inverse"}, "schedule_epochs goes with a schedule"),
    ({"schedule_epochs": 3}, "schedule_epochs goes with a schedule"),
    ({"schedule": "inverse", "schedule_epochs": 0}, "schedule_epochs must be above 0"),
    ({"max_epochs": -1}, "max_epochs must be at least 0"),
    ({"max_epochs": 5, "stop": "epochs=6"}, "epochs=6 lies beyond max_epochs = 5"),
    ({"parametrization": "mup"}, "parametrization must be one of 'ntk', 'standard'"),
    ({"initialization": 1.0}, "initialization must be a Prior"),
    ({"stop": "never"}, "a stopping point must be zero_error"),
    ({"stop": "loss<0"}, "loss must be below a number above 0"),
    ({"stop": "loss<x"}, "loss must be below a number above 0"),
    ({"stop": ()}, "at least one stopping point"),
    ({"stop": 3}, "a stopping point must be"),
    ({"stop": ("zero_error", "zero-error")}, "stop names zero_error twice"),
    ({"n_runs": 0}, "n_runs must be at least 1"),
    ({"n_runs": 2.5}, "n_runs must be an integer"),
    ({"seed": -1}, "seed must be at least 0"),
    ({"n_jobs": 0}, "n_jobs must be a number of workers"),
    ({"training_set": [0, 1]}, "training_set must be a TrainingSet"),
    ({"training_set": TrainingSet([8], [1])}, "index 8, but there are m = 8"),
    ({"task": "net"}, "task must be a Task"),
    ({"task": Task(Architecture(3, (np.inf,)))}, "training needs finite hidden widths"),
    ({"task": Task(Architecture(3, (4,), "sign"))}, "'sign' jumps at 0"),
    ({"task": Task(Architecture(3, (4,)), Prior(sigma_w=1e35))}, "single precision"),
    ({"initialization": Prior(sigma_w=(1.0, 2.0))}, "2 values, but the architecture has 3"),
]


@pytest.mark.parametrize(("change", "message"), BAD, ids=[repr(change) for change, _ in BAD])
def test_bad_input(change, message):
    arguments = {"task": TASK, "training_set": S, "n_runs": 10} | change
    with pytest.raises(ValueError) as caught:
        train_ensemble(arguments.pop("task"), arguments.pop("training_set"), **arguments)
    assert message in str(caught.value)


def test_bad_replays():
    with pytest.raises(ValueError, match="run must be at least 0"):
        replay_run(TASK, S, run=-1)
    with pytest.raises(ValueError, match="layer 0 must have W"):
        replay_run(TASK, S, parameters=[(np.ones((2, 2)), np.ones(2))] * 3)
    with pytest.raises(ValueError, match="leave out batch_size"):
        loss_gradient(TASK, S, replay_run(TASK, S, stop="epochs=0").start, batch_size=2)
    ensemble = train_ensemble(TASK, S, n_runs=3, stop="epochs=1", n_jobs=1)
    with pytest.raises(ValueError, match="stopping point must be one of 'epochs=1'"):
        ensemble["zero_error"]


def test_perceptrons_on_signed_inputs_start_from_the_priors_samples():
    task = Task(Architecture(3), Prior(sigma_b=0.0), boolean_cube(3, "pm1"))
    run = replay_run(task, TrainingSet([1, 7], [0, 1]), learning_rate=1.0)
    assert run.epochs["zero_error"] is not None
    assert run.parameters["zero_error"][0][1] == [0.0]
