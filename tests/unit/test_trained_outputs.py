"""Outputs of training runs: those of the ensemble's runs, and of a linear model."""

import numpy as np
import pytest

from priorvol import Architecture, Prior, Task, TrainingSet, bits, boolean_cube, train_ensemble
from priorvol.infinite.covariance import tangent_kernel
from priorvol.infinite.kernel_descent import KernelDescent
from priorvol.sampler import evaluate
from priorvol.training import replay_run, trained_outputs

S = TrainingSet([0, 3, 5, 6], [0, 1, 1, 0])
QUIET = {"n_jobs": 1, "progress": False}


@pytest.mark.parametrize(
    ("hidden", "activation", "settings"),
    [
        ((6, 5), "relu", {"batch_size": 2, "learning_rate": 0.3}),
        ((8,), "erf", {"loss": "mse", "learning_rate": 0.3, "parametrization": "ntk"}),
        ((), "relu", {"optimizer": "langevin", "temperature": 0.01, "learning_rate": 0.2}),
    ],
)
def test_outputs_above_zero_are_the_ensembles_functions(hidden, activation, settings):
    task = Task(Architecture(3, hidden, activation))
    how = {"n_runs": 70, "stop": ("epochs=0", "zero_error", "epochs=7"), "seed": 5} | settings
    how |= {"max_epochs": 30}
    found = trained_outputs(task, S, **how, **QUIET)
    ensemble = train_ensemble(task, S, **how, **QUIET)
    assert found.n_runs == 70 and list(found.outputs) == list(ensemble.tables)
    for point, table in ensemble.tables.items():
        functions, counts = np.unique(bits.pack(found[point] > 0.0), axis=0, return_counts=True)
        np.testing.assert_array_equal(functions, table.functions)
        np.testing.assert_array_equal(counts, table.counts)
        reached = found.epochs[point]
        assert (reached < 0).sum() == ensemble.not_reached(point)
        values, runs = np.unique(reached[reached >= 0], return_counts=True)
        listed = ensemble.tally.points[point].epochs
        assert list(zip(values, runs, strict=True)) == list(listed)
    again = trained_outputs(task, S, **how, n_jobs=2, progress=False)
    np.testing.assert_array_equal(again["zero_error"], found["zero_error"])
    for run in (0, 66):
        one = replay_run(task, S, run=run, **{name: how[name] for name in how if name != "n_runs"})
        for point, parameters in one.parameters.items():
            exact = evaluate(task, parameters)
            size = 1.0 + np.abs(exact).max()
            np.testing.assert_allclose(found[point][run], exact, rtol=0, atol=1e-5 * size)


@pytest.mark.parametrize("targets", [1.0, 2.5])
def test_a_perceptron_goes_as_infinite_width_says(targets):
    # Its outputs are linear in what is trained: the loss, the learning rate, the steps and the
    # parametrisation of training and of train_prediction are the same, without any limit.
    task = Task(Architecture(3, ()), Prior(sigma_w=1.3, sigma_b=0.4), boolean_cube(3, "pm1"))
    steps, rate = (1, 2, 30), 0.7
    found = trained_outputs(
        task,
        S,
        n_runs=5,
        stop=("epochs=0", *(f"epochs={k}" for k in steps)),
        loss="mse",
        targets=targets,
        learning_rate=rate,
        parametrization="ntk",
        **QUIET,
    )
    descent = KernelDescent(tangent_kernel(task), np.array(S.indices))
    goal = np.where(np.array(S.labels) == 1, targets, -targets)
    start = found["epochs=0"]
    size = np.abs(start).max() + targets
    for k in steps:
        expected = descent.descent(k, learning_rate=rate).outputs(start.T, goal).T
        assert np.abs(expected - start).max() > 0.1
        # a step rounds each parameter once, an output adds them up: some 10 roundings a step
        error = 10 * (k + 1) * np.finfo(np.float32).eps * size
        np.testing.assert_allclose(found[f"epochs={k}"], expected, rtol=0, atol=error)


def test_runs_that_end_early_are_told():
    task = Task(Architecture(3, ()), Prior(sigma_b=0.0))
    xor = TrainingSet([1, 2, 3], [1, 1, 0])  # not linearly separable
    how = {"learning_rate": 0.1, "max_epochs": 4} | QUIET
    found = trained_outputs(task, xor, n_runs=3, stop=("zero_error", "epochs=4"), **how)
    assert (found.epochs["zero_error"] == -1).all() and not found.diverged.any()
    np.testing.assert_array_equal(found["zero_error"], found["epochs=4"])
    fast = {"learning_rate": 1e20, "loss": "mse", "max_epochs": 50, "stop": "epochs=50"} | QUIET
    wild = trained_outputs(task, xor, n_runs=3, **fast)
    assert wild.diverged.all() and np.isfinite(wild["epochs=50"]).all()


def test_bad_input_is_refused():
    task = Task(Architecture(3, (4,)))
    with pytest.raises(ValueError, match="n_runs must be"):
        trained_outputs(task, S, n_runs=0)
    with pytest.raises(ValueError, match="seed must be"):
        trained_outputs(task, S, n_runs=2, seed=-1)
    with pytest.raises(ValueError, match="a stopping point must be"):
        trained_outputs(task, S, n_runs=2, stop="end")
    with pytest.raises(ValueError, match="finite"):
        trained_outputs(Task(Architecture(3, (float("inf"),))), S, n_runs=2)
    found = trained_outputs(task, S, n_runs=2, stop="epochs=1", **QUIET)
    with pytest.raises(ValueError, match="stopping point must be one of 'epochs=1'"):
        found["epochs=2"]
