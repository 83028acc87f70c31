"""Figures of sweeps and of P(K given S): what is drawn where."""

import matplotlib
import numpy as np
import pytest

from priorvol import plotting
from priorvol.architecture import Architecture, Prior
from priorvol.collector import collect
from priorvol.sweep import posterior_complexity, target_sweep
from priorvol.task import Task

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

TASKS = [Task(Architecture(3, (8,)), Prior(sigma_w=s)) for s in (1.0, 2.0, 3.0, 4.0)]


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def sweep(tasks, **changes):
    how = {"train_size": 4, "n_sets": 3, "n_runs": 5, "n_samples": 500, "n_jobs": 1}
    targets = ["00000000", "00001111", "01101001"]
    return target_sweep(tasks, targets, posterior="rejection", **(how | changes))


@pytest.fixture(scope="module")
def found():
    return sweep(TASKS[:2])


@pytest.fixture(scope="module")
def predicted(found):
    return posterior_complexity(found, collect(TASKS[0], n_samples=5000, n_jobs=1), target=1)


def test_errors(found):
    ax = plotting.target_sweep_plot(found)
    flat, majority, nearest, *lines = [line for line in ax.lines if len(line.get_ydata()) > 1]
    assert set(flat.get_ydata()) == {0.5}
    for line, name in ((majority, "majority class"), (nearest, "nearest neighbour")):
        np.testing.assert_array_equal(line.get_ydata(), found.by_complexity(name).mean[0])
    curves = [found.by_complexity(name) for name in ("trained", "posterior")]
    wanted = [curve.mean[i] for curve in curves for i in range(2)]
    for line, mean in zip(lines, wanted, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), mean)
        np.testing.assert_allclose(line.get_xdata(), curves[0].k, atol=0.1)
    assert lines[0].get_color() == lines[2].get_color() != lines[1].get_color()
    assert lines[2].get_markerfacecolor() == "white"
    labels = ax.get_legend_handles_labels()[1]
    assert r"$\sigma_w$ = 1" in labels and "unbiased learner" in labels
    assert ax.get_xlabel() == r"$K_\mathrm{LZ}$ (bits) of the target"


def test_many_tasks_and_one_learner():
    ax = plotting.target_sweep_plot(sweep(TASKS), learners=["trained"])
    lines = [line for line in ax.lines if len(line.get_ydata()) == 3][2:]
    assert len(lines) == 4 and len({tuple(line.get_color()) for line in lines}) == 4
    assert r"posterior $P_B$" not in ax.get_legend_handles_labels()[1]


def test_complexities(predicted):
    ax = plotting.posterior_complexity_plot(predicted, log=False)
    each = predicted.prediction("trained")
    lines = {line.get_label(): line for line in ax.lines}
    np.testing.assert_array_equal(lines["$P(K)$, finite width"].get_ydata(), each.prior)
    np.testing.assert_array_equal(lines["predicted, finite width"].get_ydata(), each.predicted)
    assert len(ax.containers) == 2  # one prior predicts both, each is measured
    for container, learner in zip(ax.containers, ("trained", "posterior"), strict=True):
        measured = predicted.prediction(learner).measured.p
        np.testing.assert_array_equal(container[0].get_ydata(), measured[measured > 0])
    assert ax.get_yscale() == "linear"
    log = plotting.posterior_complexity_plot(predicted, learners=["posterior"])
    assert log.get_yscale() == "log" and len(log.containers) == 1 and log.get_ylim()[1] < 2.0


def test_a_prediction_of_few_draws_is_dotted(found):
    few = posterior_complexity(found, collect(TASKS[0], n_samples=20, n_jobs=1), target=2)
    ax = plotting.posterior_complexity_plot(few)
    (line,) = [line for line in ax.lines if "too few draws" in str(line.get_label())]
    assert line.get_linestyle() == ":"


def test_given_axes_and_refusals(found, predicted):
    for draw, value in (
        (plotting.target_sweep_plot, found),
        (plotting.posterior_complexity_plot, predicted),
    ):
        _, ax = plt.subplots()
        assert draw(value, ax) is ax and ax.get_legend() is not None
        _, ax = plt.subplots()
        assert draw(value, ax, legend=False).get_legend() is None
        with pytest.raises(ValueError, match="found must be a"):
            draw("found")
        with pytest.raises(ValueError, match="learner must be one of"):
            draw(value, learners=["unbiased"])
        with pytest.raises(ValueError, match="ax must be matplotlib Axes"):
            draw(value, "ax")
